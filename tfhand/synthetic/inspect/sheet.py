"""A sheet of samples' pictures with the labels drawn over them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from tfhand.constants import BONES, FINGER_COLOURS, FINGER_JOINTS
from tfhand.data.sample import HandSample
from tfhand.geometry import project
from tfhand.io import atomic_path

TILES = ("photo", "joints", "mesh", "depth")


def contact_sheet(
    samples: Sequence[HandSample],
    edges: np.ndarray | None = None,
    tiles: Sequence[str] = TILES,
    tile_size: int = 192,
    columns: int | None = None,
) -> np.ndarray:
    """Samples side by side, each as a strip of tiles.

    Args:
        samples: what to show.
        edges: `(E, 2)` integer, edges of the network mesh; needed for the tile "mesh".
        tiles: which of `TILES` to show of each sample.
        tile_size: side of a tile, pixels.
        columns: samples in a row; None makes the sheet about square.

    Returns:
        `(height, width, 3)` uint8 RGB.

    Raises:
        ValueError: no samples, or an unknown tile.
    """
    if not samples:
        raise ValueError("samples: expected at least one, got none.")
    unknown = [tile for tile in tiles if tile not in TILES]
    if unknown or not tiles:
        raise ValueError(f"tiles: expected some of {', '.join(TILES)}, got {unknown}.")
    for name, value in (("tile_size", tile_size), ("columns", columns)):
        if value is not None and value < 1:
            raise ValueError(f"{name}: expected at least 1, got {value}.")
    columns = max(1, round((len(samples) / len(tiles)) ** 0.5)) if columns is None else columns
    rows = -(-len(samples) // columns)
    sheet = np.full((rows * tile_size, columns * len(tiles) * tile_size, 3), 255, np.uint8)
    for place, sample in enumerate(samples):
        strip = np.concatenate([draw_tile(sample, tile, tile_size, edges) for tile in tiles], axis=1)
        row, column = divmod(place, columns)
        left = column * strip.shape[1]
        sheet[row * tile_size : (row + 1) * tile_size, left : left + strip.shape[1]] = strip
    return sheet


def draw_tile(sample: HandSample, tile: str, size: int, edges: np.ndarray | None = None) -> np.ndarray:
    """One view of a sample, `(size, size, 3)` uint8 RGB; see `contact_sheet`."""
    factor = size / max(sample.image.shape[:2])
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    shown = tuple(max(1, round(extent * factor)) for extent in sample.image.shape[1::-1])
    picture = np.zeros((size, size, 3), np.uint8)
    picture[: shown[1], : shown[0]] = cv2.resize(sample.image, shown, interpolation=method)
    if tile == "joints":
        _draw_joints(picture, project(sample.joints_mm, sample.intrinsics) * factor)
        low, high = sample.box[:2] * factor, (sample.box[:2] + sample.box[2:]) * factor
        cv2.rectangle(picture, _pixel(low), _pixel(high), (255, 255, 255), 1)
        cv2.putText(picture, sample.side, (4, size - 5), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 255), 1, cv2.LINE_AA)
    elif tile == "mesh" and sample.vertices_mm is not None:
        if edges is None:
            raise ValueError("edges: expected those of the mesh for the tile 'mesh', got None.")
        points = _fixed_point(project(sample.vertices_mm, sample.intrinsics) * factor)
        lines = picture.copy()
        cv2.polylines(lines, list(points[edges]), False, (0, 255, 120), 1, cv2.LINE_AA, _SHIFT)
        picture = cv2.addWeighted(picture, 0.55, lines, 0.45, 0)
    elif tile == "depth" and sample.depth_mm is not None:
        _lay_depth_over(picture, sample.depth_mm, shown)
    return picture


def save_sheet(sheet: np.ndarray, path: str | Path) -> None:
    """Writes an RGB picture as PNG (or whatever the suffix of `path` says)."""
    with atomic_path(path) as temporary:
        try:
            written = cv2.imwrite(str(temporary), sheet[..., ::-1])
        except cv2.error:
            raise ValueError(f"out: expected a picture's name such as sheet.png, got {path}.") from None
        if not written:
            raise OSError(f"the picture could not be written to {path}.")


_SHIFT = 3


def _fixed_point(points: np.ndarray) -> np.ndarray:
    """Pixels to OpenCV's integers with `_SHIFT` binary places, from corners to centres of pixels."""
    return np.clip(np.rint((points - 0.5) * 2**_SHIFT), -(2**20), 2**20).astype(np.int32)


def _pixel(point: np.ndarray) -> tuple[int, int]:
    return tuple(np.clip(np.rint(point - 0.5), -(2**15), 2**15).astype(int).tolist())


def _draw_joints(picture: np.ndarray, pixels: np.ndarray) -> None:
    colours = {joint: FINGER_COLOURS[finger] for finger, joints in FINGER_JOINTS.items() for joint in joints}
    points = _fixed_point(pixels)
    for parent, child in BONES:
        ends = points[parent].tolist(), points[child].tolist()
        cv2.line(picture, *ends, colours[child], 1, cv2.LINE_AA, _SHIFT)
    for joint, point in enumerate(points):
        cv2.circle(picture, point.tolist(), 2 << _SHIFT, colours.get(joint, (255, 255, 255)), -1, cv2.LINE_AA, _SHIFT)


def _lay_depth_over(picture: np.ndarray, depth_mm: np.ndarray, shown: tuple[int, int]) -> None:
    """Colours the hand by depth, near red and far blue, in place."""
    depth = cv2.resize(depth_mm, shown, interpolation=cv2.INTER_NEAREST)
    hand = depth > 0
    if not hand.any():
        return
    near, far = depth[hand].min(), depth[hand].max()
    level = np.zeros(depth.shape, np.uint8)
    level[hand] = (255 * (far - depth[hand]) / max(far - near, 1e-3)).astype(np.uint8)
    colours = cv2.applyColorMap(level, cv2.COLORMAP_TURBO)[..., ::-1]
    region = picture[: shown[1], : shown[0]]
    region[hand] = (0.25 * region[hand] + 0.75 * colours[hand]).astype(np.uint8)

"""Small pictures of what a network sees and says."""

from __future__ import annotations

import cv2
import numpy as np

from tfhand.constants import BONES

SIDE = 256
_FINGER_COLOURS = ((230, 60, 60), (240, 160, 40), (70, 190, 70), (60, 130, 240), (180, 80, 220))


def contact_sheet(
    images: np.ndarray,
    true_joints: np.ndarray,
    true_vertices: np.ndarray | None,
    joints: np.ndarray,
    vertices: np.ndarray | None,
    faces: np.ndarray,
    columns: int = 2,
    depth_maps: tuple[np.ndarray, np.ndarray] | None = None,
) -> np.ndarray:
    """Photograph, ground truth and prediction of several samples, side by side, and depth maps where given.

    Args:
        images: (N, S, S, 3) uint8 RGB crops.
        true_joints: (>= N, 21, 2) `u, v` in 0..1 across the crop.
        true_vertices: (>= N, V, 3) uvd, or None.
        joints: predicted joints, like `true_joints`.
        vertices: predicted vertices, like `true_vertices`, or None.
        faces: (F, 3) triangles.
        columns: samples in a row of the sheet.
        depth_maps: measured and rendered maps, each (N, s, s) mm, 0 where there is nothing; None draws none.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    cells = []
    for index, image in enumerate(images):
        photo = cv2.resize(np.ascontiguousarray(image), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
        true = draw_hand(photo, true_joints[index], None if true_vertices is None else true_vertices[index], faces)
        ours = draw_hand(photo, joints[index], None if vertices is None else vertices[index], faces)
        depths = [] if depth_maps is None else draw_depths(depth_maps[0][index], depth_maps[1][index])
        cells.append(np.concatenate([photo, true, ours, *depths], axis=1))
    cells += [np.full_like(cells[0], 255)] * (-len(cells) % columns)
    rows = [np.concatenate(cells[start : start + columns], axis=1) for start in range(0, len(cells), columns)]
    return np.concatenate(rows, axis=0)


def draw_hand(image: np.ndarray, joints: np.ndarray, vertices: np.ndarray | None, faces: np.ndarray) -> np.ndarray:
    """Mesh edges and skeleton over a photograph.

    Args:
        image: (H, W, 3) uint8 RGB.
        joints: (21, 2) `u, v` in 0..1.
        vertices: (V, 2 or 3) uv(d), or None.
        faces: (F, 3) triangles.

    Returns:
        (H, W, 3) uint8 RGB, a new array.
    """
    size = np.array(image.shape[1::-1], np.float32)
    drawn = image.copy()
    if vertices is not None:
        triangles = _to_fixed(vertices[:, :2] * size)[faces]
        mesh = image.copy()
        cv2.polylines(mesh, list(triangles), True, (250, 250, 250), 1, cv2.LINE_AA, 4)
        drawn = cv2.addWeighted(mesh, 0.5, drawn, 0.5, 0)
    points = _to_fixed(joints * size)
    for number, (parent, child) in enumerate(BONES):
        colour = _FINGER_COLOURS[number // 4]
        cv2.line(drawn, points[parent].tolist(), points[child].tolist(), colour, 2, cv2.LINE_AA, 4)
    for point in points:
        cv2.circle(drawn, point.tolist(), 32, (20, 20, 20), -1, cv2.LINE_AA, 4)
    return drawn


def draw_depths(*depths: np.ndarray) -> list[np.ndarray]:
    """Depth maps as colours, the nearest red, the farthest blue, the same depth alike in all of them; nothing is black.

    Args:
        *depths: each (s, s) mm, 0 where there is nothing.

    Returns:
        For each (SIDE, SIDE, 3) uint8 RGB.
    """
    there = [np.isfinite(depth) & (depth > 0) for depth in depths]
    values = np.concatenate([depth[where] for depth, where in zip(depths, there, strict=True)])
    # A few stray measurements must not take the colours from the rest.
    near, far = np.percentile(values, [2, 98]) if len(values) else (0.0, 1.0)
    drawn = []
    for depth, where in zip(depths, there, strict=True):
        share = (far - np.where(where, depth, far)) / max(far - near, 1.0)
        colours = cv2.applyColorMap(np.rint(255 * np.clip(share, 0, 1)).astype(np.uint8), cv2.COLORMAP_TURBO)
        colours = np.where(where[..., None], colours[..., ::-1], np.uint8(0))
        drawn.append(cv2.resize(colours, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST))
    return drawn


def _to_fixed(points: np.ndarray) -> np.ndarray:
    """Pixels as OpenCV's fixed point with four fractional bits; wild predictions stay near the picture."""
    return np.round((np.clip(np.nan_to_num(points), -1000, 2000) - 0.5) * 16).astype(np.int32)

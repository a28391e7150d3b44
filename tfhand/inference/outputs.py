"""The files of a prediction, and the hints that may lie beside a photograph."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tfhand.geometry import crop_intrinsics, square_box
from tfhand.inference.drawing import draw_mesh, draw_skeleton, draw_view
from tfhand.inference.result import HandResult
from tfhand.io import atomic_path

PANEL = 640
HINT_SUFFIX = ".hint.json"
HINT_KEYS = ("box", "side", "camera", "root_depth_mm", "hand_scale_mm")
_PAD = (127, 127, 127)


def write_result(hand: HandResult, image: np.ndarray, out: Path, name: str) -> list[Path]:
    """Writes NAME_overlay.png, NAME.glb, NAME.obj and NAME.json, each whole or not at all.

    Args:
        hand: the estimate.
        image: (H, W, 3) uint8 RGB, the photograph.
        out: folder; made if missing.
        name: first part of the files' names; may hold folders.

    Returns:
        The files.

    Raises:
        OSError: a file can't be written.
    """
    from tfhand.mesh.glb import write_glb
    from tfhand.mesh.obj import write_obj

    paths = [out / f"{name}{ending}" for ending in ("_overlay.png", ".glb", ".obj", ".json")]
    done, data = cv2.imencode(".png", figure(hand, image)[..., ::-1])
    if not done:
        raise OSError(f"can't encode {paths[0]}")
    with atomic_path(paths[0]) as temporary:
        temporary.write_bytes(data.tobytes())
    write_glb(paths[1], hand.vertices_mm, hand.faces)
    write_obj(paths[2], hand.vertices_mm, hand.faces)
    with atomic_path(paths[3]) as temporary:
        temporary.write_text(json.dumps(hand.to_dict()) + "\n")
    return paths


def figure(hand: HandResult, image: np.ndarray, panel: int = PANEL) -> np.ndarray:
    """Draws the overlay: the photograph with the mesh, the hand with its joints, and the mesh from the side.

    Args:
        hand: the estimate.
        image: (H, W, 3) uint8 RGB, the photograph.
        panel: height of the picture, pixels.

    Returns:
        (panel, W', 3) uint8 RGB.
    """
    height, width = image.shape[:2]
    factor = min(panel / height, 1.5 * panel / width)
    size = (max(round(width * factor), 1), max(round(height * factor), 1))
    photo = cv2.resize(image, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
    whole_box = np.array([0.0, 0.0, width, height])
    meshed = draw_mesh(photo, hand.vertices_mm, hand.faces, crop_intrinsics(hand.intrinsics, whole_box, size))
    top = (panel - size[1]) // 2
    padding = (top, panel - size[1] - top, 0, 0)
    panels = [cv2.copyMakeBorder(meshed, *padding, cv2.BORDER_CONSTANT, value=(255, 255, 255))]
    box = _close_up(hand)
    close = _cut(image, box, panel)
    joints = (hand.joints_uv - box[:2]) / box[2:] * panel
    panels.append(draw_skeleton(close, joints, hand.joints_mm[:, 2]))
    panels.append(draw_view(hand.vertices_mm, hand.faces, panel, 90.0))
    return np.concatenate(panels, axis=1)


def read_hint(photo: Path) -> dict[str, Any]:
    """What the file NAME.hint.json beside a photograph says about the hand in it; empty without one.

    Returns:
        Arguments for `HandEstimator`: some of box, side, camera, root_depth_mm, hand_scale_mm.

    Raises:
        ValueError: the file isn't a JSON object of these keys.
    """
    path = photo.with_name(photo.stem + HINT_SUFFIX)
    if not path.is_file():
        return {}
    try:
        hint = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: expected JSON ({error}).") from error
    if not isinstance(hint, dict) or not set(hint) <= set(HINT_KEYS):
        found = ", ".join(hint) if isinstance(hint, dict) else type(hint).__name__
        raise ValueError(f"{path}: expected an object with some of {', '.join(HINT_KEYS)}, got {found}.")
    return hint


def unique_names(photos: Sequence[Path]) -> list[str]:
    """Names for results: the photographs' stems, numbered where several share one."""
    names: list[str] = []
    taken: set[str] = set()
    for photo in photos:
        name, number = photo.stem, 2
        while name.lower() in taken:
            name, number = f"{photo.stem}_{number}", number + 1
        taken.add(name.lower())
        names.append(name)
    return names


def _close_up(hand: HandResult) -> np.ndarray:
    """(4,) square around the crop and all joints, pixels of the photograph."""
    low = np.minimum(hand.joints_uv.min(axis=0), hand.box[:2])
    high = np.maximum(hand.joints_uv.max(axis=0), hand.box[:2] + hand.box[2:])
    # A wild estimate may lie far away; the picture stays at the crop.
    if (high - low).max() > 2 * hand.box[2]:
        return hand.box.astype(np.float64)
    return square_box(np.concatenate([low, high - low])).astype(np.float64)


def _cut(image: np.ndarray, box: np.ndarray, size: int) -> np.ndarray:
    """Square part of an image, resized; grey beyond its borders."""
    factor = size / box[2]
    if factor < 0.5:
        # Averaged first, as `warpAffine` would leave pixels out.
        shrunk = (max(round(image.shape[1] * factor), 1), max(round(image.shape[0] * factor), 1))
        box = box * np.tile(np.array(shrunk) / image.shape[1::-1], 2)
        image, factor = cv2.resize(image, shrunk, interpolation=cv2.INTER_AREA), size / box[2]
    offset = (0.5 - box[:2]) * factor - 0.5
    matrix = np.array([[factor, 0, offset[0]], [0, factor, offset[1]]])
    return cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_CUBIC, borderValue=_PAD)

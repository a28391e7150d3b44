"""One sample as a file to turn around in: a page for any browser, or a mesh for 3D programs."""

from __future__ import annotations

import base64
import html
import json
from importlib import resources
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tfhand.constants import BONES, FINGER_COLOURS, FINGER_JOINTS
from tfhand.data.sample import HandSample
from tfhand.io import atomic_path
from tfhand.mesh.glb import write_glb
from tfhand.rendering.skin import skin_albedo

#: Kinds of files by their suffix.
VIEWS = (".html", ".glb")
#: The page and its scripts, in their order.
_PAGE, _SCRIPTS = "viewer.html", ("viewer_view.js", "viewer_scene.js", "viewer_window.js")


def check_view(path: str | Path) -> None:
    """Looks at a file's name before any work is done for it.

    Raises:
        ValueError: its suffix is none of `VIEWS`.
    """
    if Path(path).suffix.lower() not in VIEWS:
        raise ValueError(f"view: expected a name that ends in {' or '.join(VIEWS)}, got {path}.")


def write_view(sample: HandSample, faces: np.ndarray, path: str | Path) -> None:
    """Writes a sample as an interactive file.

    `.html` is one page that needs nothing else, no network either: the mesh, the joints and, behind them where it was
    taken, the photograph; drag to turn. `.glb` holds the mesh in its skin's colour, as the camera saw it (metres,
    y up).

    Args:
        sample: with a mesh.
        faces: `(F, 3)` integer, triangles of the mesh of a right hand, counter-clockwise from outside.
        path: file to write.

    Raises:
        ValueError: another suffix, or the sample has no mesh, or one of another template.
        OSError: the file can't be written.
    """
    check_view(path)
    vertices = sample.vertices_mm
    if vertices is None or faces.max() >= len(vertices):
        found = "none" if vertices is None else f"one of {len(vertices)} vertices"
        raise ValueError(f"sample: expected one with a mesh of at least {faces.max() + 1} vertices, got {found}.")
    faces = faces if sample.side == "right" else faces[:, ::-1]
    colour = _skin_colour(sample)
    if Path(path).suffix.lower() == ".glb":
        write_glb(path, vertices, faces, tuple(colour.tolist()))
        return
    folder = resources.files(__package__)
    page, *scripts = (folder.joinpath(name).read_text(encoding="utf-8") for name in (_PAGE, *_SCRIPTS))
    # "<" can end a script or open a comment even inside of a string.
    data = json.dumps(_contents(sample, vertices, faces, colour)).replace("<", "\\u003c")
    parts = {"SCRIPT": "\n".join(scripts).rstrip(), "TITLE": html.escape(_title(sample)), "HAND": data}
    for name, text in parts.items():
        page = page.replace(f"{{{{{name}}}}}", text, 1)
    with atomic_path(path) as temporary:
        Path(temporary).write_text(page, encoding="utf-8")


def _contents(sample: HandSample, vertices: np.ndarray, faces: np.ndarray, colour: np.ndarray) -> dict[str, Any]:
    """What the page shows; arrays as base64 of little-endian float32 or uint32."""
    done, jpeg = cv2.imencode(".jpg", sample.image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
    if not done:
        raise ValueError(f"sample: its image of shape {sample.image.shape} can't be stored as JPEG.")
    colours = {joint: FINGER_COLOURS[finger] for finger, joints in FINGER_JOINTS.items() for joint in joints}
    height, width = sample.image.shape[:2]
    facts = {
        "side": sample.side,
        "distance": f"{np.linalg.norm(sample.joints_mm.mean(axis=0)):.0f} mm",
        "middle MCP-PIP": f"{sample.hand_scale_mm:.1f} mm",
        "mesh": f"{len(vertices)} vertices, {len(faces)} triangles",
    }
    return {
        "title": _title(sample),
        "facts": facts,
        "vertices": _base64(vertices, "<f4"),
        "faces": _base64(faces, "<u4"),
        "joints": _base64(sample.joints_mm, "<f4"),
        "bones": BONES,
        "colours": [colours.get(joint, (255, 255, 255)) for joint in range(len(sample.joints_mm))],
        "skin": colour.tolist(),
        "intrinsics": sample.intrinsics.tolist(),
        "size": [width, height],
        "image": "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii"),
    }


def _base64(values: np.ndarray, dtype: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values).astype(dtype).tobytes()).decode("ascii")


def _title(sample: HandSample) -> str:
    return sample.name or f"{sample.side} hand"


def _skin_colour(sample: HandSample) -> np.ndarray:
    """Returns the skin's linear RGB (3,), of middle tone where the sample doesn't say."""
    melanin = np.array([sample.extras.get("melanin", 0.25)], np.float32)
    return skin_albedo(melanin, np.array([0.75], np.float32), 0.5)[:, 0]

"""What Python computes for the page's tests: `python -m tests.web.numbers` writes web/test/numbers.json."""

from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from tfhand.constants import BONES, DEFAULT_FIELD_OF_VIEW_DEG
from tfhand.geometry import camera_vector, default_intrinsics, square_box_around, uvd_to_xyz
from tfhand.inference.placement import bone_proportions, root_depth_in_scales
from tfhand.inference.view import network_view
from tfhand.mesh import HandTemplate
from tfhand.mesh.glb import write_glb

FILE = Path(__file__).resolve().parents[2] / "web" / "test" / "numbers.json"
#: Width and height of the picture; its pixels follow from a formula that web/test/crop.test.js knows too.
_PICTURE = (220, 160)
#: Boxes x, y, side: enlarged, at its own size, over a corner, shrunk twice, beyond all borders; none where rounding decides
#: how many pixels are averaged.
_BOXES = ((30.25, 40.5, 17.3), (50, 20, 24), (-9.4, 120.7, 60.1), (11.43, 7.9, 121.72), (40.1, 4.2, 144.3), (50.5, 30.5, 63.1), (-40, -70, 300))
_SIZE = 24


def picture() -> np.ndarray:
    """(160, 220, 3) uint8: waves of many lengths."""
    x, y = np.meshgrid(*(np.arange(side) for side in _PICTURE))
    waves = [(3 * x * x + 5 * y * y + 7 * (channel + 1) * x * y) // 64 % 256 for channel in range(3)]
    return np.stack(waves, axis=-1).astype(np.uint8)


def numbers() -> dict[str, Any]:
    """Everything, JSON-like."""
    rng = np.random.default_rng(3)
    return {"crops": _crops(), "hand": _hand(rng), "glb": _glb()}


def _crops() -> list[dict[str, Any]]:
    image, intrinsics, cases = picture(), default_intrinsics(_PICTURE), []
    for x, y, side in _BOXES:
        for hand in ("right", "left"):
            crop, camera = network_view(image, np.array([x, y, side, side]), hand, intrinsics, _SIZE)
            cases.append(
                {
                    "box": {"x": x, "y": y, "side": side}, "mirrored": hand == "left", "crop": crop.ravel().tolist(),
                    "camera": camera[:4].tolist(), "width": _PICTURE[0], "height": _PICTURE[1], "size": _SIZE,
                }
            )
    return cases


def _hand(rng: np.random.Generator) -> dict[str, Any]:
    intrinsics, box = default_intrinsics((640, 480)), np.array([370.0, 30.0, 260.0, 260.0])
    proportions = bone_proportions(HandTemplate.load().pose().joints)
    uvd = np.concatenate([rng.uniform(0.2, 0.8, (21, 2)), rng.uniform(-1, 1, (21, 1))], axis=1).astype(np.float32)
    camera = camera_vector(intrinsics, box, 1.0, 1.0, uvd[0, :2])
    depth = root_depth_in_scales(uvd, camera, proportions)
    camera[4:6] = depth * 45, 45
    points = rng.uniform(0, 400, (9, 2))
    return {
        "intrinsics": dict(zip(("fx", "fy", "u0", "v0"), intrinsics.tolist(), strict=True)),
        "field_of_view_deg": DEFAULT_FIELD_OF_VIEW_DEG,
        "box": {"x": 370, "y": 30, "side": 260}, "uvd": uvd.ravel().tolist(), "bones": BONES,
        "proportions": proportions.tolist(), "root_depth": depth, "xyz": uvd_to_xyz(uvd, camera).ravel().tolist(),
        "points": points.ravel().tolist(), "points_box": square_box_around(points)[:3].tolist(),
    }


def _glb() -> dict[str, Any]:
    vertices = np.array([[0, 0, 400], [50, 0, 420], [0, 60, 410], [10, 20, 350]], np.float32)
    faces = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hand.glb"
        write_glb(path, vertices, faces)
        content = base64.b64encode(path.read_bytes()).decode()
    return {"vertices": vertices.ravel().tolist(), "faces": faces.ravel().tolist(), "file": content}


if __name__ == "__main__":
    FILE.write_text(json.dumps(numbers(), separators=(",", ":")) + "\n", encoding="utf-8")

"""Tiny STB folders in the benchmark's own layouts, of a rendered hand."""
from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

import cv2
import numpy as np
import scipy.io

from tfhand.data import stb
from tfhand.rendering.rasterizer import rasterize
from tfhand.synthetic.generator import HandGenerator

SIZE = (480, 640)
WALL_MM = 900.0


@dataclasses.dataclass(frozen=True)
class Hand:
    """A left hand: `surface_mm`, `joints_mm` in the labels' frame (depth or left Bumblebee camera), and its `faces`."""

    surface_mm: np.ndarray
    joints_mm: np.ndarray
    faces: np.ndarray

    def seen(self, camera: str, wall: bool = False) -> np.ndarray:
        """Depth (480, 640) in a camera, "sk_depth" among them; with a wall behind, square to the labels' frame."""
        vertices, faces = self.surface_mm.astype(np.float64), self.faces
        if wall:
            corners = np.array([[x, y, WALL_MM] for y in (-2000, 2000) for x in (-2000, 2000)])
            faces = np.concatenate([faces, len(vertices) + np.array([[0, 1, 2], [1, 3, 2]], np.int32)])
            vertices = np.concatenate([vertices, corners])
        return rasterize(to_camera(vertices, camera), faces, INTRINSICS[camera], SIZE).depth_mm


INTRINSICS = {
    "bb_left": (822.79041, 822.79041, 318.47345, 250.31296),
    "bb_right": (822.79041, 822.79041, 318.47345, 250.31296),
    "sk": (607.92271, 607.88192, 314.78337, 236.42484),
    "sk_depth": (475.62768, 474.77709, 336.41179, 238.77962),
}


def to_camera(points: np.ndarray, camera: str) -> np.ndarray:
    """Points (..., 3) of the labels' frame in a camera's, by the formulas of the benchmark's readme."""
    if camera == "bb_right":
        return points - [120.054, 0.0, 0.0]
    if camera == "sk":
        rotation = cv2.Rodrigues(np.array([0.00531, -0.01196, 0.00301]))[0]
        return np.linalg.solve(rotation, (points - [-24.0381, -0.4563, -1.2326]).T).T
    return points


@functools.lru_cache(maxsize=1)
def hands(count: int = 2) -> tuple[Hand, ...]:
    """Rendered hands half a metre away."""
    generator = HandGenerator()
    faces = np.ascontiguousarray(generator.template.surface_faces[:, ::-1], np.int32)
    result = []
    for seed in range(count):
        scene = generator.scene(np.random.default_rng(seed + 3))
        shift = np.array([20.0, -10.0, 520.0]) - scene.joints_mm.mean(axis=0) * [-1, 1, 1]
        joints, surface = (points * [-1, 1, 1] + shift for points in (scene.joints_mm, scene.surface_mm))
        result.append(Hand(surface, joints, faces))
    return tuple(result)


def hand_para(joints_mm: np.ndarray) -> np.ndarray:
    """(3, 21, frames) as STB stores joints (frames, 21, 3): palm centre, then little finger to thumb."""
    names = [joints_mm[:, 0] * 0.5 + joints_mm[:, 13] * 0.5]
    for base in (17, 13, 9, 5, 1):
        names += [joints_mm[:, base + number] for number in range(4)]
    return np.stack(names, axis=1).transpose(2, 1, 0)


def write(root: Path, split: str = "test", nested: bool = True, cameras=("bb_left", "bb_right", "sk")) -> Path:
    """Writes every sequence of a split with the frames of `hands()`; the hand is white, all else black."""
    (root / "labels").mkdir(parents=True)
    para = hand_para(np.stack([hand.joints_mm for hand in hands()]))
    prefixes = {"bb_left": "BB_left", "bb_right": "BB_right", "sk": "SK_color"}
    for sequence in stb.SPLITS[split]:
        folder = root / "images" / sequence if nested else root / sequence
        folder.mkdir(parents=True)
        for kind in ("BB", "SK"):
            scipy.io.savemat(root / "labels" / f"{sequence}_{kind}.mat", {"handPara": para})
        for number, hand in enumerate(hands()):
            for camera in cameras:
                mask = np.uint8(255) * (hand.seen(camera) > 0)
                assert cv2.imwrite(str(folder / f"{prefixes[camera]}_{number}.png"), cv2.merge([mask] * 3))
            write_depth(folder / f"SK_depth_{number}.png", hand.seen("sk_depth", wall=True))
    return root


def write_depth(path: Path, depth_mm: np.ndarray) -> None:
    """A depth map as three 8-bit channels, mm = R + 256 G."""
    whole = np.rint(depth_mm).astype(np.uint16)
    channels = [np.zeros(SIZE, np.uint16), whole >> 8, whole & 255]  # blue, green, red
    assert cv2.imwrite(str(path), np.stack(channels, axis=-1).astype(np.uint8))

"""A small batch, and the normalised positions that the losses are defined on, point by point."""

from __future__ import annotations

import numpy as np

from tfhand.geometry import camera_vector

BATCH = 2
NUM_JOINTS = 21
MAP = (8, 8)


def make_batch(rng: np.random.Generator, num_vertices: int, off: float = 0.1) -> tuple[dict, dict]:
    """Ground truth and predictions off it by about `off` (in uvd)."""
    intrinsics = np.array([600.0, 610.0, 310.0, 250.0])
    # Depths along the optical axis, and along the ray through a crop near the image's corner.
    cameras = np.stack(
        [
            camera_vector(intrinsics, np.array([150.0, 100.0, 200.0, 200.0]), 620.0, 46.0),
            camera_vector(intrinsics, np.array([500.0, 20.0, 150.0, 150.0]), 450.0, 40.0, np.array([0.4, 0.7])),
        ]
    )

    def uvd(count: int) -> np.ndarray:
        return rng.uniform([0.2, 0.2, -1.5], [0.8, 0.8, 1.5], (BATCH, count, 3)).astype(np.float32)

    y_true = {"vertices_uvd": uvd(num_vertices), "joints_uvd": uvd(NUM_JOINTS), "camera": cameras}
    y_true["joints_uvd"][:, 0, 2] = 0.0
    y_true["pseudo_vertices_uvd"] = uvd(num_vertices)
    y_true["depth_map"] = depth_map(rng, cameras)

    def moved(key: str) -> np.ndarray:
        return (y_true[key] + rng.normal(0, off, y_true[key].shape)).astype(np.float32)

    y_true |= {"present": np.ones(BATCH, np.float32), "known_side": np.ones(BATCH, np.float32)}
    maps = rng.normal(0, 1, (2, BATCH, *MAP, NUM_JOINTS)).astype(np.float32)
    y_pred = {
        "vertices_uvd": moved("vertices_uvd"),
        "joints_uvd_mesh": moved("joints_uvd"),
        "depth_map": depth_map(rng, cameras, holes=0.0),
        "surface_uv": np.stack([np.stack(np.meshgrid(*2 * [(np.arange(6) + 0.5) / 6]), axis=-1)] * BATCH).astype(np.float32),
        "sign_logits": np.array([[0.7, -1.2], [-0.4, 0.3]], np.float32),
        "heatmaps_1": maps[0],
        "heatmaps_2": maps[1],
    }
    return y_true, y_pred


def depth_map(rng: np.random.Generator, cameras: np.ndarray, holes: float = 1 / 3) -> np.ndarray:
    """(B, 6, 6) mm: up to 1.5 hand scales from the root, a share of it 0."""
    offsets = rng.uniform(-1.5, 1.5, (BATCH, 6, 6)) * cameras[:, 5, None, None] + cameras[:, 4, None, None]
    return np.where(rng.random(offsets.shape) < holes, 0, offsets).astype(np.float32)


def naive_xyz(uvd: np.ndarray, y_true: dict) -> np.ndarray:
    """`(xyz - xyz_root) / scale` in float64, by way of millimetres, one point at a time."""
    result = np.zeros(uvd.shape)
    for b in range(len(uvd)):
        fx, fy, cx, cy, root_depth, scale, turned = y_true["camera"][b].astype(np.float64)
        axis = np.array([(0.5 - cx) / fx, (0.5 - cy) / fy, 1.0]) if turned else np.array([0.0, 0.0, 1.0])
        axis /= np.linalg.norm(axis)

        def to_mm(u: float, v: float, d: float) -> np.ndarray:
            ray = np.array([(u - cx) / fx, (v - cy) / fy, 1.0])
            return ray * (d * scale + root_depth) / (ray @ axis)

        root = to_mm(y_true["joints_uvd"][b, 0, 0], y_true["joints_uvd"][b, 0, 1], 0.0)
        for i in range(uvd.shape[1]):
            result[b, i] = (to_mm(*uvd[b, i].astype(np.float64)) - root) / scale
    return result


def gaussian_maps(joints_uv: np.ndarray, sigma: float) -> np.ndarray:
    """(B, h, w, 21) Gaussians of height 1, cell by cell."""
    height, width = MAP
    maps = np.zeros((len(joints_uv), height, width, NUM_JOINTS))
    for b in range(len(joints_uv)):
        for row in range(height):
            for column in range(width):
                for j in range(NUM_JOINTS):
                    dx = column + 0.5 - joints_uv[b, j, 0] * width
                    dy = row + 0.5 - joints_uv[b, j, 1] * height
                    maps[b, row, column, j] = np.exp(-(dx**2 + dy**2) / (2 * sigma**2))
    return maps

"""A hand-like sample with every field, for the tests of this folder."""
from __future__ import annotations

import cv2
import numpy as np
import pytest

from tfhand.data.sample import HandSample


def make_sample(seed: int = 0, side: str = "left", vertices: int | None = 50, focal=(400.0, 400.0)) -> HandSample:
    rng = np.random.default_rng(seed)
    image = cv2.GaussianBlur(rng.integers(0, 256, (240, 320, 3), dtype=np.uint8), (0, 0), 2)
    alpha = np.zeros((240, 320), np.uint8)
    cv2.circle(alpha, (150, 120), 60, 255, -1)
    scene = np.where(alpha > 0, rng.uniform(300, 600, alpha.shape), 0).astype(np.float32)
    spread, centre = np.array([50, 50, 40]), np.array([-10, -4, 500])
    hand = np.where(np.arange(320) < 180, alpha, 0).astype(np.uint8)
    return HandSample(
        image=image,
        intrinsics=np.array([*focal, 155.0, 128.0]),
        box=np.array([70.0, 40.0, 160.0, 160.0]),
        side=side,
        joints_mm=rng.normal(size=(21, 3)) * spread + centre,
        vertices_mm=None if vertices is None else rng.normal(size=(vertices, 3)) * spread + centre,
        alpha=alpha,
        hand_alpha=hand,
        depth_mm=np.where(hand > 0, scene, 0),
        scene_depth_mm=scene,
        joint_visible=rng.random(21) < 0.7,
        seed=seed,
        name=f"sample {seed}",
        extras={"shape": np.arange(3.0), "skin": "dark", "angles": [1, 2.5]},
    )


@pytest.fixture
def sample_factory():
    return make_sample

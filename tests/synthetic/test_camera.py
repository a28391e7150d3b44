from __future__ import annotations

import numpy as np

from tfhand.geometry import project
from tfhand.synthetic.camera import BoxSampler, CameraSampler


def test_cameras_see_the_hand_within_the_photograph():
    rng, sampler = np.random.default_rng(0), CameraSampler()
    distances, angles = [], []
    for _ in range(500):
        intrinsics, centre = sampler.sample(rng)
        pixel = project(centre[None], intrinsics)[0]
        assert np.all(np.abs(pixel - intrinsics[2:]) <= 0.401) and centre[2] > 0
        distances.append(np.linalg.norm(centre))
        angles.append(np.rad2deg(2 * np.arctan(0.5 / intrinsics[0])))
    assert 250 <= min(distances) < 280 and 1000 < max(distances) <= 1200.001
    assert 40 <= min(angles) < 45 and 85 < max(angles) <= 90.001


def test_rendered_square_is_the_same_camera_and_holds_the_box():
    rng, sampler = np.random.default_rng(0), BoxSampler()
    joints = rng.normal(size=(21, 3)) * [60, 60, 30] + [80, -40, 500]
    intrinsics = np.array([0.8, 0.8, 0.5, 0.375])
    loose = []
    for _ in range(200):
        rendered, box = sampler.sample(joints, intrinsics, 256, rng)
        np.testing.assert_allclose(box[2], 256 / 1.25, rtol=1e-4)
        np.testing.assert_allclose(box[:2] + box[2:] / 2, 128, atol=0.01)
        pixels = project(joints, rendered)
        # A similarity of the photograph, so that the scene's perspective stays.
        ratio = rendered[0] / intrinsics[0]
        before = project(joints, intrinsics)
        np.testing.assert_allclose(np.diff(pixels, axis=0), ratio * np.diff(before, axis=0), rtol=1e-3)
        extent = np.ptp(pixels, axis=0).max()
        loose.append(box[2] / extent)
        offset = (pixels.min(0) + pixels.max(0)) / 2 - 128
        assert np.abs(offset).max() <= 0.0601 * box[2]
    assert 1.1 <= min(loose) < 1.2 and 1.6 < max(loose) <= 1.81

from __future__ import annotations

import numpy as np
import pytest

from tfhand.geometry import project
from tfhand.synthetic.camera import CAMERAS, CROPS, BoxSampler, CameraSampler, draw_by_share

JOINTS = np.random.default_rng(0).normal(size=(21, 3)) * [60, 60, 30] + [80, -40, 500]
INTRINSICS = np.array([0.8, 0.8, 0.5, 0.375])


@pytest.mark.parametrize("name", CAMERAS)
def test_cameras_see_the_hand_within_the_photograph(name):
    rng, camera = np.random.default_rng(0), CAMERAS[name]
    sampler, distances, angles, upright = CameraSampler({name: camera}), [], [], []
    for _ in range(200):
        drawn, intrinsics, centre = sampler.sample(rng)
        assert drawn == name
        extent = 2 * intrinsics[2:]
        assert extent.max() == 1 and extent.min() == pytest.approx(camera.aspect)
        pixel = project(centre[None], intrinsics)[0]
        assert np.all(np.abs(pixel - intrinsics[2:]) <= 0.5 * camera.reach * extent + 1e-9) and centre[2] > 0
        distances.append(np.linalg.norm(centre))
        angles.append(np.rad2deg(2 * np.arctan(0.5 / intrinsics[0])))
        upright.append(extent[1] > extent[0])
    for values, (low, high) in ((distances, camera.distance_mm), (angles, camera.field_of_view_deg)):
        assert low - 1e-6 <= min(values) < low + 0.1 * (high - low)
        assert high - 0.1 * (high - low) < max(values) <= high + 1e-6
    assert np.mean(upright) == pytest.approx(camera.portrait, abs=0.12)


def test_shares_of_cameras_and_crops():
    for table in (CAMERAS, CROPS):
        assert sum(entry.share for entry in table.values()) == pytest.approx(1)
        rng = np.random.default_rng(0)
        drawn = [draw_by_share(table, rng) for _ in range(3000)]
        for name, entry in table.items():
            assert np.mean([one == name for one in drawn]) == pytest.approx(entry.share, abs=0.03), name


@pytest.mark.parametrize("name", CROPS)
def test_rendered_square_is_the_same_camera_and_the_box_holds_the_joints(name):
    rng, crop = np.random.default_rng(0), CROPS[name]
    sampler, loose, off, outside = BoxSampler({name: crop}), [], [], []
    before = project(JOINTS, INTRINSICS)
    for _ in range(300):
        drawn, rendered, box = sampler.sample(JOINTS, INTRINSICS, 256, rng)
        assert drawn == name
        np.testing.assert_allclose(box[2:], 256 / 1.25, rtol=1e-4)
        pixels = project(JOINTS, rendered)
        # A similarity of the photograph, so that the scene's perspective stays.
        np.testing.assert_allclose(np.diff(pixels, axis=0), rendered[0] / INTRINSICS[0] * np.diff(before, axis=0), 1e-3)
        extent = np.ptp(pixels, axis=0).max()
        loose.append(box[2] / extent)
        offset = np.abs((pixels.min(0) + pixels.max(0)) / 2 - box[:2] - box[2:] / 2).max()
        off.append(offset / ((box[2] - extent) / 2))
        assert ((pixels > box[:2] - 0.05) & (pixels < box[:2] + box[2:] + 0.05)).all()
        beyond = np.maximum(0 - pixels.min(0), pixels.max(0) - 256) / np.ptp(pixels, axis=0)
        outside.append(beyond.max())
        assert ((pixels >= -0.05) & (pixels <= 256.05)).all(axis=1).sum() >= 13
        if crop.cut[1] == 0:
            np.testing.assert_allclose(box[:2] + box[2:] / 2, 128, atol=0.01)
        else:
            assert (beyond > 1e-3).sum() == 1
    assert crop.expand[0] - 1e-3 <= min(loose) and max(loose) <= crop.expand[1] + 1e-3
    assert np.ptp(loose) > 0.9 * np.ptp(crop.expand)
    assert crop.shift[0] - 0.02 <= min(off) and max(off) <= crop.shift[1] + 0.02
    if crop.cut[1] > 0:
        assert crop.cut[0] - 1e-3 <= min(outside) and max(outside) <= crop.cut[1] + 1e-3 and np.ptp(outside) > 0.15
    else:
        assert max(outside) < 0

"""The differentiable camera against the one in numpy."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tfhand.geometry import camera_ops, camera_vector, uvd_to_xyz

CAMERA = camera_vector(
    np.array([600.0, 610.0, 310.0, 250.0]),
    np.array([150.0, 100.0, 200.0, 190.0]),
    root_depth_mm=np.array([620.0, 450.0]),
    hand_scale_mm=np.array([46.0, 40.0]),
)


#: The same with depths along the crops' rays.
TURNED = camera_vector(
    np.array([600.0, 610.0, 310.0, 250.0]),
    np.array([[550.0, 100.0, 200.0, 190.0], [-100.0, 300.0, 180.0, 180.0]]),
    root_depth_mm=np.array([620.0, 450.0]),
    hand_scale_mm=np.array([46.0, 40.0]),
    root_uv=np.array([[0.3, 0.6], [0.5, 0.8]]),
)


@pytest.fixture
def uvd(rng) -> np.ndarray:
    return rng.uniform([0.0, 0.0, -2.0], [1.0, 1.0, 2.0], (2, 7, 3)).astype(np.float32)


@pytest.mark.parametrize("camera", [CAMERA, TURNED])
def test_millimetres_agree_with_numpy(uvd, camera):
    xyz = keras.ops.convert_to_numpy(camera_ops.uvd_to_xyz(uvd, camera))
    np.testing.assert_allclose(xyz, uvd_to_xyz(uvd, camera), atol=1e-3)


@pytest.mark.parametrize("camera", [CAMERA, TURNED])
def test_normalised_xyz_is_root_relative_in_hand_scales(uvd, camera):
    uvd[:, 0, 2] = 0.0
    result = keras.ops.convert_to_numpy(camera_ops.uvd_to_normalised_xyz(uvd, camera, uvd[:, :1, :2]))
    xyz = uvd_to_xyz(uvd, camera)
    np.testing.assert_allclose(result, (xyz - xyz[:, :1]) / camera[:, None, 5:6], atol=1e-5)
    np.testing.assert_allclose(result[:, 0], 0.0, atol=1e-6)


@pytest.mark.parametrize("depth_mm", [50.0, 0.0, -900.0])
def test_points_at_or_behind_the_camera_spread_as_if_just_in_front(uvd, depth_mm):
    uvd[0, :, 2] = (depth_mm - 620.0) / 46.0
    xyz = keras.ops.convert_to_numpy(camera_ops.uvd_to_xyz(uvd, CAMERA))[0]
    nearest = camera_ops.MIN_DEPTH_SHARE * 620.0
    np.testing.assert_allclose(xyz[:, 2], depth_mm, atol=1e-2)
    np.testing.assert_allclose(xyz[:, :2], (uvd[0, :, :2] - CAMERA[0, 2:4]) / CAMERA[0, :2] * nearest, atol=1e-3)


def test_wild_places_in_the_picture_stay_in_front_of_the_camera(uvd):
    """Far off on the other side, the plane across the crop's ray is behind the camera."""
    uvd[:, :, 0], uvd[:, :, 2] = [[-40.0], [40.0]], 0.0
    xyz = keras.ops.convert_to_numpy(camera_ops.uvd_to_xyz(uvd, TURNED))
    assert (xyz[..., 2] > 0).all() and np.isfinite(xyz).all()
    np.testing.assert_allclose(uvd_to_xyz(uvd, TURNED), xyz, rtol=1e-4)

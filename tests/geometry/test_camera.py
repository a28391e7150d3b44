"""Cameras against the formulas written out, point by point."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from tfhand.geometry import (
    axis_depth,
    camera_vector,
    crop_intrinsics,
    default_intrinsics,
    mirror_uvd,
    project,
    root_depth_and_scale,
    uvd_to_xyz,
    validate_intrinsics,
    with_root_at,
    xyz_to_uvd,
)

INTRINSICS = np.array([600.0, 620.0, 320.0, 240.0])
BOX = np.array([150.0, 80.0, 220.0, 200.0])
ROOT, SCALE = 640.0, 47.0


@pytest.fixture
def points(rng) -> np.ndarray:
    """(5, 3) mm in front of the camera."""
    return rng.uniform([-100, -100, 500], [100, 100, 800], (5, 3))


def test_uvd_is_the_formula_of_the_method(points):
    uvd = xyz_to_uvd(points, camera_vector(INTRINSICS, BOX, ROOT, SCALE))
    fx, fy, u0, v0 = INTRINSICS
    x_box, y_box, w, h = BOX
    for (x, y, z), (u, v, d) in zip(points, uvd, strict=True):
        assert u == pytest.approx((x / z * fx + u0 - x_box) / w, abs=1e-5)
        assert v == pytest.approx((y / z * fy + v0 - y_box) / h, abs=1e-5)
        assert d == pytest.approx((z - ROOT) / SCALE, abs=1e-5)


def along_the_crop(points: np.ndarray) -> np.ndarray:
    """Camera vector for depths along the crop's ray, of a hand whose wrist is the first point."""
    wrist = (project(points[:1], INTRINSICS)[0] - BOX[:2]) / BOX[2:]
    return camera_vector(INTRINSICS, BOX, points[0, 2], SCALE, wrist)


def mirrored_camera(camera):
    """Of the mirrored crop: its principal point is as far from the other border."""
    mirrored = camera.copy()
    mirrored[2] = 1 - camera[2]
    return mirrored


def test_depth_along_the_crops_ray_is_a_product_with_it(points):
    middle = (BOX[:2] + BOX[2:] / 2 - INTRINSICS[2:]) / INTRINSICS[:2]
    ray = np.array([*middle, 1.0]) / np.linalg.norm([*middle, 1.0])
    camera = along_the_crop(points)
    uvd = xyz_to_uvd(points, camera)
    np.testing.assert_allclose(uvd[:, 2], (points - points[0]) @ ray / SCALE, atol=1e-5)
    np.testing.assert_allclose(uvd[:, :2], xyz_to_uvd(points, camera_vector(INTRINSICS, BOX, ROOT, SCALE))[:, :2], atol=1e-6)
    np.testing.assert_allclose(uvd_to_xyz(uvd, camera), points, atol=1e-3)
    assert camera[4] == pytest.approx(points[0] @ ray, abs=1e-3)
    mirrored = uvd_to_xyz(mirror_uvd(uvd), mirrored_camera(camera))
    np.testing.assert_allclose(mirrored, points * [-1, 1, 1], atol=1e-3)


@pytest.mark.parametrize("angle", [0.0, 0.2, 0.6])
def test_a_hand_that_turns_with_its_ray_keeps_its_depths(points, angle):
    """What a crop can't show must not be asked of it: the same hand, seen at the image's edge."""
    cosine, sine = np.cos(angle), np.sin(angle)
    turn = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
    turned = (points - points.mean(axis=0) * [1, 1, 0]) @ turn.T
    middle = project((turned.mean(axis=0))[None], INTRINSICS)[0]
    box = np.concatenate([middle - 100, [200, 200]])
    wrist = (project(turned[:1], INTRINSICS)[0] - box[:2]) / 200
    found = xyz_to_uvd(turned, camera_vector(INTRINSICS, box, turned[0, 2], SCALE, wrist))[:, 2]
    np.testing.assert_allclose(found, (points[:, 2] - points[0, 2]) / SCALE, atol=1e-4)
    if angle:
        along_the_axis = xyz_to_uvd(turned, camera_vector(INTRINSICS, box, turned[0, 2], SCALE))[:, 2]
        assert np.abs(along_the_axis - found).max() > 0.1


def test_the_root_stays_at_its_depth_wherever_it_is_seen(points):
    camera = along_the_crop(points)
    wrist, elsewhere = xyz_to_uvd(points, camera)[0, :2], np.array([0.9, 0.1], np.float32)
    moved = with_root_at(camera, wrist, elsewhere)
    assert uvd_to_xyz(np.array([[*elsewhere, 0.0]]), moved)[0, 2] == pytest.approx(points[0, 2], abs=1e-3)
    plain = camera_vector(INTRINSICS, BOX, ROOT, SCALE)
    np.testing.assert_array_equal(with_root_at(plain, wrist, elsewhere), plain)
    np.testing.assert_array_equal(axis_depth(points, plain), np.ones(5))


def test_uvd_round_trip_in_a_batch(rng):
    batch = rng.uniform([-90, -90, 400], [90, 90, 900], (4, 7, 3))
    cameras = camera_vector(np.tile(INTRINSICS, (4, 1)), BOX, rng.uniform(400, 800, 4), rng.uniform(35, 55, 4))
    assert cameras.shape == (4, 7) and cameras.dtype == np.float32
    uvd = xyz_to_uvd(batch, cameras)
    np.testing.assert_allclose(uvd_to_xyz(uvd, cameras), batch, atol=1e-3)
    np.testing.assert_allclose(uvd_to_xyz(uvd[2], cameras[2]), batch[2], atol=1e-3)
    assert uvd_to_xyz(uvd.astype(np.float32), cameras).dtype == np.float32


def test_projection_agrees_with_uvd(points):
    pixels = project(points, INTRINSICS)
    uvd = xyz_to_uvd(points, camera_vector(INTRINSICS, BOX, ROOT, SCALE))
    np.testing.assert_allclose(uvd[:, :2] * BOX[2:] + BOX[:2], pixels, atol=1e-3)


def test_mirroring_flips_x_in_space(points):
    camera = camera_vector(INTRINSICS, BOX, ROOT, SCALE)
    uvd = xyz_to_uvd(points, camera)
    mirrored = uvd_to_xyz(mirror_uvd(uvd), mirrored_camera(camera))
    np.testing.assert_allclose(mirrored, points * [-1, 1, 1], atol=1e-3)
    np.testing.assert_allclose(mirror_uvd(mirror_uvd(uvd)), uvd)


def test_mirroring_is_flipping_the_pixels():
    width, column = 8, 2
    u = (column + 0.5) / width
    assert mirror_uvd(np.array([[u, 0.5]]))[0, 0] * width == pytest.approx((width - 1 - column) + 0.5)


def test_crop_intrinsics_project_into_the_crop(points):
    inside = project(points, crop_intrinsics(INTRINSICS, BOX, (128, 64)))
    whole = project(points, INTRINSICS)
    np.testing.assert_allclose(inside, (whole - BOX[:2]) / BOX[2:] * [128, 64], atol=1e-4)


def test_root_depth_and_scale(rng):
    joints = rng.uniform(1, 500, (3, 21, 3))
    depth, scale = root_depth_and_scale(joints)
    for i in range(3):
        assert depth[i] == joints[i, 0, 2]
        assert scale[i] == pytest.approx(np.sqrt(((joints[i, 9] - joints[i, 10]) ** 2).sum()))


def test_default_intrinsics_have_the_field_of_view():
    fx, fy, u0, v0 = default_intrinsics((640, 480), field_of_view_deg=90.0)
    assert fx == fy == pytest.approx(320.0)
    assert (u0, v0) == (320.0, 240.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: validate_intrinsics([600, 600, np.nan, 240]), "intrinsics: expected finite"),
        (lambda: validate_intrinsics([600, 0, 320, 240]), "intrinsics: expected positive focal"),
        (lambda: validate_intrinsics(np.eye(3)), r"intrinsics: expected shape .* got \(3, 3\)"),
        (lambda: camera_vector(INTRINSICS, [0, 0, 0, 5], ROOT, SCALE), "box: expected positive"),
        (lambda: camera_vector(INTRINSICS, BOX, -1.0, SCALE), "root_depth_mm: expected finite positive"),
        (lambda: camera_vector(INTRINSICS, BOX, ROOT, np.inf), "hand_scale_mm: expected finite positive"),
        (lambda: xyz_to_uvd(np.zeros((4, 3)), camera_vector(INTRINSICS, BOX, ROOT, SCALE)), "xyz: .*z > 0"),
        (lambda: project(np.full((4, 3), np.nan), INTRINSICS), "xyz: .*z > 0"),
        (lambda: uvd_to_xyz(np.zeros(3), np.ones(7)), r"uvd: expected shape \(\.\.\., N, 3\)"),
        (lambda: uvd_to_xyz(np.zeros((2, 5, 3)), np.ones((3, 7))), r"camera: expected shape \(2, 7\)"),
        (lambda: uvd_to_xyz(np.zeros((5, 3)), np.ones(5)), "camera: expected shape"),
        (lambda: root_depth_and_scale(np.ones((20, 3))), "joints_mm: expected shape"),
        (lambda: default_intrinsics((640, 0)), "image_size"),
        (lambda: default_intrinsics((640, 480), 180.0), "field_of_view_deg"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_geometry_needs_no_keras():
    code = "import sys, tfhand.geometry; sys.exit('keras' in sys.modules or 'tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest

from tfhand.data.augment import PAD_VALUE, AugmentConfig, _View, crop, mirror
from tfhand.data.depth_noise import DepthNoiseConfig
from tfhand.geometry import project, uvd_to_xyz

NO_COLOUR = dataclasses.replace(AugmentConfig(rotation_deg=180.0), erase_probability=0.0)


class Pool:
    """Backgrounds of one brightness, a little noisy."""

    def __init__(self, noise):
        self.noise = noise

    def sample(self, rng, size):
        return np.clip(200 + rng.normal(0, self.noise, (*size, 3)), 0, 255).astype(np.uint8)


def test_plain_crop_agrees_with_projection(sample_factory):
    sample = sample_factory(side="right", focal=(400.0, 430.0))
    view = crop(sample, 64)
    x, y, w, h = sample.box
    expected = (project(sample.joints_mm, sample.intrinsics) - [x, y]) / [w, h]
    np.testing.assert_allclose(view["joints_uvd"][:, :2], expected, atol=1e-5)
    depths = (sample.joints_mm[:, 2] - sample.root_depth_mm) / sample.hand_scale_mm
    np.testing.assert_allclose(view["joints_uvd"][:, 2], depths, atol=1e-4)
    np.testing.assert_allclose(uvd_to_xyz(view["vertices_uvd"], view["camera"]), sample.vertices_mm, atol=2e-3)
    assert view["image"].shape == (64, 64, 3) and view["side_mirrored"] is False


@pytest.mark.parametrize("focal", [(400.0, 400.0), (400.0, 470.0)])
def test_turned_labels_meet_their_pixels(sample_factory, focal):
    """Old pixels through the image's affine map = turned points through the new camera."""
    sample = sample_factory(side="right", focal=focal)
    for seed in range(20):
        view = _View.random(sample, NO_COLOUR, np.random.default_rng(seed))
        labels = view.labels(sample, "camera")
        matrix = view.matrix(1)
        pixels = project(sample.vertices_mm.astype(np.float64), sample.intrinsics.astype(np.float64))
        np.testing.assert_allclose(labels["vertices_uvd"][:, :2], pixels @ matrix[:, :2].T + matrix[:, 2], atol=2e-5)
        xyz = uvd_to_xyz(labels["vertices_uvd"], labels["camera"])
        np.testing.assert_allclose(np.linalg.norm(xyz, axis=1), np.linalg.norm(sample.vertices_mm, axis=1), rtol=1e-4)
        np.testing.assert_allclose(xyz[:, 2], sample.vertices_mm[:, 2], rtol=1e-4)


@pytest.mark.parametrize("size", [32, 128, 400])
def test_pixels_move_with_the_labels(sample_factory, size):
    """A bright blob painted where a joint projects lies at the joint's u, v after the crop, reduced or enlarged."""
    sample = sample_factory(side="left")
    sample.joints_mm[5] = [-15, 20, 450]
    sample.image[:] = 0
    u, v = project(sample.joints_mm[5:6], sample.intrinsics)[0]
    columns, rows = np.meshgrid(np.arange(320) + 0.5, np.arange(240) + 0.5)
    sample.image[:] = (255 * np.exp(-((columns - u) ** 2 + (rows - v) ** 2) / (2 * 4**2)))[..., None].astype(np.uint8)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        calm = dataclasses.replace(NO_COLOUR, reflect_probability=1.0, background_probability=0.0)
        image = crop(sample, size, calm, rng)["image"][..., 0].astype(np.float64)
        expected = crop(sample, size, calm, np.random.default_rng(seed))["joints_uvd"][5, :2] * size
        weights = np.clip(image - image.max() / 2, 0, None)
        grid = np.arange(size) + 0.5
        found = np.array([(weights.sum(0) * grid).sum(), (weights.sum(1) * grid).sum()]) / weights.sum()
        assert np.abs(found - expected).max() < 0.02 * size


@pytest.mark.parametrize("seed", range(5))
def test_depths_along_the_crops_ray_give_the_same_points(sample_factory, seed):
    """Turned, stretched, moved and mirrored crops too; and a turn of the picture alone changes no depth."""
    sample = sample_factory(side="left", focal=(400.0, 430.0))
    views = [
        crop(sample, 16, NO_COLOUR, np.random.default_rng(seed), depth_axis=axis) for axis in ("camera", "crop")
    ]
    points, expected = (uvd_to_xyz(view["joints_uvd"], view["camera"]) for view in reversed(views))
    np.testing.assert_allclose(points, expected, atol=2e-3)
    np.testing.assert_array_equal(views[0]["joints_uvd"][:, :2], views[1]["joints_uvd"][:, :2])
    assert np.abs(views[0]["joints_uvd"] - views[1]["joints_uvd"]).max() > 1e-3
    still = dataclasses.replace(NO_COLOUR, shift=0.0, scale=(1.0, 1.0))
    turned = crop(sample, 16, still, np.random.default_rng(seed), depth_axis="crop")["joints_uvd"]
    upright = crop(sample, 16, depth_axis="crop")["joints_uvd"]
    np.testing.assert_allclose(turned[:, 2], upright[:, 2], atol=1e-4)


def test_left_hands_come_out_as_right_ones(sample_factory):
    left = sample_factory(side="left")
    view, mirrored = crop(left, 64), crop(mirror(left), 64)
    assert view["side_mirrored"] is True and mirrored["side_mirrored"] is False
    np.testing.assert_array_equal(view["image"], mirrored["image"])
    np.testing.assert_array_equal(view["joints_uvd"], mirrored["joints_uvd"])
    xyz = uvd_to_xyz(view["joints_uvd"], view["camera"])
    np.testing.assert_allclose(xyz * [-1, 1, 1], left.joints_mm, atol=2e-3)


def test_mirroring_twice_is_the_identity(sample_factory):
    sample = sample_factory()
    twice = mirror(mirror(sample))
    for field in dataclasses.fields(sample):
        if field.name != "extras":
            np.testing.assert_array_equal(getattr(twice, field.name), getattr(sample, field.name), field.name)
    assert mirror(sample).side == "right"
    pixels = project(mirror(sample).joints_mm, mirror(sample).intrinsics)
    expected = project(sample.joints_mm, sample.intrinsics)
    np.testing.assert_allclose(pixels[:, 0], 320 - expected[:, 0], atol=1e-3)


def test_same_rng_same_crop(sample_factory):
    sample, pool = sample_factory(), Pool(30)
    one, two, other = (crop(sample, 48, AugmentConfig(), np.random.default_rng(seed), pool) for seed in (7, 7, 8))
    np.testing.assert_array_equal(one["image"], two["image"])
    assert np.abs(one["camera"] - other["camera"]).max() > 1e-3


def test_background_is_exchanged_outside_the_hand_only(sample_factory):
    sample = sample_factory(side="right")
    config = dataclasses.replace(NO_COLOUR, background_probability=1.0, rotation_deg=0.0, shift=0.0, scale=(1.0, 1.0))
    still = {field.name: 0.0 for field in dataclasses.fields(config.photometric)}
    config = dataclasses.replace(config, photometric=dataclasses.replace(config.photometric, **still))
    view, plain = crop(sample, 160, config, np.random.default_rng(0), Pool(0)), crop(sample, 160)
    inside = cv2.erode(view["alpha"], np.ones((5, 5))) == 255
    assert np.abs(view["image"][view["alpha"] == 0].astype(int) - 200).max() <= 1
    assert np.abs(view["image"][inside].astype(int) - plain["image"][inside]).max() <= 1


def test_box_beyond_the_image_is_padded(sample_factory):
    sample = dataclasses.replace(sample_factory(side="right"), box=np.array([-100.0, -100.0, 200.0, 200.0]))
    image = crop(sample, 100)["image"]
    assert (image[:40, :40] == PAD_VALUE).all() and image[60:, 60:].std() > 5


def test_reduction_averages_over_areas(sample_factory):
    """A fine checkerboard becomes even grey, without moire."""
    sample = sample_factory(side="right")
    sample.image[:] = (255 * (np.add.outer(np.arange(240), np.arange(320)) % 2))[..., None]
    image = crop(sample, 32)["image"].astype(int)
    assert np.abs(image - 127).max() <= 8


def test_alpha_and_depth_are_cropped_alike(sample_factory):
    view = crop(sample_factory(side="left"), 96, NO_COLOUR, np.random.default_rng(3))
    for mask, depth in (("alpha", "scene_depth_mm"), ("hand_alpha", "depth_mm")):
        solid = cv2.erode(view[mask], np.ones((5, 5))) == 255
        assert solid.any() and (view[depth][solid] > 0).all()
        outside = cv2.dilate(view[mask], np.ones((5, 5))) == 0
        assert (view[depth][outside] == 0).all()


def test_depth_map_of_any_size_leaves_the_rest_as_it_is(sample_factory):
    sample = sample_factory(side="right")
    plain = crop(sample, 64, AugmentConfig(), np.random.default_rng(5))
    view = crop(sample, 64, AugmentConfig(), np.random.default_rng(5), depth_size=32, depth_noise=DepthNoiseConfig())
    for name, value in plain.items():
        np.testing.assert_array_equal(view[name], value)
    assert view.keys() - plain.keys() == {"depth_map"} and view["depth_map"].shape == (32, 32)
    # The box is 160 pixels wide: the map's pixels are all of them, or the middle ones of five.
    for size, step in ((160, 1), (32, 5)):
        exact = crop(sample, 64, depth_size=size)["depth_map"]
        np.testing.assert_array_equal(exact, sample.depth_mm[40 + step // 2 : 200 : step, 70 + step // 2 : 230 : step])
    assert "depth_map" not in crop(dataclasses.replace(sample, depth_mm=None), 64, depth_size=32)


def test_sensed_depth_is_the_hand_s_alone(sample_factory):
    sample = sample_factory(side="right")
    smooth = np.where(sample.alpha > 0, np.float32(500), 0)
    sample = dataclasses.replace(sample, scene_depth_mm=smooth, depth_mm=np.where(sample.hand_alpha > 0, smooth, 0))
    config = DepthNoiseConfig(shadows=False)
    depth = crop(sample, 64, rng=np.random.default_rng(0), depth_size=160, depth_noise=config)["depth_map"]
    hand = sample.depth_mm[40:200, 70:230] > 0
    assert (depth > 0)[cv2.erode(hand.astype(np.uint8), np.ones((7, 7))) > 0].all()
    assert (depth == 0)[cv2.dilate(hand.astype(np.uint8), np.ones((7, 7))) == 0].all()
    assert 1 < depth[depth > 0].std() < 4


def test_joints_outside_of_the_crop_are_not_visible(sample_factory):
    sample = dataclasses.replace(sample_factory(side="right"), joint_visible=np.ones(21, bool))
    view = crop(dataclasses.replace(sample, box=np.array([120.0, 90.0, 60.0, 60.0])), 48)
    inside = ((view["joints_uvd"][:, :2] >= 0) & (view["joints_uvd"][:, :2] < 1)).all(axis=1)
    assert 0 < inside.sum() < 21
    np.testing.assert_array_equal(view["joint_visible"], inside)
    assert not crop(dataclasses.replace(sample, joint_visible=np.zeros(21, bool)), 48)["joint_visible"].any()


def test_bad_arguments(sample_factory):
    with pytest.raises(ValueError, match="size: expected at least 1"):
        crop(sample_factory(), 0)
    with pytest.raises(ValueError, match="rng: expected"):
        crop(sample_factory(), 32, AugmentConfig())
    with pytest.raises(ValueError, match="rng: expected"):
        crop(sample_factory(), 32, depth_size=32, depth_noise=DepthNoiseConfig())
    with pytest.raises(ValueError, match="depth_size: expected at least 1"):
        crop(sample_factory(), 32, depth_size=0)
    with pytest.raises(ValueError, match="depth_axis: expected one of .*got 'lens'"):
        crop(sample_factory(), 32, depth_axis="lens")


@pytest.mark.parametrize("side", [1e4, 1e12, 1e30])
def test_views_may_be_far_larger_than_the_image(sample_factory, side):
    sample = dataclasses.replace(sample_factory(0), box=np.array([1 - side / 2, 1 - side / 2, side, side]))
    assert crop(sample, 32)["image"].shape == (32, 32, 3)

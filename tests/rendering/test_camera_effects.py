"""The camera: neutral settings change nothing, each effect does what it says, same seed same picture."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tfhand.rendering import camera_effects
from tfhand.rendering.camera_effects import CameraParams, take_photograph
from tfhand.rendering.renderer import RenderedHand

SIZE = (64, 80)
NEUTRAL = CameraParams(
    exposure=1.0,
    metering=0.0,
    background_exposure=1.0,
    white_balance=np.ones(3),
    contrast=1.0,
    gamma=1.0,
    saturation=1.0,
    defocus_px=0.0,
    motion_px=0.0,
    motion_angle=0.0,
    vignetting=0.0,
    read_noise=0.0,
    shot_noise=0.0,
    noise_grain=1.0,
    noise_seed=0,
    resolution=1.0,
    sharpening=0.0,
    jpeg_quality=None,
)


def shot(rgb, alpha, mean_irradiance):
    """A rendered hand of which only picture and coverage matter."""
    depth, bones = alpha * 500, np.full(alpha.shape, -1, np.int32)
    return RenderedHand(rgb, alpha, alpha, depth, depth, bones, mean_irradiance)


def hand(value=0.2, covered=False):
    alpha = np.zeros(SIZE, np.float32)
    if covered:
        alpha[:, :40] = 1
    rgb = np.repeat((alpha * np.float32(value))[..., None], 3, axis=2)
    return shot(rgb, alpha, 0.85)


def scene(seed=0):
    return np.random.default_rng(seed).integers(0, 190, (*SIZE, 3), dtype=np.uint8)


def variance(image):
    return float(image.astype(float).var())


def test_neutral_camera_keeps_a_dim_background():
    np.testing.assert_allclose(take_photograph(hand(), scene(), NEUTRAL).astype(int), scene(), atol=2)


def test_hand_covers_by_alpha_and_is_srgb():
    image = take_photograph(hand(0.2, covered=True), scene(), NEUTRAL)
    expected = 255 * (1.055 * 0.2 ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(image[:, :40], expected, atol=1)
    np.testing.assert_allclose(image[:, 40:].astype(int), scene()[:, 40:], atol=2)


@pytest.mark.parametrize(
    "change",
    [{"defocus_px": 2.0}, {"motion_px": 6.0}, {"resolution": 0.4}],
)
def test_blurs_take_detail_and_keep_brightness(change):
    dim = (scene() // 2).astype(np.uint8)
    plain = take_photograph(hand(), dim, NEUTRAL)
    blurred = take_photograph(hand(), dim, dataclasses.replace(NEUTRAL, **change))
    assert variance(blurred) < 0.5 * variance(plain)
    linear = [(image / 255.0) ** 2.2 for image in (plain, blurred)]
    assert linear[1].mean() == pytest.approx(linear[0].mean(), rel=0.05)


def test_noise_grows_with_light():
    camera = dataclasses.replace(NEUTRAL, shot_noise=0.05)
    flat = np.zeros((*SIZE, 3), np.uint8)
    flat[:, 40:] = 150
    noisy = take_photograph(hand(), flat, camera)
    assert noisy[:, :40].std() < 1 < noisy[:, 40:].std()


def test_exposure_white_balance_and_vignetting():
    flat = np.full((*SIZE, 3), 100, np.uint8)
    warm = take_photograph(hand(), flat, dataclasses.replace(NEUTRAL, white_balance=np.array([1.3, 1, 0.7])))
    assert (warm[..., 0] > warm[..., 1]).all() and (warm[..., 1] > warm[..., 2]).all()
    dark = take_photograph(hand(), flat, dataclasses.replace(NEUTRAL, vignetting=0.5))
    assert dark[0, 0, 0] < dark[32, 40, 0] == 100
    hands = [hand(0.1, covered=True)] * 2
    low, high = (take_photograph(h, flat, dataclasses.replace(NEUTRAL, exposure=e)) for h, e in zip(hands, (0.5, 2.0)))
    assert high[0, 0, 0] > low[0, 0, 0]
    np.testing.assert_array_equal(high[:, 41:], low[:, 41:])


def test_same_parameters_same_picture():
    for seed in range(15):
        images = [
            take_photograph(hand(0.3, True), scene(seed), CameraParams.sample(np.random.default_rng(seed)))
            for _ in "ab"
        ]
        assert images[0].shape == (*SIZE, 3) and images[0].dtype == np.uint8
        np.testing.assert_array_equal(*images)


def test_picture_larger_than_the_noise():
    size = (700, 30)
    empty = np.zeros(size, np.float32)
    rendered = shot(np.zeros((*size, 3), np.float32), empty, 0.0)
    image = take_photograph(rendered, np.full((*size, 3), 120, np.uint8), dataclasses.replace(NEUTRAL, read_noise=0.05))
    assert image.shape == (*size, 3) and image[600:].std() > 1


def test_wrong_background_is_named():
    with pytest.raises(ValueError, match="background"):
        take_photograph(hand(), np.zeros((10, 10, 3), np.uint8), NEUTRAL)
    with pytest.raises(ValueError, match="background"):
        take_photograph(hand(), np.zeros((*SIZE, 3)), NEUTRAL)


def test_exposure_is_that_of_plain_numpy():
    rng = np.random.default_rng(3)
    alpha = rng.uniform(0, 1, SIZE).astype(np.float32)
    rgb = (rng.uniform(0, 1.2, (*SIZE, 3)) * alpha[..., None]).astype(np.float32)
    rendered = shot(rgb, alpha, 0.7)
    for seed in (4, 7):
        camera = dataclasses.replace(
            NEUTRAL, exposure=0.8, metering=0.4, background_exposure=1.2, white_balance=np.array([1.1, 1, 0.9]),
            contrast=1.2, gamma=1.1, saturation=0.8, vignetting=0.3, read_noise=0.01, shot_noise=0.02, noise_seed=seed,
        )  # fmt: skip
        linear = np.where(scene() <= 0.04045 * 255, scene() / 255 / 12.92, ((scene() / 255 + 0.055) / 1.055) ** 2.4)
        light = linear * 1.2 * (1 - alpha)[..., None] + rgb * camera_effects.automatic_exposure(rendered, camera)
        rows, columns = np.linspace(-1, 1, SIZE[0])[:, None], np.linspace(-1, 1, SIZE[1])[None]
        light = light * (1 - 0.15 * (rows**2 + columns**2))[..., None] * camera.white_balance
        grey = light @ [0.2126, 0.7152, 0.0722]
        light = np.maximum(grey[..., None] + 0.8 * (light - grey[..., None]), 0)
        tile = camera_effects._noise_tile(False, seed % 2 == 1)[seed : seed + SIZE[0], : SIZE[1]]
        light = light + tile * (0.01 + 0.02 * np.sqrt(light))
        light = np.where(light > 0.6, 0.6 + 0.4 * np.tanh((light - 0.6) / 0.4), np.maximum(light, 0))
        value = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) ** 1.1
        expected = 255 * (value + 0.2 * (value - 0.5) * 4 * value * (1 - value))
        # Near black the tone table's steps of light are several levels apart.
        image = take_photograph(rendered, scene(), camera)
        bright = expected > 30
        np.testing.assert_allclose(image[bright], expected[bright], atol=2)
        np.testing.assert_allclose(image, expected, atol=8)

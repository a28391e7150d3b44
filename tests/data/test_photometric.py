from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tfhand.data.photometric import PhotometricConfig, colour_matrix, erase, recolour

STILL = PhotometricConfig(**{field.name: 0.0 for field in dataclasses.fields(PhotometricConfig)})


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)


def test_nothing_changes_when_every_range_is_zero(image):
    assert np.abs(recolour(image, STILL, np.random.default_rng(0)).astype(int) - image).max() <= 1


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(PhotometricConfig)])
def test_every_range_changes_the_image(image, field):
    values = {field: 60.0 if field == "hue_deg" else 1.0}
    if field == "noise_sigma":
        values = {"noise_sigma": 20.0, "noise_probability": 1.0}
    if field == "noise_probability":
        values["noise_sigma"] = 20.0
    config = dataclasses.replace(STILL, **values)
    result = recolour(image, config, np.random.default_rng(1))
    assert result.shape == image.shape and result.dtype == np.uint8
    assert np.abs(result.astype(int) - image).mean() > 1


def test_grey_images_have_equal_channels(image):
    result = recolour(image, dataclasses.replace(STILL, grey_probability=1.0), np.random.default_rng(0)).astype(int)
    assert np.ptp(result, axis=-1).max() <= 1


def test_hue_keeps_grey_and_contrast_keeps_the_mean():
    grey = np.array([90.0, 90, 90, 1])
    matrix = colour_matrix(grey[:3], dataclasses.replace(STILL, hue_deg=90.0), np.random.default_rng(3))
    np.testing.assert_allclose(matrix @ grey, grey[:3], atol=1e-3)
    matrix = colour_matrix(grey[:3], dataclasses.replace(STILL, contrast_spread=1.0), np.random.default_rng(3))
    np.testing.assert_allclose(matrix @ grey, grey[:3], atol=1e-3)
    assert abs(matrix[0, 0] - 1) > 0.05


def test_noise_has_the_asked_for_strength():
    config = dataclasses.replace(STILL, noise_probability=1.0, noise_sigma=10.0)
    grey = np.full((64, 64, 3), 128, np.uint8)
    spreads = [recolour(grey, config, np.random.default_rng(seed)).std() for seed in range(20)]
    assert max(spreads) < 11 and max(spreads) > 6 and min(spreads) < 4


def test_erasing_touches_a_part(image):
    for seed in range(10):
        changed = (erase(image, np.random.default_rng(seed)) != image).any(-1).mean()
        assert changed < 0.6
    assert changed > 0

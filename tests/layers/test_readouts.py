"""Soft-arg-max, arg-max and features at joints against loops."""

from __future__ import annotations

import numpy as np
import pytest

from tests.layers.checks import check_layer, run
from tfhand.layers import ArgmaxUV, HeatmapPooling, SoftArgmax2D


def naive_soft_argmax(maps: np.ndarray) -> np.ndarray:
    batch, height, width, joints = maps.shape
    uv = np.zeros((batch, joints, 2))
    for b in range(batch):
        for j in range(joints):
            weights = np.exp(maps[b, :, :, j].astype(np.float64))
            for row in range(height):
                for column in range(width):
                    centre = np.array([(column + 0.5) / width, (row + 0.5) / height])
                    uv[b, j] += weights[row, column] / weights.sum() * centre
    return uv


def naive_bilinear(image: np.ndarray, size: int) -> np.ndarray:
    """(H, W) to (size, size), pixel centres at halves, edges repeated."""
    height, width = image.shape
    result = np.zeros((size, size))
    for i in range(size):
        for j in range(size):
            y = np.clip((i + 0.5) * height / size - 0.5, 0, height - 1)
            x = np.clip((j + 0.5) * width / size - 0.5, 0, width - 1)
            y0, x0 = int(y), int(x)
            y1, x1 = min(y0 + 1, height - 1), min(x0 + 1, width - 1)
            top = image[y0, x0] * (1 - (x - x0)) + image[y0, x1] * (x - x0)
            bottom = image[y1, x0] * (1 - (x - x0)) + image[y1, x1] * (x - x0)
            result[i, j] = top * (1 - (y - y0)) + bottom * (y - y0)
    return result


def test_soft_argmax_is_the_expected_cell_centre(rng) -> None:
    maps = rng.normal(size=(2, 4, 6, 3)).astype("float32") * 3.0
    np.testing.assert_allclose(run(SoftArgmax2D(), maps), naive_soft_argmax(maps), rtol=1e-5, atol=1e-5)


def test_soft_argmax_of_one_peak_is_its_cell() -> None:
    maps = np.zeros((1, 8, 16, 1), "float32")
    maps[0, 2, 11, 0] = 200.0
    np.testing.assert_allclose(run(SoftArgmax2D(), maps)[0, 0], [11.5 / 16, 2.5 / 8], atol=1e-6)


def test_soft_argmax_keeps_float32_under_a_16_bit_policy(rng) -> None:
    maps = rng.normal(size=(1, 32, 32, 21)).astype("float32")
    found = SoftArgmax2D(dtype="mixed_bfloat16")(maps)
    np.testing.assert_allclose(np.asarray(found), naive_soft_argmax(maps), atol=1e-5)


def test_argmax_is_that_of_the_resized_maps(rng) -> None:
    maps = rng.normal(size=(2, 6, 6, 3)).astype("float32")
    found = run(ArgmaxUV(25), maps)
    for b in range(2):
        for j in range(3):
            row, column = np.unravel_index(naive_bilinear(maps[b, :, :, j], 25).argmax(), (25, 25))
            np.testing.assert_allclose(found[b, j], [(column + 0.5) / 25, (row + 0.5) / 25], atol=1e-6)


def test_argmax_takes_the_first_of_equal_maxima() -> None:
    maps = np.zeros((1, 4, 4, 1), "float32")
    maps[0, 1, 2] = maps[0, 3, 0] = 1.0
    np.testing.assert_allclose(run(ArgmaxUV(4), maps)[0, 0], [2.5 / 4, 1.5 / 4])


def test_argmax_counts_from_corners_where_asked(rng) -> None:
    maps = rng.normal(size=(2, 6, 6, 3)).astype("float32")
    shift = run(ArgmaxUV(25), maps) - run(ArgmaxUV(25, origin="corner"), maps)
    np.testing.assert_allclose(shift, 0.5 / 25, atol=1e-6)


def test_heatmap_pooling_is_the_attended_mean(rng) -> None:
    maps = rng.normal(size=(2, 3, 4, 2)).astype("float32")
    features = rng.normal(size=(2, 3, 4, 5)).astype("float32")
    expected = np.zeros((2, 2, 5))
    for b in range(2):
        for j in range(2):
            weights = np.exp(maps[b, :, :, j])
            for row in range(3):
                for column in range(4):
                    expected[b, j] += weights[row, column] / weights.sum() * features[b, row, column]
    np.testing.assert_allclose(run(HeatmapPooling(), [maps, features]), expected, rtol=1e-5, atol=1e-5)


def test_behave_as_layers(rng) -> None:
    maps = rng.normal(size=(3, 8, 8, 2)).astype("float32")
    check_layer(lambda **kw: SoftArgmax2D(**kw), maps)
    check_layer(lambda **kw: ArgmaxUV(16, **kw), maps)
    check_layer(lambda **kw: ArgmaxUV(16, "corner", **kw), maps)
    check_layer(lambda **kw: HeatmapPooling(**kw), maps, rng.normal(size=(3, 8, 8, 5)).astype("float32"))


def test_wrong_size_is_named() -> None:
    with pytest.raises(ValueError, match="size must be at least 1 pixel, got 0"):
        ArgmaxUV(0)
    with pytest.raises(ValueError, match="origin must be one of .*got 'middle'"):
        ArgmaxUV(4, "middle")

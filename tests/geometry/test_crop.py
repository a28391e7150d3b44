"""Crop boxes."""

from __future__ import annotations

import numpy as np
import pytest

from tfhand.geometry import square_box, square_box_around, validate_box, whole_image_box


def test_square_box_around_points(rng):
    points = rng.uniform(0, 300, (3, 9, 2))
    for box, cloud in zip(square_box_around(points, expand=1.2), points, strict=True):
        low, high = cloud.min(axis=0), cloud.max(axis=0)
        side = 1.2 * max(high - low)
        np.testing.assert_allclose(box[2:], side, rtol=1e-5)
        np.testing.assert_allclose(box[:2] + side / 2, (low + high) / 2, rtol=1e-4)


def test_square_box_keeps_the_centre():
    np.testing.assert_allclose(square_box(np.array([10, 20, 40, 20]), expand=2.0), [-10, -10, 80, 80])


def test_whole_image_is_padded_on_its_shorter_side():
    np.testing.assert_allclose(whole_image_box((640, 480)), [0, -80, 640, 640])
    np.testing.assert_allclose(whole_image_box((100, 300)), [-100, 0, 300, 300])


def test_boxes_may_reach_beyond_the_image():
    box = validate_box([-20, -20, 50, 50], image_size=(640, 480))
    np.testing.assert_array_equal(box, [-20, -20, 50, 50])


@pytest.mark.parametrize("box", [[640, 0, 10, 10], [0, 480, 10, 10], [-10, 0, 10, 10], [0, -30, 10, 20]])
def test_a_box_outside_the_image_is_an_error(box):
    with pytest.raises(ValueError, match="box: expected .* overlap the image of 640 x 480"):
        validate_box(box, image_size=(640, 480))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: validate_box([0, 0, np.nan, 1]), "box: expected finite"),
        (lambda: validate_box([0, 0, 5, -1]), "box: expected positive"),
        (lambda: validate_box([0, 0, 5]), r"box: expected shape \(\.\.\., 4\)"),
        (lambda: square_box_around(np.ones((4, 2))), "positive width or height"),
        (lambda: square_box_around(np.full((4, 2), np.inf)), "points: expected finite"),
        (lambda: square_box_around(np.ones((0, 2))), "points: expected shape"),
        (lambda: square_box_around(np.eye(2), expand=0), "expand: expected a positive"),
        (lambda: square_box([0, 0, np.inf, 1]), "box: expected finite"),
        (lambda: whole_image_box((0, 5)), "image_size"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()

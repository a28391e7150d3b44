"""Crops that must hold no hand: counted on hands that are one colour, so that every pixel of theirs can be told."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest

from tfhand.data.augment import AugmentConfig, crop
from tfhand.data.photometric import PhotometricConfig
from tfhand.data.sample import HandSample
from tfhand.data.without_hand import KINDS, hand_mask, without_hand
from tfhand.geometry import project

HAND, ARM = (255, 0, 0), (0, 0, 255)
#: Turns and shifts as in training, and no other colours.
PLACES_ONLY = AugmentConfig(
    background_probability=0.0,
    reflect_probability=0.0,
    erase_probability=0.0,
    photometric=PhotometricConfig(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
)


class Grey:
    """Pictures of one grey, and how many were asked for."""

    asked = 0

    def sample(self, rng, size):
        Grey.asked += 1
        return np.full((*size, 3), 90, np.uint8)


@pytest.fixture
def painted(sample_factory) -> HandSample:
    """A red hand (a disc of 40 pixels with fingers) on a blue arm before noise of dark greens, joints within the hand."""
    sample = sample_factory(3, side="right")
    image = np.zeros((240, 320, 3), np.uint8)
    image[..., 1] = np.random.default_rng(0).integers(0, 90, (240, 320))
    hand, arm = np.zeros((240, 320), np.uint8), np.zeros((240, 320), np.uint8)
    cv2.circle(hand, (150, 110), 34, 255, -1)
    for angle in (-0.9, -0.5, 0.0, 0.5, 0.9):
        tip = (150 + int(62 * np.sin(angle)), 110 - int(62 * np.cos(angle)))
        cv2.line(hand, (150, 110), tip, 255, 9)
    cv2.rectangle(arm, (132, 130), (168, 239), 255, -1)
    image[arm > 0], image[hand > 0] = ARM, HAND
    rows, columns = np.nonzero(hand)
    chosen = np.linspace(0, len(rows) - 1, 21).astype(int)
    rays = np.stack([(columns[chosen] - 155.0) / 400, (rows[chosen] - 128.0) / 400, np.ones(21)], axis=1)
    return dataclasses.replace(
        sample, image=image, box=np.array([80.0, 40.0, 140.0, 140.0]), alpha=np.maximum(hand, arm), hand_alpha=hand,
        joints_mm=(500 * rays).astype(np.float32), root_depth_mm=500.0, hand_scale_mm=45.0,
        depth_mm=None, scene_depth_mm=None,
    )  # fmt: skip


def share(image: np.ndarray, colour: tuple[int, int, int]) -> float:
    """Share of the pixels that are near a colour."""
    return float((np.abs(image.astype(int) - colour).max(axis=-1) < 90).mean())


def test_the_hand_is_there_to_begin_with(painted) -> None:
    assert share(crop(painted, 64)["image"], HAND) > 0.2


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("far", "covered")])
def test_no_hand_is_left_however_it_is_augmented(painted, kind) -> None:
    rng = np.random.default_rng(1)
    made = [KINDS[kind](painted, rng, Grey()) for _ in range(60)]
    made = [sample for sample in made if sample is not None]  # not every draw finds room beside the hand
    assert len(made) > 30
    assert max(share(crop(sample, 64, PLACES_ONLY, rng)["image"], HAND) for sample in made) < 0.04
    if kind in ("cut_out", "beside"):
        blue = [share(crop(sample, 64)["image"], ARM) for sample in made]
        assert np.mean(np.array(blue) > 0.05) > 0.4, "the arm stays"


def test_covered_hands_have_no_fingers(painted) -> None:
    """The blot has the hand's colour, and its outline is that of the hull: no gap between fingers is left."""
    rng = np.random.default_rng(2)
    found = without_hand(painted, rng, None, "covered")
    inside = np.zeros(painted.hand_alpha.shape, np.uint8)
    cv2.fillConvexPoly(inside, cv2.convexHull(np.argwhere(painted.hand_alpha > 0)[:, ::-1].astype(np.int32)), 255)
    core = cv2.erode(inside, np.ones((15, 15), np.uint8)) > 0
    assert (painted.image[core] == HAND).all(axis=-1).mean() < 0.97  # gaps there were
    assert np.abs(found.image[core].astype(int) - HAND).max() < 40
    far = cv2.dilate(inside, np.ones((41, 41), np.uint8)) == 0
    np.testing.assert_array_equal(found.image[far], painted.image[far])
    assert (found.alpha >= painted.alpha).all()


def test_far_hands_are_four_to_six_times_too_small(painted) -> None:
    rng = np.random.default_rng(3)
    whole = share(crop(painted, 140)["image"], HAND)
    shrunk = [share(crop(without_hand(painted, rng, Grey(), "far"), 140)["image"], HAND) for _ in range(20)]
    sides = np.sqrt(whole / np.maximum(shrunk, 1e-9))
    inside = sides < 20  # what augmentation may cut off is no matter: it is small
    assert inside.sum() > 15 and 3.5 < sides[inside].min() and np.median(sides) < 8


def test_without_a_mask_the_joints_say_where_the_hand_is(painted) -> None:
    bare = dataclasses.replace(painted, hand_alpha=None, alpha=None)
    mask = hand_mask(bare) > 0
    assert mask[painted.hand_alpha > 0].mean() > 0.97 and mask.mean() < 0.35
    uv = np.floor(project(bare.joints_mm, bare.intrinsics)).astype(int)
    assert mask[uv[:, 1], uv[:, 0]].all()
    rng = np.random.default_rng(4)
    for _ in range(20):
        assert share(crop(without_hand(bare, rng, None, "beside"), 64, PLACES_ONLY, rng)["image"], HAND) < 0.04
    with pytest.raises(ValueError, match="'cut_out' can't be made of sample 'sample 3'"):
        without_hand(bare, rng, Grey(), "cut_out")


def test_every_kind_comes_where_it_can_be_made(painted) -> None:
    rng = np.random.default_rng(5)
    before = Grey.asked
    images = [without_hand(painted, rng, Grey()).image for _ in range(60)]
    assert 20 < Grey.asked - before < 60
    assert sum((image == 90).all() for image in images) > 3
    with pytest.raises(ValueError, match="kind: expected one of picture, beside, cut_out, covered, far, got 'gone'"):
        without_hand(painted, rng, Grey(), "gone")


def test_where_another_hand_is_seen_nothing_of_the_picture_is_left(painted) -> None:
    two = dataclasses.replace(painted, extras={"hands_seen": 2})
    rng = np.random.default_rng(6)
    for _ in range(20):
        made = without_hand(two, rng, Grey())
        assert (made.image == 90).all() and (made.box == two.box).all()
    made, covered = (without_hand(two, np.random.default_rng(7), None, kind) for kind in (None, "covered"))
    np.testing.assert_array_equal(made.image, covered.image)


def test_labels_stay_finite_and_other_fields_alone(painted) -> None:
    rng = np.random.default_rng(6)
    for kind in KINDS:
        found = without_hand(painted, rng, Grey(), None if kind == "beside" else kind)
        view = crop(found, 32, PLACES_ONLY, rng)
        assert all(np.isfinite(view[name]).all() for name in ("joints_uvd", "vertices_uvd", "camera"))
        np.testing.assert_array_equal(found.joints_mm, painted.joints_mm)
        assert found.hand_alpha is None and found.image.dtype == np.uint8 and found.image.shape == painted.image.shape

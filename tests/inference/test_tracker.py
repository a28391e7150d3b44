"""Finding, following, losing and finding again, with a network that sees patches."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.inference.patch_net import PatchNet, patch_frame
from tests.inference.toys import toy_template

from tfhand.constants import SIDES
from tfhand.geometry import project
from tfhand.inference import HandEstimator
from tfhand.inference.detector import Detection, make_detector
from tfhand.inference.hand_score import hand_score
from tfhand.inference.hand_smoother import HandSmoother
from tfhand.inference.scan_detector import ScanDetector
from tfhand.inference.tracker import HandTracker, TrackingConfig

ROUGH = TrackingConfig(smooth=False)


@pytest.fixture
def estimator() -> HandEstimator:
    return HandEstimator(PatchNet(), toy_template())


def middle(joints_uv: np.ndarray) -> np.ndarray:
    return (joints_uv.min(axis=0) + joints_uv.max(axis=0)) / 2


def follow(tracker: HandTracker, frames: list[np.ndarray]) -> list:
    return [tracker(frame, index / 30) for index, frame in enumerate(frames)]


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("factor", [1, 12])
def test_scanning_finds_patches_anywhere(estimator, side, factor) -> None:
    size = (160 * factor, 120 * factor)  # up to 1920 pixels
    for centre, height in (((40, 40), 50), ((120, 75), 64), ((80, 60), 90), ((130, 95), 26)):
        place = np.multiply(centre, factor)
        image = patch_frame(place, side, height * factor, size)
        found = ScanDetector(estimator)(image)
        assert found.side == side and found.score > 0.5
        np.testing.assert_allclose(found.box[:2] + found.box[2:] / 2, place, atol=0.15 * height * factor)
        assert 1.1 * height < found.box[2] / factor < 1.7 * height


def test_scanning_finds_nothing_where_nothing_is(estimator) -> None:
    assert ScanDetector(estimator)(patch_frame(None)) is None


def test_a_moving_hand_keeps_its_box(estimator) -> None:
    places = [(50 + 30 * np.sin(step / 4), 60 + 8 * np.cos(step / 4)) for step in range(30)]
    tracked = follow(HandTracker(estimator, ScanDetector(estimator), config=ROUGH), [patch_frame(place) for place in places])
    assert [one.state for one in tracked] == ["detected"] + ["tracked"] * 29
    for one, place in zip(tracked, places, strict=True):
        np.testing.assert_allclose(middle(one.hand.joints_uv), place, atol=4)
    assert all(one.hand.side == "right" for one in tracked)


def test_a_hand_that_leaves_is_lost_and_found_again(estimator) -> None:
    places = [(80, 60)] * 4 + [None] * 12 + [(40, 50)] * 6
    tracked = follow(HandTracker(estimator, ScanDetector(estimator), config=ROUGH), [patch_frame(place) for place in places])
    states = [one.state for one in tracked]
    assert states[:16] == ["detected"] + ["tracked"] * 3 + ["lost"] * 12
    again = states.index("detected", 1)
    assert again < 16 + ROUGH.search_every and states[again + 1 :] == ["tracked"] * (21 - again)
    assert all((one.hand is None) == (one.state == "lost") for one in tracked)


def test_a_track_that_leaves_the_picture_is_searched_for_at_once(estimator) -> None:
    """However a track ends: here its hand is seen, but taken to lie beyond the border, so there is no next box."""
    net, answer = estimator.model, estimator.model.predict_on_batch
    tracker = HandTracker(estimator, ScanDetector(estimator), config=ROUGH)
    states = [one.state for one in follow(tracker, [patch_frame((80, 60))] * 2)]

    def beyond(images):
        return {name: value + np.float32([3, 0, 0]) if "uvd" in name else value for name, value in answer(images).items()}

    net.predict_on_batch = beyond
    states.append(tracker(patch_frame((80, 60)), 2 / 30).state)
    net.predict_on_batch = answer
    states.append(tracker(patch_frame((80, 60)), 3 / 30).state)
    assert states == ["detected", "tracked", "tracked", "detected"]


def test_searching_takes_breaks(estimator) -> None:
    frames = [patch_frame(None)] * 10
    often = dataclasses.replace(ROUGH, search_every=1)
    crops = []
    for config in (often, ROUGH):
        before = estimator.model.num_crops
        follow(HandTracker(estimator, ScanDetector(estimator), config=config), frames)
        crops.append(estimator.model.num_crops - before)
    assert crops[0] == ROUGH.search_every * crops[1] > 0


def test_first_frames_overrule_a_wrong_side(estimator) -> None:
    class Wrong:
        def __call__(self, image, side="auto"):
            return Detection(np.array([45, 25, 70, 70], np.float32), "right", 1.0)

    frames = [patch_frame((80, 60), "left")] * 8
    sides = [one.hand.side for one in follow(HandTracker(estimator, Wrong(), config=ROUGH), frames)]
    assert sides == ["left"] * 8
    fixed = dataclasses.replace(ROUGH, side_frames=0)
    sides = [one.hand.side for one in follow(HandTracker(estimator, Wrong(), config=fixed), frames)]
    assert sides == ["right"] * 8
    given = HandTracker(estimator, Wrong(), side="right", config=ROUGH)
    assert [one.hand.side for one in follow(given, frames)] == ["right"] * 8


def test_a_hand_whose_side_is_turned_is_not_smoothed_with_the_other_ones(estimator) -> None:
    seen = iter(["right", *["left"] * 5])

    def turning(image, box, side, **given):
        hand = estimator(image, box, next(seen) if side == "auto" else side, **given)
        likely = {one: 0.999 if one == hand.side else 0.001 for one in SIDES}
        return dataclasses.replace(hand, joints_mm=hand.joints_mm * (1.5 if hand.side == "left" else 1), side_confidence=likely)

    def detector(image, side_wanted="auto"):
        return Detection(np.array([45, 25, 70, 70], np.float32), "right", 1.0)

    config = dataclasses.replace(ROUGH, smooth=True, side_frames=9)
    frames = [patch_frame((80, 60), "left")] * 6
    turning.model = estimator.model
    hands = [one.hand for one in follow(HandTracker(turning, detector, config=config), frames)]
    first = next(hand for hand in hands if hand.side == "left")
    alone = estimator(frames[0], first.box, "left")
    np.testing.assert_allclose(first.joints_mm, 1.5 * alone.joints_mm, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("side", SIDES)
def test_the_detector_decides_where_frames_show_no_side(estimator, side) -> None:
    def undecided(image, box, side, **given):
        return dataclasses.replace(estimator(image, box, side, **given), side_confidence=dict.fromkeys(SIDES, 0.5))

    def detector(image, side_wanted="auto"):
        return Detection(np.array([45, 25, 70, 70], np.float32), side, 1.0)

    frames = [patch_frame((80, 60), "left")] * 8
    assert [one.hand.side for one in follow(HandTracker(undecided, detector, config=ROUGH), frames)] == [side] * 8


def test_a_given_box_needs_no_detector(estimator) -> None:
    tracker = HandTracker(estimator, lambda image, side="auto": None, config=ROUGH, box=[40, 20, 80, 80])
    assert [one.state for one in follow(tracker, [patch_frame((80, 60))] * 2)] == ["detected", "tracked"]


def test_smoothing_keeps_pixels_and_millimetres_together(estimator, rng) -> None:
    hand = estimator(patch_frame((80, 60)), [40, 20, 80, 80], "right")
    smooth, raw, results = HandSmoother(), [], []
    for step in range(40):
        shift = rng.normal(0, 2, (21, 3)).astype(np.float32)
        noisy = dataclasses.replace(hand, joints_mm=hand.joints_mm + shift)
        result = smooth(noisy, step / 30)
        np.testing.assert_allclose(project(result.joints_mm, result.intrinsics), result.joints_uv, atol=0.02)
        raw.append(noisy.joints_mm)
        results.append(result.joints_mm)
    assert np.diff(results[10:], axis=0).std() < 0.5 * np.diff(raw[10:], axis=0).std()
    np.testing.assert_allclose(np.mean(results[10:], axis=0), hand.joints_mm, atol=2.5)


def test_scores_and_bad_arguments(estimator) -> None:
    wide, huddled = np.zeros((2, 21, 2))
    wide[0] = 70
    huddled[0] = 20
    box = np.array([0, 0, 100, 100])
    assert hand_score(0.45, wide, box) > 0.9 > 0.5 > hand_score(0.45, huddled, box) > hand_score(0.2, huddled, box)
    with pytest.raises(ValueError, match="side: expected one of right, left, auto"):
        HandTracker(estimator, ScanDetector(estimator), side="both")
    with pytest.raises(ValueError, match="min_score"):
        ScanDetector(estimator, 2.0)
    with pytest.raises(ValueError, match="detector: expected one of auto, scan, mediapipe, got 'yolo'"):
        make_detector("yolo", estimator)
    for name, value in (("keep_score", 2), ("expand", 0.5), ("search_every", 0), ("side_frames", -1)):
        with pytest.raises(ValueError, match=name):
            TrackingConfig(**{name: value})

"""Presence and side as the network says them: estimates, scores, search and tracking."""

from __future__ import annotations

import numpy as np
import pytest
from tests.inference.patch_net import PatchNet, patch_frame
from tests.inference.toys import ToyNet, toy_template

from tfhand.inference import HandEstimator
from tfhand.inference.hand_score import hand_score
from tfhand.inference.scan_detector import ScanDetector
from tfhand.inference.signs import presence_of, side_evidence, side_shares
from tfhand.inference.tracker import HandTracker, TrackingConfig

BOX = np.array([30.0, 10.0, 100.0, 100.0])


class SignedToy(ToyNet):
    """Takes bright left halves for hands of its side, surely, and sees joints sharply in every crop."""

    def __init__(self, presence: float):
        super().__init__([5.0, 40.0, 480.0], np.array([300.0, 300.0, 80.0, 60.0]), BOX)
        self.presence = presence

    def predict_on_batch(self, images):
        half = images.shape[2] // 2
        brighter = images[:, :, :half].mean(axis=(1, 2, 3)) - images[:, :, half:].mean(axis=(1, 2, 3))
        signs = np.stack([np.full(len(images), self.presence), 20 * brighter], axis=1).astype(np.float32)
        return {**super().predict_on_batch(images), "sign_logits": signs}


class SignedPatch(PatchNet):
    """Knows the thumb's side of a patch, though the joints are sharper on the wrong one, and that red frames hold nothing."""

    def predict_on_batch(self, images):
        outputs = super().predict_on_batch(images)
        right = outputs["heatmaps_1"][:, 3, 4, 0] > 6.0
        seen = outputs["heatmaps_1"][:, 3, 4, 0] > 3.0
        outputs["heatmaps_1"][:, 3, 4] = np.where(seen, np.where(right, 7.0, 9.0), 2.0)[:, None]
        tainted = (images[..., 0] - images[..., 2])[:, :2, :2].mean(axis=(1, 2)) > 0.1
        there = np.where(seen & ~tainted, 6.0, -6.0)
        return {**outputs, "sign_logits": np.stack([there, np.where(right, 3.0, -3.0)], axis=1).astype(np.float32)}


@pytest.fixture
def photo(rng) -> np.ndarray:
    return rng.integers(0, 100, (120, 160, 3), dtype=np.uint8)


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("known", ["right", "left"])
def test_auto_takes_the_side_that_the_network_says(photo, side, known) -> None:
    bright = np.s_[:, 30:80] if side == known else np.s_[:, 80:130]
    photo[bright] += 100
    net = SignedToy(2.0)
    net.hand_side = known
    hand = HandEstimator(net, toy_template())(photo, BOX)
    assert hand.side == side and hand.side_confidence[side] > 0.9
    assert sum(hand.side_confidence.values()) == pytest.approx(1.0)
    assert hand.presence == pytest.approx(1 / (1 + np.exp(-2.0)))
    assert hand.to_dict()["presence"] == round(hand.presence, 4)
    given = HandEstimator(net, toy_template())(photo, BOX, "right")
    assert given.side == "right" and given.side_confidence == {"right": 1.0} and given.presence == hand.presence


def test_networks_that_do_not_tell(photo) -> None:
    net = ToyNet([5.0, 40.0, 480.0], np.array([300.0, 300.0, 80.0, 60.0]), BOX)
    hand = HandEstimator(net, toy_template())(photo, BOX, "right")
    assert hand.presence is None and hand.to_dict()["presence"] is None
    assert presence_of({}) is None and side_evidence({}) is None
    np.testing.assert_allclose(side_shares({}, np.array([0.6, 0.2])), [0.75, 0.25])


def test_evidence_of_both_views_adds_up() -> None:
    """A view that is unsure is outvoted by one that is not; joints don't matter."""
    signs = {"sign_logits": np.array([[0, 0.5], [0, 3.0]], np.float32)}
    shares = side_shares(signs, np.array([0.9, 0.1]))
    np.testing.assert_allclose(shares, [1 / (1 + np.exp(1.25)), 1 / (1 + np.exp(-1.25))])
    extreme = side_shares({"sign_logits": np.array([[0, 9e4], [0, -9e4]], np.float32)}, np.ones(2))
    assert np.isfinite(extreme).all() and extreme[0] > 0.999


def test_presence_enters_the_score() -> None:
    joints, box = np.zeros((21, 2)), np.array([0, 0, 100, 100])
    joints[0] = 70
    plain = float(hand_score(0.45, joints, box))
    log_odds = np.log(plain / (1 - plain))
    for presence in (0.02, 0.5, 0.9):
        expected = (4 * np.tanh(log_odds / 4) + np.log(presence / (1 - presence))) / 2
        assert hand_score(0.45, joints, box, presence) == pytest.approx(1 / (1 + np.exp(-expected)))
    assert hand_score(1.0, joints, box, 0.01) < 0.5 < plain
    assert np.isfinite(hand_score(np.ones(2), np.stack([joints, joints]), box, np.array([0.0, 1.0]))).all()


@pytest.mark.parametrize("side", ["right", "left"])
def test_scanning_finds_the_side_that_the_network_says(side) -> None:
    image = patch_frame((70, 60), side, 64)
    assert ScanDetector(HandEstimator(PatchNet(), toy_template()))(image).side == side
    found = ScanDetector(HandEstimator(SignedPatch(), toy_template()))(image)
    assert found.side == side and found.score > 0.5


def test_a_track_ends_where_the_network_sees_no_hand() -> None:
    """Joints stay as sharp as they were: sharpness alone would go on."""
    frames = [patch_frame((80, 60)) for _ in range(4)]
    for frame in frames[2:]:
        frame[frame[..., 0] == 20] = (90, 20, 20)
    config = TrackingConfig(smooth=False, search_every=1)
    estimator = HandEstimator(SignedPatch(), toy_template())
    tracker = HandTracker(estimator, ScanDetector(estimator), config=config)
    tracked = [tracker(frame, index / 30) for index, frame in enumerate(frames)]
    assert [one.state for one in tracked] == ["detected", "tracked", "lost", "lost"]
    blind = HandEstimator(PatchNet(), toy_template())
    tracker = HandTracker(blind, ScanDetector(blind), config=config)
    assert [tracker(frame, index / 30).state for index, frame in enumerate(frames)][2:] == ["tracked", "tracked"]

"""One hand from frame to frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfhand.constants import SIDES
from tfhand.geometry import square_box, square_box_around
from tfhand.inference.detector import HandDetector, check_side
from tfhand.inference.estimator import HandEstimator, check_given
from tfhand.inference.hand_score import hand_score
from tfhand.inference.hand_smoother import HandSmoother
from tfhand.inference.result import HandResult

#: A detector's word on the side counts as much as a frame in which the network holds it for so many times as likely: it
#: decides where frames don't tell. Not more, for networks that judge by how sharp heat-maps come out are never sure.
_DETECTOR_ODDS = 1.05
#: What can be known of a frame's hand: found by the detector, followed from the frame before, not there.
STATES: tuple[str, ...] = ("detected", "tracked", "lost")


@dataclass(frozen=True)
class TrackingConfig:
    """How a hand is followed.

    Attributes:
        keep_score: a track ends where `hand_score` falls below it.
        expand: side of the next frame's box over the longer side of what the last mesh covers.
        search_every: frames from one search to the next while there is no hand; searching costs some thirty to
            seventy times a tracked frame's work.
        side_frames: frames of a track in which the side may still change; what they say adds up. Only where it is not
            given.
        smooth: filter positions with `HandSmoother`.
    """

    keep_score: float = 0.5
    expand: float = 1.2
    search_every: int = 5
    side_frames: int = 5
    smooth: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.keep_score <= 1:
            raise ValueError(f"keep_score: expected 0..1, got {self.keep_score}.")
        if not 1 <= self.expand <= 4:
            raise ValueError(f"expand: expected 1..4, got {self.expand}.")
        for name, least in (("search_every", 1), ("side_frames", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name}: expected at least {least}, got {getattr(self, name)}.")


@dataclass(frozen=True, eq=False)
class TrackedHand:
    """What is known of a frame.

    Attributes:
        state: one of `STATES`.
        hand: the estimate; None where it is lost.
        score: `hand_score` of the frame, 0 where nothing was looked at.
    """

    state: str
    hand: HandResult | None
    score: float


class HandTracker:
    """Detects a hand, follows it by the box of its last mesh, notices when it is gone, and finds it again.

    Args:
        estimator: the network.
        detector: where to begin, and to begin again.
        side: "right", "left", or "auto": the detector's, which the track's first frames may overrule.
        config: how to follow.
        box: (4,) the hand in the first frame, pixels; None lets the detector find it.
        camera, hand_scale_mm: what every frame's estimate is given, see `HandEstimator`.

    Raises:
        ValueError: an unknown side, or a camera or scale that can't be used.
    """

    def __init__(
        self,
        estimator: HandEstimator,
        detector: HandDetector,
        side: str = "auto",
        config: TrackingConfig | None = None,
        box: np.ndarray | None = None,
        camera: np.ndarray | None = None,
        hand_scale_mm: float | None = None,
    ):
        self.estimator, self.detector = estimator, detector
        self.side = check_side(side)
        check_given(camera, hand_scale_mm=hand_scale_mm)
        self.config = TrackingConfig() if config is None else config
        self._given = {"camera": camera, "hand_scale_mm": hand_scale_mm}
        self._start = box
        self._box: np.ndarray | None = None  # of the next frame; None without a track
        self._wait = 0  # frames until the next search

    @property
    def assumed(self) -> tuple[str, ...]:
        """Which of `tfhand.inference.result.ASSUMPTIONS` all estimates rest on."""
        return (*(name for name, value in self._given.items() if value is None), "root_depth_mm")

    def __call__(self, image: np.ndarray, time_s: float) -> TrackedHand:
        """The next frame.

        Args:
            image: (H, W, 3) uint8 RGB.
            time_s: later than the last frame's.

        Returns:
            Its hand, or that there is none.
        """
        score = 0.0
        if self._box is not None:
            self._wait = 0  # wherever this track ends, the next search comes at once
            hand, score = self._look(image, self._box)
            if score >= self.config.keep_score:
                return self._go_on("tracked", hand, score, image, time_s)
            self._box = None
        if self._wait > 0:
            self._wait -= 1
            return TrackedHand("lost", None, score)
        self._wait = self.config.search_every - 1
        box = self._find(image)
        if box is not None:
            hand, score = self._look(image, box)
            if score >= self.config.keep_score:
                return self._go_on("detected", hand, score, image, time_s)
        return TrackedHand("lost", None, score)

    def _find(self, image: np.ndarray) -> np.ndarray | None:
        """The box where a new track begins; its side and filters are begun too."""
        box, self._start = self._start, None
        self._votes = dict.fromkeys(SIDES, 0.0)
        self._side = None if self.side == "auto" else self.side
        if box is None:
            found = self.detector(image, self.side)
            if found is None:
                return None
            box = found.box
            if self.side == "auto" and self.config.side_frames == 0:
                self._side = found.side
            self._votes[found.side] += np.log(_DETECTOR_ODDS)
        self._votes_left = self.config.side_frames
        self._smoothed_side = None
        return box

    def _look(self, image: np.ndarray, box: np.ndarray) -> tuple[HandResult, float]:
        """The estimate in a box, of the side that the track has or, while it is open, of the one with more votes."""
        hand = self.estimator(image, box, self._side or "auto", **self._given)
        if self._side is None:
            for side, share in hand.side_confidence.items():
                self._votes[side] += np.log(max(share, 1e-6))
            self._votes_left -= 1
            best = max(SIDES, key=self._votes.get)
            if self._votes_left <= 0:
                self._side = best
            if best != hand.side:
                hand = self.estimator(image, box, best, **self._given)
        return hand, float(hand_score(hand.confidence, hand.joints_uv, hand.box, hand.presence))

    def _go_on(self, state: str, hand: HandResult, score: float, image: np.ndarray, time_s: float) -> TrackedHand:
        self._box = self._next_box(hand, image.shape[1::-1])
        if hand.side != self._smoothed_side:  # a new track, or votes have turned it: what came before is of another hand
            self._smoother, self._smoothed_side = HandSmoother(), hand.side
        return TrackedHand(state, self._smoother(hand, time_s) if self.config.smooth else hand, score)

    def _next_box(self, hand: HandResult, size: tuple[int, int]) -> np.ndarray | None:
        """(4,) square around the mesh as it lies in the picture; None where that is no place to look."""
        depth = hand.vertices_mm[:, 2:]
        if not (depth > 0).all():
            return None
        points = hand.vertices_mm[:, :2] / depth * hand.intrinsics[:2] + hand.intrinsics[2:]
        box = square_box_around(np.concatenate([points, hand.joints_uv]), self.config.expand)
        # A wild mesh does not make the box jump.
        box = square_box(box, float(np.clip(box[2], 0.7 * hand.box[2], 1.4 * hand.box[2]) / box[2]))
        centre = box[:2] + box[2:] / 2
        return box if ((centre > 0) & (centre < size)).all() else None

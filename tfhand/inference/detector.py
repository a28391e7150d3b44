"""Where the hand is: one interface, and the detectors that there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tfhand.constants import SIDES

if TYPE_CHECKING:
    from tfhand.inference.estimator import HandEstimator

DETECTORS: tuple[str, ...] = ("auto", "scan", "mediapipe")


@dataclass(frozen=True, eq=False)
class Detection:
    """A hand that was found.

    Attributes:
        box: (4,) float32 square `x, y, w, h` around it with the margin that `HandEstimator` likes, pixels.
        side: "right" or "left".
        score: 0..1, how surely it is a hand; above 0.5 it rather is.
    """

    box: np.ndarray
    side: str
    score: float


class HandDetector(Protocol):
    """Finds a hand in a picture."""

    def __call__(self, image: np.ndarray, side: str = "auto") -> Detection | None:
        """Looks for a hand.

        Args:
            image: (H, W, 3) uint8 RGB.
            side: "right", "left", or "auto" where the detector decides.

        Returns:
            The hand that is most plausible; None where there is none.
        """


def make_detector(name: str, estimator: HandEstimator) -> HandDetector:
    """A detector by its name.

    Args:
        name: "scan" searches with the network itself; "mediapipe" runs the palm detector in the package mediapipe;
            "auto" takes that one where it is installed, else "scan".
        estimator: the network that "scan" looks with.

    Raises:
        ValueError: an unknown name.
        ImportError: "mediapipe", and its models are not installed; the message says what to install.
    """
    from tfhand.inference.mediapipe_detector import MediaPipeDetector
    from tfhand.inference.scan_detector import ScanDetector

    if name not in DETECTORS:
        raise ValueError(f"detector: expected one of {', '.join(DETECTORS)}, got {name!r}.")
    if name == "mediapipe" or (name == "auto" and MediaPipeDetector.is_installed()):
        return MediaPipeDetector()
    return ScanDetector(estimator)


def check_side(side: str) -> str:
    """`side`, if it is "right", "left" or "auto".

    Raises:
        ValueError: it is something else.
    """
    if side not in (*SIDES, "auto"):
        raise ValueError(f"side: expected one of {', '.join(SIDES)}, auto, got {side!r}.")
    return side

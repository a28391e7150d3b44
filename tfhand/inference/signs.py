"""What a network says of a crop beside the hand's shape: whether there is one, and of which side."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import expit

from tfhand.constants import SIGN_LOGITS


def presence_of(outputs: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """How surely each crop shows a hand, of whichever side.

    Args:
        outputs: of a network, of B crops.

    Returns:
        (B,) float64 in 0..1; None for a network that does not say.
    """
    if SIGN_LOGITS not in outputs:
        return None
    return expit(np.asarray(outputs[SIGN_LOGITS][:, 0], np.float64))


def side_evidence(outputs: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """Log odds (B,) float64 that each crop shows a hand of the side that the network knows, if it shows one; None likewise."""
    return np.asarray(outputs[SIGN_LOGITS][:, 1], np.float64) if SIGN_LOGITS in outputs else None


def side_shares(outputs: Mapping[str, np.ndarray], sharpness: np.ndarray) -> np.ndarray:
    """How plausible each side is, given one view of a hand for each: the photograph as it is, and its mirror image.

    Where the network tells sides, the log odds of the views add up, the second's against the first; as they are mirror
    images of one picture and no two witnesses, their mean counts. Where it does not, how sharply joints are seen decides.

    Args:
        outputs: of a network, of the views: one, or two for both sides.
        sharpness: (B,) mean of `joint_confidence` of each view.

    Returns:
        (B,) in 0..1, which sum to 1.
    """
    evidence = side_evidence(outputs)
    if evidence is None or len(evidence) == 1:
        return sharpness / max(sharpness.sum(), 1e-6)
    first = expit((evidence[0] - evidence[1]) / 2)
    return np.array([first, 1 - first])

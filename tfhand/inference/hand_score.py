"""Whether it was a hand that the network looked at."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

#: Logistic regression of "the crop holds a hand" on the confidence and the extent of the joints in the crop, fitted
#: with earlier weights of `mobile` to 200 rendered frames with a hand and 200 without (area under the ROC curve 0.991;
#: confidence alone 0.986; how well heat-maps and mesh agree adds nothing to the two).
_CONFIDENCE, _EXTENT, _OFFSET = 20.0, 11.0, -13.0
#: Joints that fill a crop more than this are no surer hands.
_FULL = 0.75
#: Log odds that sharpness and extent reach at most beside a network that says itself whether there is a hand.
_MOST = 4.0


def hand_score(
    confidence: np.ndarray, joints_uv: np.ndarray, box: np.ndarray, presence: np.ndarray | None = None
) -> np.ndarray:
    """How surely crops show a hand: joints are seen sharply, and far enough apart.

    On a background the joints' heat-maps are flat, and their means huddle together in the middle. Where the network itself
    says whether there is a hand, the log odds of both are averaged, those of sharpness and extent bounded: a network that is
    sure decides, and of crops that all show the hand the one that fits it best still has the highest score.

    Args:
        confidence: (...) mean of `joint_confidence` over the joints.
        joints_uv: (..., 21, 2) pixels.
        box: (..., 4) the square crops they were seen in, `x, y, w, h`, pixels.
        presence: (...) what the network says, 0..1 (`tfhand.inference.signs.presence_of`); None if it does not.

    Returns:
        (...) float64 in 0..1; above 0.5 it rather is a hand.
    """
    extent = np.ptp(np.asarray(joints_uv, np.float64), axis=-2).max(axis=-1) / np.asarray(box, np.float64)[..., 2]
    logit = _CONFIDENCE * np.asarray(confidence, np.float64) + _EXTENT * np.minimum(extent, _FULL) + _OFFSET
    if presence is not None:
        sure = np.clip(np.asarray(presence, np.float64), 1e-9, 1 - 1e-9)
        logit = (_MOST * np.tanh(logit / _MOST) + np.log(sure / (1 - sure))) / 2
    return expit(logit)

"""From a photograph to a hand: the estimator, its result, pictures and files."""

from __future__ import annotations

from tfhand.inference.estimator import HandEstimator
from tfhand.inference.result import HandResult, RigPose
from tfhand.inference.rigged import rigged

__all__ = ["HandEstimator", "HandResult", "RigPose", "rigged"]

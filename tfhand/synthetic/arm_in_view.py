"""Which joints the arm itself hides from the camera, known before anything is drawn."""

from __future__ import annotations

import numpy as np

from tfhand.constants import ROOT_JOINT

#: Places along the arm, mm behind the wrist, and half its thickness in a sleeve, mm.
_ALONG_MM = np.arange(50.0, 500.0, 30.0)
_HALF_ARM_MM = 48.0
#: A joint is hidden by what is that much nearer to the camera; and nobody's eye or camera is nearer to an arm, mm.
_BEFORE_MM, _NEAREST_MM = 55.0, 130.0


def hidden_by_arm(joints: np.ndarray, elbow_ward: np.ndarray) -> int:
    """How many joints lie behind a straight arm that goes on from the hand.

    Args:
        joints: `(21, 3)`, camera frame, mm.
        elbow_ward: `(3,)` unit direction of the forearm from the wrist to the elbow, same frame.

    Returns:
        0 .. 21; all of them where the arm comes so near to the camera that little else is seen.
    """
    joints = np.asarray(joints, np.float64)
    arm = joints[ROOT_JOINT] + _ALONG_MM[:, None] * elbow_ward
    squares = (arm * arm).sum(axis=1)
    if squares.min() < _NEAREST_MM**2:
        return len(joints)
    distances = np.linalg.norm(joints, axis=1)
    along = arm @ (joints / distances[:, None]).T
    before = (along > 0) & (along < distances - _BEFORE_MM)
    beside = squares[:, None] - along * along > _HALF_ARM_MM**2
    return int((before & ~beside).any(axis=0).sum())

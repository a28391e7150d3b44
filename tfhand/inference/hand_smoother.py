"""A hand's estimates in a row, smoothed: where its points are seen, how deep they are, how far away the hand is."""

from __future__ import annotations

import dataclasses

import numpy as np

from tfhand.constants import ROOT_JOINT
from tfhand.inference.one_euro import OneEuroFilter
from tfhand.inference.result import HandResult


class HandSmoother:
    """1-euro filters over a hand's track.

    A picture says precisely where a point is seen, less so how much nearer than the wrist it is, and badly how far away
    the hand is. So these are filtered, each at its own rate, rather than x, y and z: `(x, y) / z`, `z - z_root` and the
    logarithm of `z_root`. Pixels of the filtered points are those of the filtered millimetres.
    """

    def __init__(self) -> None:
        self._places = OneEuroFilter(min_cutoff=2.0, beta=40.0)  # (x, y) / z: 0.1 is 60 mm at arm's length
        self._depths = OneEuroFilter(min_cutoff=1.0, beta=0.01)  # mm
        self._distance = OneEuroFilter(min_cutoff=0.5, beta=2.0)  # log mm

    def __call__(self, hand: HandResult, time_s: float) -> HandResult:
        """The next smoothed estimate.

        Args:
            hand: the estimate of a frame.
            time_s: of the frame; later than the last one.

        Returns:
            The same hand with other positions. Its size is unchanged.
        """
        points = np.concatenate([hand.joints_mm, hand.vertices_mm]).astype(np.float64)
        depth = points[:, 2:]
        if not (depth > 0).all():  # behind the camera: a wild estimate has no place in the picture
            return hand
        root = depth[ROOT_JOINT]
        places = self._places(points[:, :2] / depth, time_s)
        distance = np.exp(self._distance(np.log(root), time_s))
        depth = np.maximum(distance + self._depths(depth - root, time_s), 1.0)
        points = np.concatenate([places * depth, depth], axis=1).astype(np.float32)
        joints = len(hand.joints_mm)
        focal, principal = hand.intrinsics[:2], hand.intrinsics[2:]
        return dataclasses.replace(
            hand,
            joints_mm=points[:joints],
            vertices_mm=points[joints:],
            joints_uv=(places[:joints] * focal + principal).astype(np.float32),
            root_depth_mm=float(distance[0]),
        )

"""A hand of some rig as a crop shows it, by a view that is regressed with it."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from tfhand.constants import DEPTH_AXES, NUM_JOINTS, ROOT_JOINT, SCALE_BONE
from tfhand.geometry.camera_ops import MIN_DEPTH_SHARE

#: Numbers of a view: a turn (6), u, v of the wrist (2), size and nearness (2), u, v of the camera's centre (2).
VIEW_SIZE = 12
#: Of a hand that fills the crop at an arm's length: its scale in the crop, and over its distance.
_USUAL_SIZE, _USUAL_NEARNESS = 0.17, 0.08
#: How far size and nearness may be from the usual ones, as an exponent.
_RANGE = 2.0
_EPSILON = 1e-8


@keras.saving.register_keras_serializable(package="tfhand")
class CropView(keras.layers.Layer):
    """Turns a hand and puts it into the crop: millimetres in the template's frame to u, v, d.

    With `n` the points from the wrist, turned, in units of the hand's own scale: `d = n_z` and
    `u = c_u + (u_wrist - c_u + size n_x) / (1 + nearness n_z)`, v likewise. That is every pinhole camera with square pixels:
    `size` is the hand's scale in the crop, `nearness` the scale over the wrist's depth, `c` the principal point. So the
    layer needs neither the camera nor the hand's true size, which a network isn't told. All 0 is a hand in the middle, its
    palm to the camera. With depths along the crop's ray (`tfhand.geometry.camera`), `d = a . n` with
    `a = (a_u, a_v, 1) / |(a_u, a_v, 1)|` and `a_u = (1/2 - c_u) nearness / size`, v likewise. Always computed in float32.

    Args:
        depth_axis: what `d` runs along, "camera" or "crop".
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        inputs: points (N, M, 3) mm, the last 21 of which are the joints, and views (N, `VIEW_SIZE`).

    Returns:
        (N, M, 3) float32 u, v, d.

    Raises:
        ValueError: inputs are of another size.

    References:
        Zhou, Barnes, Lu, Yang, Li: On the Continuity of Rotation Representations in Neural Networks, CVPR 2019 (the turn).
    """

    def __init__(self, depth_axis: str = DEPTH_AXES[0], **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        if depth_axis not in DEPTH_AXES:
            raise ValueError(f"depth_axis must be one of {DEPTH_AXES}, got {depth_axis!r}.")
        self.depth_axis = depth_axis

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        points, view = input_shape
        if points[1] < NUM_JOINTS or tuple(view[1:]) != (VIEW_SIZE,):
            raise ValueError(
                f"inputs must be at least {NUM_JOINTS} points and views of {VIEW_SIZE} numbers, got {tuple(points[1:])} and "
                f"{tuple(view[1:])}."
            )

    def call(self, inputs: list[Any]) -> Any:
        points, view = inputs
        joints = points[:, -NUM_JOINTS:]
        bone = joints[:, SCALE_BONE[1]] - joints[:, SCALE_BONE[0]]
        scale = ops.sqrt(ops.sum(ops.square(bone), axis=-1) + _EPSILON)[:, None, None]
        relative = (points - joints[:, ROOT_JOINT, None]) / scale
        turned = ops.matmul(relative, ops.transpose(_turn(view[:, :6]), (0, 2, 1)))
        wrist, centre = 0.5 + view[:, None, 6:8], 0.5 + view[:, None, 10:12]
        size, nearness = ops.split(ops.exp(_RANGE * ops.tanh(view[:, None, 8:10] / _RANGE)), 2, axis=-1)
        size, nearness = _USUAL_SIZE * size, _USUAL_NEARNESS * nearness
        across, depth = turned[..., :2], turned[..., 2:]
        share = ops.maximum(1.0 + nearness * depth, MIN_DEPTH_SHARE)
        uv = centre + (wrist - centre + size * across) / share
        if self.depth_axis == "crop":
            axis = (0.5 - centre) * nearness / size
            depth = depth + ops.sum(across * axis, axis=-1, keepdims=True)
            depth = depth / ops.sqrt(1.0 + ops.sum(ops.square(axis), axis=-1, keepdims=True))
        return ops.concatenate([uv, depth], axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "depth_axis": self.depth_axis}

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        return tuple(input_shape[0])


def _turn(values: Any) -> Any:
    """(N, 3, 3) rotations whose first two columns are the vectors (N, 6) made orthonormal; all 0 is the identity."""
    values = values + np.array([1, 0, 0, 0, 1, 0], "float32")
    first = _unit(values[:, :3])
    second = _unit(values[:, 3:] - ops.sum(first * values[:, 3:], axis=-1, keepdims=True) * first)
    third = ops.cross(first, second)
    return ops.stack([first, second, third], axis=-1)


def _unit(vectors: Any) -> Any:
    return vectors / ops.sqrt(ops.sum(ops.square(vectors), axis=-1, keepdims=True) + _EPSILON)

"""The hand's rig inside a network: shape and bone angles to mesh and joints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from tfhand.layers.array_codec import decode_array, encode_array

if TYPE_CHECKING:
    from tfhand.mesh import HandTemplate

_FIELDS = (
    "vertices", "vertex_deltas", "points", "point_deltas", "skin_weights", "bone_parents", "bone_axes", "joint_points",
    "joint_bones",
)  # fmt: skip


@keras.saving.register_keras_serializable(package="tfhand")
class RigLayer(keras.layers.Layer):
    """Shapes and bends a hand; its skin follows by linear blend skinning. Nothing in it is trained.

    The same hands as `tfhand.mesh.linear_skinning.skin_linearly` makes, in the template's frame. Always computed in float32.

    Args:
        rig: arrays by name (see `rig_arrays`), or their encoded form out of `get_config`; V vertices, K bones, B shape keys,
            P points, J joints.
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        inputs: shape (N, B), values of the shape keys, and angles (N, K, 3) rad: flexion, abduction and twist of every bone.

    Returns:
        (N, V + J, 3) float32 mm, template's frame: the mesh, then the joints.

    Raises:
        ValueError: arrays are missing, or inputs are of another size.

    References:
        Ge et al.: 3D Hand Shape and Pose Estimation from a Single RGB Image, CVPR 2019, section 5.3 (MANO-based method).
    """

    def __init__(self, rig: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        missing = sorted(set(_FIELDS) - set(rig))
        if missing:
            raise ValueError(f"rig: expected the arrays {list(_FIELDS)}, {missing} are missing.")
        self.rig = {name: decode_array(rig[name]) if isinstance(rig[name], dict) else np.asarray(rig[name]) for name in _FIELDS}
        x, y, z = np.moveaxis(self.rig["bone_axes"], -1, 0)
        zero = np.zeros_like(x)
        #: (K, 3, 3, 3) matrices of the cross products with the axes, and their squares: Rodrigues' formula.
        self.crosses = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(*x.shape, 3, 3)

    @property
    def num_vertices(self) -> int:
        """V."""
        return len(self.rig["vertices"])

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        shape, angles = input_shape
        keys, bones = len(self.rig["vertex_deltas"]), len(self.rig["bone_parents"])
        if shape[1:] != (keys,) or tuple(angles[1:]) != (bones, 3):
            raise ValueError(
                f"inputs must be {keys} shape keys and angles ({bones}, 3), got {tuple(shape[1:])} and {tuple(angles[1:])}."
            )

    def call(self, inputs: list[Any]) -> Any:
        shape, angles = inputs
        rest = self._shaped(shape, "vertices", "vertex_deltas")
        points = self._shaped(shape, "points", "point_deltas")
        turns, shifts = self._chained(self._rotations(angles), points)
        matrices = ops.concatenate([ops.reshape(turns, (-1, turns.shape[1], 9)), shifts], axis=-1)
        blended = ops.matmul(self.rig["skin_weights"], matrices)
        vertices = ops.sum(ops.reshape(blended[..., :9], (-1, self.num_vertices, 3, 3)) * rest[:, :, None], axis=-1)
        vertices = vertices + blended[..., 9:]
        bones, places = self.rig["joint_bones"], self.rig["joint_points"]
        joints = ops.sum(ops.take(turns, bones, axis=1) * ops.take(points, places, axis=1)[:, :, None], axis=-1)
        return ops.concatenate([vertices, joints + ops.take(shifts, bones, axis=1)], axis=1)

    def _shaped(self, shape: Any, name: str, deltas: str) -> Any:
        """(N, M, 3) points at rest of hands of those shapes."""
        base, keys = self.rig[name], self.rig[deltas]
        return base + ops.reshape(ops.matmul(shape, keys.reshape(len(keys), -1)), (-1, *base.shape))

    def _rotations(self, angles: Any) -> Any:
        """(N, K, 3, 3) rotations relative to the parents: flexion after abduction after twist."""
        sine, versine = ops.sin(angles)[..., None, None], (1.0 - ops.cos(angles))[..., None, None]
        turns = np.eye(3, dtype="float32") + sine * self.crosses + versine * (self.crosses @ self.crosses)
        return ops.matmul(ops.matmul(turns[:, :, 0], turns[:, :, 1]), turns[:, :, 2])

    def _chained(self, rotations: Any, points: Any) -> tuple[Any, Any]:
        """(N, K + 1, 3, 3) and (N, K + 1, 3): turn and shift of every bone and, last, of the forearm, which never moves."""
        forearm = ops.zeros_like(rotations[:, 0]) + np.eye(3, dtype="float32"), ops.zeros_like(points[:, 0])
        done: list[tuple[Any, Any]] = []
        for bone, parent in enumerate(self.rig["bone_parents"].tolist()):
            before, shift = forearm if parent < 0 else done[parent]
            turn = ops.matmul(before, rotations[:, bone])
            done.append((turn, ops.sum((before - turn) * points[:, bone, None], axis=-1) + shift))
        turns, shifts = zip(*done, forearm, strict=True)
        return ops.stack(turns, axis=1), ops.stack(shifts, axis=1)

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        return (input_shape[0][0], self.num_vertices + len(self.rig["joint_bones"]), 3)

    def multiply_adds(self, input_shape: list[tuple[int | None, ...]]) -> int:
        """Multiply-adds of one sample, without the chain's few hundred."""
        return self.rig["vertex_deltas"].size + self.rig["skin_weights"].size * 12 + self.num_vertices * 9

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rig": {name: encode_array(array) for name, array in self.rig.items()}}


def rig_arrays(template: HandTemplate) -> dict[str, np.ndarray]:
    """What `RigLayer` needs of a template: float32 mm and int32.

    Raises:
        ValueError: the template has no rig.
    """
    if template.rig is None:
        raise ValueError("template: expected one with a rig, got one made from a bare mesh.")
    rig, ids = template.rig, template.vertex_ids
    floats = {
        "vertices": template.vertices,
        "vertex_deltas": template.shape_deltas[:, ids],
        "points": rig.points,
        "point_deltas": rig.point_deltas,
        "skin_weights": rig.skin_weights[ids],
        "bone_axes": rig.bone_axes,
    }
    ints = {name: getattr(rig, name) for name in ("bone_parents", "joint_points", "joint_bones")}
    return {name: np.float32(array) for name, array in floats.items()} | {name: np.int32(array) for name, array in ints.items()}

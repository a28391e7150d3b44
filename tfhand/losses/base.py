"""The base of all loss terms, and the view of a batch that they share."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

import keras
from keras import ops

from tfhand.constants import ROOT_JOINT
from tfhand.geometry.camera_ops import uvd_to_normalised_xyz
from tfhand.losses.topology import MeshTopology


#: What a term must be given of the ground truth. "joints_2d" is `joints_uvd` without its d, "joints_3d" all of it,
#: "mesh" is `vertices_uvd`, "depth" is `depth_map`, "pseudo_mesh" is `pseudo_vertices_uvd`, "signs" is `present` and
#: `known_side` of batches in which not every crop shows a hand of the known side.
SUPERVISION = ("joints_2d", "joints_3d", "mesh", "depth", "pseudo_mesh", "signs")


class LossInputs:
    """One batch of ground truth and predictions, in float32 and in the spaces the losses work in.

    Everything derived is computed once, however many terms use it. Points appear as `uvd` (crop-normalised) and as
    `xyz` (root-relative, in hand scales; see `uvd_to_normalised_xyz`). The metric terms use the latter:
    the axes of uvd have different units (a crop's width sideways, a hand scale in depth), so an edge
    length or a normal in uvd would change with the crop and mean nothing.

    Args:
        y_true: `vertices_uvd` (B, V, 3), `joints_uvd` (B, 21, 3), `camera` (B, 7); for the weakly supervised terms
            `pseudo_vertices_uvd` (B, V, 3) and `depth_map` (B, S, S), mm, 0 where the hand isn't seen or measured;
            `present` and `known_side` (B,), 0 or 1, of batches with other crops (`tfhand.data.others`).
        y_pred: outputs of the network, and `depth_map` (B, S, S) and `surface_uv` (B, S, S, 2) where they were
            rendered from them; which ones are needed depends on the terms.
    """

    def __init__(self, y_true: Mapping[str, Any], y_pred: Mapping[str, Any]):
        self.y_true = y_true
        self.y_pred = y_pred

    def true(self, key: str) -> Any:
        """Ground truth `key` as float32 (Keras' `floatx`). Raises ValueError naming the keys if it is missing."""
        return self._get("y_true", self.y_true, key)

    def pred(self, key: str) -> Any:
        """Prediction `key` as float32 (Keras' `floatx`). Raises ValueError naming the keys if it is missing."""
        return self._get("y_pred", self.y_pred, key)

    @staticmethod
    def _get(side: str, values: Mapping[str, Any], key: str) -> Any:
        if key not in values:
            raise ValueError(f"{side}: expected an entry {key!r}, got {sorted(values)}.")
        return ops.cast(ops.convert_to_tensor(values[key]), keras.config.floatx())

    def heatmap_stacks(self) -> list[Any]:
        """The predicted heat-maps of every stack, each (B, h, w, 21), first stack first.

        Raises:
            ValueError: the prediction has none.
        """
        keys = sorted(key for key in self.y_pred if key.startswith("heatmaps_"))
        if not keys:
            raise ValueError(f"y_pred: expected entries 'heatmaps_1', ..., got {sorted(self.y_pred)}.")
        return [self.pred(key) for key in keys]

    @cached_property
    def known_hand(self) -> Any:
        """(B,): 1 where the labels are of a hand that the crop shows as the network knows it, else 0; None where all are."""
        if "present" not in self.y_true:
            return None
        return self.true("present") * self.true("known_side")

    @cached_property
    def joints_uv(self) -> Any:
        """Ground-truth joints, (B, 21, 2), in 0..1 across the crop."""
        return self.true("joints_uvd")[..., :2]

    @cached_property
    def joints_inside(self) -> Any:
        """(B, 21): 1 where the ground-truth joint lies within the crop, else 0."""
        inside = ops.logical_and(self.joints_uv >= 0.0, self.joints_uv <= 1.0)
        return ops.cast(ops.all(inside, axis=-1), keras.config.floatx())

    @cached_property
    def vertices_true_xyz(self) -> Any:
        """Ground-truth vertices, (B, V, 3), root-relative, in hand scales."""
        return self.to_xyz(self.true("vertices_uvd"))

    @cached_property
    def pseudo_vertices_xyz(self) -> Any:
        """Vertices of the pseudo-ground truth, (B, V, 3), root-relative, in hand scales."""
        return self.to_xyz(self.true("pseudo_vertices_uvd"))

    @cached_property
    def vertices_pred_xyz(self) -> Any:
        """Predicted vertices, (B, V, 3), relative to the ground-truth root, in hand scales."""
        return self.to_xyz(self.pred("vertices_uvd"))

    @cached_property
    def joints_true_xyz(self) -> Any:
        """Ground-truth joints, (B, 21, 3), root-relative, in hand scales."""
        return self.to_xyz(self.true("joints_uvd"))

    @cached_property
    def joints_pred_xyz(self) -> Any:
        """Joints of the pose regressor, (B, 21, 3), relative to the ground-truth root, in hand scales."""
        return self.to_xyz(self.pred("joints_uvd_mesh"))

    @cached_property
    def depth_maps(self) -> tuple[Any, Any, Any]:
        """Measured and rendered depth maps, (B, S, S) mm, and (B, S, S) bool: where the measured one has the hand.

        Raises:
            ValueError: they have different sizes.
        """
        measured, rendered = self.true("depth_map"), self.pred("depth_map")
        if measured.shape[1:] != rendered.shape[1:]:
            raise ValueError(
                f"depth_map: expected {measured.shape[1:]} of y_pred as of y_true, got {rendered.shape[1:]}."
            )
        return measured, rendered, ops.logical_and(ops.isfinite(measured), measured > 0.0)

    def to_xyz(self, uvd: Any) -> Any:
        """`(xyz - xyz_root) / scale` of crop-normalised points (B, N, 3), with the ground-truth root."""
        root_uv = self.joints_uv[:, ROOT_JOINT : ROOT_JOINT + 1]
        return uvd_to_normalised_xyz(uvd, self.true("camera"), root_uv)


class LossTerm:
    """One term of the training loss: a number a sample.

    A subclass implements `call` and is registered by name (`register_loss`). Options are keyword
    arguments of its constructor.

    Args:
        topology: the mesh that the vertices belong to.

    Attributes:
        name: what configs and logs call the term.
        supervision: what must be known of a hand, one of `SUPERVISION`.
    """

    name: ClassVar[str]
    supervision: ClassVar[str] = "mesh"

    def __init__(self, topology: MeshTopology):
        self.topology = topology

    def __call__(self, y_true: Mapping[str, Any], y_pred: Mapping[str, Any]) -> Any:
        """Returns the loss averaged over the samples that count, a scalar.

        Args:
            y_true: `vertices_uvd` (B, V, 3), `joints_uvd` (B, 21, 3), `camera` (B, 7).
            y_pred: outputs of the network by name.

        Raises:
            ValueError: an entry that the term needs is missing.
        """
        return self.mean(LossInputs(y_true, y_pred))

    def mean(self, inputs: LossInputs) -> Any:
        """The loss averaged over the samples of the batch that count, a scalar; 0 where none does."""
        values, counts = self.call(inputs), self.counts(inputs)
        if counts is None:
            return ops.mean(values)
        return ops.sum(ops.where(counts > 0.0, values, 0.0)) / ops.maximum(ops.sum(counts), 1.0)

    def call(self, inputs: LossInputs) -> Any:
        """Returns the loss of each sample, (B,)."""
        raise TypeError(f"{type(self).__name__} must implement `call(inputs)`.")

    def counts(self, inputs: LossInputs) -> Any:
        """(B,) of 0 and 1: the samples that the term learns from, or None for all. Unless a term says otherwise, those
        that show a hand of the known side: of others the labels mean nothing."""
        return inputs.known_hand


def squared_norm(values: Any) -> Any:
    """Sum of squares of everything but the batch: (B, ...) -> (B,)."""
    return ops.sum(ops.square(values), axis=tuple(range(1, len(values.shape))))


def mean_absolute(values: Any) -> Any:
    """Absolute values summed over the last axis, averaged over the others but the batch: (B, ...) -> (B,)."""
    return ops.mean(ops.sum(ops.abs(values), axis=-1), axis=tuple(range(1, len(values.shape) - 1)))

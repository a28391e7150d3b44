"""The network with its losses, as Keras trains it."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from tfhand.losses import CompositeLoss
from tfhand.models.hand_net import STAGES
from trainers.average import WeightAverage
from trainers.depth_maps import predicted_surface


class TrainingModel(keras.Model):
    """What `fit` sees in one stage: a part of the network, its losses, and the average that follows.

    Nothing here depends on the backend.

    Args:
        network: the whole network.
        average: running average of `network`'s weights; None keeps none.
        loss: weighted losses of the stage.
        kind: which network runs: heatmap, pose (on ground-truth meshes), or full.
        parts: the parts that are trained, of heatmap, mesh, pose and sign. The others are frozen, batch
            statistics included.
        frozen: names of layers of these parts that are frozen too, see `freeze_all_but`.
        num_replicas: devices that share a batch. Keras adds the devices' gradients up, so each one's
            loss is divided by it.
        faces: (F, 3) triangles of the network mesh, which are rendered where a loss compares depth maps.

    Raises:
        ValueError: a loss compares depth maps, and the stage predicts no mesh or there are no faces.
    """

    def __init__(
        self,
        network: keras.Model,
        average: WeightAverage | None,
        loss: CompositeLoss,
        kind: str,
        parts: Sequence[str],
        frozen: Sequence[str] = (),
        num_replicas: int = 1,
        faces: np.ndarray | None = None,
    ):
        # Of its own it computes nothing; under a narrower policy Keras would round what goes into the network.
        super().__init__(name="training", dtype="float32")
        self.network = network
        self.average = average
        self.loss_terms = loss
        self.num_replicas = num_replicas
        self.faces = faces
        self.renders = "depth" in loss.supervision
        if self.renders and (kind != "full" or faces is None):
            raise ValueError(f"losses: 'depth' needs the predicted mesh and its faces, got a stage of kind {kind!r}.")
        self.part_metrics = [keras.metrics.Mean(name=name) for name in loss.terms]
        freeze_all_but(network, parts, frozen)
        self.kind = kind
        self.forward = forward_of(network, kind)
        self.built = True

    def call(self, inputs: dict[str, Any], training: bool | None = None) -> dict[str, Any]:
        """Runs the stage's part of the network.

        Args:
            inputs: `image` (B, H, W, 3) uint8 0..255, or `vertices_uvd` (B, V, 3) for the pose regressor alone.
            training: whether batch statistics are those of the batch.

        Returns:
            Outputs by name.
        """
        if self.kind == "pose":
            return {"joints_uvd_mesh": self.forward(inputs["vertices_uvd"], training=training)}
        return self.forward(ops.cast(inputs["image"], "float32") / 255.0, training=training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The stage's loss of a batch; `x`, `y` and `y_pred` are dicts, see `CompositeLoss`."""
        del x, sample_weight
        if self.renders:
            size = y["depth_map"].shape[1]
            y_pred = {**y_pred, **predicted_surface(y_pred["vertices_uvd"], y["camera"], self.faces, size)}
        total, parts = self.loss_terms(y, y_pred)
        for metric in self.part_metrics:
            metric.update_state(parts[metric.name])
        if training and self.average is not None:
            self.average.update()
        return total / self.num_replicas


def forward_of(network: keras.Model, kind: str) -> keras.Model:
    """The model that runs in a stage of a kind: the heat-map network alone, the pose regressor alone, or all of it."""
    if kind == "heatmap":
        return network.heatmap_model()
    return network.pose_model() if kind == "pose" else network


def freeze_all_but(network: keras.Model, parts: Sequence[str], frozen: Sequence[str] = ()) -> None:
    """Sets which layers of a network are trained.

    Args:
        network: with `stage_layers(part)` for the parts heatmap, mesh, pose and sign.
        parts: the parts that are trained.
        frozen: layers of these parts that are not, by name; `*` stands for anything, `[0-4]` for one of these.

    Raises:
        ValueError: a name of `frozen` is that of no layer of these parts.
    """
    names = [layer.name for part in parts for layer in network.stage_layers(part)]
    for pattern in frozen:
        if not fnmatch.filter(names, pattern):
            raise ValueError(f"frozen: expected layers of the parts {list(parts)}, such as {names[0]!r}, got {pattern!r}")
    for part in STAGES:
        for layer in network.stage_layers(part):
            kept = any(fnmatch.fnmatchcase(layer.name, pattern) for pattern in frozen)
            layer.trainable = part in parts and not kept

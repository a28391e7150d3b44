"""What an exported file computes: a photograph's crop to vertices, joints and confidence, nothing left to do outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from export.contract import GRAPH_FORMS, OUTPUTS, SIGN_OUTPUTS
from export.folding import fold_batch_norms
from export.mesh_head import BLOCK_ROWS, READOUT, LinearPose, MeshHead
from tfhand.inference.confidence import confidence_window
from tfhand.layers import GatherVertices
from tfhand.layers.soft_argmax import spatial_softmax
from tfhand.models.image_input import SCALE_INPUT
from tfhand.models.mesh_stage import uv_readout

if TYPE_CHECKING:
    from tfhand.models import HandMeshNet


class ServedNetwork:
    """A trained network with its pre- and post-processing, for TensorFlow's tracing.

    Args:
        model: the network.
        graph_form: one of `GRAPH_FORMS`: products with windows of the Laplacian, with the whole of it, or the
            network's own gathers of neighbours.

    Call arguments:
        image: (B, S, S, 3) uint8 RGB, the crop; of a hand of `model.hand_side`.

    Returns:
        Dict of float32, by the names in `OUTPUTS`: (B, V, 3) and (B, 21, 3) u, v in 0..1 across the crop and d in hand
        scales behind the wrist; (B, 21) and (B,) in 0..1, as `tfhand.inference.joint_confidence` and its mean. Where the
        network has signs, by the names in `SIGN_OUTPUTS` (B,) in 0..1: that a hand is there; that, if so, it is of its side.

    Attributes:
        outputs: the names.

    Raises:
        ValueError: an unknown form, or a network that predicts joints alone or the mesh of a rig.
    """

    def __init__(self, model: HandMeshNet, graph_form: str = "windows"):
        if graph_form not in GRAPH_FORMS:
            raise ValueError(f"graph_form: expected one of {', '.join(GRAPH_FORMS)}, got {graph_form!r}.")
        if not hasattr(model, "num_vertices"):
            raise ValueError(f"model: expected one that predicts a mesh, got {type(model).__name__}, which has joints alone.")
        if not hasattr(model, "topology"):
            raise ValueError(f"model: expected one with a Graph CNN, got {type(model).__name__}, which is for comparison.")
        self.model = model
        self.sign_stage = None if model.sign_stage is None else fold_batch_norms(model.sign_stage)
        self.outputs = OUTPUTS if self.sign_stage is None else OUTPUTS + SIGN_OUTPUTS
        self.heatmap_stage = fold_batch_norms(model.heatmap_stage, {SCALE_INPUT: _of_bytes})
        self.head = self.pose = None
        if graph_form != "gather":
            self.head = MeshHead(model, BLOCK_ROWS if graph_form == "windows" else None)
            if model.preset.pose.pooling == "mean":
                self.pose = LinearPose(model, self.head.vertex_of_row, model.joint_readout == "heatmap")

    def __call__(self, image: Any) -> dict[str, Any]:
        import tensorflow as tf

        features = self.heatmap_stage(tf.cast(image, tf.float32), training=False)
        heatmaps = features[max(name for name in features if name.startswith("heatmaps_"))]
        inputs = {"heatmaps": heatmaps, **features}
        vertices, joints = self._mesh({name: inputs[name] for name in self.model.mesh_stage.input})
        signs = []
        if self.sign_stage is not None:
            logits = self.sign_stage({name: inputs[name] for name in self.sign_stage.input}, training=False)
            with tf.name_scope(READOUT):
                sure = tf.sigmoid(logits)
                signs = [tf.reshape(sure[:, column : column + 1], (-1,)) for column in range(len(SIGN_OUTPUTS))]
        with tf.name_scope(READOUT):
            if self.model.joint_readout == "heatmap":
                uv = uv_readout(self.model.preset, "joints_uv")(heatmaps)
                joints = tf.concat([uv, joints[..., -1:]], axis=-1)
            confidence = joint_confidence(heatmaps, self.model.heatmap_kind)
            values = (vertices, joints, confidence, tf.reduce_mean(confidence, axis=-1), *signs)
        return {name: tf.identity(value, name=name) for name, value in zip(self.outputs, values, strict=True)}

    def _mesh(self, features: dict[str, Any]) -> tuple[Any, Any]:
        topology = self.model.topology
        if self.head is None:
            places = self.model.mesh_stage(features, training=False)
            return GatherVertices(topology.place_of_vertex)(places), self.model.pose_stage(places, training=False)
        vertices, rows = self.head(features)
        if self.pose is not None:
            return vertices, self.pose(rows)
        places = GatherVertices(topology.permutation)(vertices)
        return vertices, self.model.pose_stage(places, training=False)


def _of_bytes(config: dict[str, Any]) -> dict[str, Any]:
    """The first layer's factor for pixels of 0..255; one factor, because 1 / 255 is no number of 16 bits."""
    return {**config, "scale": config["scale"] / 255}


def joint_confidence(heatmaps: Any, kind: str) -> Any:
    """`tfhand.inference.confidence.joint_confidence` in ops that phones have: (B, h, w, J) -> (B, J)."""
    import tensorflow as tf

    _, height, width, joints = heatmaps.shape
    if kind == "gaussian":
        return tf.clip_by_value(tf.reduce_max(heatmaps, axis=(1, 2)), 0.0, 1.0)
    shares = tf.reshape(tf.transpose(spatial_softmax(heatmaps), (0, 2, 1)), (-1, height, width, joints))
    size = [2 * reach + 1 for reach in confidence_window(height, width)]
    windows = tf.nn.depthwise_conv2d(shares, np.ones((*size, joints, 1), np.float32), (1, 1, 1, 1), "SAME")
    return tf.reduce_max(windows, axis=(1, 2))

"""The mesh that a network gives when it is told where the joints are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from tfhand.layers import GatherVertices
from tfhand.losses.gaussian import flatten_maps, log_gaussians

if TYPE_CHECKING:
    from tfhand.models.hand_mesh_net import HandMeshNet


class GivenHeatmaps(keras.Model):
    """A network with ground-truth heat-maps in place of its own, sharing its weights.

    Only the last stack's maps are exchanged, which are what the mesh stage sees; the features are the network's own.

    Args:
        network: whose mesh stage is used.
        sigma: standard deviation of the Gaussians in heat-map pixels; None scales the paper's 4 px of 64.

    Call arguments:
        inputs: dict of `image` (B, S, S, 3) float RGB in 0..1, or uint8, and `joints_uv` (B, 21, 2) in 0..1 across the
            crop. Joints may lie outside of it.

    Returns:
        (B, V, 3) float32 uvd, as the network's `vertices_uvd`.

    Raises:
        ValueError: a network without a Graph CNN.

    References:
        Ge et al. 2019, section 4.4, "Pseudo-Ground Truth Mesh Loss".
    """

    def __init__(self, network: HandMeshNet, sigma: float | None = None) -> None:
        if not hasattr(network, "topology"):
            raise ValueError(f"network: expected one with a Graph CNN, got {type(network).__name__}.")
        # In float32, lest mixed precision round the joints.
        super().__init__(name="given_heatmaps", dtype="float32")
        self.network = network
        self.sigma = sigma
        self.gather = GatherVertices(network.topology.place_of_vertex, name="vertices_uvd", dtype="float32")

    def call(self, inputs: dict[str, Any], training: bool | None = None) -> Any:
        del training
        image = inputs["image"]
        if keras.backend.standardize_dtype(image.dtype) == "uint8":
            image = ops.cast(image, "float32") / 255.0
        network = self.network
        features = network.heatmap_stage(image, training=False)
        size = network.heatmap_size
        maps = true_heatmaps(ops.cast(inputs["joints_uv"], "float32"), size, network.heatmap_kind, self.sigma)
        features = {**features, "heatmaps": maps}
        stage = network.mesh_stage
        return self.gather(stage({name: features[name] for name in stage.input}, training=False))


def true_heatmaps(joints_uv: Any, size: int, kind: str, sigma: float | None = None) -> Any:
    """Heat-maps as a perfect network would give them.

    Args:
        joints_uv: (B, 21, 2) float32, in 0..1 across the crop.
        size: rows and columns of the maps.
        kind: "gaussian" for Gaussians of height 1, or "logits" for the logarithm of normalised ones, whose
            spatial soft-max they are. (Logits are the same map with any constant added; trained encoders don't mind
            which, nor how low they fall far from the joint.)
        sigma: standard deviation in heat-map pixels; None scales the paper's 4 px of 64.

    Returns:
        (B, size, size, 21) float32.
    """
    logs = log_gaussians(joints_uv, size, size, sigma)
    if kind == "gaussian":
        return ops.exp(logs)
    return ops.reshape(ops.log_softmax(flatten_maps(logs), axis=1), ops.shape(logs))

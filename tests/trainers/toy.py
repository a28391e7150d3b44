"""A network of a few thousand weights with the interface of `HandMeshNet`, and hands to train it on."""

from __future__ import annotations

from types import SimpleNamespace

import keras
import numpy as np
from keras import layers

from tfhand.data import BatchSource, HandSample
from tfhand.layers import BatchNorm

SIZE = 16
OCTAHEDRON = SimpleNamespace(
    faces=np.array([[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]], np.int32),
    num_vertices=6,
)


class ToyNet(keras.Model):
    """Heat-maps, mesh and pose from a `SIZE` x `SIZE` image, with batch norm; see `HandMeshNet` for the methods.

    The mesh starts as an octahedron about the crop's centre. With `signs` it has logits of presence and side, too.
    """

    input_size = SIZE
    hand_side = "right"
    depth_axis = "camera"
    heatmap_kind = "logits"
    heatmap_size = SIZE // 2
    preset = SimpleNamespace(to_config=lambda: {"name": "toy"})
    topology = SimpleNamespace(place_of_vertex=np.arange(6))

    def __init__(self, signs: bool = False):
        image = keras.Input((SIZE, SIZE, 3), name="image")
        features = layers.Conv2D(8, 3, strides=2, padding="same", name="stem")(image)
        features = layers.ReLU()(BatchNorm(name="stem_bn")(features))
        maps = layers.Conv2D(21, 1, name="maps")(features)
        self.heatmap_stage = keras.Model(image, {"heatmaps_1": maps, "features": features})
        self.mesh_stage = toy_mesh_stage(features, maps)
        vertices = self.mesh_stage({"heatmaps": maps, "features": features})
        pose = [keras.Input((6, 3)), layers.Flatten(), layers.Dense(63), layers.Reshape((21, 3))]
        pose = keras.Sequential(pose, name="pose")
        joints = pose(vertices)
        outputs = {"heatmaps_1": maps, "vertices_uvd": vertices, "joints_uvd_mesh": joints, "joints_uvd": joints}
        sign_stage = None
        if signs:
            sign_stage = keras.Sequential([keras.Input(features.shape[1:]), layers.Flatten(), layers.Dense(2)], name="sign")
            outputs["sign_logits"] = sign_stage(features)
        super().__init__(image, outputs, name="toy")
        self.sign_stage = sign_stage

    def stage_layers(self, stage):
        names = {"heatmap": ["stem", "stem_bn", "maps"], "mesh": ["mesh_stage"], "pose": ["pose"], "sign": ["sign"] if self.sign_stage else []}[stage]
        return [self.get_layer(name) for name in names]

    def heatmap_model(self):
        return keras.Model(self.input, {"heatmaps_1": self.output["heatmaps_1"]})

    def pose_model(self):
        return self.get_layer("pose")

    def save_preset_weights(self, path):
        np.savez(path.with_suffix(".npz"), *self.get_weights())
        path.with_suffix(".npz").replace(path)


def toy_mesh_stage(features, maps) -> keras.Model:
    """Features and heat-maps to six vertices."""
    inputs = {
        name: keras.Input(value.shape[1:], name=name) for name, value in (("features", features), ("heatmaps", maps))
    }
    latent = layers.Flatten()(layers.Concatenate()(list(inputs.values())))
    latent = layers.Dense(16, activation="relu", name="latent")(latent)
    corners = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]]) * [0.3, 0.3, 0.5]
    octahedron = (corners + [0.5, 0.5, 0]).astype(np.float32).ravel()
    vertices = layers.Dense(18, bias_initializer=lambda shape, dtype=None: keras.ops.array(octahedron), name="mesh")
    return keras.Model(inputs, layers.Reshape((6, 3))(vertices(latent)), name="mesh_stage")


class Hands:
    """A dataset of hand-like samples with six vertices, a guess of them, and depth with holes."""

    def __init__(self, count: int = 12):
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> HandSample:
        rng = np.random.default_rng(index)
        joints = rng.normal(size=(21, 3)) * [30, 30, 20] + [0, 0, 500]
        vertices = np.concatenate([joints[1:21:4], joints[:1]]) + 2.0
        depth = np.where(rng.random((24, 24)) < 0.8, rng.normal(500, 20, (24, 24)), 0).astype(np.float32)
        return HandSample(
            image=rng.integers(0, 256, (24, 24, 3), dtype=np.uint8),
            intrinsics=np.array([80.0, 80.0, 12.0, 12.0]),
            box=np.array([2.0, 2.0, 20.0, 20.0]),
            side="right",
            joints_mm=joints,
            vertices_mm=vertices,
            depth_mm=depth,
            pseudo_vertices_mm=vertices + rng.normal(size=vertices.shape),
            seed=index,
            name=str(index),
        )


def toy_source(batch_size: int = 4, **kwargs) -> BatchSource:
    """Batches of toy hands."""
    return BatchSource(Hands(), batch_size, SIZE, **kwargs)

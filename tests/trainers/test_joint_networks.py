"""Networks that predict joints alone, in the trainers' machinery."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from tests.trainers.toy import SIZE, Hands, ToyNet
from tfhand.data import BatchSource
from trainers.config import StageConfig
from trainers.model import forward_of, freeze_all_but
from trainers.stage import kind_of
from trainers.validator import Validator, figures_of


class ToyJoints(keras.Model):
    """`ToyNet` without its mesh."""

    def __init__(self):
        image = keras.Input((SIZE, SIZE, 3), name="image")
        maps = layers.Conv2D(21, 1, name="maps")(image)
        latent = layers.Dense(4, name="latent")(layers.Flatten()(image))
        joints = layers.Reshape((21, 3))(layers.Dense(63, name="pose")(latent))
        super().__init__(image, {"heatmaps_1": maps, "joints_uvd_mesh": joints, "joints_uvd": joints})

    def stage_layers(self, stage):
        return [self.get_layer(name) for name in {"heatmap": ["maps"], "mesh": ["latent"], "pose": ["pose"]}.get(stage, [])]

    def heatmap_model(self):
        return keras.Model(self.input, {"heatmaps_1": self.output["heatmaps_1"]})


@pytest.mark.parametrize(
    "parts, with_mesh, without",
    [(["heatmap"], "heatmap", "heatmap"), (["pose"], "pose", "full"), (["mesh", "pose"], "full", "full")],
)
def test_last_part_never_runs_alone_without_a_mesh(parts, with_mesh, without):
    stage = StageConfig(steps=1, losses={"pose": 1.0}, parts=parts)
    assert kind_of(stage, ToyNet()) == with_mesh
    network = ToyJoints()
    assert kind_of(stage, network) == without
    freeze_all_but(network, parts)
    trained = {layer.name for layer in network.layers if layer.trainable and layer.weights}
    assert trained == {{"heatmap": "maps", "mesh": "latent", "pose": "pose"}[part] for part in parts}


def test_validator_judges_joints_alone():
    network = ToyJoints()
    batches = list(BatchSource(Hands(4), 2, SIZE, shuffle=False))
    figures, picture = Validator(network, batches, np.zeros((0, 3), np.int32), "full", 2).run()
    assert set(figures) == {"pose_error_mm", "joint_uv_error_px"} and np.isfinite(list(figures.values())).all()
    assert figures["pose_error_mm"] > 0 and picture is not None and forward_of(network, "full") is network
    labels, outputs = {"vertices_uvd": 0, "joints_uvd": 0}, {"vertices_uvd": 0}
    assert "mesh_error_mm" in figures_of("full", labels, outputs) and "mesh_error_mm" not in figures_of("full", labels, {})

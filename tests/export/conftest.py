"""A mobile network with random weights, in memory and as a weight file; a tiny network for what goes wrong."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from export.verify import sample_crops
from tests.trainers.toy import ToyNet
from tfhand.models import HandMeshNet
from tfhand.models.weight_files import save_weights


@pytest.fixture(scope="session")
def mobile(tmp_path_factory) -> SimpleNamespace:
    """`model`, its weight file `weights`, and three `images` (3, S, S, 3) float32 0..1: photographs upside down."""
    keras.utils.set_random_seed(3)
    model = HandMeshNet.from_preset("mobile", "imagenet")
    rng = np.random.default_rng(5)
    # Batch norms that do something, as those of a trained network.
    model.set_weights([_unlike_fresh(weight, rng) for weight in model.weights])
    weights = tmp_path_factory.mktemp("weights") / "mobile.safetensors"
    model.save_preset_weights(weights)
    images = np.ascontiguousarray(sample_crops(model.input_size)[::4, ::-1])
    return SimpleNamespace(model=model, weights=weights, images=images)


@pytest.fixture
def toy() -> ToyNet:
    """A network of a few thousand weights, always the same ones."""
    keras.utils.set_random_seed(4)
    return ToyNet()


@pytest.fixture
def other_toy() -> ToyNet:
    """The network `toy` with one weight of its mesh off by a little."""
    keras.utils.set_random_seed(4)
    net = ToyNet()
    bias = net.get_layer("mesh_stage").get_layer("mesh").bias
    bias.assign(np.asarray(bias) + 0.01)
    return net


@pytest.fixture(scope="session")
def foreign_weights(tmp_path_factory) -> Path:
    """A weight file that says it is of the preset `paper`."""
    path = tmp_path_factory.mktemp("weights") / "paper.safetensors"
    save_weights([keras.Variable(np.zeros((2, 2)), name="kernel")], path, "paper")
    return path


def _unlike_fresh(weight: keras.Variable, rng: np.random.Generator) -> np.ndarray:
    value = np.asarray(weight)
    if value.ndim > 1 or weight.name == "moving_variance":
        return value * rng.uniform(0.8, 1.2, value.shape)
    return value + rng.normal(0, 0.02, value.shape)

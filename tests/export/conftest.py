"""A mobile network with random weights, in memory and as a weight file; a tiny network for what goes wrong."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from export import verify
from export.pictures import photograph_crops
from tests.models.test_options import TINY
from tfhand.mesh.coarsening import coarsen
from tfhand.mesh.graph import adjacency
from tfhand.models import GraphTopology, HandMeshNet
from tfhand.models.weight_files import save_weights


@pytest.fixture(scope="session")
def mobile(tmp_path_factory) -> SimpleNamespace:
    """`model`, its weight file `weights`, and three `images` (3, S, S, 3) uint8: photographs upside down."""
    keras.utils.set_random_seed(3)
    model = HandMeshNet.from_preset("mobile", "imagenet")
    rng = np.random.default_rng(5)
    # Batch norms that do something, as those of a trained network.
    model.set_weights([_unlike_fresh(weight, rng) for weight in model.weights])
    weights = tmp_path_factory.mktemp("weights") / "mobile.safetensors"
    model.save_preset_weights(weights)
    images = np.ascontiguousarray(photograph_crops(model.input_size)[::4, ::-1])
    return SimpleNamespace(model=model, weights=weights, images=images)


@pytest.fixture(autouse=True)
def few_renders(monkeypatch) -> None:
    """Two rendered hands show whether they are looked at."""
    monkeypatch.setattr(verify, "RENDERED", dict.fromkeys(verify.RENDERED, 2))


@pytest.fixture(scope="session")
def topology() -> GraphTopology:
    """A closed band of triangles of 300 vertices, coarsened as the template's graph is."""
    corners = np.arange(300)
    faces = np.stack([corners, (corners + 1) % 300, (corners + 7) % 300], axis=1).astype(np.int32)
    return GraphTopology.from_graph(coarsen(adjacency(faces, 300)), faces)


def tiny_network(topology: GraphTopology, **options) -> HandMeshNet:
    """A network of a few thousand weights, always the same ones, that answers with hands of a hand's size."""
    keras.utils.set_random_seed(4)
    preset = dataclasses.replace(TINY, heatmap_kind="logits", joint_readout="heatmap")
    model = HandMeshNet(dataclasses.replace(preset, **options), topology)
    rng = np.random.default_rng(6)
    model.set_weights([_unlike_fresh(weight, rng) for weight in model.weights])
    last = model.mesh_stage.get_layer("mesh_uvd")
    last.kernel.assign(np.asarray(last.kernel) * 0.1)
    if model.heatmap_kind == "logits":  # maps with one peak, as trained ones have, that rounding doesn't move
        maps = model.heatmap_stage.get_layer("stack1_heatmaps")
        maps.kernel.assign(np.asarray(maps.kernel) * 30)
    return model


@pytest.fixture(scope="session")
def tiny(topology) -> HandMeshNet:
    return tiny_network(topology)


@pytest.fixture(scope="session")
def other_tiny(topology) -> HandMeshNet:
    """The network `tiny` with one weight of its mesh off by a little."""
    model = tiny_network(topology)
    bias = model.mesh_stage.get_layer("mesh_uvd").bias
    bias.assign(np.asarray(bias) + 0.01)
    return model


@pytest.fixture(scope="session")
def tiny_file(tiny, tmp_path_factory) -> Path:
    """The network `tiny` as a `.keras` file."""
    path = tmp_path_factory.mktemp("networks") / "tiny.keras"
    tiny.save(path)
    return path


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

"""Layers that a stage leaves as they are."""

from __future__ import annotations

import numpy as np
import pytest
from toy import OCTAHEDRON, SIZE, Hands, ToyNet

from tfhand.data import BatchSource
from tfhand.losses import CompositeLoss
from trainers.fully_supervised import main
from trainers.model import TrainingModel, freeze_all_but

LOSSES = {"heatmap_cross_entropy": 1.0, "vertex_l1": 1.0}
PARTS = ["heatmap", "mesh"]


def moved(frozen: list[str]) -> set[str]:
    """The layers of a toy network whose weights or statistics a step changes."""
    network = ToyNet()
    model = TrainingModel(network, None, CompositeLoss(LOSSES, OCTAHEDRON), "full", PARTS, frozen)
    model.compile(optimizer="sgd")
    named = {layer.name: layer for part in PARTS for layer in network.stage_layers(part)}
    before = {name: [np.asarray(weight).copy() for weight in layer.weights] for name, layer in named.items()}
    images, labels = BatchSource(Hands(), 8, SIZE)[0]
    model.train_on_batch({"image": images, **labels}, labels)
    return {
        name
        for name, layer in named.items()
        if any((np.asarray(now) != old).any() for now, old in zip(layer.weights, before[name], strict=True))
    }


def test_frozen_layers_keep_weights_and_statistics() -> None:
    assert moved([]) == {"stem", "stem_bn", "maps", "mesh_stage"}
    assert moved(["stem*"]) == {"maps", "mesh_stage"}
    assert moved(["ste[l-n]", "mesh_stage"]) == {"stem_bn", "maps"}


def test_a_later_stage_trains_what_an_earlier_one_froze() -> None:
    network = ToyNet()
    freeze_all_but(network, PARTS, ["stem*"])
    freeze_all_but(network, PARTS)
    assert all(layer.trainable for part in PARTS for layer in network.stage_layers(part))


def test_a_name_of_no_layer_is_told_before_a_run_begins(tmp_path) -> None:
    out = tmp_path / "run"
    with pytest.raises(SystemExit, match=r"frozen: expected layers of the parts \['heatmap', 'mesh', 'pose'\].*'trunk_blocks_\*'"):
        main([f"--out={out}", "--data.num_samples=4", "--stages.full.frozen=[trunk_blocks_*]"])
    assert not out.exists()

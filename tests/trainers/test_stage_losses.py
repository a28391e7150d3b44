"""Losses of outputs that a stage does not give are told before the first stage begins."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from toy import OCTAHEDRON, ToyNet

from tfhand.losses import CompositeLoss, loss_names
from trainers.config import StageConfig
from trainers.session import check_outputs

MESH = ["depth", "edge", "laplacian", "normal", "pseudo_edge", "pseudo_laplacian", "silhouette", "vertex", "vertex_l1"]
#: The losses that each part of a network without signs can be judged by.
OF = {
    "heatmap": ["heatmap", "heatmap_cross_entropy", "joint_uv"],
    "pose": ["pose", "pose_l1"],
    "mesh": ["heatmap", "heatmap_cross_entropy", "joint_uv", "pose", "pose_l1", *MESH],
}


@pytest.fixture(scope="module")
def networks() -> dict[bool, ToyNet]:
    made = {signs: ToyNet(signs) for signs in (False, True)}
    for network in made.values():
        network.preset = SimpleNamespace(name="toy")
    return made


def refused(network: ToyNet, part: str) -> list[str]:
    """The losses that a stage of one part is refused with."""
    names = []
    for name in loss_names():
        stage = StageConfig(steps=1, losses={name: 1.0}, parts=[part])
        try:
            check_outputs("last", stage, CompositeLoss(stage.losses, OCTAHEDRON), network, OCTAHEDRON)
        except ValueError as error:
            assert f"stages.last.losses: not for parts ['{part}'] of preset 'toy': y_pred: expected" in str(error)
            names.append(name)
    return names


@pytest.mark.parametrize("part", list(OF))
def test_every_loss_is_for_the_parts_that_give_its_output(networks, part) -> None:
    assert refused(networks[False], part) == [name for name in loss_names() if name not in OF[part]]


def test_signs_are_judged_where_there_are_some(networks) -> None:
    assert refused(networks[True], "sign") == []

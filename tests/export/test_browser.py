"""What the browser demo is told of a network's hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from export.browser import describe_hand, main
from tfhand.constants import BONES, DEFAULT_HAND_SCALE_MM, JOINT_NAMES
from tfhand.inference import HandEstimator
from tfhand.models import HandMeshNet


@pytest.fixture(scope="module")
def model() -> HandMeshNet:
    return HandMeshNet.from_preset("mobile", weights=None)


def test_the_hand_is_the_estimators(model) -> None:
    hand = json.loads(json.dumps(describe_hand(model)))
    np.testing.assert_array_equal(np.reshape(hand["faces"], (-1, 3)), model.faces)
    assert hand["num_vertices"] == model.num_vertices == np.max(hand["faces"]) + 1
    assert hand["joint_names"] == list(JOINT_NAMES) and len(hand["joint_colours"]) == len(JOINT_NAMES)
    assert hand["bones"] == [list(bone) for bone in BONES]
    np.testing.assert_allclose(hand["bone_proportions"], HandEstimator(model).bone_proportions)
    assert hand["bone_proportions"][BONES.index((9, 10))] == pytest.approx(1)  # the hand's scale
    assert (hand["input_size"], hand["hand_side"]) == (160, "right")
    assert hand["default_scale_mm"] == DEFAULT_HAND_SCALE_MM


def test_mistakes_are_told_before_any_work(tmp_path, capsys) -> None:
    (tmp_path / "file").touch()
    assert main(["--out", str(tmp_path / "file")]) == 1
    assert "--out: expected a folder" in capsys.readouterr().err

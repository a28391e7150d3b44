"""Hands that are rendered for a run: training and validation are of different splits."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from tests.trainers.toy import Hands, ToyNet

from tfhand.constants import DEPTH_AXES
from tfhand.data import ShardedDataset
from tfhand.geometry import uvd_to_xyz
from tfhand.mesh import HandTemplate
from tfhand.synthetic.split import background_cell, in_split, shape_cell, view_cell
from trainers.config import DataConfig, StageConfig
from trainers.data import (
    check_given, load_crops, open_backgrounds, open_training_set, open_validation_set, training_batches,
)  # fmt: skip


@pytest.mark.parametrize("endless", [False, True])
def test_rendered_sets_are_those_of_their_splits(tmp_path, endless):
    template = HandTemplate.load()
    config = DataConfig(num_samples=0 if endless else 6, num_validation=6, render_size=48, workers=1)
    training = open_training_set(config, tmp_path, seed=0)
    sets = {"train": [training[number] for number in range(6)]}
    if endless:
        training.close()
    else:
        assert len(open_validation_set(config, tmp_path, template.num_vertices)) == 6
        for split, other in (("train", "validation"), ("validation", "train")):
            check_given(DataConfig(**{split: str(tmp_path / split)}), template.num_vertices)
            with pytest.raises(ValueError, match=f"^data.{split}: .* --split {split}, or all, in .*, got '{other}'"):
                check_given(DataConfig(**{split: str(tmp_path / other)}), template.num_vertices)
        sets["validation"] = list(ShardedDataset(tmp_path / "validation"))
    for split, samples in sets.items():
        for sample in samples:
            assert in_split(view_cell(sample.extras["towards_camera"]), split)
            assert in_split(shape_cell(sample.extras["shape"], template.shape_names), split)


def test_augmentation_has_no_photograph_of_validation(tmp_path):
    names = [f"{number}.png" for number in range(30)]
    for name in names:
        cv2.imwrite(str(tmp_path / name), np.zeros((20, 20, 3), np.uint8))
    expected = sum(in_split(background_cell(name), "train") for name in names)
    assert 0 < expected < len(names)
    assert open_backgrounds(DataConfig(backgrounds=str(tmp_path))).num_photographs == expected


@pytest.mark.parametrize("axis", DEPTH_AXES)
def test_labels_have_the_networks_depths(axis):
    network = ToyNet()
    network.depth_axis = axis
    _, trained = training_batches(Hands(), DataConfig(), StageConfig(1, {}, batch_size=4), network, seed=0)[0]
    batches = load_crops(Hands(), network)
    for labels in (trained, *(labels for _, labels in batches)):
        assert (labels["camera"][:, 6] == (axis == "crop")).all()
    found = np.concatenate([uvd_to_xyz(labels["joints_uvd"], labels["camera"]) for _, labels in batches])
    np.testing.assert_allclose(found, [hand.joints_mm for hand in map(Hands().__getitem__, range(12))], atol=1e-2)

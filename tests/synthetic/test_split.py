from __future__ import annotations

import cv2
import numpy as np
import pytest

from tfhand.rendering.background import BackgroundSource
from tfhand.synthetic.generator import HandGenerator, SyntheticConfig, sample_seed
from tfhand.synthetic.split import (
    SHAPE_KEYS,
    SHAPE_STEP,
    VALIDATION_SHARE,
    VIEW_GRID,
    background_cell,
    draw_until,
    in_split,
    shape_cell,
    view_cell,
)

BOTH = ("train", "validation")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """60 photographs."""
    folder = tmp_path_factory.mktemp("photographs")
    for number in range(60):
        cv2.imwrite(str(folder / f"{number:04d}.jpg"), np.full((32, 32, 3), number, np.uint8))
    return folder


@pytest.fixture(scope="module")
def generators(folder):
    return {split: HandGenerator(SyntheticConfig(size=64, backgrounds=str(folder), split=split)) for split in BOTH}


@pytest.fixture(scope="module")
def scenes(generators):
    """What 120 samples of each split, of the same seed, were drawn from: extras by split."""
    drawn = {}
    for split, generator in generators.items():
        rngs = (np.random.default_rng(sample_seed(0, index, split)).spawn(1)[0] for index in range(120))
        drawn[split] = [generator.scene(rng).facts for rng in rngs]
    return drawn


def test_splits_share_no_viewpoint_and_no_shape(scenes, generator):
    names = generator.template.shape_names
    views = [{view_cell(facts["towards_camera"]) for facts in scenes[split]} for split in BOTH]
    shapes = [{shape_cell(facts["shape"], names) for facts in scenes[split]} for split in BOTH]
    assert not views[0] & views[1] and not shapes[0] & shapes[1]
    assert len(views[0]) > 60 < 5 * len(views[1]) and len(shapes[0]) > 40 < 5 * len(shapes[1])
    # And no training view is exactly a validation one, whatever the cells.
    train, validation = (np.stack([facts["towards_camera"] for facts in scenes[split]]) for split in BOTH)
    assert (train @ validation.T).max() < 1 - 1e-7


def test_splits_share_no_photograph(generators, folder):
    train, validation = (set(generators[split].backgrounds._paths) for split in BOTH)
    assert not train & validation and train | validation == set(folder.iterdir())
    assert 3 <= len(validation) <= 20
    for split in BOTH:  # the built-in ones too
        assert BackgroundSource(accepts=generators[split]._accepts_background).num_photographs >= 2


def test_a_folder_too_small_for_the_split_is_told(tmp_path):
    cv2.imwrite(str(tmp_path / "one.png"), np.zeros((32, 32, 3), np.uint8))
    assert in_split(background_cell("one.png"), "train")
    with pytest.raises(ValueError, match="none of the 1 pictures in .* belongs to this split"):
        HandGenerator(SyntheticConfig(backgrounds=str(tmp_path), split="validation"))


def test_rendered_samples_lie_in_their_split(generators):
    for split, generator in generators.items():
        sample = generator.render(sample_seed(0, 0, split))
        assert in_split(view_cell(sample.extras["towards_camera"]), split)
        assert in_split(shape_cell(sample.extras["shape"], generator.template.shape_names), split)


def test_without_splits_seeds_give_what_they_gave():
    old = int(np.random.SeedSequence([5, 7]).generate_state(1, np.uint64)[0] >> np.uint64(1))
    assert sample_seed(5, 7) == old == sample_seed(5, 7, "all")
    assert len({sample_seed(5, index, split) for index in range(100) for split in ("all", *BOTH)}) == 300


def test_view_cells_are_of_equal_area():
    directions = np.random.default_rng(0).normal(size=(60_000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    cells, counts = np.unique([view_cell(one) for one in directions], return_counts=True)
    assert len(cells) == VIEW_GRID[0] * VIEW_GRID[1]
    expected = 60_000 / len(cells)
    assert np.abs(counts - expected).max() < 5 * np.sqrt(expected)
    for pole in ([0, 0, 1], [0, 0, -1], [-1, 0, 0], [-1, -1e-9, 0]):
        assert view_cell(np.array(pole)) in cells


def test_shares_are_as_documented():
    names = [background_cell(f"{number}.jpg") for number in range(20_000)]
    share = np.mean([in_split(name, "validation") for name in names])
    assert abs(share - VALIDATION_SHARE) < 0.01
    assert all(in_split(name, "train") != in_split(name, "validation") and in_split(name, "all") for name in names[:99])


def test_shape_cells():
    names = ("sex", *SHAPE_KEYS)
    assert shape_cell(np.array([0.9, 0.0, -0.01, 0.3]), names) == "shape 0 -1 1"
    assert shape_cell(np.array([-0.9, SHAPE_STEP - 1e-3, -SHAPE_STEP, 0.26]), names) == "shape 0 -1 1"
    with pytest.raises(ValueError, match="lacks hand_size"):
        shape_cell(np.zeros(3), ("sex", "finger_length", "palm_width"))


def test_mistakes():
    with pytest.raises(ValueError, match="split: expected one of all, train, validation, got 'test'"):
        SyntheticConfig(split="test")
    with pytest.raises(ValueError, match="split: expected one of"):
        in_split("view 0 0", "test")
    with pytest.raises(ValueError, match="none of .* draws"):
        draw_until(lambda drawn: False, lambda: 0)

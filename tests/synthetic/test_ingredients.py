from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tfhand.data.sample import encode
from tfhand.rendering.camera_effects import CameraParams
from tfhand.rendering.skin import SkinParams
from tfhand.synthetic.__main__ import main
from tfhand.synthetic.generator import HandGenerator, SyntheticConfig
from tfhand.synthetic.ingredients import INGREDIENTS, PLAIN_CAMERA, PLAIN_SKIN

SEEDS = range(4)
GEOMETRY = ("joints_mm", "vertices_mm", "intrinsics", "box")


@pytest.fixture(scope="module")
def without(generator):
    """Samples of `SEEDS` without one ingredient, by its name; "" for everything."""

    def render(name: str):
        config = dataclasses.replace(generator.config, size=64, without=(name,) if name else ())
        made = HandGenerator(config, generator.template)
        return [made.render(seed) for seed in SEEDS]

    return {name: render(name) for name in ("", *INGREDIENTS)}


@pytest.mark.parametrize("name", INGREDIENTS)
def test_only_the_ingredient_changes(without, name):
    changed = 0
    for whole, plain in zip(without[""], without[name], strict=True):
        changed += encode(whole) != encode(plain)
        assert whole.side == plain.side
        np.testing.assert_array_equal(whole.extras["towards_camera"], plain.extras["towards_camera"])
        if name != "shapes":
            for label in GEOMETRY:
                np.testing.assert_array_equal(getattr(whole, label), getattr(plain, label))
            np.testing.assert_array_equal(whole.extras["pose_deg"], plain.extras["pose_deg"])
        if name not in ("shapes", "objects"):
            np.testing.assert_array_equal(whole.alpha, plain.alpha)
    assert changed > 0


def test_what_is_left(without):
    assert all(not sample.extras["shape"].any() for sample in without["shapes"])
    assert len({sample.extras["melanin"] for sample in without["skins"]}) == 1
    assert len({sample.extras["melanin"] for sample in without["shapes"]}) == len(SEEDS)
    lengths = [np.linalg.norm(np.diff(sample.joints_mm[9:11], axis=0)) for sample in without["shapes"]]
    np.testing.assert_allclose(lengths, lengths[0], rtol=1e-4)
    # The same view: a hand of another shape keeps its place in the image.
    for whole, plain in zip(without[""], without["shapes"], strict=True):
        np.testing.assert_allclose(whole.joints_mm.mean(axis=0), plain.joints_mm.mean(axis=0), atol=0.1)
    # Arms without sleeves leave the depth of the hand alone; pictures without a camera are brighter or darker only.
    for whole, plain in zip(without[""], without["camera"], strict=True):
        np.testing.assert_array_equal(whole.depth_mm, plain.depth_mm)


def test_plain_values_cover_everything_that_is_drawn():
    cloth = {"noise_offset", "sleeve", "stripes_mm"}
    assert {field.name for field in dataclasses.fields(SkinParams)} - cloth == set(PLAIN_SKIN)
    assert {field.name for field in dataclasses.fields(CameraParams)} == set(PLAIN_CAMERA)


def test_names_are_checked_and_ordered(tmp_path, capsys):
    config = SyntheticConfig(without=["camera", "shadows", "camera"])
    assert config.without == ("shadows", "camera") and hash(config)
    assert SyntheticConfig(without="skins").without == ("skins",)
    with pytest.raises(ValueError, match="without: expected some of shadows, photographs, .*, got 'smell'"):
        SyntheticConfig(without=("smell",))
    with pytest.raises(SystemExit):
        main(["generate", "--num", "4", "--out", str(tmp_path / "out"), "--without", "smell"])
    assert "invalid choice: 'smell'" in capsys.readouterr().err

"""`verify` accepts float32 in another order and nothing else."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from export.network import ExportError
from export.verify import TOLERANCE_MM, sample_crops, verify
from tests.models.test_options import TINY
from tests.models.toys import toy_template
from tfhand.models import GraphTopology, HandMeshNet


@pytest.fixture
def exported(toy):
    """The network itself, as an export would be called, with `changes` of its outputs by name."""

    def make(**changes):
        def run(images: np.ndarray) -> dict[str, np.ndarray]:
            outputs = {name: np.array(value) for name, value in toy.predict_on_batch(images).items()}
            for name, change in changes.items():
                outputs[name] = change(outputs[name])
            return {name: value for name, value in outputs.items() if value is not None}

        return run

    return make


def test_crops_are_whole_and_unlike(toy):
    crops = sample_crops(toy.input_size)
    assert crops.shape == (9, toy.input_size, toy.input_size, 3) and crops.dtype == np.float32
    assert crops.min() >= 0 and 0.5 < crops.max() <= 1
    differences = np.abs(crops[:, None] - crops[None]).mean(axis=(2, 3, 4))
    assert (differences[~np.eye(9, dtype=bool)] > 0.005).all()


@pytest.mark.parametrize("batch", [None, 1, 2])
def test_the_network_itself_agrees(toy, exported, batch):
    agreement = verify(toy, exported(), batch)
    assert agreement.num_images == 9 and agreement.max_mm < TOLERANCE_MM / 10
    assert "equal to Keras on 9 crops" in str(agreement)


def test_rounding_is_allowed_and_measured(toy, exported):
    """At an arm's length and 240 mm across, 0.0001 of the crop's width is about 0.024 mm."""
    agreement = verify(toy, exported(vertices_uvd=lambda value: value + [1e-4, 0, 0]), None)
    assert 0.8 * 0.024 < agreement.max_mm < TOLERANCE_MM and agreement.worst_output == "vertices_uvd"


def with_value(index, value):
    def change(array):
        array[index] = value
        return array

    return change


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vertices_uvd": lambda value: value + [3e-4, 0, 0]}, "vertices and joints differ by up to 0.0[67]"),
        ({"joints_uvd": lambda value: value * 1.01}, "joints_uvd by 0.01"),
        ({"heatmaps_1": lambda value: value * 1.01}, "heatmaps_1 by 0.01"),
        ({"joints_uvd_mesh": lambda value: value[:, ::-1]}, "joints_uvd_mesh by"),
        ({"vertices_uvd": with_value((8, 0, 2), np.nan)}, "vertices_uvd by inf"),
        ({"heatmaps_1": with_value((3, 1, 1, 0), np.nan)}, "heatmaps_1 by inf"),
        ({"heatmaps_1": with_value((3, 1, 1, 0), np.inf)}, "heatmaps_1 by inf"),
        ({"joints_uvd": lambda value: None}, "expected outputs heatmaps_1, joints_uvd, .*, the file has heatmaps_1, joints_uvd_mesh"),
        ({"extra": lambda value: value}, "the file has extra"),
        ({"joints_uvd": lambda value: value[:, :20]}, r"joints_uvd: expected shape \(9, 21, 3\), the file gives \(9, 20, 3\)"),
        ({"joints_uvd": lambda value: value[:1]}, r"joints_uvd: expected shape \(9, 21, 3\), the file gives \(1, 21, 3\)"),
        ({"joints_uvd": lambda value: np.float32(1)}, r"joints_uvd: expected shape \(9, 21, 3\), the file gives \(1,\)"),
    ],
)
def test_every_difference_is_refused(toy, exported, changes, message):
    if "extra" in changes:
        run = exported()
        wrong = lambda images: {**run(images), "extra": images}  # noqa: E731
    else:
        wrong = exported(**changes)
    with np.errstate(all="ignore"), pytest.raises(ExportError, match=message):
        verify(toy, wrong, None)


def test_images_in_another_order_are_refused(toy, exported):
    run = exported()
    with pytest.raises(ExportError, match="not equal to Keras"):
        verify(toy, lambda images: {name: value[::-1] for name, value in run(images).items()}, None)


def test_a_network_of_nan_is_refused(toy, exported):
    kernel = toy.get_layer("mesh_stage").get_layer("mesh").kernel
    kernel.assign(np.full(kernel.shape, np.nan))
    with pytest.raises(ExportError, match="vertices_uvd: the network itself gives NaN or infinity; its weights are broken"):
        verify(toy, exported(), None)


def test_arg_max_may_settle_ties_of_heat_maps_another_way():
    """One pixel aside: allowed on a plateau (the border of a resized map), refused on a slope."""
    preset = dataclasses.replace(TINY, joint_readout="heatmap")
    template = toy_template()
    template.rig = None
    model = HandMeshNet(preset, GraphTopology.from_template(template))
    heatmaps = model.heatmap_stage.get_layer("stack1_heatmaps")

    def aside(images: np.ndarray) -> dict[str, np.ndarray]:
        outputs = {name: np.array(value) for name, value in model.predict_on_batch(images).items()}
        outputs["joints_uvd"][..., 0] += 1 / model.input_size
        return outputs

    heatmaps.kernel.assign(np.zeros(heatmaps.kernel.shape))
    assert verify(model, aside, None).max_mm < TOLERANCE_MM
    heatmaps.kernel.assign(np.random.default_rng(0).normal(size=heatmaps.kernel.shape))
    with pytest.raises(ExportError, match="joints_uvd by"):
        verify(model, aside, None)


def test_rounding_of_wild_answers_is_rounding(toy):
    """Untrained networks may answer with hands of kilometres: float32 can't give their micrometres."""

    class Wild:
        input_size, hand_side, heatmap_kind = toy.input_size, toy.hand_side, toy.heatmap_kind

        def predict_on_batch(self, images: np.ndarray, scale: float = 1e5) -> dict[str, np.ndarray]:
            return {name: np.asarray(value) * np.float32(scale) for name, value in toy.predict_on_batch(images).items()}

    wild = Wild()
    agreement = verify(wild, lambda images: wild.predict_on_batch(images, 1e5 * (1 + 1e-6)), None)
    assert agreement.max_mm > TOLERANCE_MM and agreement.worst_difference < 1e-5
    with pytest.raises(ExportError, match="not equal to Keras"):
        verify(wild, lambda images: wild.predict_on_batch(images, 1e5 * (1 + 1e-4)), None)

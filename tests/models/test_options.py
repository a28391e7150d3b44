"""Options by which presets differ from the paper: each against the network without it, or against loops."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np
import pytest

from tests.models.toys import toy_template
from tfhand.mesh.coarsening import coarsen
from tfhand.mesh.graph import adjacency
from tfhand.models import GraphTopology, HandMeshNet, get_preset
from tfhand.models.presets import HourglassConfig, MeshConfig, PoseConfig, ResidualEncoderConfig

SIZE = 64
TINY = dataclasses.replace(
    get_preset("paper"),
    input_size=SIZE,
    backbone=HourglassConfig(stacks=1, channels=4, stem=(4, 4), depth=2, modules=1),
    encoder=ResidualEncoderConfig(poolings=2),
    mesh=MeshConfig(hidden=8, coarse=4, filters=((4,), (4,))),
    pose=PoseConfig(filters=((4,), (4,)), hidden=8),
)


@pytest.fixture(scope="module")
def topology() -> GraphTopology:
    template = toy_template()
    template.rig = None
    return GraphTopology.from_template(template)


def build(topology: GraphTopology, **options: Any) -> HandMeshNet:
    """The tiny network with random weights, the same whatever the options."""
    model = HandMeshNet(dataclasses.replace(TINY, **options), topology)
    rng = np.random.default_rng(5)
    for weight in model.weights:
        shape = tuple(weight.shape)
        positive = "variance" in weight.path
        weight.assign(rng.uniform(0.5, 1.5, shape) if positive else rng.normal(size=shape) / np.sqrt(shape[0]))
    return model


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.random.default_rng(1).uniform(size=(2, SIZE, SIZE, 3)).astype("float32")


def test_bgr_sees_the_channels_turned_around(topology, image) -> None:
    expected = build(topology).predict(image, verbose=0)
    found = build(topology, input_channels="bgr").predict(image[..., ::-1], verbose=0)
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, atol=1e-6, err_msg=key)


def test_channels_first_orders_the_latent_map_by_map(topology, image) -> None:
    model = build(topology, encoder=ResidualEncoderConfig(poolings=3, flatten="channels_first"))
    stage = model.mesh_stage
    features = stage.get_layer("encoder_pool_2").output
    latent = stage.get_layer("latent").output
    both = keras.Model(stage.input, [features, latent])
    inputs = model.heatmap_stage.predict(image, verbose=0)
    inputs["heatmaps"] = inputs["heatmaps_1"]
    maps, flat = both.predict({name: inputs[name] for name in stage.input}, verbose=0)
    assert maps.shape[1] != maps.shape[3]
    for channel in range(maps.shape[3]):
        area = maps.shape[1] * maps.shape[2]
        np.testing.assert_array_equal(flat[:, channel * area : (channel + 1) * area], maps[..., channel].reshape(2, -1))


def test_depth_regressor_gives_depths_alone(topology, image) -> None:
    pose = dataclasses.replace(TINY.pose, outputs="depth", pooling="max")
    model = build(topology, pose=pose, joint_readout="heatmap")
    result = model.predict(image, verbose=0)
    assert "joints_uvd_mesh" not in result and result["joints_uvd"].shape == (2, 21, 3)
    depths = model.pose_model().predict(result["vertices_uvd"], verbose=0)
    assert depths.shape == (2, 21, 1) and not depths[:, 0].any() and depths[:, 1:].all()
    np.testing.assert_allclose(result["joints_uvd"][..., 2:], depths, atol=1e-6)
    with_uvd = build(topology, joint_readout="heatmap").predict(image, verbose=0)
    np.testing.assert_array_equal(result["joints_uvd"][..., :2], with_uvd["joints_uvd"][..., :2])


def test_depth_regressor_has_no_joints_of_its_own(topology) -> None:
    pose = dataclasses.replace(TINY.pose, outputs="depth")
    with pytest.raises(ValueError, match="joint_readout must be 'heatmap' with preset 'paper', got 'mesh'"):
        HandMeshNet(dataclasses.replace(TINY, pose=pose), topology)


def test_pixel_origin_moves_the_readout_by_half_a_pixel(topology, image) -> None:
    centre = build(topology, joint_readout="heatmap").predict(image, verbose=0)["joints_uvd"]
    corner = build(topology, joint_readout="heatmap", pixel_origin="corner").predict(image, verbose=0)["joints_uvd"]
    np.testing.assert_allclose(centre - corner, np.broadcast_to([0.5 / SIZE, 0.5 / SIZE, 0], centre.shape), atol=1e-6)


def test_rescaling_reaches_the_topology() -> None:
    """`L / (2 lambda) - I` is a quarter of `2 L / lambda - I`, less three quarters of the identity."""
    corners = np.arange(300)
    faces = np.stack([corners, (corners + 1) % 300, (corners + 7) % 300], axis=1)
    graph = coarsen(adjacency(faces, 300))
    plain, half = (GraphTopology.from_graph(graph, faces, name) for name in ("chebyshev", "half"))
    for level, operator in plain.laplacians.items():
        identity = np.eye(operator.places)
        expected = operator.csr.toarray() / 4 - 0.75 * identity
        np.testing.assert_allclose(half.laplacians[level].csr.toarray(), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("stage", "options", "message"),
    [
        (None, {"input_channels": "gbr"}, r"input_channels must be one of \('rgb', 'bgr'\), got 'gbr'"),
        (None, {"hand_side": "both"}, "hand_side must be one of .*got 'both'"),
        (PoseConfig, {"outputs": "uv"}, "outputs must be one of .*got 'uv'"),
        (ResidualEncoderConfig, {"flatten": "rows"}, "flatten must be one of .*got 'rows'"),
    ],
)
def test_unknown_options_list_the_known_ones(stage, options, message) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(TINY, **options) if stage is None else stage(**options)

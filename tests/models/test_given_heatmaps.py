"""Meshes from ground-truth heat-maps: the maps themselves, and what the network does with them."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tfhand.models.given_heatmaps import GivenHeatmaps, true_heatmaps


def naive_gaussians(joints_uv: np.ndarray, size: int, sigma: float) -> np.ndarray:
    maps = np.zeros((len(joints_uv), size, size, joints_uv.shape[1]))
    for row in range(size):
        for column in range(size):
            offset = joints_uv * size - [column + 0.5, row + 0.5]
            maps[:, row, column] = np.exp(-(offset**2).sum(axis=-1) / (2 * sigma**2))
    return maps


def softmax(logits: np.ndarray) -> np.ndarray:
    exponents = np.exp(logits - logits.max(axis=(1, 2), keepdims=True))
    return exponents / exponents.sum(axis=(1, 2), keepdims=True)


def test_maps_are_gaussians_of_the_networks_kind(rng):
    joints = rng.uniform(-0.1, 1.1, (2, 21, 2)).astype(np.float32)
    expected = naive_gaussians(joints, 16, 1.0)
    gaussians = keras.ops.convert_to_numpy(true_heatmaps(joints, 16, "gaussian"))
    np.testing.assert_allclose(gaussians, expected, atol=1e-5)
    logits = keras.ops.convert_to_numpy(true_heatmaps(joints, 16, "logits"))
    np.testing.assert_allclose(softmax(logits), expected / expected.sum(axis=(1, 2), keepdims=True), atol=1e-5)
    np.testing.assert_allclose(np.exp(logits).sum(axis=(1, 2)), 1.0, rtol=1e-4)


@pytest.mark.parametrize("name", ["mobile", "small"])
def test_mesh_comes_from_given_maps_and_own_features(request, rng, name):
    network = request.getfixturevalue(name)
    size = network.input_size
    images = rng.integers(0, 256, (2, size, size, 3), dtype=np.uint8)
    joints = rng.uniform(0.1, 0.9, (2, 21, 2)).astype(np.float32)
    found = keras.ops.convert_to_numpy(GivenHeatmaps(network)({"image": images, "joints_uv": joints}))
    scaled = images.astype(np.float32) / 255
    features = dict(network.heatmap_stage(scaled, training=False))
    expected = network.mesh_stage(
        {
            key: true_heatmaps(joints, network.heatmap_size, "logits") if key == "heatmaps" else features[key]
            for key in network.mesh_stage.input
        },
        training=False,
    )
    expected = keras.ops.convert_to_numpy(expected)[:, network.topology.place_of_vertex]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    own = keras.ops.convert_to_numpy(network(scaled, training=False)["vertices_uvd"])
    assert found.shape == own.shape and np.abs(found - own).max() > 1e-3
    moved = GivenHeatmaps(network)({"image": scaled, "joints_uv": joints[::-1].copy()})
    assert np.abs(keras.ops.convert_to_numpy(moved) - found).max() > 1e-3

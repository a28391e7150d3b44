"""The losses on the hand itself."""

from __future__ import annotations

import numpy as np
import pytest

from tfhand.geometry import camera_vector, root_depth_and_scale, xyz_to_uvd
from tfhand.losses import FULLY_SUPERVISED_WEIGHTS, CompositeLoss, MeshTopology
from tfhand.mesh import HandTemplate


@pytest.fixture(scope="module")
def template() -> HandTemplate:
    return HandTemplate.load()


def test_topology_of_the_hand(template):
    topology = MeshTopology.from_template(template)
    vertices = template.num_vertices
    boundary = 2 * len(topology.edges) - 3 * len(template.faces)
    assert vertices - len(topology.edges) + len(template.faces) == 2 - (boundary > 0)
    assert topology.neighbours.shape[0] == vertices and topology.neighbours.shape[1] <= 16
    np.testing.assert_allclose(topology.neighbour_weights.sum(axis=1), 1.0, rtol=1e-6)
    pairs = {(i, j) for i, j in topology.edges.tolist()}
    for i in range(0, vertices, 97):
        around = topology.neighbours[i][topology.neighbour_weights[i] > 0]
        assert len(set(around.tolist())) == len(around)
        assert all((min(i, j), max(i, j)) in pairs for j in around.tolist())


def test_the_full_loss_of_a_hand(template, rng):
    posed = template.pose(None, None, rotation=np.diag([1.0, -1.0, -1.0]), translation_mm=np.array([0.0, 0.0, 600.0]))
    depth, scale = root_depth_and_scale(posed.joints)
    camera = camera_vector([500.0, 500.0, 320.0, 240.0], [120.0, 40.0, 400.0, 400.0], depth, scale)[None]
    y_true = {
        "vertices_uvd": xyz_to_uvd(posed.vertices[None], camera),
        "joints_uvd": xyz_to_uvd(posed.joints[None], camera),
        "camera": camera,
    }
    weights = {name: weight for name, weight in FULLY_SUPERVISED_WEIGHTS.items() if name != "heatmap"}
    loss = CompositeLoss(weights, template)
    right = {"vertices_uvd": y_true["vertices_uvd"], "joints_uvd_mesh": y_true["joints_uvd"]}
    assert float(loss(y_true, right)[0]) == pytest.approx(0.0, abs=1e-6)
    off = {key: values + rng.normal(0, 0.02, values.shape).astype(np.float32) for key, values in right.items()}
    _, parts = loss(y_true, off)
    assert all(float(part) > 1e-4 for part in parts.values())

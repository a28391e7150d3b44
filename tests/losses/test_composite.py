"""Terms composed by name and weight."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.losses.toys import make_batch
from tfhand.losses import (
    FULLY_SUPERVISED_WEIGHTS,
    WEAKLY_SUPERVISED_WEIGHTS,
    CompositeLoss,
    MeshTopology,
    get_loss,
    loss_names,
    register_loss,
)
from tfhand.losses.base import SUPERVISION


@pytest.fixture
def batch(rng):
    return make_batch(rng, 6)


def test_total_is_equation_6(octahedron, batch):
    total, parts = CompositeLoss(FULLY_SUPERVISED_WEIGHTS, octahedron)(*batch)
    topology = MeshTopology.from_template(octahedron)
    alone = {name: float(get_loss(name)(topology)(*batch)) for name in FULLY_SUPERVISED_WEIGHTS}
    assert {name: float(part) for name, part in parts.items()} == pytest.approx(alone)
    mesh = alone["vertex"] + alone["normal"] + alone["edge"] + 50 * alone["laplacian"]
    assert float(total) == pytest.approx(0.5 * alone["heatmap"] + mesh + alone["pose"])


def test_total_is_equation_8(octahedron, batch):
    total, parts = CompositeLoss(WEAKLY_SUPERVISED_WEIGHTS, octahedron)(*batch)
    parts = {name: float(part) for name, part in parts.items()}
    mesh = parts["pseudo_edge"] + 50 * parts["pseudo_laplacian"]
    assert float(total) == pytest.approx(0.1 * parts["heatmap"] + 0.1 * parts["depth"] + mesh, rel=1e-5)


LABELS = {
    "joints_2d": {"joints_uvd", "camera"},
    "joints_3d": {"joints_uvd", "camera"},
    "mesh": {"joints_uvd", "camera", "vertices_uvd"},
    "pseudo_mesh": {"joints_uvd", "camera", "pseudo_vertices_uvd"},
    "depth": {"camera", "depth_map"},
    "signs": {"present", "known_side"},
}


@pytest.mark.parametrize("name", loss_names())
def test_a_term_needs_the_supervision_that_it_names(octahedron, batch, name):
    y_true, y_pred = batch
    loss = CompositeLoss({name: 1.0}, octahedron)
    (kind,) = loss.supervision
    assert kind in SUPERVISION
    total, _ = loss({key: y_true[key] for key in LABELS[kind]}, y_pred)
    assert float(total) == pytest.approx(float(loss(y_true, y_pred)[0]))
    if kind == "joints_2d":
        y_true["joints_uvd"][..., 2] += 1.0
        assert float(loss(y_true, y_pred)[0]) == float(total)


def test_the_batch_is_averaged(octahedron, batch):
    loss = CompositeLoss(FULLY_SUPERVISED_WEIGHTS, octahedron)
    total, _ = loss(*batch)
    halves = [loss(*({k: v[i : i + 1] for k, v in part.items()} for part in batch))[0] for i in range(2)]
    assert float(total) == pytest.approx(np.mean([float(half) for half in halves]), rel=1e-5)


def test_options_reach_their_term(octahedron, batch):
    loss = CompositeLoss({"heatmap": 1.0}, octahedron, options={"heatmap": {"sigma": 3.0}})
    assert float(loss(*batch)[0]) == pytest.approx(
        float(get_loss("heatmap")(MeshTopology.from_template(octahedron), sigma=3.0)(*batch))
    )


def test_a_term_of_weight_zero_needs_no_outputs(octahedron, batch):
    y_true, y_pred = batch
    total, parts = CompositeLoss({"pose": 2.0, "vertex": 0.0}, octahedron)(
        y_true, {"joints_uvd_mesh": y_pred["joints_uvd_mesh"]}
    )
    assert set(parts) == {"pose"}
    assert float(total) == pytest.approx(2.0 * float(parts["pose"]))


def test_it_compiles(octahedron, batch):
    loss = CompositeLoss({**FULLY_SUPERVISED_WEIGHTS, **WEAKLY_SUPERVISED_WEIGHTS, "joint_uv": 1.0, "heatmap_cross_entropy": 1.0}, octahedron)
    expected = float(loss(*batch)[0])
    if keras.backend.backend() == "jax":
        import jax

        assert float(jax.jit(loss)(*batch)[0]) == pytest.approx(expected, rel=1e-5)
        return
    import tensorflow as tf

    def spec(values: dict) -> dict:
        return {key: tf.TensorSpec((None, *value.shape[1:]), value.dtype) for key, value in values.items()}

    for jit in (False, True):
        compiled = tf.function(loss, input_signature=[spec(part) for part in batch], jit_compile=jit)
        assert float(compiled(*batch)[0]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("weights", "options", "message"),
    [
        ({"vertx": 1.0}, None, "unknown loss 'vertx'; expected one of depth, edge, handedness, heatmap, .*vertex_l1"),
        ({"vertex": 1.0}, {"vertx": {}}, "unknown loss 'vertx'"),
        ({"vertex": -1.0}, None, "weights: expected a finite weight of at least 0 for 'vertex', got -1"),
        ({"vertex": float("nan")}, None, "weights: expected a finite weight"),
        ({"vertex": 0.0}, None, "weights: expected at least one positive weight"),
        ({}, None, "weights: expected at least one positive weight"),
        ({"vertex": 1.0}, {"heatmap": {"sigma": 2.0}}, r"options: .* weighted terms \['vertex'\], got \['heatmap'\]"),
        ({"heatmap": 1.0}, {"heatmap": {"width": 2}}, r"options of loss 'heatmap': expected .*sigma.*got \['width'\]"),
    ],
)
def test_bad_weights_and_options(octahedron, weights, options, message):
    with pytest.raises(ValueError, match=message):
        CompositeLoss(weights, octahedron, options)


def test_missing_ground_truth_is_named(octahedron, batch):
    y_true, y_pred = batch
    del y_true["camera"]
    with pytest.raises(ValueError, match="y_true: expected an entry 'camera'"):
        CompositeLoss({"vertex": 1.0}, octahedron)(y_true, y_pred)


def test_a_name_is_taken_once():
    assert loss_names() == tuple(sorted(loss_names()))
    with pytest.raises(ValueError, match="'vertex' is taken by VertexLoss"):
        register_loss("vertex")(get_loss("edge"))
    assert get_loss("edge").name == "edge"


@pytest.mark.parametrize(
    ("faces", "message"),
    [
        (np.zeros((0, 3), int), "expected shape"),
        (np.zeros((3, 4), int), "expected shape"),
        (np.array([[0, 1, 6]]), r"indices in 0\.\.5, got 0\.\.6"),
        (np.array([[0, 1, -1]]), r"got -1\.\.1"),
    ],
)
def test_faces_that_do_not_fit(faces, message):
    with pytest.raises(ValueError, match=f"faces: .*{message}"):
        MeshTopology.from_faces(faces, 6)

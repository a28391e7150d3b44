"""Gradients of every term against finite differences, and at the values that break careless code."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest

from tests.losses.toys import gaussian_maps, make_batch
from tfhand.losses import MeshTopology, get_loss

INPUT_OF_TERM = {
    "heatmap": "heatmaps_1",
    "heatmap_cross_entropy": "heatmaps_1",
    "joint_uv": "heatmaps_1",
    "vertex": "vertices_uvd",
    "vertex_l1": "vertices_uvd",
    "normal": "vertices_uvd",
    "edge": "vertices_uvd",
    "laplacian": "vertices_uvd",
    "pseudo_edge": "vertices_uvd",
    "pseudo_laplacian": "vertices_uvd",
    "depth": "depth_map",
    "pose": "joints_uvd_mesh",
    "pose_l1": "joints_uvd_mesh",
    "presence": "sign_logits",
    "handedness": "sign_logits",
}
#: A quadratic has exact differences at any step, a smooth sum over many pixels good ones at a long one, which rounding
#: hardly changes; absolute values have theirs between the kinks.
STEP_OF_TERM = {"heatmap": 0.5, "heatmap_cross_entropy": 0.2, "depth": 1.0, "vertex_l1": 1e-3, "pose_l1": 1e-3}


def gradient(function: Callable, point: np.ndarray) -> np.ndarray:
    """Gradient of a scalar function of one tensor, by the backend's own differentiation."""
    if keras.backend.backend() == "jax":
        import jax

        return np.asarray(jax.grad(function)(jax.numpy.asarray(point)))
    import tensorflow as tf

    variable = tf.Variable(point)
    with tf.GradientTape() as tape:
        value = function(tf.convert_to_tensor(variable))
    return tape.gradient(value, variable).numpy()


def term_of(name: str, mesh, y_true: dict, y_pred: dict) -> tuple[Callable, np.ndarray]:
    key = INPUT_OF_TERM[name]
    term = get_loss(name)(MeshTopology.from_template(mesh))
    others = {k: v for k, v in y_pred.items() if k != key and not k.startswith("heatmaps")}
    return (lambda values: term(y_true, {**others, key: values})), y_pred[key]


@pytest.mark.parametrize("name", sorted(INPUT_OF_TERM))
def test_gradient_matches_finite_differences(octahedron, rng, name):
    function, point = term_of(name, octahedron, *make_batch(rng, 6))
    slope = gradient(function, point)
    assert slope.shape == point.shape and np.isfinite(slope).all()
    step = np.float32(STEP_OF_TERM.get(name, 1e-2))
    for _ in range(5):
        direction = rng.normal(size=point.shape)
        direction = (direction / np.linalg.norm(direction)).astype(np.float32)
        ahead, behind = (float(function(point + sign * step * direction)) for sign in (1, -1))
        expected = (ahead - behind) / (2 * float(step))
        tolerance = 1e-3 * float(np.abs(slope).max())
        assert float((slope * direction).sum()) == pytest.approx(expected, rel=2e-2, abs=tolerance)


@pytest.mark.parametrize("name", sorted(INPUT_OF_TERM))
def test_gradient_is_finite_at_the_ground_truth(octahedron, rng, name):
    y_true, y_pred = make_batch(rng, 6)
    y_pred["vertices_uvd"], y_pred["joints_uvd_mesh"] = y_true["vertices_uvd"], y_true["joints_uvd"]
    y_pred["depth_map"] = y_true["depth_map"]
    y_pred["heatmaps_1"] = gaussian_maps(y_true["joints_uvd"], 0.5).astype(np.float32)
    function, point = term_of(name, octahedron, y_true, y_pred)
    assert np.isfinite(gradient(function, point)).all()


@pytest.mark.parametrize("name", ["vertex", "vertex_l1", "normal", "edge", "laplacian", "pose", "pose_l1"])
def test_points_behind_the_camera_are_safe_and_pulled_back(octahedron, rng, name):
    y_true, y_pred = make_batch(rng, 6)
    key = INPUT_OF_TERM[name]
    y_pred[key][:, 2, 2] = -500.0
    function, point = term_of(name, octahedron, y_true, y_pred)
    assert np.isfinite(float(function(point)))
    slope = gradient(function, point)
    assert np.isfinite(slope).all()
    if name != "normal":
        assert (slope[:, 2, 2] < 0).all()


def test_degenerate_triangles_have_no_normal(octahedron, rng):
    y_true, y_pred = make_batch(rng, 6)
    y_true["vertices_uvd"][:] = y_true["vertices_uvd"][:, :1]
    function, point = term_of("normal", octahedron, y_true, y_pred)
    assert float(function(point)) == pytest.approx(0.0, abs=1e-6)
    assert np.isfinite(gradient(function, point)).all()


@pytest.mark.parametrize("name", ["heatmap_cross_entropy", "joint_uv", "presence", "handedness"])
def test_extreme_logits_are_safe(octahedron, rng, name):
    y_true, y_pred = make_batch(rng, 6)
    y_pred[INPUT_OF_TERM[name]] *= 1e4
    function, point = term_of(name, octahedron, y_true, y_pred)
    assert np.isfinite(float(function(point))) and np.isfinite(gradient(function, point)).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", sorted(INPUT_OF_TERM))
def test_half_precision_outputs_are_summed_in_float32(octahedron, rng, name, dtype):
    y_true, y_pred = make_batch(rng, 6)
    function, point = term_of(name, octahedron, y_true, y_pred)
    rounded = keras.ops.cast(point, dtype)
    result = function(rounded)
    assert keras.backend.standardize_dtype(result.dtype) == "float32"
    same = function(keras.ops.cast(rounded, "float32"))
    assert float(result) == pytest.approx(float(same), rel=1e-6)

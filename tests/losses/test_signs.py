"""Presence and handedness against their definition, and what no other term may learn from."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.losses.toys import make_batch
from tfhand.losses import CompositeLoss, MeshTopology, get_loss, loss_names

#: Rows of a batch: a known hand, one of the other side, none, a known hand.
PRESENT = np.array([1, 1, 0, 1], np.float32)
KNOWN = np.array([1, 0, 0, 1], np.float32)
LOGITS = np.array([[2.0, -0.5], [-1.0, 0.7], [0.3, 40.0], [50.0, -60.0]], np.float32)


@pytest.fixture
def batch(rng):
    """Four samples; labels of those that show no known hand are absurd."""
    (y_true, y_pred), (more_true, more_pred) = make_batch(rng, 6), make_batch(rng, 6)
    y_true, y_pred = (
        {key: np.concatenate([value, more[key]]) for key, value in one.items()}
        for one, more in ((y_true, more_true), (y_pred, more_pred))
    )
    for key in ("vertices_uvd", "joints_uvd", "pseudo_vertices_uvd"):
        y_true[key][1:3] += 40.0
    return {**y_true, "present": PRESENT, "known_side": KNOWN}, {**y_pred, "sign_logits": LOGITS}


def value(name, mesh, y_true, y_pred) -> float:
    return float(get_loss(name)(MeshTopology.from_template(mesh))(y_true, y_pred))


def naive(column: int, labels: np.ndarray, rows: list[int]) -> float:
    total = 0.0
    for row in rows:
        probability = 1 / (1 + np.exp(-np.float64(LOGITS[row, column])))
        chance = probability if labels[row] else 1 / (1 + np.exp(np.float64(LOGITS[row, column])))
        total -= np.log(chance)
    return total / len(rows)


def test_presence_counts_every_crop(octahedron, batch) -> None:
    assert value("presence", octahedron, *batch) == pytest.approx(naive(0, PRESENT, [0, 1, 2, 3]), rel=1e-5)


def test_handedness_counts_crops_with_a_hand(octahedron, batch) -> None:
    """The third row's logit of 40 would cost 40."""
    assert value("handedness", octahedron, *batch) == pytest.approx(naive(1, KNOWN, [0, 1, 3]), rel=1e-5)


def test_the_training_s_shares_stay_out_of_the_logits(octahedron) -> None:
    """The best one logit for four samples, three of them with label 1, is 0 once the loss knows the share."""
    y_true, logits = {"present": np.array([1, 1, 1, 0], np.float32)}, np.linspace(-2, 2, 401)
    term = get_loss("presence")(MeshTopology.from_template(octahedron), share=0.75)
    costs = [float(term(y_true, {"sign_logits": np.full((4, 2), x, np.float32)})) for x in logits]
    assert abs(logits[np.argmin(costs)]) < 0.02
    assert min(costs) == pytest.approx(-(3 * np.log(0.75) + np.log(0.25)) / 4, rel=1e-4)
    with pytest.raises(ValueError, match="share: expected more than 0 and less than 1, got 1.0"):
        get_loss("handedness")(MeshTopology.from_template(octahedron), share=1.0)


@pytest.mark.parametrize("name", [name for name in loss_names() if name not in ("presence", "handedness")])
def test_other_terms_learn_from_known_hands_alone(octahedron, batch, name) -> None:
    y_true, y_pred = batch
    kept = [{key: part[[0, 3]] for key, part in one.items() if key not in ("present", "known_side")} for one in batch]
    expected = value(name, octahedron, *kept)
    assert value(name, octahedron, y_true, y_pred) == pytest.approx(expected, rel=1e-5)
    total, parts = CompositeLoss({name: 2.0}, octahedron)(y_true, y_pred)
    assert float(parts[name]) == pytest.approx(expected, rel=1e-5)
    assert float(total) == pytest.approx(2 * expected, rel=1e-5)


def test_a_batch_without_a_hand_teaches_presence_alone(octahedron, batch) -> None:
    y_true, y_pred = batch
    y_true = {**y_true, "present": np.zeros(4, np.float32), "known_side": np.zeros(4, np.float32)}
    names = [name for name in loss_names() if name != "presence"]
    loss = CompositeLoss(dict.fromkeys(names, 1.0), octahedron)
    keys = [key for key in y_pred if key not in ("surface_uv",)]

    def total(values):
        return loss(y_true, {**y_pred, **values})[0]

    if keras.backend.backend() == "jax":
        import jax

        slopes = jax.grad(total)({key: jax.numpy.asarray(y_pred[key]) for key in keys})
        slopes = {key: np.asarray(slope) for key, slope in slopes.items()}
    else:
        import tensorflow as tf

        variables = {key: tf.Variable(y_pred[key]) for key in keys}
        with tf.GradientTape() as tape:
            found = total({key: tf.convert_to_tensor(variable) for key, variable in variables.items()})
        slopes = tape.gradient(found, variables, unconnected_gradients="zero")
    assert float(total({})) == 0.0
    for key, slope in slopes.items():
        np.testing.assert_array_equal(np.asarray(slope), 0.0, err_msg=key)

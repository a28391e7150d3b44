"""Cues of a hand's shape against loops, and what a mirror makes of them."""

from __future__ import annotations

import keras
import numpy as np

from tests.layers.checks import check_layer, run
from tfhand.layers import PoseCues, StopGradient
from tfhand.layers.pose_cues import TRIANGLES


def naive_cues(maps: np.ndarray) -> np.ndarray:
    cues = []
    for heatmaps in maps.astype(np.float64):
        height, width, joints = heatmaps.shape
        uv, peaks = np.zeros((joints, 2)), []
        for j in range(joints):
            shares = np.exp(heatmaps[..., j]) / np.exp(heatmaps[..., j]).sum()
            peaks.append(4 * shares.max())
            for row in range(height):
                for column in range(width):
                    uv[j] += shares[row, column] * np.array([(column + 0.5) / width, (row + 0.5) / height])
        points = 4 * (uv - uv.mean(axis=0))
        areas = [float(np.cross([*points[b] - points[a], 0], [*points[c] - points[a], 0])[2]) for a, b, c in TRIANGLES]
        cues.append(np.concatenate([points[:, 0], points[:, 1], peaks, areas]))
    return np.array(cues)


def test_cues_against_loops(rng) -> None:
    maps = rng.normal(0, 3, (3, 5, 6, 21)).astype(np.float32)
    np.testing.assert_allclose(run(PoseCues(), maps), naive_cues(maps), atol=1e-5)


def test_a_mirror_turns_the_triangles_around(rng) -> None:
    maps = rng.normal(0, 3, (2, 5, 6, 21)).astype(np.float32)
    there, mirrored = run(PoseCues(), maps), run(PoseCues(), np.ascontiguousarray(maps[:, :, ::-1]))
    areas = slice(-len(TRIANGLES), None)
    assert np.abs(there[:, areas]).max() > 0.05
    np.testing.assert_allclose(mirrored[:, areas], -there[:, areas], atol=1e-5)
    np.testing.assert_allclose(mirrored[:, 42:63], there[:, 42:63], atol=1e-5)


def test_pose_cues_as_a_layer(rng) -> None:
    maps = rng.normal(0, 3, (3, 4, 5, 21)).astype(np.float32)
    check_layer(lambda **options: PoseCues(**options), maps)


def test_no_gradient_comes_back(rng) -> None:
    values = rng.normal(size=(2, 3)).astype(np.float32)
    check_layer(lambda **options: StopGradient(**options), values)
    inputs = keras.Input((3,))
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            x = tf.Variable(values)
            total = tf.reduce_sum(StopGradient()(x) * x)
        found = tape.gradient(total, x).numpy()
    else:
        import jax

        found = np.asarray(jax.grad(lambda x: (StopGradient()(x) * x).sum())(values))
    np.testing.assert_allclose(found, values)  # twice that if the first factor were taught
    assert StopGradient()(inputs).shape == (None, 3)

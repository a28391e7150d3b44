"""The triangle that each pixel sees, found by the compiled rasteriser of tensorflow-graphics."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from tfhand.rendering.rasterizer import rasterize


def compiled_triangles(vertices: tf.Tensor, faces: tf.Tensor, intrinsics: tf.Tensor, size: int) -> tf.Tensor:
    """Finds the front-most triangle of each pixel with `tfhand.rendering.rasterizer`, on the CPU.

    Args:
        vertices: (B, V, 3) float32, camera frame, mm.
        faces: (F, 3) int32.
        intrinsics: (B, 4) float32 `fx, fy, u0, v0`, pixels of the map.
        size: pixels along each side.

    Returns:
        (B, size, size) int32 faces, -1 for none. No gradients.
    """

    def run(points: np.ndarray, triangles: np.ndarray, cameras: np.ndarray) -> np.ndarray:
        seen = np.empty((len(points), size, size), np.int32)
        for index, (sample, camera) in enumerate(zip(points, cameras, strict=True)):
            seen[index] = _seen(sample, triangles, camera, size)
        return seen

    seen = tf.numpy_function(run, [vertices, faces, intrinsics], tf.int32, stateful=False)
    return tf.ensure_shape(seen, (vertices.shape[0], size, size))


def _seen(vertices: np.ndarray, faces: np.ndarray, intrinsics: np.ndarray, size: int) -> np.ndarray:
    """Returns the (size, size) int32 faces that one camera sees, without those that have no place."""
    finite = np.isfinite(vertices).all(axis=1)
    if not finite.all():
        faces = np.where(finite[faces].all(axis=1, keepdims=True), faces, 0).astype(np.int32)
        vertices = np.where(finite[:, None], vertices, 0).astype(np.float32)
    return rasterize(vertices, faces, intrinsics, (size, size)).face_ids

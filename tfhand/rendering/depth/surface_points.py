"""Where the surface that pixels see goes when vertices move: what a silhouette's gradients are made of."""

from __future__ import annotations

import tensorflow as tf

from tfhand.rendering.depth.seen_corners import SeenCorners


def surface_points(pixels: SeenCorners) -> tf.Tensor:
    """Projects the point of the surface that each pixel sees, as a point that keeps its place on the surface.

    Its weights in the triangle are held, so its value is the pixel's centre and its derivative by the corners is how
    the surface moves across the picture. `plane_depth` is the other way round: there the ray is held.

    Args:
        pixels: those that see a triangle.

    Returns:
        (B, S, S, 2) float32 `u, v` in 0..1 across the map; 0 where no face is seen.

    References:
        Cole et al., "Differentiable Surface Rendering via Non-Differentiable Sampling", ICCV 2021, section 3.
    """
    weights = tf.stop_gradient(_weights(pixels.corners, pixels.ray))
    point = tf.reduce_sum(weights[..., None] * pixels.corners, axis=1)
    z = tf.maximum(point[:, 2:], 1e-3 * tf.reduce_max(tf.abs(pixels.corners[:, :, 2]), axis=1)[:, None])
    place = point[:, :2] / z * pixels.camera[:, :2] + pixels.camera[:, 2:]
    return pixels.scatter(place / tf.cast(pixels.size[1], tf.float32))


def _weights(corners: tf.Tensor, ray: tf.Tensor) -> tf.Tensor:
    """Weights (N, 3) in space of where rays meet triangles: `w_i ~ ray . (c_j x c_k)`, held inside the triangle."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    across = tf.stack([tf.linalg.cross(b, c), tf.linalg.cross(c, a), tf.linalg.cross(a, b)], axis=1)
    volumes = tf.reduce_sum(across * ray[:, None], axis=2)
    total = tf.reduce_sum(volumes, axis=1, keepdims=True)
    weights = tf.math.divide_no_nan(volumes, total)
    weights = tf.clip_by_value(tf.where(total == 0, tf.fill(tf.shape(volumes), 1 / 3), weights), 0.0, 1.0)
    return weights / tf.reduce_sum(weights, axis=1, keepdims=True)

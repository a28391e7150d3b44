"""The differentiable half of the depth renderer: where each pixel's ray meets the triangle it sees."""

from __future__ import annotations

import tensorflow as tf

from tfhand.rendering.depth.seen_corners import SeenCorners

#: Planes whose normal is this close to perpendicular to the ray (cosine) count as seen edge-on.
_MIN_COSINE = 1e-3
#: A ray may meet its plane this share of the depth beyond the corners' depths, because the backends decide on a
#: triangle's edges in finite precision; beyond that, depths are held.
_SLACK = 1e-3


def plane_depth(pixels: SeenCorners) -> tf.Tensor:
    """Returns the depth of the given triangle on the ray of each pixel, differentiable.

    A ray `z r`, `r = ((x - u0) / fx, (y - v0) / fy, 1)`, meets the plane of a triangle `a, b, c` with normal
    `n = (b - a) x (c - a)` at `z = n.a / n.r`. That is the perspective-correct interpolation, written without
    weights: `z = 1 / sum(l_i / z_i)` with the barycentric weights `l` of the projected triangle. Its derivative
    by corner `i` is `w_i n / n.r`, `w` being the weights in space; it grows with the slope.

    Args:
        pixels: those that see a triangle.

    Returns:
        (B, S, S) float32, mm; 0 where no face is seen.
    """
    corners, ray = pixels.corners, pixels.ray
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    normal = tf.linalg.cross(b - a, c - a)
    along = tf.reduce_sum(normal * ray, axis=1)
    length = tf.stop_gradient(tf.norm(normal, axis=1) * tf.norm(ray, axis=1))
    steep = tf.abs(along) <= _MIN_COSINE * length
    depth = tf.reduce_sum(normal * a, axis=1) / tf.where(steep, tf.ones_like(along), along)
    z = corners[:, :, 2]
    depth = tf.where(steep, tf.reduce_mean(z, axis=1), depth)
    slack = tf.stop_gradient(_SLACK * tf.reduce_max(tf.abs(z), axis=1))
    depth = tf.clip_by_value(depth, tf.reduce_min(z, axis=1) - slack, tf.reduce_max(z, axis=1) + slack)
    return pixels.scatter(depth)

"""The pixels that see a triangle, their rays, and the corners of what they see."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf


class SeenCorners(NamedTuple):
    """The pixels of a batch of maps that see a triangle: N of B S S.

    Attributes:
        place: (N, 3) int64, sample, row and column.
        corners: (N, 3, 3) float32, corners of the triangle, camera frame, mm.
        camera: (N, 4) float32 `fx, fy, u0, v0`, pixels of the map.
        ray: (N, 3) float32, `((x - u0) / fx, (y - v0) / fy, 1)` through the pixel's centre.
        shape: of the maps, known and unknown sides.
        size: (2,) int32, B and S.
    """

    place: tf.Tensor
    corners: tf.Tensor
    camera: tf.Tensor
    ray: tf.Tensor
    shape: tf.TensorShape
    size: tf.Tensor

    def scatter(self, values: tf.Tensor) -> tf.Tensor:
        """Values (N, ...) of those pixels as maps (B, S, S, ...), 0 elsewhere."""
        batch = tf.cast(self.size[0], tf.int64)
        side = tf.cast(self.size[1], tf.int64)
        sides = tf.concat([tf.stack([batch, side, side]), tf.shape(values, tf.int64)[1:]], axis=0)
        return tf.ensure_shape(tf.scatter_nd(self.place, values, sides), self.shape.concatenate(values.shape[1:]))


def seen_corners(vertices: tf.Tensor, faces: tf.Tensor, intrinsics: tf.Tensor, seen: tf.Tensor) -> SeenCorners:
    """Gathers what the pixels see; elsewhere there is no triangle, and no gradient may arise.

    Args:
        vertices: (B, V, 3) float32, camera frame, mm.
        faces: (F, 3) int32.
        intrinsics: (B, 4) float32 `fx, fy, u0, v0`, pixels of the map.
        seen: (B, S, S) int32, the face that each pixel sees, -1 for none.
    """
    hit = seen >= 0
    place = tf.where(hit)
    sample = tf.cast(place[:, 0], tf.int32)
    corner = tf.gather(faces, tf.boolean_mask(seen, hit))
    index = sample[:, None] * tf.shape(vertices)[1] + corner
    corners = tf.gather(tf.reshape(vertices, (-1, 3)), index)
    camera = tf.gather(intrinsics, sample)
    centre = tf.cast(place[:, 2:0:-1], tf.float32) + 0.5
    ray = tf.concat([(centre - camera[:, 2:]) / camera[:, :2], tf.ones_like(centre[:, :1])], axis=1)
    return SeenCorners(place, corners, camera, ray, seen.shape, tf.shape(seen)[:2])

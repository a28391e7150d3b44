"""The triangle that each pixel sees, found by TensorFlow operations alone, in bounded memory.

Every triangle is tested against the pixels of its bounding box. The pairs of a triangle and a pixel are numbered
through the whole batch and worked off in blocks; a mesh of 2,500 triangles covers a 32 x 32 map with a few
thousand pairs, so that a batch takes one block or two.

The test is that of Olano and Greer, "Triangle Scan Conversion using 2D Homogeneous Coordinates", 1997, which needs
no clipping: with the corners `a, b, c` in space and the ray `r`, the shares `(b x c).r / det`, `(c x a).r / det`
and `(a x b).r / det` are the weights of the corners divided by the depth, so that the ray meets the triangle in
front of the camera where none is negative.
"""

from __future__ import annotations

import tensorflow as tf

from tfhand.rendering.rasterizer import NEAR_MM

#: Pairs of a triangle and a pixel tested at once; a pair takes about 200 bytes.
_BLOCK = 1 << 18
#: Pixels by which bounding boxes are larger than they must be, against rounding.
_MARGIN = 0.01
#: Triangles whose plane passes the camera's centre this closely (sine of the angle) are seen edge-on.
_EDGE_ON = 1e-6


def tensor_triangles(vertices: tf.Tensor, faces: tf.Tensor, intrinsics: tf.Tensor, size: int) -> tf.Tensor:
    """Finds the front-most triangle of each pixel; the one of the smaller number of two at the same depth.

    Args:
        vertices: (B, V, 3) float32, camera frame, mm.
        faces: (F, 3) int32.
        intrinsics: (B, 4) float32 `fx, fy, u0, v0`, pixels of the map.
        size: pixels along each side.

    Returns:
        (B, size, size) int32 faces, -1 for none. No gradients.
    """
    samples, count = tf.shape(vertices)[0], tf.shape(faces)[0]
    corners = tf.reshape(tf.gather(vertices, faces, axis=1), (-1, 3, 3))
    cameras = tf.repeat(intrinsics, count, axis=0)
    first, last = _boxes(corners, cameras, size)
    kept = tf.where(tf.reduce_all(last >= first, axis=1))[:, 0]
    triangles = {
        "corners": tf.gather(corners, kept),
        "first": tf.gather(first, kept),
        "extent": tf.gather(last - first + 1, kept),
        "number": tf.cast(kept, tf.int32),
    }
    areas = tf.reduce_prod(tf.cast(triangles["extent"], tf.int64), axis=1)
    ends = tf.cumsum(areas)
    pairs = tf.reduce_sum(areas)
    pixels = samples * size * size
    none = tf.fill([pixels], -1)

    def work(start: tf.Tensor, nearest: tf.Tensor, seen: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        pair = tf.range(start, tf.minimum(start + _BLOCK, pairs))
        owner = tf.searchsorted(ends, pair, side="right")
        offset = tf.cast(pair - tf.gather(ends - areas, owner), tf.int32)
        place, inverse, number = _hits(triangles, owner, offset, intrinsics, count, size)
        block = tf.math.unsorted_segment_max(inverse, place, pixels)
        winner = tf.where(tf.equal(inverse, tf.gather(block, place)))[:, 0]
        number = tf.math.unsorted_segment_min(tf.gather(number, winner), tf.gather(place, winner), pixels)
        better = block > nearest
        return start + _BLOCK, tf.where(better, block, nearest), tf.where(better, number, seen)

    state = (tf.zeros((), tf.int64), tf.zeros([pixels]), none)
    seen = tf.while_loop(lambda start, *_: start < pairs, work, state, parallel_iterations=1)[2]
    return tf.ensure_shape(tf.reshape(seen, (-1, size, size)), (vertices.shape[0], size, size))


def _boxes(corners: tf.Tensor, cameras: tf.Tensor, size: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the first and the last column and row whose pixels each triangle may cover.

    Args:
        corners: (T, 3, 3) float32, camera frame, mm.
        cameras: (T, 4) float32.
        size: pixels along each side.

    Returns:
        Two (T, 2) int32; first > last for triangles that aren't in the picture at all.
    """
    z = corners[:, :, 2]
    usable = tf.reduce_all(tf.math.is_finite(corners), axis=(1, 2)) & tf.reduce_any(z > NEAR_MM, axis=1)
    whole = usable & tf.reduce_any(z < NEAR_MM, axis=1)
    safe = tf.where(z >= NEAR_MM, z, tf.ones_like(z))[:, :, None]
    place = corners[:, :, :2] / safe * cameras[:, None, :2] + cameras[:, None, 2:]
    low = tf.math.ceil(tf.reduce_min(place, axis=1) - 0.5 - _MARGIN)
    high = tf.math.floor(tf.reduce_max(place, axis=1) - 0.5 + _MARGIN)
    low = tf.where(whole[:, None], tf.zeros_like(low), low)
    high = tf.where(whole[:, None], tf.fill(tf.shape(high), size - 1.0), high)
    # Triangles that may not be drawn get numbers first, lest NaN be cast to an integer.
    low = tf.where(usable[:, None], tf.clip_by_value(low, 0.0, float(size)), tf.ones_like(low))
    high = tf.where(usable[:, None], tf.clip_by_value(high, -1.0, size - 1.0), tf.zeros_like(high))
    return tf.cast(low, tf.int32), tf.cast(high, tf.int32)


def _hits(
    triangles: dict[str, tf.Tensor], owner: tf.Tensor, offset: tf.Tensor, intrinsics: tf.Tensor, count: tf.Tensor,
    size: int,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:  # fmt: skip
    """Tests pairs of triangles and pixels, and returns those where the pixel's ray meets the triangle.

    Args:
        triangles: corners, boxes and numbers (through the batch) of the triangles in the picture.
        owner: (N,) int, the triangle of each pair.
        offset: (N,) int32, which pixel of the triangle's box.
        intrinsics: (B, 4) float32.
        count: triangles a sample.
        size: pixels along each side of a map.

    Returns:
        (M,) int32 pixels, numbered through the batch; (M,) float32 1 / depth; (M,) int32 faces.
    """
    number, width = tf.gather(triangles["number"], owner), tf.gather(triangles["extent"][:, 0], owner)
    sample = number // count
    pixel = tf.gather(triangles["first"], owner) + tf.stack([offset % width, offset // width], axis=1)
    camera = tf.gather(intrinsics, sample)
    centre = (tf.cast(pixel, tf.float32) + 0.5 - camera[:, 2:]) / camera[:, :2]
    ray = tf.concat([centre, tf.ones_like(centre[:, :1])], axis=1)
    corners = tf.gather(triangles["corners"], owner)
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    normal = tf.linalg.cross(b - a, c - a)
    determinant = tf.reduce_sum(normal * a, axis=1)
    sign = tf.sign(determinant)
    inside = tf.abs(determinant) > _EDGE_ON * tf.norm(normal, axis=1) * tf.norm(a, axis=1)
    for start, end in ((b, c), (c, a), (a, b)):
        inside &= tf.reduce_sum(tf.linalg.cross(start, end) * ray, axis=1) * sign >= 0
    inverse = tf.math.divide_no_nan(tf.reduce_sum(normal * ray, axis=1), determinant)
    hit = inside & (inverse > 0) & (inverse * NEAR_MM < 1)
    place = (sample * size + pixel[:, 1]) * size + pixel[:, 0]
    return tuple(tf.boolean_mask(value, hit) for value in (place, inverse, number % count))

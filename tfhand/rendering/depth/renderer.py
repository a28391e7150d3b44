"""Differentiable depth maps of a batch of meshes."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import tensorflow as tf

from tfhand.compiled import KernelError
from tfhand.rendering.depth.compiled_triangles import compiled_triangles
from tfhand.rendering.depth.plane_depth import plane_depth
from tfhand.rendering.depth.seen_corners import SeenCorners, seen_corners
from tfhand.rendering.depth.surface_points import surface_points
from tfhand.rendering.depth.tensor_triangles import tensor_triangles
from tfhand.rendering.kernel import load_library

#: Ways to find the triangle that each pixel sees, by name.
BACKENDS = {"tfg": compiled_triangles, "tf": tensor_triangles}
#: Pixels along each side of the method's depth maps.
DEFAULT_SIZE = 32


def render_depth(
    vertices: Any, faces: Any, intrinsics: Any, size: int = DEFAULT_SIZE, backend: str = "auto"
) -> tf.Tensor:
    """Renders the depth maps that pinhole cameras see of meshes.

    Pixel (column i, row j) is sampled at its centre (i + 0.5, j + 0.5). It holds the z of the front-most
    triangle on its ray, whichever side of it is seen. Triangles may lie off screen or behind the camera; what
    is nearer than `tfhand.rendering.rasterizer.NEAR_MM`, degenerate triangles and those with a corner that is
    not finite draw nothing.

    Gradients flow into the vertices, and into the intrinsics. They are the exact ones of the surface that each
    pixel sees; that a pixel may come to see another triangle, at an outline, has no gradient (`render_surface` has
    what it takes for one). Works eagerly and inside `tf.function`, not under XLA.

    Args:
        vertices: (B, V, 3) float, camera frame (OpenCV: x right, y down, z forward), mm.
        faces: (F, 3) integers, indices into the vertices, either winding; the same for all samples.
        intrinsics: (B, 4) float `fx, fy, u0, v0` in pixels of the depth map (see `map_intrinsics`).
        size: pixels along each side of the maps.
        backend: `"tfg"`, the kernel of tensorflow-graphics (compiled once, runs on the CPU); `"tf"`, TensorFlow
            alone, on any device; `"auto"`: see `default_backend`.

    Returns:
        (B, size, size) float32, mm; 0 where there is nothing.

    Raises:
        ValueError: wrong shapes, face indices out of range (where they are known), an unknown backend.
        KernelError: the backend is `"tfg"` and the kernel can't be built; the message says what to install.
    """
    return plane_depth(_seen(vertices, faces, intrinsics, size, backend))


def render_surface(
    vertices: Any, faces: Any, intrinsics: Any, size: int = DEFAULT_SIZE, backend: str = "auto"
) -> tuple[tf.Tensor, tf.Tensor]:
    """Renders depth maps, and how the surface moves across them.

    Args:
        vertices, faces, intrinsics, size, backend: see `render_depth`.

    Returns:
        depth: (B, size, size) float32, mm, as of `render_depth`.
        points: (B, size, size, 2) float32 `u, v` in 0..1 across the map: the pixel's own centre where there is a
            surface, 0 elsewhere, with the gradients of the point of the surface that is there (see `surface_points`;
            `tfhand.losses.SilhouetteLoss` uses them).

    Raises:
        ValueError, KernelError: see `render_depth`.
    """
    pixels = _seen(vertices, faces, intrinsics, size, backend)
    return plane_depth(pixels), surface_points(pixels)


def _seen(vertices: Any, faces: Any, intrinsics: Any, size: int, backend: str) -> SeenCorners:
    """Checks what `render_depth` is given, and finds what the pixels see."""
    if int(size) != size or size < 1:
        raise ValueError(f"size: expected a positive number of pixels, got {size}.")
    if backend == "auto":
        backend = default_backend()
    if backend not in BACKENDS:
        raise ValueError(f"backend: expected 'auto' or one of {', '.join(map(repr, BACKENDS))}, got {backend!r}.")
    if backend == "tfg":
        load_library()
    vertices = tf.cast(tf.convert_to_tensor(vertices), tf.float32)
    intrinsics = tf.cast(tf.convert_to_tensor(intrinsics), tf.float32)
    _check_shape("vertices", vertices, (None, None, 3))
    _check_shape("intrinsics", intrinsics, (vertices.shape[0], 4))
    faces = _checked_faces(faces, vertices.shape[1])
    seen = BACKENDS[backend](tf.stop_gradient(vertices), faces, tf.stop_gradient(intrinsics), int(size))
    return seen_corners(vertices, faces, intrinsics, tf.stop_gradient(seen))


def map_intrinsics(camera: Any, size: int = DEFAULT_SIZE) -> tf.Tensor:
    """Returns the intrinsics of a depth map that covers exactly the crop of a camera vector.

    Args:
        camera: (B, 7) camera vectors of crops (see `tfhand.geometry.camera`).
        size: pixels along each side of the depth map.

    Returns:
        (B, 4) float32 `fx, fy, u0, v0`, pixels of the depth map.
    """
    return tf.cast(tf.convert_to_tensor(camera), tf.float32)[:, :4] * float(size)


@functools.cache
def default_backend() -> str:
    """Returns `"tf"` where TensorFlow has a GPU or the kernel can't be built here, else `"tfg"`."""
    if tf.config.list_physical_devices("GPU"):
        return "tf"
    try:
        load_library()
    except KernelError:
        return "tf"
    return "tfg"


def _check_shape(name: str, value: tf.Tensor, expected: tuple[int | None, ...]) -> None:
    """Raises ValueError unless the known part of the shape fits."""
    if not value.shape.is_compatible_with(expected):
        wanted = ", ".join("any" if side is None else str(side) for side in expected)
        raise ValueError(f"{name}: expected shape ({wanted}), got {value.shape}.")


def _checked_faces(faces: Any, vertex_count: int | None) -> tf.Tensor:
    """Returns the faces as (F, 3) int32, or raises ValueError."""
    tensor = tf.convert_to_tensor(faces)
    if not tensor.dtype.is_integer:
        raise ValueError(f"faces: expected integers, got {tensor.dtype.name}.")
    _check_shape("faces", tensor, (None, 3))
    values = tf.get_static_value(tensor)
    if values is not None and values.size and vertex_count is not None:
        low, high = int(np.min(values)), int(np.max(values))
        if low < 0 or high >= vertex_count:
            raise ValueError(f"faces: expected indices in 0..{vertex_count - 1}, got {low}..{high}.")
    return tf.cast(tensor, tf.int32)

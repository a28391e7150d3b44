"""Depth maps of predicted meshes, for the losses that compare them with measured ones and for pictures."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfhand.geometry.camera_ops import uvd_to_xyz


def predicted_surface(vertices_uvd: Any, camera: Any, faces: np.ndarray, size: int) -> dict[str, Any]:
    """Renders predicted meshes from the cameras of their crops, differentiably.

    Args:
        vertices_uvd: (B, V, 3) crop-normalised vertices, any floating dtype.
        camera: (B, 7) camera vectors of the crops (see `tfhand.geometry`).
        faces: (F, 3) triangles.
        size: pixels along each side of the maps.

    Returns:
        depth_map: (B, size, size) float32, mm; 0 where there is no hand.
        surface_uv: (B, size, size, 2) float32, see `render_surface`.

    Raises:
        ValueError, KernelError: see `check_renderer` and `tfhand.rendering.depth.renderer.render_surface`.
    """
    check_renderer()
    from tfhand.rendering.depth.renderer import map_intrinsics, render_surface

    camera = keras.ops.cast(camera, "float32")
    vertices = uvd_to_xyz(keras.ops.cast(vertices_uvd, "float32"), camera)
    depth, points = render_surface(vertices, faces, map_intrinsics(camera, size), size)
    return {"depth_map": depth, "surface_uv": points}


def check_renderer(jit_compile: bool = False) -> None:
    """Looks whether training can render, before long work.

    Args:
        jit_compile: whether the training step is to be compiled with XLA.

    Raises:
        ValueError: Keras runs on another backend than TensorFlow, or XLA is asked for.
    """
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise ValueError(
            f"losses: 'depth' needs a renderer, which Keras' backend tensorflow has, got backend {backend}; "
            "set KERAS_BACKEND=tensorflow, or leave the term out"
        )
    if jit_compile:
        raise ValueError("jit_compile: expected false with the loss 'depth', got true; XLA can't compile its renderer")

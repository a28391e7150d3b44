"""From samples to colours: vertex attributes at samples, and the light that they reflect.

Vectors are in the camera frame, colours linear RGB, everything float32. The loops are in surface.cc and shade.cc.
"""

from __future__ import annotations

import ctypes

import numpy as np

from tfhand.rendering.kernel import call
from tfhand.rendering.lighting import ENVIRONMENT_SIZE, LightParams
from tfhand.rendering.look import SurfaceLook
from tfhand.rendering.samples import Samples
from tfhand.rendering.shadows import ShadowMap


def surface_at(
    attributes: np.ndarray, faces: np.ndarray, samples: Samples, focal: float
) -> tuple[np.ndarray, np.ndarray]:
    """Interpolates vertex attributes at samples.

    Args:
        attributes: (V, C) float32, the first three a normal.
        faces: (F, 3) int32, indices into the vertices.
        samples: where.
        focal: focal length, pixels.

    Returns:
        values (C, N) float32, a row for each attribute; the normal is unit, and turned to the camera where it
        points well away from it. footprint (N,) float32: mm of surface that a pixel covers.

    Raises:
        ValueError: faces or samples out of range.
    """
    attributes, faces = np.ascontiguousarray(attributes, np.float32), np.ascontiguousarray(faces, np.int32)
    for name, indices, limit in (("face_ids", samples.face_ids, len(faces)), ("faces", faces, len(attributes))):
        if indices.size and (indices.min() < 0 or indices.max() >= limit):
            raise ValueError(f"{name}: expected 0..{limit - 1}, got {indices.min()}..{indices.max()}.")
    count, channels = len(samples.face_ids), attributes.shape[1]
    values, footprint = np.empty((channels, count), np.float32), np.empty(count, np.float32)
    call(
        "tfhand_surface_at", attributes, channels, faces, samples.face_ids, samples.barycentric, samples.points, count,
        focal, values, footprint,
    )  # fmt: skip
    return values, footprint


def shade(
    points: np.ndarray,
    values: np.ndarray,
    look: SurfaceLook,
    lights: LightParams,
    environment: np.ndarray,
    shadows: list[ShadowMap | None],
    softness: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Shades samples: wrapped diffuse light that reddens at the terminator, GGX reflection, the environment's mirror.

    Args:
        points: (N, 3) float32 camera frame, mm.
        values: (C, N) float32 from `surface_at`; rows 0-2 the normal, 3-8 the gradients of the relief's two
            coordinates, the last four the ambient irradiance and the openness.
        look: what the surface is like.
        lights: the lighting.
        environment: its map (see `lighting.environment_map`).
        shadows: one for each light, None for lights that cast none.
        softness: 0 (chalk) .. 1 (soft skin).

    Returns:
        colours (N, 3) float32 and the sum of the irradiance over the samples (3,) float64.
    """
    count = len(points)
    addresses = (ctypes.c_void_p * max(len(shadows), 1))(*(shadow and shadow.address for shadow in shadows))
    colours, total = np.empty((count, 3), np.float32), np.zeros(3)
    call(
        "tfhand_shade", count, points, values, len(values) - 4, look.albedo, look.slope_x, look.slope_y, look.roughness,
        look.f0, look.shine, len(lights.directions), lights.directions, lights.colours, addresses, environment,
        ENVIRONMENT_SIZE, softness, colours, total,
    )  # fmt: skip
    return colours, total

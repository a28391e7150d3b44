"""A ray caster in plain loops over triangles, to compare the rasteriser with."""

from __future__ import annotations

import numpy as np


def cast_rays(vertices_mm, faces, intrinsics, size, near_mm=1.0):
    """Intersects the ray through each pixel's centre with every triangle (Moller and Trumbore, 1997).

    Args:
        vertices_mm: (V, 3) camera frame, mm.
        faces: (F, 3) integers.
        intrinsics: (4,) fx, fy, u0, v0 in pixels.
        size: (height, width).
        near_mm: hits nearer than this don't count.

    Returns:
        face_ids (H, W) int, -1 for none; barycentric (H, W, 3) float64; depth (H, W) float64, 0 for none;
        margin (H, W) float64: how far (in barycentric units) the pixel is from an edge of any triangle.
    """
    height, width = size
    fx, fy, u0, v0 = (float(value) for value in intrinsics)
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    rays = np.stack([(columns - u0) / fx, (rows - v0) / fy, np.ones_like(columns)], axis=-1)
    ids = np.full(size, -1)
    weights = np.zeros((*size, 3))
    depth = np.full(size, np.inf)
    margin = np.full(size, np.inf)
    for index, face in enumerate(faces):
        a, b, c = np.asarray(vertices_mm, np.float64)[face]
        cross = np.cross(rays, c - a)
        determinant = cross @ (b - a)
        if not np.any(np.abs(determinant) > 1e-9):
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            w1 = cross @ -a / determinant
            q = np.cross(-a, b - a)
            w2 = rays @ q / determinant
            z = (c - a) @ q / determinant
        bary = np.stack([1 - w1 - w2, w1, w2], axis=-1)
        ahead = np.isfinite(z) & (z > 0)
        near_triangle = ahead & (bary.min(axis=-1) > -0.2)
        margin = np.where(near_triangle, np.minimum(margin, np.abs(bary).min(axis=-1)), margin)
        hit = ahead & (z > near_mm) & np.all(bary >= 0, axis=-1) & (z < depth)
        ids[hit], weights[hit], depth[hit] = index, bary[hit], z[hit]
    depth[ids < 0] = 0
    return ids, weights, depth, margin

"""Shading, shadows, normals and textures in plain NumPy, to compare the compiled loops with."""

from __future__ import annotations

import numpy as np

WRAP = np.array([0.34, 0.14, 0.08])
BLUR = np.array([0.75, 0.4, 0.25])
LIFT_MM = 1.2


def dot(a, b):
    """Row-wise dot product (N,) of (N, 3) arrays."""
    return (a * b).sum(axis=1)


def normalised(vectors):
    """Returns (N, 3) vectors with length 1."""
    return vectors / np.sqrt(np.maximum(dot(vectors, vectors), 1e-12))[:, None]


def bent_normals(normals, tangents, slope_x, slope_y):
    """Tilts unit normals (N, 3) by slopes (N,) of a relief in coordinates with gradients (N, 6) (Blinn 1978)."""
    return normalised(normals - slope_x[:, None] * tangents[:, :3] - slope_y[:, None] * tangents[:, 3:])


def sheltered(n_relief, n_smooth):
    """Cosines of light on a relief, limited by those on the smooth surface (see shade.cc)."""
    return np.minimum(n_relief, 0.06 + 1.6 * np.maximum(n_smooth, -0.1))


def diffuse(smooth, bent, light, visibility, softness):
    """Diffuse irradiance factor (N, 3) from one light, wrapped and reddened at the terminator and in half shadow."""
    n_smooth = smooth @ light
    n_bent = sheltered(bent @ light, n_smooth)
    blur, wrap = softness * BLUR, softness * WRAP
    cosine = n_bent[:, None] + (n_smooth - n_bent)[:, None] * blur
    cosine = np.maximum((cosine + wrap) / (1 + wrap), 0)
    return cosine * visibility[:, None] * (1 + (1 - visibility)[:, None] * 0.5 * blur)


def specular(normals, view, light, roughness, f0, smooth=None):
    """Specular reflection (N,) of one light, times the cosine: GGX with Schlick's Fresnel (Walter et al. 2007)."""
    half = normalised(view + light)
    n_l, n_v = normals @ light, np.maximum(dot(normals, view), 0.05)
    n_l = np.maximum(n_l if smooth is None else sheltered(n_l, smooth @ light), 0)
    n_h, v_h = np.clip(dot(normals, half), 0, 1), np.clip(dot(view, half), 0, 1)
    alpha = roughness**2
    density = alpha**2 / (4 * (n_h**2 * (alpha**2 - 1) + 1) ** 2)
    k = alpha / 2
    return density * n_l / ((n_l * (1 - k) + k) * (n_v * (1 - k) + k)) * (f0 + (1 - f0) * (1 - v_h) ** 5)


def shade(points, values, look, lights, shadows, softness):
    """What `shading.shade` gives, with the environment's radiance itself for the mirror."""
    smooth, tangents, view = values[:3].T, values[3:9].T, normalised(-points)
    bent = bent_normals(smooth, tangents, look.slope_x, look.slope_y)
    glossy = normalised(smooth + bent)
    irradiance, gloss = values[-4:-1].T.astype(float), np.zeros((len(points), 3))
    for direction, colour, shadow in zip(lights.directions, lights.colours, shadows, strict=True):
        seen = np.ones(len(points)) if shadow is None else shadow.lit_share(points + LIFT_MM * smooth)
        irradiance += diffuse(smooth, bent, direction, seen, softness) * colour
        gloss += (specular(glossy, view, direction, look.roughness, look.f0, smooth) * seen)[:, None] * colour
    n_v = np.clip(dot(glossy, view), 0, 1)
    share = look.f0 + 0.5 * (np.maximum(1 - look.roughness, look.f0) - look.f0) * (1 - n_v) ** 5
    mirror = lights.radiance(2 * dot(glossy, view)[:, None] * glossy - view) * (share * values[-1])[:, None]
    return irradiance * look.albedo.T + (gloss + mirror) * look.shine[:, None], irradiance.sum(axis=0)


def depth_map(vertices, faces, frame, ball, size):
    """Nearest depth (size, size) by loops over texels and triangles, infinity for none, and how near edges are."""
    scale = (size / 2 - 1) / ball[1]
    projected = (vertices - ball[0]) @ frame.T.astype(np.float64)
    projected[:, :2] = projected[:, :2] * scale + size / 2
    depth, margin = np.full((size, size), np.inf), np.full((size, size), np.inf)
    for face in faces:
        a, b, c = projected[face]
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if abs(area) < 1e-6:
            continue
        for row in range(1, size - 1):
            for column in range(1, size - 1):
                x, y = column + 0.5 - a[0], row + 0.5 - a[1]
                u = (x * (c[1] - a[1]) - y * (c[0] - a[0])) / area
                v = (y * (b[0] - a[0]) - x * (b[1] - a[1])) / area
                margin[row, column] = min(margin[row, column], np.abs([u, v, 1 - u - v]).min())
                if min(u, v, 1 - u - v) >= 0:
                    depth[row, column] = min(depth[row, column], a[2] + u * (b[2] - a[2]) + v * (c[2] - a[2]))
    return depth, margin


def lit_share(depth, points, frame, ball, taps, softness_mm):
    """How lit each point is, by loops over points, taps (x, y, bias in mm) and texels."""
    size = len(depth)
    scale = (size / 2 - 1) / ball[1]
    lit = np.zeros(len(points))
    for place, point in enumerate(points):
        x, y, z = (point - ball[0]) @ frame.T.astype(np.float64)
        for right, down, bias in taps:
            u, v = (x + right) * scale + size / 2 - 0.5, (y + down) * scale + size / 2 - 0.5
            column, row = int(np.floor(u)), int(np.floor(v))
            for i, j, weight in (
                (0, 0, (1 - u + column) * (1 - v + row)),
                (1, 0, (u - column) * (1 - v + row)),
                (0, 1, (1 - u + column) * (v - row)),
                (1, 1, (u - column) * (v - row)),
            ):
                inside = 0 <= row + j < size and 0 <= column + i < size
                seen = depth[row + j, column + i] if inside else np.inf
                lit[place] += weight * np.clip(1 - (z - bias - seen) / softness_mm, 0, 1) / len(taps)
    return lit


def frames(vertices, atlas, faces):
    """Area-weighted unit normals (V, 3) and gradients (V, 6) of the atlas, by a loop over faces."""
    normals, gradients = np.zeros((len(vertices), 3)), np.zeros((len(vertices), 6))
    areas = np.zeros(len(vertices))
    for face in faces:
        a, b, c = vertices[face].astype(np.float64)
        cross = np.cross(b - a, c - a)
        area = np.linalg.norm(cross)
        # The gradient g in the triangle's plane solves g . (b - a) = du_b, g . (c - a) = du_c, g . n = 0.
        system = np.stack([b - a, c - a, cross / area])
        both = [np.linalg.solve(system, [*(atlas[face[1:], k] - atlas[face[0], k]), 0]) for k in range(2)]
        normals[face] += cross
        gradients[face] += area * np.concatenate(both)
        areas[face] += area
    return normalised(normals), np.clip(gradients / areas[:, None], -2, 2)


def bilinear(image, x, y, wraps):
    """`image` (rows, columns, 4) at points in texels, by a loop: (4, N)."""
    rows, columns = image.shape[:2]
    out = np.zeros((4, len(x)))
    for place, (px, py) in enumerate(zip(x.astype(float), y.astype(float), strict=True)):
        if not wraps:
            px, py = np.clip(px, 0, columns - 1), np.clip(py, 0, rows - 1)
        column, row = int(np.floor(px)), int(np.floor(py))
        for i, j in ((0, 0), (1, 0), (0, 1), (1, 1)):
            weight = (1 - abs(px - column - i)) * (1 - abs(py - row - j))
            r, c = (row + j, column + i)
            texel = image[r % rows, c % columns] if wraps else image[min(r, rows - 1), min(c, columns - 1)]
            out[:, place] += weight * texel
    return out

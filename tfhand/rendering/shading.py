"""Light reflected by points on a hand: diffuse skin with light spreading under it, and a specular surface.

Arrays hold one row a shaded sample; everything is linear RGB in float32, vectors in the camera frame.
"""

from __future__ import annotations

import numpy as np

#: Reflectance of skin at normal incidence (index of refraction 1.4), and of nails.
_F0_SKIN, _F0_NAIL = 0.028, 0.045
#: How far diffuse light wraps around the terminator, and how much the fine relief is blurred, per channel:
#: red light travels farthest under the skin (d'Eon and Luebke, GPU Gems 3, chapter 14, for the order of magnitude).
_WRAP = np.array([0.34, 0.14, 0.08], np.float32)
_BLUR = np.array([0.75, 0.4, 0.25], np.float32)


def bent_normals(
    normals: np.ndarray, tangents: np.ndarray, slope_x: np.ndarray, slope_y: np.ndarray
) -> np.ndarray:
    """Tilts normals by the slope of a relief drawn in atlas coordinates (bump mapping, Blinn 1978).

    Args:
        normals: (N, 3) unit.
        tangents: (N, 6) surface gradients of the atlas' x and y.
        slope_x, slope_y: (N,) derivatives of the relief's height by the atlas' x and y.

    Returns:
        (N, 3) unit normals.
    """
    bent = normals - slope_x[:, None] * tangents[:, :3] - slope_y[:, None] * tangents[:, 3:]
    return normalised(bent)


def diffuse(
    smooth: np.ndarray, bent: np.ndarray, light: np.ndarray, visibility: np.ndarray, softness: float
) -> np.ndarray:
    """Diffuse irradiance factor per channel from one light, wrapped and reddened at the terminator.

    Args:
        smooth, bent: (N, 3) unit normals without and with the fine relief.
        light: (3,) unit vector towards the light.
        visibility: (N,) share of the light that arrives.
        softness: 0 (chalk) .. 1 (soft skin).

    Returns:
        (N, 3) float32.
    """
    n_smooth, n_bent = smooth @ light, bent @ light
    blur, wrap = softness * _BLUR, softness * _WRAP
    cosine = n_bent[:, None] + (n_smooth - n_bent)[:, None] * blur
    cosine = np.maximum((cosine + wrap) * (1 / (1 + wrap)), 0)
    # A shadow's edge also bleeds red: raise the visibility of the long-travelling channels.
    bleed = (1 - visibility)[:, None] * (0.5 * softness * _BLUR)
    bleed += 1
    bleed *= visibility[:, None]
    return cosine * bleed


def specular(
    normals: np.ndarray, view: np.ndarray, light: np.ndarray, roughness: np.ndarray, f0: np.ndarray
) -> np.ndarray:
    """Specular reflection of one light, times the cosine: GGX with Schlick's Fresnel (Walter et al. 2007).

    Args:
        normals: (N, 3) unit.
        view: (N, 3) unit, towards the camera.
        light: (3,) unit, towards the light.
        roughness: (N,) perceptual roughness.
        f0: (N,) reflectance at normal incidence.

    Returns:
        (N,) float32.
    """
    half = normalised(view + light)
    n_l = np.maximum(normals @ light, 0)
    n_v = np.maximum(dot(normals, view), 0.05)
    n_h = np.clip(dot(normals, half), 0, 1)
    v_h = np.clip(dot(view, half), 0, 1)
    alpha = roughness * roughness
    alpha2 = alpha * alpha
    spread = n_h * n_h * (alpha2 - 1) + 1
    density = alpha2 / (np.float32(4) * spread * spread)
    k = alpha * np.float32(0.5)
    # The visibility term divides by n_l and n_v; the cosine n_l is multiplied back in the last factor.
    visibility = n_l / ((n_l * (1 - k) + k) * (n_v * (1 - k) + k))
    return density * visibility * (f0 + (1 - f0) * (1 - v_h) ** 5)


def environment_reflectance(normals: np.ndarray, view: np.ndarray, roughness: np.ndarray, f0: np.ndarray) -> np.ndarray:
    """Share (N,) of the environment reflected specularly, less for rough surfaces (Lagarde's Fresnel fit)."""
    n_v = np.clip(dot(normals, view), 0, 1)
    grazing = np.maximum(1 - roughness, f0)
    return f0 + 0.5 * (grazing - f0) * (1 - n_v) ** 5


def reflected(normals: np.ndarray, view: np.ndarray) -> np.ndarray:
    """Returns the mirror directions (N, 3) of `view` (N, 3) about `normals` (N, 3)."""
    return 2 * dot(normals, view)[:, None] * normals - view


def specular_f0(nail: np.ndarray) -> np.ndarray:
    """Returns the reflectance at normal incidence (N,) for the nail weight (N,)."""
    return (_F0_SKIN + (_F0_NAIL - _F0_SKIN) * nail).astype(np.float32)


def dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Row-wise dot product (N,) of (N, 3) arrays."""
    return np.einsum("ij,ij->i", a, b)


def normalised(vectors: np.ndarray) -> np.ndarray:
    """Returns (N, 3) vectors with length 1."""
    return vectors * (1 / np.sqrt(np.maximum(dot(vectors, vectors), 1e-12)))[:, None]

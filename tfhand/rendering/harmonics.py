"""Environments as spherical harmonics: nine coefficients a colour channel describe light from all around.

Convention: real, orthonormal harmonics of bands 0 to 2 without the Condon-Shortley phase, in the order
`Y00, Y1-1, Y10, Y11, Y2-2, Y2-1, Y20, Y21, Y22`, that is 1, y, z, x, xy, yz, 3z^2 - 1, xz, x^2 - y^2 times their
constants, of unit vectors in the camera frame (x right, y down, z forward). A function is the sum of its
coefficients times these; a coefficient is the function's integral against its harmonic over the sphere.

References:
    Ramamoorthi and Hanrahan, "An efficient representation for irradiance environment maps", 2001.
    Sloan, "Stupid spherical harmonics tricks", 2008: projection of discs and windowing against ringing.
"""

from __future__ import annotations

import numpy as np

#: The band of each coefficient.
BANDS = np.array([0, 1, 1, 1, 2, 2, 2, 2, 2])
_CONSTANTS = np.sqrt(np.array([1, 3, 3, 3, 15, 15, 1.25, 15, 3.75]) / (4 * np.pi))
#: A function's mean over the sphere is its first coefficient times this.
MEAN = float(_CONSTANTS[0])
#: Lanczos' factors on the bands: a small bright source rings less; what still falls below 0 is clipped by `evaluate`.
_WINDOW = np.sinc(np.arange(3) / 3)[BANDS]


def basis(directions: np.ndarray) -> np.ndarray:
    """Returns the nine harmonics (N, 9) float64 at unit `directions` (N, 3)."""
    x, y, z = np.asarray(directions, np.float64).T
    columns = [np.ones_like(x), y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y]
    return np.stack(columns, axis=1) * _CONSTANTS


def disc_coefficients(directions: np.ndarray, half_angles: np.ndarray, windowed: bool = True) -> np.ndarray:
    """Projects discs of radiance 1 in an otherwise dark sphere.

    By the Funk-Hecke theorem a disc's coefficients are the harmonics at its centre, times a factor a band: `2 pi`
    times the integral of the band's Legendre polynomial from the cosine of the half angle to 1.

    Args:
        directions: (K, 3) unit vectors to the discs' centres.
        half_angles: (K,) their angular radii, rad: `pi / 2` is a half-space, `pi` the whole sphere.
        windowed: whether the bands are damped so that the sum rings less.

    Returns:
        (K, 9) float64.
    """
    edge = np.cos(half_angles)
    factors = 2 * np.pi * np.stack([1 - edge, (1 - edge**2) / 2, (edge - edge**3) / 2], axis=1)
    # A factor is that of a coefficient with its harmonic normalised to 1 at the pole, which `basis` brings in.
    factors = factors[:, BANDS] * basis(directions)
    return factors * _WINDOW if windowed else factors


def evaluate(harmonics: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """Returns radiance (N, 3) float32, at least 0, from `basis` at N directions (N, 9) and coefficients (9, 3)."""
    return np.maximum(harmonics @ coefficients, 0).astype(np.float32)

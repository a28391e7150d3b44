"""Colours of light: black bodies and coloured filters, in linear sRGB."""

from __future__ import annotations

import numpy as np

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
_SRGB_FROM_XYZ = np.array(
    [[3.2404542, -1.5371385, -0.4985314], [-0.9692660, 1.8760108, 0.0415560], [0.0556434, -0.2040259, 1.0572252]]
)
#: Temperatures that the fit is made for, kelvin.
KELVIN_RANGE = (1667.0, 25000.0)
#: Colours outside sRGB, such as the blue of candle light, are kept above this share of the luminance.
_LEAST = 0.01


def blackbody(kelvin: np.ndarray) -> np.ndarray:
    """Returns the linear sRGB colours (K, 3), of luminance 1, of black bodies at temperatures (K,), kelvin.

    6500 K is nearly white; temperatures are clipped to `KELVIN_RANGE`.

    References:
        Kim et al., "Design of advanced color temperature control system", 2002: cubic fit of the Planckian locus.
    """
    t = 1e3 / np.clip(np.asarray(kelvin, np.float64), *KELVIN_RANGE)
    warm = ((-0.2661239 * t - 0.2343589) * t + 0.8776956) * t + 0.179910
    cold = ((-3.0258469 * t + 2.1070379) * t + 0.2226347) * t + 0.240390
    x = np.where(t >= 0.25, warm, cold)
    hottest = ((3.0817580 * x - 5.87338670) * x + 3.75112997) * x - 0.37001483
    middle = ((-0.9549476 * x - 1.37418593) * x + 2.09137015) * x - 0.16748867
    coolest = ((-1.1063814 * x - 1.34811020) * x + 2.18555832) * x - 0.20219683
    y = np.where(t <= 0.25, hottest, np.where(t <= 1e3 / 2222, middle, coolest))
    xyz = np.stack([x / y, np.ones_like(x), (1 - x - y) / y], axis=-1)
    return _of_luminance_one(np.maximum(xyz @ _SRGB_FROM_XYZ.T, _LEAST))


def tint(hue: np.ndarray, saturation: np.ndarray) -> np.ndarray:
    """Returns filters (K, 3) of luminance 1: hue in degrees (0 red, 120 green, 240 blue), saturation 0 (none) .. 1."""
    angle = np.asarray(hue, np.float64)[..., None] - np.array([0.0, 120.0, 240.0])
    away = np.abs((angle + 180) % 360 - 180)
    pure = np.clip(2 - away / 60, 0, 1)
    return _of_luminance_one(np.maximum(1 - np.asarray(saturation)[..., None] * (1 - pure), _LEAST))


def _of_luminance_one(colours: np.ndarray) -> np.ndarray:
    return colours / (colours @ LUMINANCE)[..., None]

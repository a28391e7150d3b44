"""The sRGB curve between stored values and light (IEC 61966-2-1)."""

from __future__ import annotations

import numpy as np


def to_linear(value: np.ndarray) -> np.ndarray:
    """Returns linear light, same shape and floating-point type, of sRGB values 0 .. 1."""
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def from_linear(light: np.ndarray) -> np.ndarray:
    """Returns sRGB values, same shape and floating-point type, of linear light of 0 or more; 1 is white."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)

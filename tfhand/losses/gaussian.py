"""Gaussian heat-maps around joints."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

#: The paper's width of a Gaussian, as a share of the heat-map: 4 px of 64.
PAPER_SIGMA_SHARE = 4.0 / 64.0


def log_gaussians(joints_uv: Any, height: int, width: int, sigma: float | None = None) -> Any:
    """Logarithm of Gaussians of height 1 at the joints: minus squared distance over `2 sigma^2`.

    Args:
        joints_uv: (B, J, 2), in 0..1 across the crop.
        height: rows of the heat-map.
        width: columns of the heat-map.
        sigma: standard deviation in heat-map pixels; None is the paper's 4 px of 64, scaled to `width`.

    Returns:
        (B, height, width, J), at most 0. `exp` of it is the paper's heat-map, its spatial soft-max the
        normalised Gaussian (which is well defined for joints far outside the crop as well).
    """
    sigma = width * PAPER_SIGMA_SHARE if sigma is None else sigma
    du = (ops.reshape(_cell_centres(width), (1, 1, width, 1)) - joints_uv[:, None, None, :, 0]) * (width / sigma)
    dv = (ops.reshape(_cell_centres(height), (1, height, 1, 1)) - joints_uv[:, None, None, :, 1]) * (height / sigma)
    return -0.5 * (ops.square(du) + ops.square(dv))


def flatten_maps(heatmaps: Any) -> Any:
    """(B, h, w, J) -> (B, h * w, J)."""
    _, height, width, joints = heatmaps.shape
    return ops.reshape(heatmaps, (-1, height * width, joints))


def check_sigma(sigma: float | None) -> float | None:
    """Returns `sigma`; raises ValueError unless it is None or positive."""
    if sigma is not None and not sigma > 0:
        raise ValueError(f"sigma: expected a positive number of heat-map pixels or None, got {sigma}.")
    return sigma


def _cell_centres(size: int) -> Any:
    """Centres of `size` heat-map cells across the crop, (size,), in 0..1: `(i + 0.5) / size`."""
    return (ops.arange(size, dtype=keras.config.floatx()) + 0.5) / size

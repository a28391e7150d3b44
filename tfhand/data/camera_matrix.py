"""Intrinsics from the camera matrices that public sets give."""

from __future__ import annotations

import numpy as np


def intrinsics_of(matrices: np.ndarray, place: str) -> np.ndarray:
    """`fx, fy, u0, v0` of camera matrices.

    Args:
        matrices: (N, 3, 3), pixels.
        place: whose they are, for messages.

    Returns:
        (N, 4), the matrices' dtype, pixels.

    Raises:
        ValueError: one is not `[[fx, 0, u0], [0, fy, v0], [0, 0, 1]]` with positive focal lengths.
    """
    values = matrices[:, [0, 1, 0, 1], [0, 1, 2, 2]]
    plain = np.zeros_like(matrices)
    plain[:, [0, 1, 0, 1], [0, 1, 2, 2]], plain[:, 2, 2] = values, 1
    good = np.isclose(matrices, plain, atol=1e-4).all(axis=(1, 2)) & (values[:, :2] > 0).all(axis=1)
    if not good.all():
        first = int(np.argmin(good))
        which = f" in entry {first}" if len(matrices) > 1 else ""
        raise ValueError(
            f"{place}: expected camera matrices [[fx, 0, u0], [0, fy, v0], [0, 0, 1]], "
            f"got {matrices[first].tolist()}{which}."
        )
    return values

"""Directions."""

from __future__ import annotations

import numpy as np


def unit_vector(vector: np.ndarray) -> np.ndarray:
    """The direction of a vector.

    Args:
        vector: (n,) float.

    Returns:
        (n,) of the same type and of length 1; zeros for zeros.
    """
    return vector / max(float(np.linalg.norm(vector)), 1e-9)

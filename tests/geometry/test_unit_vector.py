"""Directions."""

from __future__ import annotations

import numpy as np
import pytest

from tfhand.geometry import unit_vector


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_unit_vector(dtype):
    unit = unit_vector(np.array([3, -4, 12], dtype))
    assert unit.dtype == dtype
    np.testing.assert_allclose(unit, [3 / 13, -4 / 13, 12 / 13], rtol=1e-6)
    np.testing.assert_array_equal(unit_vector(np.zeros(2, dtype)), [0, 0])

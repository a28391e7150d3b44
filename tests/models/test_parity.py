"""The same weights give the same outputs under TensorFlow and JAX."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.models.parity import made_up_outputs
from tfhand.models import PRESETS


#: What these have is in `mobile` too, but for hourglasses: tests/layers compares their blocks with formulas on both backends.
_TWICE = ("paper", "released", "hourglass-small", "mobile-joints")


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="starts the other backend itself: once is enough")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in _TWICE else name for name in (*PRESETS, "mobile-joints")]
)
def test_backends_agree(name: str, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tests.models.parity", name, str(tmp_path / "out.npz")],
        env={**os.environ, "KERAS_BACKEND": "jax"}, cwd=Path(__file__).parents[2],
        capture_output=True, text=True, check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    expected, found = np.load(tmp_path / "out.npz"), made_up_outputs(name)
    assert set(expected.files) == set(found)
    for key, value in found.items():
        scale = np.abs(expected[key]).max()
        assert scale > 1e-3, f"{key} is silent: the comparison says nothing"
        np.testing.assert_allclose(value, expected[key], atol=2e-4 * scale, rtol=0, err_msg=key)

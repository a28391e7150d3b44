"""What things about a hand are made of."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tfhand.rendering.look import SurfaceLook
from tfhand.rendering.objects.material import KINDS, PATTERNS, Material, paint


@pytest.mark.parametrize("kind", KINDS)
def test_materials(kind):
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-50, 50, (2, 400))
    for seed in range(8):
        material = Material.sample(kind, np.random.default_rng(seed), patterned=True)
        albedo = material.albedo(x, y)
        assert albedo.shape == (3, 400) and albedo.dtype == np.float32 and material.pattern in PATTERNS
        assert (albedo > 0).all() and (albedo < 1).all()


def test_stripes_are_as_wide_as_asked():
    material = dataclasses.replace(
        Material.sample("cloth", np.random.default_rng(0)), pattern="stripes", scale_mm=5.0, waviness=0.0
    )
    y = np.arange(-20, 20) + 0.5
    second = (material.albedo(0 * y, y) == material.colours[1][:, None]).all(axis=0)
    np.testing.assert_array_equal(second, (np.arange(-20, 20) // 5) % 2 == 1)


def test_paint_changes_samples_of_things_only():
    look = SurfaceLook(*(np.full(shape, 0.5, np.float32) for shape in ((3, 6), 6, 6, 6, 6, 6)))
    metal, cloth = (Material.sample(kind, np.random.default_rng(1)) for kind in ("metal", "cloth"))
    ids = np.array([0, 99, 100, 104, 105, 119], np.int32)
    paint(look, np.zeros((2, 6)), ids, np.array([100, 105, 120]), [metal, cloth])
    for name in ("roughness", "f0", "shine"):
        values = [getattr(metal, name)] * 2 + [getattr(cloth, name)] * 2
        np.testing.assert_allclose(getattr(look, name), [0.5, 0.5, *values], rtol=1e-6)
    np.testing.assert_array_equal(look.slope_x, [0.5, 0.5, 0, 0, 0, 0])
    assert (look.albedo[:, :2] == 0.5).all()


def test_unknown_material():
    with pytest.raises(ValueError, match="kind: expected one of metal"):
        Material.sample("jelly", np.random.default_rng(0))

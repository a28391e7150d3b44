"""Skin tones against published ranges; nails, palm, veins and age where they belong."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.rendering import naive_look
from tfhand.mesh.template import HandTemplate
from tfhand.rendering.look import surface_look
from tfhand.rendering.skin import SkinParams, skin_albedo
from tfhand.rendering.texture import SkinTexture

XYZ_FROM_SRGB = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
PLAIN = {"veins": 0.0, "wrinkles": 0.0, "spots": 0.0, "hair": 0.0, "mottling": 0.0, "polish": None, "relief": 0.0}


def lab(albedo):
    """CIE L*, a*, b* (..., 3), D65, of linear sRGB (..., 3)."""
    t = albedo @ XYZ_FROM_SRGB.T / XYZ_FROM_SRGB.sum(axis=1)
    x, y, z = np.moveaxis(np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def typology_angle(values):
    """Individual typology angle, degrees (Chardon et al. 1991): above 55 very light, below -30 dark."""
    return np.rad2deg(np.arctan2(values[..., 0] - 50, values[..., 2]))


def albedo_of(skin):
    return skin_albedo(np.float32([skin.melanin]), np.float32([skin.blood]), skin.yellow)[:, 0]


@pytest.fixture(scope="module")
def texture():
    return SkinTexture.from_template(HandTemplate.load())


def look_at(texture, x, y, side, **changes):
    """The surface's look at atlas points on one side of a plain skin, back pigment everywhere."""
    skin = dataclasses.replace(SkinParams.sample(np.random.default_rng(0)), melanin=0.1, blood=0.4, **PLAIN)
    skin = dataclasses.replace(skin, noise_offset=np.array([0.5, 0.5]), **changes)
    x, y = np.float32(x), np.float32(y)
    values = np.stack([x, y, 0 * x + side, 0 * x, 0 * x + 1, 0 * x + 99]).astype(np.float32)
    return surface_look(texture, values, skin, np.zeros(len(x), bool), np.full(len(x), 0.3, np.float32))


def test_tone_runs_along_melanin_through_published_colours():
    """L*, a*, b* of skin: Xiao et al., "Characterising the variations in ethnic skin colours", 2017, widened by two
    standard deviations and by the Monk scale's dark end."""
    tones = lab(skin_albedo(np.linspace(0, 1, 21, dtype=np.float32), np.full(21, 0.45, np.float32), 0.4).T)
    assert (np.diff(tones[:, 0]) < 0).all() and (np.diff(typology_angle(tones)) < 0).all()
    assert typology_angle(tones[0]) > 55 and typology_angle(tones[-1]) < -50
    assert 75 < tones[0, 0] < 90 and 15 < tones[-1, 0] < 30
    assert (tones[:, 1] > 6).all() and (tones[:, 1] < 18).all() and (tones[:, 2] > 8).all() and (tones[:, 2] < 28).all()


def test_drawn_tones_cover_every_class_with_plausible_hue():
    rng = np.random.default_rng(0)
    values = lab(np.stack([albedo_of(SkinParams.sample(rng)) for _ in range(1500)]).astype(float))
    classes = np.histogram(typology_angle(values), [-90, -30, 10, 28, 41, 55, 90])[0] / 1500
    assert classes.sum() == pytest.approx(1) and classes.min() > 0.05 and classes.max() < 0.35
    hue = np.rad2deg(np.arctan2(values[:, 2], values[:, 1]))
    assert 30 < hue.min() and hue.max() < 82 and 50 < np.median(hue) < 65


def test_palm_is_lighter_than_the_back(texture):
    palm, back = texture.side < -0.9, texture.side > 0.9
    assert texture.melanin[palm].mean() < 0.6 * texture.melanin[back].mean()
    assert texture.blood[palm].mean() > texture.blood[back].mean()
    skin = dataclasses.replace(SkinParams.sample(np.random.default_rng(0)), melanin=0.8, palm_lightness=1.0)
    lightness = [
        lab(skin_albedo(np.float32([skin.melanin * texture.melanin[side].mean()]), np.float32([0.5]), 0.4)[:, 0])[0]
        for side in (palm, back)
    ]
    assert lightness[0] > lightness[1] + 8


def on_vein(texture):
    """Atlas points of strong veins, and as many beside them without any."""
    rows, columns = np.nonzero(texture.back[..., 0] > 0.75)
    points = np.stack([columns, rows], 1) * 0.4 + texture.origin
    clear = np.nonzero(texture.back[..., 0] < 0.01)
    others = np.stack(clear[::-1], 1) * 0.4 + texture.origin
    # The map is sheared by skin.noise_offset, which is at its middle here.
    return points, others[np.random.default_rng(0).integers(0, len(others), len(points))]


def test_veins_are_bluish_raised_and_on_the_back_alone(texture):
    veins, others = on_vein(texture)
    assert 50 < len(veins)
    for side, differs in ((1, True), (-1, False)):
        bare, veined = (look_at(texture, *veins.T, side, veins=amount) for amount in (0.0, 1.0))
        ratio = (veined.albedo / bare.albedo).mean(axis=1)
        if differs:
            assert ratio[0] < ratio[1] < ratio[2] <= 1 and ratio[0] < 0.9
            assert np.abs(veined.slope_x - bare.slope_x).max() > 0.05
        else:
            np.testing.assert_array_equal(veined.albedo, bare.albedo)
            np.testing.assert_array_equal(veined.slope_x, bare.slope_x)
    away = [look_at(texture, *others.T, 1, veins=amount).albedo for amount in (0.0, 1.0)]
    np.testing.assert_allclose(*away, rtol=0.01)
    dark = [look_at(texture, *veins.T, 1, veins=amount, melanin=0.9).albedo for amount in (0.0, 1.0)]
    assert (dark[1] / dark[0]).min() > 0.97


def test_age_roughens_spots_and_hair_darken(texture):
    x, y = np.random.default_rng(0).uniform((-20, 10), (20, 60), (400, 2)).T
    plain = look_at(texture, x, y, 1)
    slopes = [look_at(texture, x, y, 1, wrinkles=amount).slope_y - plain.slope_y for amount in (0.5, 1.0)]
    assert 0.01 < slopes[0].std() and slopes[1].std() == pytest.approx(2 * slopes[0].std(), rel=0.01)
    for name in ("spots", "hair"):
        ratio = look_at(texture, x, y, 1, **{name: 1.0}).albedo / plain.albedo
        assert ratio.max() <= 1.0001 and ratio.min() < 0.9 and np.median(ratio) > 0.95
    # The tile goes on at its borders as within: no step there is larger than elsewhere.
    step = np.abs(np.roll(texture.age, 1, 0) - texture.age)[..., :3].max(axis=(1, 2))
    assert step[0] <= step[1:].max()


def test_what_is_not_there_is_not_looked_up(texture):
    nothing = {name: np.full_like(getattr(texture, name), np.nan) for name in ("back", "age")}
    without = dataclasses.replace(texture, **nothing)
    for side, changes in ((1, {}), (-1, {"veins": 1.0, "wrinkles": 1.0})):
        look = look_at(without, [0.0, 5.0], [20.0, 30.0], side, **changes)
        assert np.isfinite(look.albedo).all() and np.isfinite(look.slope_x).all()


@pytest.mark.parametrize("seed", range(6))
def test_look_is_that_of_loops(texture, seed):
    """Every combination of veins, age, polish and stripes; more samples than a block of the loop, points off the maps,
    on their last texels, on nails and on the sleeve."""
    rng = np.random.default_rng(seed)
    skin = dataclasses.replace(
        SkinParams.sample(rng),
        veins=(seed % 2) * 0.8,
        hair=(seed % 2) * 0.5,
        wrinkles=(seed % 3 > 0) * 0.7,
        spots=(seed % 3 > 0) * 0.6,
        polish=None if seed < 3 else np.array([0.5, 0.1, 0.3]),
        nail_tip_mm=1.0,
        stripes_mm=(seed % 2) * 7.3,
    )
    count = 300
    x, y = rng.uniform((-90, -90), (90, 230), (count, 2)).T
    rows, columns = np.nonzero(texture.maps[1, ..., 3] > 0)
    nails = rng.integers(0, len(rows), 100)
    x[:100], y[:100] = columns[nails] * 0.4 + texture.origin[0], rows[nails] * 0.4 + texture.origin[1]
    x[100:102], y[100:102] = texture.origin + np.float32(0.4) * (np.array(texture.back.shape[1::-1]) - [[1], [2]])
    side = np.where(np.arange(count) < 100, 1.0, rng.uniform(-1, 1, count))
    values = np.stack([x, y, side, *rng.uniform((-0.2, 0, -3), (1, 1.3, 5), (count, 3)).T]).astype(np.float32)
    cloth, footprint = rng.random(count) < 0.1, rng.uniform(0.1, 4, count).astype(np.float32)
    found = surface_look(texture, values, skin, cloth, footprint)
    expected = naive_look.surface_look(texture, values, skin, cloth, footprint)
    for field in dataclasses.fields(found):
        value = getattr(found, field.name)
        assert value.dtype == np.float32
        np.testing.assert_allclose(value, getattr(expected, field.name), rtol=1e-4, atol=2e-4, err_msg=field.name)


def test_exponential_is_exact_over_its_range(texture):
    """By the albedo of skin without texture: floor + base * exp(-absorbed)."""
    flat = dataclasses.replace(texture, maps=0 * texture.maps)
    for melanin in np.linspace(0, 25, 50):
        skin = dataclasses.replace(SkinParams.sample(np.random.default_rng(0)), **PLAIN, melanin=melanin)
        values = np.float32([[0], [0], [-1], [0], [1], [99]])
        look = surface_look(flat, values, skin, np.zeros(1, bool), np.ones(1, np.float32))
        expected = skin_albedo(np.float32([melanin]), np.float32([skin.blood]), skin.yellow)
        np.testing.assert_allclose(look.albedo, expected, rtol=2e-6)


def test_age_and_build_show_on_the_skin():
    def mean(name, **shape):
        return np.mean([getattr(SkinParams.sample(np.random.default_rng(s), **shape), name) for s in range(300)])

    for name in ("veins", "wrinkles", "spots", "roughness", "crease_depth"):
        assert mean(name, old=1.0) > 1.05 * mean(name, old=0.0), name
    assert mean("wrinkles", old=0.0) < 0.02
    assert mean("veins", old=0.0, weight=-0.8) > mean("veins", old=0.0, weight=0.8)
    assert mean("hair", sex=0.8) > mean("hair", sex=-0.8)
    assert mean("shine", old=1.0) < mean("shine", old=0.0)

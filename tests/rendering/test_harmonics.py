"""Spherical harmonics and colours of light against numerical integration and published values."""

from __future__ import annotations

import numpy as np
import pytest

from tfhand.rendering import harmonics
from tfhand.rendering.light_colour import LUMINANCE, blackbody, tint


@pytest.fixture(scope="module")
def sphere():
    """Directions (N, 3) of a product rule over the sphere, and their weights (N,), which sum to 4 pi."""
    cosines, weights = np.polynomial.legendre.leggauss(400)
    angles = (np.arange(64) + 0.5) * (2 * np.pi / 64)
    cosine, angle = np.repeat(cosines, 64), np.tile(angles, 400)
    sine = np.sqrt(1 - cosine**2)
    # Rings around x, so that nothing is exact for the axis that the harmonics prefer.
    return np.stack([cosine, sine * np.cos(angle), sine * np.sin(angle)], 1), np.repeat(weights, 64) * (2 * np.pi / 64)


def test_harmonics_are_orthonormal(sphere):
    directions, weights = sphere
    values = harmonics.basis(directions)
    np.testing.assert_allclose(values.T @ (values * weights[:, None]), np.eye(9), atol=1e-9)


@pytest.mark.parametrize("half_angle", [0.3, np.pi / 2, 2.2, np.pi])
def test_projected_disc_is_its_integral(sphere, half_angle):
    directions, weights = sphere
    centre = np.array([0.48, -0.6, 0.64])
    inside = directions @ centre > np.cos(half_angle)
    expected = harmonics.basis(directions).T @ (inside * weights)
    found = harmonics.disc_coefficients(centre[None], np.array([half_angle]), windowed=False)[0]
    np.testing.assert_allclose(found, expected, atol=0.03)


def test_whole_sphere_is_even_and_half_of_it_lights_as_it_should(sphere):
    directions, weights = sphere
    up = np.array([[0.0, -1.0, 0.0]])
    even = harmonics.disc_coefficients(up, np.array([np.pi]))
    np.testing.assert_allclose(harmonics.basis(directions) @ even[0], 1, atol=1e-12)
    assert even[0, 0] * harmonics.MEAN == pytest.approx(1)
    half = harmonics.disc_coefficients(up, np.array([np.pi / 2]), windowed=False)[0]
    # Irradiance / pi of surfaces facing up, sideways and down under a half-space of radiance 1: 1, 1/2, 0.
    for normal, irradiance in (((0, -1, 0), 1.0), ((1, 0, 0), 0.5), ((0, 1, 0), 0.0)):
        cosines = np.maximum(directions @ np.array(normal, float), 0)
        found = (harmonics.basis(directions) @ half * cosines * weights).sum() / np.pi
        assert found == pytest.approx(irradiance, abs=0.01)


def test_windowing_rings_less_and_radiance_is_never_negative(sphere):
    directions, _ = sphere
    spot = [harmonics.disc_coefficients(np.array([[0, 0, 1.0]]), np.array([0.3]), windowed=w)[0] for w in (False, True)]
    plain, windowed = (harmonics.basis(directions) @ one for one in spot)
    assert plain.min() < 2 * windowed.min() < 0
    colours = harmonics.evaluate(harmonics.basis(directions), np.repeat(spot[0][:, None], 3, 1))
    assert colours.dtype == np.float32 and colours.min() == 0
    np.testing.assert_allclose(colours[plain > 0, 0], plain[plain > 0], rtol=1e-4, atol=1e-6)


def test_colours_of_black_bodies():
    """Chromaticities x, y of black bodies: Wyszecki and Stiles, "Color Science", table I(6.4.1)."""
    xyz_from_srgb = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    known = ((2856, 0.4475, 0.4075), (4000, 0.3805, 0.3768), (6500, 0.3135, 0.3237), (10000, 0.2806, 0.2883))
    for kelvin, x, y in known:
        xyz = xyz_from_srgb @ blackbody(np.array([kelvin]))[0]
        np.testing.assert_allclose(xyz[:2] / xyz.sum(), [x, y], atol=0.004)
    colours = blackbody(np.array([1000, 1900, 3000, 6500, 12000, 90000]))
    np.testing.assert_allclose(colours @ LUMINANCE, 1)
    assert (np.diff(colours[:, 0] / colours[:, 2]) < 0).all() and (colours > 0).all()


def test_filters_pass_their_hue():
    filters = tint(np.array([0, 120, 240, 60, -300, 77]), np.array([1, 1, 1, 0.5, 0.5, 0]))
    np.testing.assert_allclose(filters @ LUMINANCE, 1)
    assert filters[:3].argmax(axis=1).tolist() == [0, 1, 2]
    np.testing.assert_allclose(filters[3], filters[4])
    np.testing.assert_allclose(filters[3] / filters[3, 0], [1, 1, 0.5])
    np.testing.assert_allclose(filters[5], 1)

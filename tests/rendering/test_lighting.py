"""Shadows and ambient light against closed forms."""

from __future__ import annotations

import numpy as np

from tests.rendering.naive_shading import bent_normals, diffuse, specular
from tfhand.rendering.lighting import LightParams, ambient_irradiance
from tfhand.rendering.shadows import ShadowMap, bounding_ball, viewing_frame


def square(half, z=0.0, cells=8):
    """A square across the z axis facing -z (towards a camera at the origin, for z > 0), and its faces."""
    line = np.linspace(-half, half, cells + 1)
    grid = np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)
    vertices = np.concatenate([grid, np.full((len(grid), 1), z)], axis=1).astype(np.float32)
    corner = (np.arange(cells)[:, None] * (cells + 1) + np.arange(cells)).ravel()
    lower = np.stack([corner, corner + 1, corner + cells + 1], 1)
    upper = np.stack([corner + 1, corner + cells + 2, corner + cells + 1], 1)
    return vertices, np.concatenate([lower, upper]).astype(np.int32)


def even_light(radiance=1.0):
    """The same light from everywhere and no lamp."""
    environment = np.zeros((9, 3), np.float32)
    environment[0] = radiance * np.sqrt(4 * np.pi)
    none = np.zeros((0, 3), np.float32)
    return LightParams("even", none, none, np.zeros(0, np.float32), np.float32([0, -1, 0]), environment)


def test_square_throws_its_own_shadow():
    vertices, faces = square(20)
    light = np.array([0.0, 0.0, -1.0])
    shadow = ShadowMap(vertices, faces, viewing_frame(light), (np.zeros(3), 60.0), size=240)
    points = np.array([[0, 0, 30], [19, 0, 30], [21, 0, 30], [0, -21, 30], [0, 0, -5], [0, 0, 0]], np.float32)
    np.testing.assert_allclose(shadow.lit_share(points), [0, 0, 1, 1, 1, 1])
    assert shadow.lit_share(np.array([[500, 0, 30]], np.float32)) == [1]


def test_slanted_light_moves_the_shadow():
    vertices, faces = square(10)
    light = np.array([1.0, 0.0, -1.0]) / np.sqrt(2)
    shadow = ShadowMap(vertices, faces, viewing_frame(light), (np.zeros(3), 60.0), size=240)
    points = np.array([[x, 0, 20] for x in (-33, -27, -20, -12, -7, 0)], np.float32)
    np.testing.assert_allclose(shadow.lit_share(points), [1, 0, 0, 0, 1, 1])


def test_penumbra_is_half_at_the_edge_and_grows():
    vertices, faces = square(20)
    frame, ball = viewing_frame(np.array([0.0, 0.0, -1.0])), (np.zeros(3), 60.0)
    maps = [ShadowMap(vertices, faces, frame, ball, size=240, penumbra_mm=penumbra) for penumbra in (0.0, 6.0)]
    across = np.linspace(12, 28, 33)
    points = np.stack([across, 0 * across, 0 * across + 30], axis=1).astype(np.float32)
    sharp, soft = (shadow.lit_share(points) for shadow in maps)
    assert np.all(np.diff(soft) >= 0) and abs(soft[16] - 0.5) < 0.15
    assert ((soft > 0.02) & (soft < 0.98)).sum() > 2 * ((sharp > 0.02) & (sharp < 0.98)).sum()


def test_open_surface_in_even_light_has_irradiance_one():
    vertices, faces = square(30)
    normals = np.tile(np.float32([0, 0, -1]), (len(vertices), 1))
    irradiance, openness = ambient_irradiance(
        vertices, normals, faces, even_light(), np.zeros(3, np.float32), bounding_ball(vertices)
    )
    np.testing.assert_allclose(irradiance, 1, atol=0.08)
    np.testing.assert_allclose(openness, 1, atol=1e-6)


def test_wall_in_front_takes_the_light_and_bounces_some():
    wall, wall_faces = square(200, z=-15, cells=4)
    floor, floor_faces = square(10)
    vertices = np.concatenate([wall, floor])
    faces = np.concatenate([wall_faces, floor_faces + len(wall)])
    normals = np.tile(np.float32([0, 0, -1]), (len(vertices), 1))
    ball = bounding_ball(vertices)
    for bounce in (0.0, 0.3):
        colour = np.full(3, bounce, np.float32)
        irradiance, openness = ambient_irradiance(vertices, normals, faces, even_light(), colour, ball)
        assert openness[len(wall) :].max() < 0.05
        np.testing.assert_allclose(irradiance[len(wall) :], bounce, atol=0.06)


def test_hard_skin_is_lambert_and_soft_skin_wraps_red():
    angles = np.deg2rad([0, 60, 89, 100])
    normals = np.stack([np.sin(angles), 0 * angles, -np.cos(angles)], axis=1).astype(np.float32)
    light, seen = np.float32([0, 0, -1]), np.ones(4, np.float32)
    hard = diffuse(normals, normals, light, seen, 0.0)
    np.testing.assert_allclose(hard[:, 1], np.maximum(np.cos(angles), 0), atol=1e-6)
    soft = diffuse(normals, normals, light, seen, 1.0)
    assert soft[3, 0] > soft[3, 1] >= soft[3, 2] >= 0
    assert not diffuse(normals, normals, light, 0 * seen, 1.0).any()


def test_specular_peaks_at_the_mirror_and_reflects_less_than_arrives():
    rng = np.random.default_rng(0)
    view = np.float32([[0, 0, -1]])
    light = np.float32([0.6, 0, -0.8])
    tilts = np.linspace(-0.6, 0.9, 61)
    normals = np.stack([np.sin(tilts), 0 * tilts, -np.cos(tilts)], axis=1).astype(np.float32)
    f0 = np.full(61, 0.03, np.float32)
    value = specular(normals, np.repeat(view, 61, 0), light, np.full(61, 0.4, np.float32), f0)
    assert abs(tilts[np.argmax(value)] - 0.5 * np.arcsin(0.6)) < 0.1
    # The hemisphere's integral over view directions: energy out for one unit of light in.
    views = rng.normal(size=(20000, 3))
    views = (views / np.linalg.norm(views, axis=1, keepdims=True)).astype(np.float32)
    views[:, 2] = -np.abs(views[:, 2])
    up = np.tile(np.float32([0, 0, -1]), (20000, 1))
    ones = np.ones(20000, np.float32)
    out = specular(up, views, light, 0.5 * ones, 0.03 * ones) * -views[:, 2] / -light[2]
    assert 0.01 < 2 * out.mean() < 0.08


def test_bump_tilts_against_the_slope():
    normals = np.float32([[0, 0, -1]])
    tangents = np.float32([[1, 0, 0, 0, 1, 0]])
    bent = bent_normals(normals, tangents, np.float32([0.5]), np.float32([0]))
    np.testing.assert_allclose(bent, np.float32([[-0.5, 0, -1]]) / np.sqrt(1.25), atol=1e-6)

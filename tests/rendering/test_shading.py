"""The compiled shading, shadows, ambient light and normals against plain NumPy and closed forms."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.rendering import naive_shading as naive
from tests.rendering.test_rasterizer import INTRINSICS, SIZE, soup
from tfhand.rendering import lighting, shading, surface
from tfhand.rendering.lighting import LightParams
from tfhand.rendering.look import SurfaceLook
from tfhand.rendering.samples import pick_samples
from tfhand.rendering.shadows import ShadowMap, bounding_ball, viewing_frame
from tfhand.rendering.visibility import visibility


def units(rng, count):
    return naive.normalised(rng.normal(size=(count, 3))).astype(np.float32)


def blob(seed=0, cells=12):
    """A bumpy closed ball, vertices (V, 3) float32 mm and outward faces (F, 3) int32."""
    polar, around = np.meshgrid(np.linspace(0, np.pi, cells), np.arange(2 * cells) * np.pi / cells, indexing="ij")
    direction = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], -1)
    radius = 40 + 12 * np.sin(3 * around) * np.sin(polar) ** 2 + 8 * np.cos(4 * polar + seed)
    ring, place = np.meshgrid(np.arange(cells - 1), np.arange(2 * cells), indexing="ij")
    here, after = (ring * 2 * cells + place).ravel(), (ring * 2 * cells + (place + 1) % (2 * cells)).ravel()
    lower, upper = [here, here + 2 * cells, after], [after, here + 2 * cells, after + 2 * cells]
    faces = np.concatenate([np.stack(lower, axis=1), np.stack(upper, axis=1)])
    vertices = (direction * radius[..., None]).reshape(-1, 3).astype(np.float32)
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    faces = faces[np.linalg.norm(np.cross(b - a, c - a), axis=1) > 1e-3]  # the poles' triangles have no area
    used, faces = np.unique(faces, return_inverse=True)
    return vertices[used], faces.reshape(-1, 3).astype(np.int32)


def random_samples(seed, count=700, softness=0.7):
    rng = np.random.default_rng(seed)
    points = (rng.normal(size=(count, 3)) * 25 + [0, 0, 400]).astype(np.float32)
    values = np.concatenate([units(rng, count).T, rng.normal(size=(12, count)) * 0.7, rng.uniform(0, 1, (4, count))])
    look = SurfaceLook(
        albedo=rng.uniform(0, 1, (3, count)).astype(np.float32),
        slope_x=rng.normal(0, 0.3, count).astype(np.float32),
        slope_y=rng.normal(0, 0.3, count).astype(np.float32),
        roughness=rng.uniform(0.2, 0.9, count).astype(np.float32),
        f0=rng.uniform(0.02, 0.05, count).astype(np.float32),
        shine=rng.uniform(0, 1.3, count).astype(np.float32),
    )
    return points, values.astype(np.float32), look


@pytest.mark.parametrize("seed", range(4))
def test_shade_is_the_sum_over_lights(seed):
    points, values, look = random_samples(seed)
    rng = np.random.default_rng(seed)
    lights = LightParams.sample(rng)
    colours = rng.uniform(0.2, 1, (3, 3)).astype(np.float32)
    lights = dataclasses.replace(lights, directions=units(rng, 3), colours=colours)
    vertices, faces = soup(seed, 30, (40, 40, 40), 15)
    faces, ball = faces.astype(np.int32), (np.array([0, 0, 400.0]), 90.0)
    frames = [viewing_frame(direction) for direction in lights.directions[:2]]
    maps = [ShadowMap(vertices, faces, frame, ball, penumbra_mm=p) for frame, p in zip(frames, (0.0, 5.0))]
    shadows = [*maps, None]
    assert 0.05 < maps[1].lit_share(points).mean() < 0.95
    colours, total = shading.shade(points, values, look, lights, lighting.environment_map(lights), shadows, 0.7)
    expected, expected_total = naive.shade(points, values, look, lights, shadows, 0.7)
    np.testing.assert_allclose(total, expected_total, rtol=1e-4)
    # The map's texels lie 4 degrees apart.
    np.testing.assert_allclose(colours, expected, atol=0.04)
    assert np.abs(colours - expected).mean() < 1e-3
    dull = dataclasses.replace(look, shine=np.zeros_like(look.shine))
    matt, _ = shading.shade(points, values, dull, lights, lighting.environment_map(lights), shadows, 0.7)
    np.testing.assert_allclose(matt, naive.shade(points, values, dull, lights, shadows, 0.7)[0], atol=1e-4)
    dark = dataclasses.replace(lights, environment=0 * lights.environment)
    glint, _ = shading.shade(points, values, look, dark, lighting.environment_map(dark), shadows, 0.7)
    np.testing.assert_allclose(glint, naive.shade(points, values, look, dark, shadows, 0.7)[0], atol=1e-3, rtol=1e-3)


def test_no_samples_and_no_lights():
    points, values, look = random_samples(0)
    lights = LightParams.sample(np.random.default_rng(0))
    none = dataclasses.replace(lights, directions=np.zeros((0, 3), np.float32), colours=np.zeros((0, 3), np.float32))
    environment = lighting.environment_map(lights)
    colours, total = shading.shade(points, values, look, none, environment, [], 0.5)
    np.testing.assert_allclose(total, values[-4:-1].sum(axis=1), rtol=1e-4)
    empty = SurfaceLook(np.zeros((3, 0), np.float32), *(np.zeros(0, np.float32),) * 5)
    colours, total = shading.shade(points[:0], values[:, :0].copy(), empty, none, environment, [], 0.5)
    assert colours.shape == (0, 3) and not total.any()


def test_environment_map_is_the_radiance():
    lights = LightParams.sample(np.random.default_rng(5))
    size = lighting.ENVIRONMENT_SIZE
    picture = lighting.environment_map(lights)
    assert picture.shape == (size, size, 3)
    half = size // 2
    for row, column, direction in ((half, half, [0, 0, 1]), (0, 0, [0, 0, -1]), (half, size - 1, [1, 0, 0])):
        np.testing.assert_allclose(picture[row, column], lights.radiance(np.float32([direction]))[0], atol=1e-5)


def test_shadow_map_and_lookups_are_those_of_loops():
    vertices, faces = soup(3, 25, (40, 40, 40), 15, centre=(5, -3, 20))
    ball, frame = (np.array([5, -3, 20.0]), 50.0), viewing_frame(np.array([0.6, 0.64, -0.48]))
    shadow = ShadowMap(vertices, faces.astype(np.int32), frame, ball, size=30, penumbra_mm=4.0)
    depth, margin = naive.depth_map(vertices, faces, frame, ball, 30)
    clear = margin > 1e-4
    assert np.isfinite(depth).any() and np.isinf(depth).any() and clear.mean() > 0.9
    np.testing.assert_allclose(shadow.depth[clear], depth[clear], atol=1e-3)
    points = (np.random.default_rng(1).normal(size=(300, 3)) * 35 + ball[0]).astype(np.float32)
    ring = [[np.cos(a), np.sin(a)] for a in (np.arange(6) + 0.5) * np.pi / 3]
    half = [[0.5 * np.cos(a), 0.5 * np.sin(a)] for a in np.arange(3) * 2 * np.pi / 3]
    taps = [(4 * x, 4 * y, 1 + 0.25 * 4 * np.hypot(x, y)) for x, y in [[0, 0], *half, *ring]]
    expected = naive.lit_share(shadow.depth, points, frame, ball, taps, 1.5)
    np.testing.assert_allclose(shadow.lit_share(points), expected, atol=2e-3)
    assert 0.1 < expected.mean() < 0.9


def test_ambient_light_is_the_sum_over_directions():
    vertices, faces = blob()
    normals = naive.frames(vertices, np.zeros((len(vertices), 2)), faces)[0].astype(np.float32)
    lights, ball = LightParams.sample(np.random.default_rng(2)), bounding_ball(vertices)
    bounce = np.float32([0.3, 0.2, 0.1])
    irradiance, openness = lighting.ambient_irradiance(vertices, normals, faces, lights, bounce, ball)
    directions = lighting._DIRECTIONS
    radiance = lights.radiance(directions)
    expected, open_sum, total = np.zeros((len(vertices), 3)), np.zeros(len(vertices)), np.zeros(len(vertices))
    for index, direction in enumerate(directions):
        frame = lighting._FRAMES[index % 10] * np.float32([[1], [1], [1]] if index < 10 else [[1], [-1], [-1]])
        np.testing.assert_allclose(frame[2], -direction, atol=1e-6)
        shadow = ShadowMap(vertices, faces, frame, ball, size=56, bias_mm=2.0, softness_mm=3.0)
        seen = shadow.lit_share(vertices + 1.5 * normals)
        weight = np.clip(normals @ direction, 0, 1) * 4 / 20
        hidden = (1 - seen)[:, None] * radiance.mean(axis=0) * bounce
        expected += weight[:, None] * (seen[:, None] * radiance[index] + hidden)
        open_sum, total = open_sum + weight * seen, total + weight
    np.testing.assert_allclose(irradiance, expected, atol=5e-3)
    np.testing.assert_allclose(openness, open_sum / total, atol=5e-3)
    assert openness.min() < 0.9 < openness.max()


def test_normals_and_gradients_are_those_of_a_loop():
    vertices, faces = blob(1)
    atlas = (vertices[:, :2] + 0.02 * vertices[:, 2:] ** 2).astype(np.float32)
    normals, tangents = surface._frames(vertices, atlas, faces)
    expected_normals, expected_tangents = naive.frames(vertices, atlas, faces)
    np.testing.assert_allclose(normals, expected_normals, atol=1e-5)
    np.testing.assert_allclose(tangents, expected_tangents, atol=1e-3)


def test_surface_at_interpolates_and_turns_normals_to_the_camera():
    vertices, faces = soup(8, 40, (60, 40, 60), 25)
    samples = pick_samples(visibility(vertices, faces, INTRINSICS, SIZE), 20)
    rng = np.random.default_rng(0)
    attributes = np.concatenate([units(rng, len(vertices)), rng.normal(size=(len(vertices), 4))], axis=1)
    values, footprint = shading.surface_at(attributes, faces, samples, 150.0)
    expected = (samples.barycentric[..., None] * attributes[faces[samples.face_ids]]).sum(axis=1)
    np.testing.assert_allclose(values[3:].T, expected[:, 3:], atol=1e-5)
    view, normal = naive.normalised(-samples.points), naive.normalised(expected[:, :3])
    normal *= np.where(naive.dot(normal, view) < -0.2, -1, 1)[:, None]
    np.testing.assert_allclose(values[:3].T, normal, atol=1e-4)
    facing = np.maximum(naive.dot(normal, view), 0.12)
    np.testing.assert_allclose(footprint, samples.points[:, 2] / (150 * facing), rtol=1e-3)
    with pytest.raises(ValueError, match="faces"):
        shading.surface_at(attributes[:5], faces, samples, 150.0)

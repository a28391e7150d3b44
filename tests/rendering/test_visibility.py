"""What is seen, at pixel centres and between, against a ray caster in plain loops; samples and what becomes of them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rendering.naive import cast_rays
from tests.rendering.test_rasterizer import INTRINSICS, SIZE, soup
from tfhand.rendering.rasterizer import NEAR_MM, rasterize
from tfhand.rendering.samples import pick_samples, resolve
from tfhand.rendering.visibility import visibility

FINE = np.array([2, 2, 2, 2], np.float32)


def assert_equal_to_rays(ids, inverse, vertices, faces, intrinsics, size):
    expected, _, depth, margin = cast_rays(vertices, faces, intrinsics, size)
    clear = margin > 1e-3
    np.testing.assert_array_equal(ids[clear], expected[clear])
    same = (ids == expected) & (ids >= 0)
    np.testing.assert_allclose(1 / inverse[same], depth[same], rtol=1e-4)
    assert (inverse[ids < 0] == 0).all()
    return expected


@pytest.mark.parametrize(
    "mesh",
    [soup(0, 60, (60, 60, 60), 20), soup(1, 80, (400, 300, 60), 60), soup(2, 40, (80, 80, 300), 120, (0, 0, 150))],
    ids=["in view", "mostly off screen", "partly behind the camera"],
)
def test_equals_ray_caster(mesh):
    seen = visibility(*mesh, INTRINSICS, SIZE)
    ids = assert_equal_to_rays(seen.centre_ids, seen.centre_inverse, *mesh, INTRINSICS, SIZE)
    assert (ids >= 0).any()
    fine = (2 * SIZE[0], 2 * SIZE[1])
    assert_equal_to_rays(seen.fine_ids, seen.fine_inverse, *mesh, FINE * INTRINSICS, fine)


def test_equals_the_rasteriser_with_weights():
    vertices, faces = soup(6, 200, (60, 60, 60), 15)
    seen, fragments = visibility(vertices, faces, INTRINSICS, SIZE), rasterize(vertices, faces, INTRINSICS, SIZE)
    same = seen.centre_ids == fragments.face_ids
    assert same.mean() > 0.995
    hit = same & (seen.centre_ids >= 0)
    np.testing.assert_allclose(1 / seen.centre_inverse[hit], fragments.depth_mm[hit], atol=0.05)


def test_shared_edges_leave_no_cracks():
    grid = np.stack(np.meshgrid(np.linspace(-90, 90, 23), np.linspace(-70, 70, 19)), -1).reshape(-1, 2)
    corner = (np.arange(18)[:, None] * 23 + np.arange(22)).reshape(-1)
    faces = np.concatenate(
        [np.stack([corner, corner + 1, corner + 23], 1), np.stack([corner + 1, corner + 24, corner + 23], 1)]
    )
    for tilt in (0.0, 0.3, 1.5):
        depth = 400 + 30 * np.sin(grid[:, :1] / 9) + tilt * grid[:, 1:]
        # Edges through sample points exactly, and anywhere else.
        for shift in (0.0, 0.25, 0.1234567):
            vertices = np.concatenate([grid, depth], axis=1)
            seen = visibility(vertices, faces, (600.0, 600.0, 128.0 + shift, 96.0 + shift), (192, 256))
            rows = slice(60, 130)
            assert (seen.centre_ids[rows, 10:-10] >= 0).all() and (seen.fine_ids[120:260, 20:-20] >= 0).all()


def test_nearer_than_the_near_plane_behind_or_degenerate_draws_nothing():
    square = np.array([[-30, -30, 0], [30, -30, 0], [0, 40, 0.0]])
    for z in (0.5 * NEAR_MM, -300):
        assert (visibility(square + [0, 0, z], np.array([[0, 1, 2]]), INTRINSICS, SIZE).fine_ids == -1).all()
    line = np.array([[0, 0, 300], [40, 0, 300], [80, 0, 300], [0, 0, 300.0]])
    faces = np.array([[0, 0, 0], [0, 0, 1], [0, 1, 2], [0, 3, 1]])
    assert (visibility(line, faces, INTRINSICS, SIZE).fine_ids == -1).all()
    assert (visibility(line, np.zeros((0, 3), int), INTRINSICS, SIZE).centre_ids == -1).all()


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"vertices": np.full((3, 3), np.nan)}, "vertices"),
        ({"faces": np.array([[0, 1, 7]])}, "faces"),
        ({"intrinsics": (0, 1, 1, 1)}, "intrinsics"),
        ({"size": (0, 4)}, "size"),
    ],
)
def test_bad_input_is_named(changes, name):
    plain = {"vertices": np.eye(3), "faces": np.array([[0, 1, 2]]), "intrinsics": INTRINSICS, "size": SIZE}
    with pytest.raises(ValueError, match=f"^{name}"):
        visibility(**{**plain, **changes})


@pytest.fixture(scope="module")
def picked():
    vertices, faces = soup(8, 40, (60, 40, 60), 25)
    seen = visibility(vertices, faces, INTRINSICS, SIZE)
    return vertices, faces, seen, pick_samples(seen, num_hand_faces=20)


def test_samples_lie_on_their_faces_behind_their_pixels(picked):
    vertices, faces, seen, samples = picked
    np.testing.assert_allclose(samples.barycentric.sum(axis=1), 1, atol=1e-5)
    assert samples.barycentric.min() > -1e-4
    corners = vertices[faces[samples.face_ids]]
    on_face = (samples.barycentric[..., None] * corners).sum(axis=1)
    np.testing.assert_allclose(samples.points, on_face, atol=0.02)
    fx, fy, u0, v0 = INTRINSICS
    u, v = samples.points[:, 0] / samples.points[:, 2] * fx + u0, samples.points[:, 1] / samples.points[:, 2] * fy + v0
    np.testing.assert_array_equal(np.floor(v) * SIZE[1] + np.floor(u), samples.pixels)
    inner = samples.num_inner
    np.testing.assert_allclose(u[:inner] % 1, 0.5, atol=1e-3)
    np.testing.assert_allclose(np.abs(v[inner:] % 1 - 0.5), 0.25, atol=1e-3)


def test_samples_are_those_of_a_loop_over_pixels(picked):
    _, _, seen, samples = picked
    height, width = SIZE
    inner, edge = [], []
    for row in range(height):
        for column in range(width):
            quad = slice(2 * row, 2 * row + 2), slice(2 * column, 2 * column + 2)
            ids, inverse = seen.fine_ids[quad].ravel(), seen.fine_inverse[quad].ravel()
            centre = seen.centre_ids[row, column]
            assert samples.coverage[row, column] == (ids >= 0).mean()
            assert samples.hand_coverage[row, column] == ((ids >= 0) & (ids < 20)).mean()
            expected = 1 / seen.centre_inverse[row, column] if 0 <= centre < 20 else 0
            assert samples.hand_depth[row, column] == pytest.approx(expected, rel=1e-6)
            if (ids >= 0).all() and centre >= 0 and np.ptp(1 / inverse) < 3:
                inner.append((row * width + column, centre))
            else:
                edge += [(row * width + column, face) for face in ids if face >= 0]
    assert samples.num_inner == len(inner) > 50 and len(edge) > 50
    np.testing.assert_array_equal(np.stack([samples.pixels, samples.face_ids], axis=1), inner + edge)


def test_resolve_averages(picked):
    samples = picked[3]
    colours = np.random.default_rng(0).uniform(0, 1, (len(samples.pixels), 3)).astype(np.float32)
    expected = np.zeros((SIZE[0] * SIZE[1], 3))
    for place, pixel in enumerate(samples.pixels):
        expected[pixel] += colours[place] * (1 if place < samples.num_inner else 0.25)
    np.testing.assert_allclose(resolve(colours, samples).reshape(-1, 3), expected, atol=1e-6)

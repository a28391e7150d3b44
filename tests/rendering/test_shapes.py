"""Simple bodies: closed, turned outwards, as large as asked, and how far points are from them."""

from __future__ import annotations

import numpy as np
import pytest

from tfhand.rendering.objects import shapes
from tfhand.rendering.objects.held import Body


def volume(vertices, faces):
    a, b, c = (vertices[faces[:, k]].astype(np.float64) - vertices.mean(axis=0) for k in range(3))
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


@pytest.mark.parametrize(
    "mesh, expected",
    [
        (shapes.revolved(shapes.cylinder_profile(20, 50, 1), 64), np.pi * 20**2 * 100),
        (shapes.revolved(shapes.capsule_profile(30, 30, 16), 64), 4 / 3 * np.pi * 30**3),
        (shapes.revolved(shapes.capsule_profile(10, 40, 16), 64), 4 / 3 * np.pi * 10**3 + np.pi * 10**2 * 60),
        (shapes.rounded_box(np.array([10.0, 20.0, 30.0]), 0.5), 20 * 40 * 60),
    ],
)
def test_bodies_are_closed_outward_and_as_large_as_asked(mesh, expected):
    vertices, faces, atlas = mesh
    assert atlas.shape == (len(vertices), 2) and vertices.dtype == np.float32 and faces.dtype == np.int32
    assert volume(vertices, faces) == pytest.approx(expected, rel=0.02)
    half = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    edges = {tuple(edge) for edge in half.tolist()}
    assert len(edges) == len(half)
    open_ends = {vertex for a, b in edges if (b, a) not in edges for vertex in (a, b)}
    # Only ends that are drawn together to a point have edges of one face.
    assert all(np.hypot(*vertices[vertex, [0, 2]]) < 1e-3 for vertex in open_ends)


def test_sheet_faces_against_z():
    vertices, faces, _ = shapes.sheet(np.arange(3.0), np.arange(4.0))
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    np.testing.assert_allclose(np.cross(b - a, c - a), np.tile([0, 0, -1.0], (12, 1)))


@pytest.mark.parametrize("kind, half", [("ball", [20, 20, 20]), ("box", [10, 20, 30]), ("cylinder", [10, 40, 10])])
def test_distances_to_bodies_are_those_to_their_surfaces(kind, half):
    body = Body(kind, np.array(half, float))
    points = np.random.default_rng(0).uniform(-60, 60, (100, 3))
    meshes = {
        "ball": lambda: shapes.revolved(shapes.capsule_profile(20, 20, 60), 120),
        "box": lambda: shapes.sheet(np.linspace(-1, 1, 50), np.linspace(-1, 1, 50)),
        "cylinder": lambda: shapes.revolved(np.array([[r, y] for y in np.linspace(-40, 40, 80) for r in (10.0,)]), 80),
    }
    surface = meshes[kind]()[0]
    if kind == "box":
        square = surface[:, :2]
        sides = []
        for axis in range(3):
            for sign in (-1, 1):
                side = np.insert(square, axis, sign, axis=1)
                sides.append(side * half)
        surface = np.concatenate(sides)
    if kind == "cylinder":
        disc = np.random.default_rng(1).uniform(-10, 10, (20000, 2))
        disc = disc[np.hypot(*disc.T) < 10]
        surface = np.concatenate([surface, *(np.insert(disc, 1, y, axis=1) for y in (-40, 40))])
    expected = np.sqrt(((points[:, None] - surface) ** 2).sum(-1)).min(axis=1)
    np.testing.assert_allclose(np.abs(body.distances(points)), expected, atol=1.0)
    assert body.distances(np.zeros(3)) == pytest.approx(-min(half))
    x, y, z = np.abs(points).T
    inside = {
        "ball": x**2 + y**2 + z**2 < 400,
        "box": (x < 10) & (y < 20) & (z < 30),
        "cylinder": (x**2 + z**2 < 100) & (y < 40),
    }
    np.testing.assert_array_equal(body.distances(points) < 0, inside[kind])

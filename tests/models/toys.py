"""A made-up template whose graph has the shape of the real one, without its assets."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import scipy.sparse as sp


def toy_laplacian(places: int, fakes: int, rng: np.random.Generator) -> sp.csr_matrix:
    """Rescaled Laplacian of a ring with chords over `places - fakes` places; the fakes are alone."""
    real = rng.permutation(places)[: places - fakes]
    weights = sp.lil_matrix((places, places))
    for step in (1, 2, 5):
        weights[real, np.roll(real, step)] = 1.0
    weights = sp.csr_matrix(weights).maximum(sp.csr_matrix(weights).T)
    degree = np.asarray(weights.sum(axis=1)).ravel()
    scale = sp.diags(np.where(degree > 0, degree, 1.0) ** -0.5)
    laplacian = sp.identity(places) - scale @ weights @ scale
    return sp.csr_matrix(2.0 * laplacian / 2.0 - sp.identity(places))


def toy_template(vertices: int = 950, places: int = 1280, seed: int = 3) -> SimpleNamespace:
    """A template of `vertices` vertices in `places` places: just what the network asks of one."""
    rng = np.random.default_rng(seed)
    permutation = np.concatenate([np.arange(vertices), np.arange(vertices, places)])
    permutation = rng.permutation(permutation)
    levels = [toy_laplacian(places >> level, (places - vertices) >> level, rng) for level in range(5)]
    graph = SimpleNamespace(
        permutation=permutation.astype(np.int32),
        mask=permutation < vertices,
        adjacencies=tuple(levels),
        laplacian=lambda level, rescaling="chebyshev": levels[level],
    )
    skin = rng.dirichlet(np.ones(21), size=vertices)

    def pose(angles: np.ndarray, shape: None) -> SimpleNamespace:
        joints = np.concatenate([np.zeros((1, 3)), angles]) * 100.0
        return SimpleNamespace(joints=joints, vertices=skin @ joints)

    corners = np.arange(vertices - 2, dtype=np.int32)
    faces = np.stack([corners, corners + 1, corners + 2], axis=1)
    return SimpleNamespace(
        graph=graph, faces=faces, rig=True, shape_names=(), bone_rotations=np.asarray, pose=pose, skin=skin, num_vertices=vertices
    )

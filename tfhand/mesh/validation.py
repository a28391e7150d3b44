"""Checks that a triangle mesh can serve as a template."""

from __future__ import annotations

import numpy as np


def check_mesh(vertices: np.ndarray, faces: np.ndarray, name: str = "mesh") -> None:
    """Raises one clear error for the first thing that is wrong with a mesh.

    Borders and several connected parts are allowed.

    Args:
        vertices: (V, 3) float, any unit.
        faces: (F, 3) integer vertex indices.
        name: what to call the mesh in messages (a path, say).

    Raises:
        ValueError: no vertices or faces, coordinates that are not finite, indices out of range,
            degenerate or repeated faces, edges with more than two faces, faces that wind against their
            neighbours, vertices without faces, or vertices where two sheets touch.
    """
    vertices, faces = np.asarray(vertices), np.asarray(faces)
    _check_arrays(vertices, faces, name)
    _check_faces(vertices, faces, name)
    _check_edges(faces, name)
    unused = np.setdiff1d(np.arange(len(vertices)), faces)
    if len(unused):
        raise ValueError(f"{name}: expected every vertex in a face, {len(unused)} are unreferenced{_first(unused)}.")
    _check_fans(faces, len(vertices), name)


def border_edges(faces: np.ndarray) -> np.ndarray:
    """Directed edges of faces that no other face shares: (E, 2) int, empty for a closed mesh."""
    faces = np.asarray(faces, np.int64)
    directed = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    keys = {tuple(edge) for edge in directed.tolist()}
    return np.array([edge for edge in directed.tolist() if (edge[1], edge[0]) not in keys], np.int64).reshape(-1, 2)


def _check_arrays(vertices: np.ndarray, faces: np.ndarray, name: str) -> None:
    if vertices.ndim != 2 or vertices.shape[1] != 3 or len(vertices) == 0:
        raise ValueError(f"{name}: expected vertices of shape (V, 3) with V > 0, got shape {vertices.shape}.")
    if faces.ndim != 2 or faces.shape[1] != 3 or len(faces) == 0:
        raise ValueError(f"{name}: expected triangles of shape (F, 3) with F > 0, got shape {faces.shape}.")
    bad = np.flatnonzero(~np.isfinite(vertices).all(axis=1))
    if len(bad):
        raise ValueError(f"{name}: expected finite coordinates, {len(bad)} vertices have NaN or infinity{_first(bad)}.")
    if not np.issubdtype(faces.dtype, np.integer):
        raise ValueError(f"{name}: expected integer vertex indices, got {faces.dtype}.")
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise ValueError(
            f"{name}: expected vertex indices in 0..{len(vertices) - 1}, got {faces.min()}..{faces.max()}."
        )


def _check_faces(vertices: np.ndarray, faces: np.ndarray, name: str) -> None:
    corners = vertices[faces].astype(np.float64)
    sides = corners[:, [1, 2, 0]] - corners
    doubled_area = np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1)
    degenerate = np.flatnonzero(doubled_area <= 1e-9 * np.max(np.sum(sides * sides, axis=2), axis=1))
    if len(degenerate):
        raise ValueError(f"{name}: expected faces with an area, {len(degenerate)} are degenerate{_first(degenerate)}.")
    _, counts = np.unique(np.sort(faces, axis=1), axis=0, return_counts=True)
    if counts.max() > 1:
        raise ValueError(f"{name}: expected every face once, {int((counts > 1).sum())} are repeated.")


def _check_edges(faces: np.ndarray, name: str) -> None:
    directed = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    edges, counts = np.unique(np.sort(directed, axis=1), axis=0, return_counts=True)
    crowded = np.flatnonzero(counts > 2)
    if len(crowded):
        raise ValueError(
            f"{name}: expected a manifold, {len(crowded)} edges have more than two faces "
            f"(first: {edges[crowded[0]].tolist()} has {counts[crowded[0]]})."
        )
    edges, counts = np.unique(directed, axis=0, return_counts=True)
    if counts.max() > 1:
        raise ValueError(
            f"{name}: expected one winding, {int((counts > 1).sum())} edges have faces that wind against each "
            f"other (first: {edges[np.argmax(counts > 1)].tolist()})."
        )


def _check_fans(faces: np.ndarray, num_vertices: int, name: str) -> None:
    """Every vertex's faces must form one fan: the edges opposite to it one path or one cycle."""
    following: list[dict[int, int]] = [{} for _ in range(num_vertices)]
    for a, b, c in faces.tolist():
        for vertex, first, second in ((a, b, c), (b, c, a), (c, a, b)):
            following[vertex][first] = second
    for vertex, links in enumerate(following):
        starts = set(links) - set(links.values())
        start = min(starts) if starts else min(links)
        current, steps = links[start], 1
        while current in links and current != start:
            current = links[current]
            steps += 1
        if steps != len(links) or len(starts) > 1:
            raise ValueError(f"{name}: expected a manifold, two sheets touch in vertex {vertex}.")


def _first(indices: np.ndarray) -> str:
    return f" (first: {int(indices[0])})"

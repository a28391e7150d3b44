"""Quadric edge collapse that keeps a subset of the vertices where they are.

Half-edge collapses only (a vertex moves onto a neighbour), so the decimated mesh shares its vertices with
the full one and the same skinning poses both.

References:
    Garland, Heckbert, Surface Simplification Using Quadric Error Metrics, SIGGRAPH 1997.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import numpy as np

#: Weight of the squared edge length (mm^2) beside the quadric error: short edges go first.
_LENGTH_WEIGHT = 0.02
#: Weight of the planes that hold borders and feature lines in place.
_FEATURE_WEIGHT = 2.0
#: A collapse may turn no face's normal further than this (cosine), nor make one thinner than this.
_MIN_NORMAL_COSINE = 0.3
_MIN_TRIANGLE_QUALITY = 0.08
_MAX_VALENCE = 10


class Decimation:
    """A triangle mesh under half-edge collapses, cheapest first.

    Args:
        vertices: (S, 3) float64, mm.
        faces: (F, 3) int, manifold (borders allowed), one winding.
        importance: (S,) float64, multiplies the error of what happens around a vertex (1: plain).
        face_labels: (F,) int; edges between faces of unlike labels are feature lines.
    """

    def __init__(
        self, vertices: np.ndarray, faces: np.ndarray, importance: np.ndarray, face_labels: np.ndarray
    ):
        self._vertices = np.asarray(vertices, np.float64)
        self._importance = importance
        self._faces: dict[int, tuple[int, int, int]] = {
            index: tuple(int(vertex) for vertex in face) for index, face in enumerate(faces)
        }
        self._around: dict[int, set[int]] = {}
        for index, face in self._faces.items():
            for vertex in face:
                self._around.setdefault(vertex, set()).add(index)
        self._labels = face_labels
        self._border = self._border_vertices()
        self._quadrics = self._initial_quadrics()
        self._version = dict.fromkeys(self._around, 0)
        self._queue: list[tuple[float, int, int, int, int]] = []
        for vertex in sorted(self._around):
            self._push(vertex)

    @property
    def num_vertices(self) -> int:
        """Vertices that are left."""
        return len(self._around)

    def faces(self) -> np.ndarray:
        """(F, 3) int64: the faces that are left, in the numbering of the full mesh and its order."""
        return np.array([self._faces[index] for index in sorted(self._faces)], np.int64)

    def run(self) -> Iterator[int]:
        """Collapses one vertex at a time; yields how many are left. Ends when nothing may collapse."""
        while self._queue:
            _, vertex, target, version, target_version = heapq.heappop(self._queue)
            if self._version.get(vertex) != version or self._version.get(target) != target_version:
                continue
            if self._allowed(vertex, target):
                self._collapse(vertex, target)
                yield self.num_vertices

    def _neighbours(self, vertex: int) -> set[int]:
        return {other for face in self._around[vertex] for other in self._faces[face]} - {vertex}

    def _border_vertices(self) -> set[int]:
        return {vertex for edge, faces in self._edge_faces().items() if len(faces) == 1 for vertex in edge}

    def _edge_faces(self) -> dict[tuple[int, int], list[int]]:
        table: dict[tuple[int, int], list[int]] = {}
        for index, (a, b, c) in self._faces.items():
            for first, second in ((a, b), (b, c), (c, a)):
                table.setdefault((min(first, second), max(first, second)), []).append(index)
        return table

    def _initial_quadrics(self) -> dict[int, np.ndarray]:
        quadrics = {vertex: np.zeros((4, 4)) for vertex in self._around}
        for face in self._faces.values():
            a, b, c = self._vertices[list(face)]
            normal = np.cross(b - a, c - a)
            area = np.linalg.norm(normal) / 2.0
            plane = _plane(normal, a)
            for vertex in face:
                quadrics[vertex] += np.outer(plane, plane) * area / 3.0
        for (first, second), faces in sorted(self._edge_faces().items()):
            if len(faces) == 2 and self._labels[faces[0]] == self._labels[faces[1]]:
                continue
            along = self._vertices[second] - self._vertices[first]
            for index in faces:
                a, b, c = self._vertices[list(self._faces[index])]
                plane = _plane(np.cross(np.cross(b - a, c - a), along), self._vertices[first])
                for vertex in (first, second):
                    quadrics[vertex] += np.outer(plane, plane) * (along @ along) * _FEATURE_WEIGHT
        return quadrics

    def _push(self, vertex: int, targets: set[int] | None = None) -> None:
        """Queues the collapses of a vertex onto its neighbours, or onto some of them."""
        for target in sorted(self._neighbours(vertex) if targets is None else targets):
            if vertex in self._border and target not in self._border:
                continue
            point = np.append(self._vertices[target], 1.0)
            quadric = self._quadrics[vertex] + self._quadrics[target]
            length = self._vertices[vertex] - self._vertices[target]
            cost = float(point @ quadric @ point) + _LENGTH_WEIGHT * float(length @ length)
            cost *= max(self._importance[vertex], self._importance[target])
            entry = (round(cost, 9), vertex, target, self._version[vertex], self._version[target])
            heapq.heappush(self._queue, entry)

    def _allowed(self, vertex: int, target: int) -> bool:
        ring, target_ring = self._neighbours(vertex), self._neighbours(target)
        shared_faces = self._around[vertex] & self._around[target]
        if len(ring & target_ring) != len(shared_faces):
            return False  # The link condition: anything else would pinch the surface.
        if vertex in self._border and len(shared_faces) != 1:
            return False
        if len(ring | target_ring) - 2 > _MAX_VALENCE or min(len(self._neighbours(v)) for v in ring & target_ring) <= 4:
            return False
        for index in self._around[vertex] - shared_faces:
            before = self._vertices[list(self._faces[index])]
            after = self._vertices[[target if v == vertex else v for v in self._faces[index]]]
            if not _acceptable(before, after):
                return False
        return True

    def _collapse(self, vertex: int, target: int) -> None:
        touched = self._neighbours(vertex) | {target}
        for index in sorted(self._around.pop(vertex)):
            face = self._faces[index]
            if target in face:
                for other in face:
                    if other != vertex:
                        self._around[other].discard(index)
                del self._faces[index]
            else:
                self._faces[index] = tuple(target if v == vertex else v for v in face)
                self._around[target].add(index)
        del self._version[vertex]
        self._quadrics[target] = self._quadrics[target] + self._quadrics.pop(vertex)
        for other in touched:
            self._version[other] += 1
        for other in sorted(touched):
            self._push(other)
            for neighbour in sorted(self._neighbours(other) - touched):
                self._push(neighbour, {other})


def _plane(normal: np.ndarray, point: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(normal)
    normal = normal / length if length > 0 else normal
    return np.append(normal, -normal @ point)


def _acceptable(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether a face may change so: it doesn't turn over and isn't a sliver (worse than it was)."""
    old = np.cross(before[1] - before[0], before[2] - before[0])
    new = np.cross(after[1] - after[0], after[2] - after[0])
    old_area, new_area = np.linalg.norm(old), np.linalg.norm(new)
    if old @ new < _MIN_NORMAL_COSINE * old_area * new_area or new_area == 0.0:
        return False
    return _quality(after, new_area) >= min(_MIN_TRIANGLE_QUALITY, _quality(before, old_area))


def _quality(corners: np.ndarray, doubled_area: float) -> float:
    """1 for an equilateral triangle, 0 for a sliver."""
    sides = np.roll(corners, -1, axis=0) - corners
    return 2.0 * np.sqrt(3.0) * doubled_area / float(np.sum(sides * sides))

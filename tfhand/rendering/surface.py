"""What is drawn of a hand: the template's surface, the forearm that goes on beyond its cut, and a sleeve.

The template ends in an open cut through the forearm. So that no picture shows it, the cut's edge is drawn out
to a forearm that leaves the image or goes into a sleeve. Both are context, not the hand: they are in the
picture and its alpha, not in the hand's own mask and depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

#: Distances of the forearm's rings from the cut, mm, and their growth in radius.
_ARM_RINGS = ((12.0, 1.02), (35.0, 1.08), (70.0, 1.18), (115.0, 1.3), (170.0, 1.38), (240.0, 1.42))
#: Rings of the sleeve: its thickness, then distances beyond its edge, mm.
_SLEEVE_RINGS = (0.0, 0.0, 3.0, 9.0, 22.0, 45.0, 75.0, 115.0, 170.0, 240.0)


@dataclass(frozen=True)
class ArmParams:
    """How the forearm goes on beyond the template.

    Attributes:
        bend: (2,) sideways drift of the forearm per length, along the cut's own two axes.
        girth: factor on the forearm's growth.
        sleeve_start_mm: where the sleeve's edge lies, measured from the cut towards the elbow; None for a bare arm.
        sleeve_gap: the sleeve's radius over the arm's.
        folds: (4,) amplitudes of the sleeve's folds, relative to its radius.
        phases: (4,) their phases, rad.
    """

    bend: np.ndarray
    girth: float
    sleeve_start_mm: float | None
    sleeve_gap: float
    folds: np.ndarray
    phases: np.ndarray

    @classmethod
    def sample(cls, rng: np.random.Generator) -> ArmParams:
        """Draws a forearm; about half of them wear a sleeve that starts somewhere between wrist and elbow."""
        start = float(rng.uniform(-32.0, 60.0))
        return cls(
            bend=rng.normal(0.0, 0.08, 2),
            girth=float(rng.uniform(0.6, 1.3)),
            sleeve_start_mm=start if rng.random() < 0.45 else None,
            sleeve_gap=float(rng.uniform(1.1, 1.45)),
            folds=np.abs(rng.normal(0.0, 0.03, 4)),
            phases=rng.uniform(0, 2 * np.pi, 4),
        )


@dataclass(frozen=True)
class DrawnSurface:
    """A posed hand with its forearm and sleeve, ready to be rasterised.

    Attributes:
        vertices: (N, 3) float32 camera frame, mm; the template's vertices come first.
        faces: (M, 3) int32; the template's faces come first, then the arm's, then the sleeve's.
        num_hand_faces, num_skin_faces: where the arm's and where the sleeve's faces begin.
        normals: (N, 3) float32 unit, outward.
        tangents: (N, 6) float32 surface gradients of the two atlas coordinates, 1/mm-free (mm per mm).
    """

    vertices: np.ndarray
    faces: np.ndarray
    num_hand_faces: int
    num_skin_faces: int
    normals: np.ndarray
    tangents: np.ndarray


class HandSurface:
    """Topology of a template's surface and its forearm, made once; `place` puts a posed hand into it.

    Args:
        faces: (F, 3) int32 triangles of the template's surface, outward side counter-clockwise.
        rest_vertices: (S, 3) float32 mm, rest pose.
        atlas: (S, 2) float32 texture coordinates of the vertices, mm.
    """

    def __init__(self, faces: np.ndarray, rest_vertices: np.ndarray, atlas: np.ndarray):
        self._hand_faces = np.ascontiguousarray(faces, np.int32)
        self.num_vertices = len(rest_vertices)
        self.loop = boundary_loop(self._hand_faces, rest_vertices)
        inner = self._inner_ring()
        self._inner = inner
        count = len(self.loop)
        arm_rings = len(_ARM_RINGS) if count else 0
        sleeve_rings = len(_SLEEVE_RINGS) if count else 0
        strips = [_strip(self.loop, self.num_vertices, count)] if count else []
        for ring in range(1, arm_rings):
            first = self.num_vertices + (ring - 1) * count
            strips.append(_strip(np.arange(first, first + count), first + count, count))
        self.num_arm_vertices = arm_rings * count
        self._arm_faces = _stacked(strips)
        base = self.num_vertices + self.num_arm_vertices
        strips = [
            _strip(base + (ring - 1) * count + np.arange(count), base + ring * count, count)
            for ring in range(1, sleeve_rings)
        ]
        self._sleeve_faces = _stacked(strips)
        self.num_sleeve_vertices = sleeve_rings * count
        self.atlas = np.concatenate([atlas, *self._arm_atlas(atlas, rest_vertices)]).astype(np.float32)
        self._topologies = {sleeve: _Topology(self._all_faces(sleeve), self.atlas) for sleeve in (False, True)}

    def place(self, vertices: np.ndarray, arm: ArmParams) -> DrawnSurface:
        """Adds forearm and sleeve to a posed hand and computes its normals and tangents.

        Args:
            vertices: (S, 3) float32 posed surface vertices, camera frame, mm.
            arm: the forearm.

        Returns:
            DrawnSurface.

        Raises:
            ValueError: not the template's number of vertices.
        """
        vertices = np.asarray(vertices, np.float32)
        if vertices.shape != (self.num_vertices, 3):
            raise ValueError(f"vertices: expected ({self.num_vertices}, 3) of the template, got {vertices.shape}.")
        sleeve = arm.sleeve_start_mm is not None and len(self.loop) > 0
        if len(self.loop):
            vertices = np.concatenate([vertices, *self._arm_vertices(vertices, arm)]).astype(np.float32)
        topology = self._topologies[sleeve]
        normals, tangents = topology.frames(vertices)
        hand = len(self._hand_faces)
        return DrawnSurface(vertices, topology.faces, hand, hand + len(self._arm_faces), normals, tangents)

    def _all_faces(self, sleeve: bool) -> np.ndarray:
        parts = [self._hand_faces, self._arm_faces] + ([self._sleeve_faces] if sleeve else [])
        return np.ascontiguousarray(np.concatenate(parts), np.int32)

    def _inner_ring(self) -> np.ndarray:
        """Returns the vertices within two edges of the cut, which tell the forearm's direction."""
        near = self.loop
        for _ in range(2):
            touched = np.isin(self._hand_faces, near).any(axis=1)
            near = np.unique(self._hand_faces[touched])
        return np.setdiff1d(near, self.loop)

    def _arm_vertices(self, vertices: np.ndarray, arm: ArmParams) -> list[np.ndarray]:
        """Returns the arm's rings (arm vertices, 3) and, where there is a sleeve, the sleeve's."""
        ring = vertices[self.loop]
        centre = ring.mean(axis=0)
        axis = _unit(centre - vertices[self._inner].mean(axis=0))
        offset = ring - centre
        offset -= np.outer(offset @ axis, axis)
        slant = (ring - centre) @ axis
        side = _unit(offset[0])
        other = np.cross(axis, side)
        drift = arm.bend[0] * side + arm.bend[1] * other

        def at(distance: float, growth: float, scale: np.ndarray | float = 1.0) -> np.ndarray:
            along = axis + drift * min(max(distance, 0.0) / 80.0, 1.0)
            flat = np.outer(slant * max(0.0, 1 - abs(distance) / 25.0), axis)
            return centre + distance * along + offset * (growth * scale) + flat

        growths = [1 + (growth - 1) * arm.girth for _, growth in _ARM_RINGS]
        rings = [at(distance, growth) for (distance, _), growth in zip(_ARM_RINGS, growths, strict=True)]
        if arm.sleeve_start_mm is None:
            return [np.concatenate(rings)]
        angles = np.arctan2(offset @ other, offset @ side)
        reach, radius = [0.0, *(d for d, _ in _ARM_RINGS)], [1.0, *growths]
        for index, distance in enumerate(_SLEEVE_RINGS):
            where = arm.sleeve_start_mm + distance
            fold = sum(
                a * np.sin((k + 1) * angles + phase + where * 0.05 * (k + 1))
                for k, (a, phase) in enumerate(zip(arm.folds, arm.phases, strict=True))
            )
            gap = arm.sleeve_gap * (0.94 if index == 0 else 1.0)
            rings.append(at(where, gap * float(np.interp(where, reach, radius)), (1 + fold)[:, None]))
        return [np.concatenate(rings)]

    def _arm_atlas(self, atlas: np.ndarray, rest: np.ndarray) -> list[np.ndarray]:
        """Returns atlas coordinates of the arm's and the sleeve's rings: the cut's, moved along the forearm."""
        if not len(self.loop):
            return []
        ring = atlas[self.loop]
        axis = _unit(ring.mean(axis=0) - atlas[self._inner].mean(axis=0))
        return [ring + distance * axis for distance in [*(d for d, _ in _ARM_RINGS), *_SLEEVE_RINGS]]


class _Topology:
    """Faces with the sparse sums that turn face values into vertex values."""

    def __init__(self, faces: np.ndarray, atlas: np.ndarray):
        self.faces = faces
        count = int(faces.max()) + 1
        rows = faces.ravel()
        columns = np.repeat(np.arange(len(faces)), 3)
        self._sum = sp.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(count, len(faces)))
        a, b, c = (atlas[faces[:, corner]] for corner in range(3))
        self._edges = (b - a, c - a)

    def frames(self, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns area-weighted unit normals (N, 3) and the gradients (N, 6) of the atlas coordinates."""
        a = vertices[self.faces[:, 0]]
        e1, e2 = vertices[self.faces[:, 1]] - a, vertices[self.faces[:, 2]] - a
        cross = np.cross(e1, e2)
        area2 = np.einsum("ij,ij->i", cross, cross)[:, None] + np.float32(1e-6)
        # grad u = (du1 (e2 x n) + du2 (n x e1)) / |n|^2 with n = e1 x e2, weighted by |n|.
        dual1, dual2 = np.cross(e2, cross), np.cross(cross, e1)
        weight = 1 / np.sqrt(area2)
        (du1, dv1), (du2, dv2) = self._edges[0].T[:, :, None], self._edges[1].T[:, :, None]
        values = np.concatenate(
            [cross, (du1 * dual1 + du2 * dual2) * weight, (dv1 * dual1 + dv2 * dual2) * weight, np.sqrt(area2)], axis=1
        )
        total = self._sum @ values.astype(np.float32, copy=False)
        length = np.sqrt(np.einsum("ij,ij->i", total[:, :3], total[:, :3]))[:, None]
        normals = total[:, :3] / np.maximum(length, 1e-6)
        return normals, np.clip(total[:, 3:9] / total[:, 9:10], -2, 2)


def boundary_loop(faces: np.ndarray, vertices: np.ndarray) -> np.ndarray:
    """Returns the longest boundary of a mesh as vertex indices in order (n,) int; empty for a closed mesh.

    The order follows the boundary half-edges, so that a strip sewn on keeps the mesh's winding.
    """
    half = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    directed = {(int(a), int(b)) for a, b in half}
    following = {a: b for a, b in directed if (b, a) not in directed}
    loops: list[list[int]] = []
    while following:
        start = min(following)
        loop = [start]
        at = following.pop(start)
        while at != start and at in following:
            loop.append(at)
            at = following.pop(at)
        loops.append(loop)
    if not loops:
        return np.zeros(0, np.int64)
    lengths = [np.linalg.norm(np.diff(vertices[loop + loop[:1]], axis=0), axis=1).sum() for loop in loops]
    return np.array(loops[int(np.argmax(lengths))], np.int64)


def _strip(inner: np.ndarray, first_outer: int, count: int) -> np.ndarray:
    """Returns (2 count, 3) faces between a ring and the next, wound like the half-edges of `inner` demand."""
    after = np.roll(np.arange(count), -1)
    outer = first_outer + np.arange(count)
    lower = np.stack([inner[after], inner, outer], axis=1)
    upper = np.stack([inner[after], outer, outer[after]], axis=1)
    return np.concatenate([lower, upper])


def _stacked(strips: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(strips).astype(np.int32) if strips else np.zeros((0, 3), np.int32)


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)

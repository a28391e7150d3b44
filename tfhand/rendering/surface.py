"""What is drawn of a hand: the template's surface with its forearm, the upper arm, and a sleeve.

The network's mesh ends a little behind the wrist; the surface goes on to the elbow, and an upper arm follows it
around a bend, so that no picture shows a cut. Forearm, upper arm and sleeve are context, not the hand: they are
in the picture and its alpha, not in the hand's own mask and depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from tfhand.constants import JOINT_NAMES
from tfhand.mesh.template import LABELS, HandTemplate

#: Cross-sections of the forearm that sleeve and upper arm hang on: distances behind the wrist, mm, and points each.
_SECTIONS_MM = np.arange(-4.0, 150.0, 9.0)
_AROUND = 18
#: Rings of the sleeve, mm behind its edge; the first one is the inner lip.
_SLEEVE_MM = np.array([0.0, 0.0, 3.0, 8.0, 16.0, 30.0, 50.0, 75.0, 100.0, 125.0, 150.0, 180.0, 220.0, 270.0, 330.0])
_LIP = 0.93
#: Rings of the upper arm, mm behind the wrist, and their radius over the elbow's; the first ones lie in the forearm.
_UPPER_ARM_MM = np.array([110.0, 135.0, 160.0, 180.0, 195.0, 210.0, 230.0, 270.0, 330.0, 420.0])
_UPPER_ARM_GIRTH = np.array([0.85, 0.88, 0.92, 0.95, 0.98, 1.0, 1.04, 1.1, 1.15, 1.2])
#: Where the elbow's bend begins, mm behind the last cross-section, and its radius.
_ELBOW_MM, _ELBOW_RADIUS_MM = 35.0, 40.0


@dataclass(frozen=True)
class ArmParams:
    """How the arm goes on behind the hand, and what it wears.

    Attributes:
        elbow_bend: by how much the elbow is bent, rad; less where the forearm comes from the camera.
        elbow_turn: to which side, rad about the forearm; the side away from the camera of this and its opposite.
        sleeve_start_mm: where the sleeve's edge lies, mm behind the wrist; None for a bare arm.
        sleeve_gap: the sleeve's radius over the arm's.
        folds: (4,) amplitudes of the sleeve's folds, relative to its radius.
        phases: (4,) their phases, rad.
    """

    elbow_bend: float
    elbow_turn: float
    sleeve_start_mm: float | None
    sleeve_gap: float
    folds: np.ndarray
    phases: np.ndarray

    @classmethod
    def sample(cls, rng: np.random.Generator) -> ArmParams:
        """Draws an arm; nearly half of them wear a sleeve that starts somewhere between wrist and elbow."""
        start = float(rng.uniform(6.0, 130.0))
        return cls(
            elbow_bend=float(rng.uniform(0.1, 1.6)),
            elbow_turn=float(rng.uniform(0, 2 * np.pi)),
            sleeve_start_mm=start if rng.random() < 0.45 else None,
            sleeve_gap=float(rng.uniform(1.12, 1.4)),
            folds=np.abs(rng.normal(0.0, 0.025, 4)),
            phases=rng.uniform(0, 2 * np.pi, 4),
        )


@dataclass(frozen=True)
class DrawnSurface:
    """A posed hand with its arm and sleeve, ready to be rasterised.

    Attributes:
        vertices: (N, 3) float32 camera frame, mm; the template's vertices come first.
        faces: (M, 3) int32: those of the hand, then of the arm, then of the sleeve.
        num_hand_faces, num_skin_faces: where the arm's and where the sleeve's faces begin.
        normals: (N, 3) float32 unit, outward.
        tangents: (N, 6) float32 surface gradients of the two atlas coordinates (mm per mm).
    """

    vertices: np.ndarray
    faces: np.ndarray
    num_hand_faces: int
    num_skin_faces: int
    normals: np.ndarray
    tangents: np.ndarray


class HandSurface:
    """Topology of a template's surface, arm and sleeve, made once; `place` puts a posed hand into it.

    Args:
        template: the hand.
        atlas: (S, 2) float32 texture coordinates of the surface's vertices, mm.
    """

    def __init__(self, template: HandTemplate, atlas: np.ndarray):
        rest = np.asarray(template.surface_vertices, np.float64)
        self.num_vertices = len(rest)
        faces = np.ascontiguousarray(template.surface_faces, np.int32)
        in_hand = _in_hand(template)[faces].all(axis=1)
        arm_faces = self.num_vertices + _tube_faces(len(_UPPER_ARM_MM), _AROUND)
        skin_faces = np.concatenate([faces[in_hand], faces[~in_hand], arm_faces])
        self._num_hand_faces, self._num_skin_faces = int(in_hand.sum()), len(skin_faces)
        self._sections = _forearm_sections(template)
        sleeve_faces = self.num_vertices + len(_UPPER_ARM_MM) * _AROUND + _tube_faces(len(_SLEEVE_MM), _AROUND)
        # On the tubes the atlas runs around and along them, so that stripes do.
        around, along = np.meshgrid(np.arange(_AROUND) * (180.0 / _AROUND), np.concatenate([_UPPER_ARM_MM, _SLEEVE_MM]))
        tube_atlas = np.stack([around.ravel(), -along.ravel()], axis=1)
        self.atlas = np.concatenate([atlas, tube_atlas]).astype(np.float32)
        self._bare = _Topology(skin_faces, self.atlas)
        self._sleeved = _Topology(np.concatenate([skin_faces, sleeve_faces]), self.atlas)

    def place(self, vertices: np.ndarray, arm: ArmParams) -> DrawnSurface:
        """Adds arm and sleeve to a posed hand and computes normals and tangents.

        Args:
            vertices: (S, 3) posed surface vertices, camera frame, mm.
            arm: how the arm goes on.

        Returns:
            DrawnSurface.

        Raises:
            ValueError: not the template's number of vertices.
        """
        vertices = np.ascontiguousarray(vertices, np.float32)
        if vertices.shape != (self.num_vertices, 3):
            raise ValueError(f"vertices: expected ({self.num_vertices}, 3) of the template, got {vertices.shape}.")
        sections = (self._sections @ vertices).reshape(len(_SECTIONS_MM), _AROUND, 3)
        upper = _rings(sections, _UPPER_ARM_MM, arm, np.repeat(_UPPER_ARM_GIRTH[:, None], _AROUND, axis=1))
        parts, topology = [vertices, upper], self._bare
        if arm.sleeve_start_mm is not None:
            parts.append(_sleeve(sections, arm))
            topology = self._sleeved
        vertices = np.concatenate(parts)
        normals, tangents = topology.frames(vertices)
        return DrawnSurface(
            vertices, topology.faces, self._num_hand_faces, self._num_skin_faces, normals, tangents
        )


def _sleeve(sections: np.ndarray, arm: ArmParams) -> np.ndarray:
    """Returns the sleeve's vertices (rings * around, 3) float32 about a posed forearm."""
    where = arm.sleeve_start_mm + _SLEEVE_MM
    angles = np.arange(_AROUND) * (2 * np.pi / _AROUND)
    order = np.arange(1, len(arm.folds) + 1)[:, None, None]
    waves = 1 + np.sin(order * angles + arm.phases[:, None, None] + 0.05 * order * where[:, None])
    scale = arm.sleeve_gap * (1 + np.tensordot(arm.folds, waves, 1))
    scale[0] *= _LIP
    return _rings(sections, where, arm, scale)


def _rings(sections: np.ndarray, where: np.ndarray, arm: ArmParams, scale: np.ndarray) -> np.ndarray:
    """Places rings along a posed forearm and, behind its bend, along the upper arm.

    Args:
        sections: (sections, around, 3) points around the forearm's posed cross-sections, mm.
        where: (R,) distance of each ring behind the wrist along the arm, mm.
        arm: the elbow.
        scale: (R, around) radius over the arm's.

    Returns:
        (R * around, 3) float32 mm.
    """
    place = np.clip((where - _SECTIONS_MM[0]) / (_SECTIONS_MM[1] - _SECTIONS_MM[0]), 0, len(sections) - 1)
    below = np.minimum(place.astype(int), len(sections) - 2)
    share = (place - below)[:, None, None]
    rings = sections[below] * (1 - share) + sections[below + 1] * share
    centres = rings.mean(axis=1)
    offsets = (rings - centres[:, None]) * scale[..., None]
    axis = sections[-1].mean(axis=0) - sections[-6].mean(axis=0)
    axis /= np.linalg.norm(axis)
    side = sections[-1, 0] - sections[-1].mean(axis=0)
    side -= (side @ axis) * axis
    side /= np.linalg.norm(side)
    inward = np.cos(arm.elbow_turn) * side + np.sin(arm.elbow_turn) * np.cross(axis, side)
    # Not between the hand and the camera.
    inward *= 1 if inward[2] > 0 else -1
    bend = arm.elbow_bend * min(max(1 + float(axis[2]), 0), 1)
    beyond = np.maximum(where - _SECTIONS_MM[-1], 0)
    before = np.minimum(beyond, _ELBOW_MM)
    angle = np.minimum((beyond - before) / _ELBOW_RADIUS_MM, bend)
    straight = beyond - before - angle * _ELBOW_RADIUS_MM
    forward = before + _ELBOW_RADIUS_MM * np.sin(angle) + straight * np.cos(angle)
    sideways = _ELBOW_RADIUS_MM * (1 - np.cos(angle)) + straight * np.sin(angle)
    # Rings past the bend turn with it, in the plane of the axis and the inward direction.
    sine, cosine = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    along, across = (offsets @ axis)[..., None], (offsets @ inward)[..., None]
    turned = offsets + ((cosine - 1) * along - sine * across) * axis + (sine * along + (cosine - 1) * across) * inward
    centres = centres + forward[:, None] * axis + sideways[:, None] * inward
    return (centres[:, None] + turned).reshape(-1, 3).astype(np.float32)


class _Topology:
    """Faces with the sparse sums that turn face values into vertex values."""

    def __init__(self, faces: np.ndarray, atlas: np.ndarray):
        self.faces = np.ascontiguousarray(faces, np.int32)
        count = int(faces.max()) + 1
        rows = self.faces.ravel()
        columns = np.repeat(np.arange(len(faces)), 3)
        self._sum = sp.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(count, len(faces)))
        a, b, c = (atlas[self.faces[:, corner]] for corner in range(3))
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


def _in_hand(template: HandTemplate) -> np.ndarray:
    """Returns (S,) bool: the surface's vertices within the network mesh's reach along the forearm."""
    behind = _behind_wrist(template)
    forearm = template.surface_labels == LABELS.index("forearm")
    return ~forearm | (behind <= behind[template.vertex_ids].max() + 0.01)


def _behind_wrist(template: HandTemplate) -> np.ndarray:
    """Returns how far each surface vertex of the rest pose lies behind the wrist along the forearm (S,), mm."""
    wrist, axis = _forearm_axis(template)
    return (template.surface_vertices - wrist) @ axis


def _forearm_axis(template: HandTemplate) -> tuple[np.ndarray, np.ndarray]:
    """Returns the wrist (3,) and the unit direction (3,) from it to the elbow in the rest pose."""
    wrist = np.asarray(template.pose().joints[JOINT_NAMES.index("wrist")], np.float64)
    forearm = template.surface_vertices[template.surface_labels == LABELS.index("forearm")]
    far = forearm[np.linalg.norm(forearm - wrist, axis=1) > 60]
    axis = far.mean(axis=0) - wrist
    return wrist, axis / np.linalg.norm(axis)


def _forearm_sections(template: HandTemplate) -> sp.csr_matrix:
    """Returns the matrix that takes surface vertices to points around the forearm's cross-sections.

    Rays from the forearm's axis are intersected with its surface once, in the rest pose; each point is then
    held by the corners of the triangle it lies on, and follows them in any pose and shape.

    Raises:
        ValueError: the template's forearm is too short.
    """
    vertices = np.asarray(template.surface_vertices, np.float64)
    wrist, axis = _forearm_axis(template)
    side = np.cross(axis, np.eye(3)[int(np.argmin(np.abs(axis)))])
    side /= np.linalg.norm(side)
    angles = np.arange(_AROUND) * (2 * np.pi / _AROUND)
    directions = np.outer(np.cos(angles), side) + np.outer(np.sin(angles), np.cross(axis, side))
    forearm = vertices[template.surface_labels == LABELS.index("forearm")]
    behind = (forearm - wrist) @ axis
    faces = template.surface_faces
    faces = faces[((vertices[faces] - wrist) @ axis).max(axis=1) > -30]
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    cross = np.cross(b - a, c - a)
    sections: list[sp.csr_matrix] = []
    for distance in _SECTIONS_MM:
        nearby = np.exp(-0.5 * ((behind - distance) / 12) ** 2)
        origin = nearby @ forearm / nearby.sum()
        origin += (distance - (origin - wrist) @ axis) * axis
        hits = [_farthest_hit(origin, direction, a, b, c, cross) for direction in directions]
        if any(face < 0 for face, _ in hits):
            raise ValueError(f"template: expected a forearm all around its axis {distance:.0f} mm behind the wrist.")
        columns = faces[[face for face, _ in hits]].ravel()
        weights = np.concatenate([weight for _, weight in hits]).astype(np.float32)
        sections.append(sp.csr_matrix((weights, columns, np.arange(_AROUND + 1) * 3), shape=(_AROUND, len(vertices))))
    return sp.vstack(sections, format="csr")


def _farthest_hit(origin, direction, a, b, c, cross) -> tuple[int, np.ndarray]:
    """Returns the triangle (-1: none) that a ray leaves the surface through, and the corner weights (3,) there."""
    towards = cross @ direction
    towards = np.where(np.abs(towards) < 1e-12, 1e-12, towards)
    distance = np.einsum("ij,ij->i", a - origin, cross) / towards
    point = origin + distance[:, None] * direction
    area2 = np.einsum("ij,ij->i", cross, cross)
    v = np.einsum("ij,ij->i", np.cross(point - a, c - a), cross) / area2
    w = np.einsum("ij,ij->i", np.cross(b - a, point - a), cross) / area2
    weights = np.stack([1 - v - w, v, w], axis=1)
    # A wrist's cross-section misses the fingers: nothing else lies within 80 mm of its axis.
    hit = (weights.min(axis=1) > -1e-6) & (distance > 0) & (distance < 80)
    face = int(np.argmax(np.where(hit, distance, -1)))
    return (face if hit[face] else -1), weights[face]


def _tube_faces(rings: int, around: int) -> np.ndarray:
    """Returns (2 * (rings - 1) * around, 3) faces of a tube of rings that turn anti-clockwise about its direction."""
    ring, place = np.meshgrid(np.arange(rings - 1), np.arange(around), indexing="ij")
    here, after = (ring * around + place).ravel(), (ring * around + (place + 1) % around).ravel()
    lower = np.stack([here, after, here + around], axis=1)
    upper = np.stack([after, after + around, here + around], axis=1)
    return np.concatenate([lower, upper]).astype(np.int32)

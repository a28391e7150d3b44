"""The arm behind the hand: cross-sections of the forearm, the upper arm around a bent elbow, the sleeve.

All three are tubes of rings. The forearm's rings are held by the template's surface and follow it in any pose and
shape; upper arm and sleeve are made from them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from tfhand.constants import JOINT_NAMES
from tfhand.mesh.template import LABELS, HandTemplate

#: Cross-sections of the forearm that sleeve and upper arm hang on: distances behind the wrist, mm, and points each.
SECTIONS_MM = np.arange(-4.0, 150.0, 9.0)
AROUND = 18
#: Rings of the sleeve, mm behind its edge; the first one is the inner lip.
SLEEVE_MM = np.array([0.0, 0, 3, 8, 16, 30, 50, 75, 100, 125, 150, 180, 220, 270, 560, 575])
_LIP = 0.93
#: Where its last two lie instead, mm behind the wrist and the arm's end; the very last is a point that closes it.
_SLEEVE_END_MM = (625.0, 640.0)
#: Rings of the upper arm, mm behind the wrist, and their radius over the elbow's; the first ones lie in the forearm and
#: come out where its skin ends, 158 to 175 mm behind the wrist, the last one is a point that closes it.
UPPER_ARM_MM = np.array([110.0, 140, 150, 158, 166, 175, 190, 210, 230, 270, 330, 420, 600, 615])
_UPPER_ARM_GIRTH = np.array([0.85, 0.96, 0.985, 1.015, 1.045, 1.075, 1.1, 1.12, 1.13, 1.16, 1.19, 1.22, 1.25, 0.0])
#: Where the elbow's bend begins, mm behind the last cross-section, and its radius.
_ELBOW_MM, _ELBOW_RADIUS_MM = 35.0, 40.0
#: Half the thickness of an upper arm in its sleeve, mm.
_HALF_ARM_MM = 60.0


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


def leaving(sections: np.ndarray, arm: ArmParams, intrinsics: np.ndarray, size: tuple[int, int]) -> ArmParams:
    """Stretches the elbow of an arm that would end within the picture, as if cut off.

    Args:
        sections: (sections, around, 3) points around the forearm's posed cross-sections, camera frame, mm.
        arm: as drawn.
        intrinsics: (4,) fx, fy, u0, v0 in pixels of the picture.
        size: (height, width) of the picture, pixels.

    Returns:
        The arm, bent only as far as brings it from pointing away from the camera into the image's plane if it would
        otherwise end in the picture.
    """
    axis, inward, bend = _elbow(sections, arm)
    _, forward, sideways = _path(UPPER_ARM_MM[-2], bend)
    end = sections[-1].mean(axis=0) + forward * axis + sideways * inward
    if end[2] < _HALF_ARM_MM:
        return arm
    pixel = end[:2] / end[2] * intrinsics[:2] + intrinsics[2:]
    beyond = np.maximum(-pixel, pixel - size[::-1]).max()
    if beyond > _HALF_ARM_MM * max(intrinsics[:2]) / end[2]:
        return arm
    side, other = _across(sections, axis)
    # Of all directions across the forearm the one that leads straight towards the camera.
    turn = float(np.arctan2(-other[2], -side[2]))
    return dataclasses.replace(arm, elbow_turn=turn, elbow_bend=float(np.arcsin(min(max(axis[2], 0.0), 1.0))))


def upper_arm(sections: np.ndarray, arm: ArmParams) -> np.ndarray:
    """Returns the upper arm's vertices (rings * around, 3) float32 behind posed cross-sections of the forearm."""
    return _rings(sections, UPPER_ARM_MM, arm, np.repeat(_UPPER_ARM_GIRTH[:, None], AROUND, axis=1))


def sleeve(sections: np.ndarray, arm: ArmParams) -> np.ndarray:
    """Returns the sleeve's vertices (rings * around, 3) float32 about posed cross-sections of the forearm."""
    where = arm.sleeve_start_mm + SLEEVE_MM
    where[-2:] = _SLEEVE_END_MM
    angles = np.arange(AROUND) * (2 * np.pi / AROUND)
    order = np.arange(1, len(arm.folds) + 1)[:, None, None]
    waves = 1 + np.sin(order * angles + arm.phases[:, None, None] + 0.05 * order * where[:, None])
    scale = arm.sleeve_gap * (1 + np.tensordot(arm.folds, waves, 1))
    scale *= np.maximum(np.interp(where, UPPER_ARM_MM[:-1], _UPPER_ARM_GIRTH[:-1]), 1)[:, None]
    scale[0] *= _LIP
    scale[-1] = 0
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
    place = np.clip((where - SECTIONS_MM[0]) / (SECTIONS_MM[1] - SECTIONS_MM[0]), 0, len(sections) - 1)
    below = np.minimum(place.astype(int), len(sections) - 2)
    share = (place - below)[:, None, None]
    rings = sections[below] * (1 - share) + sections[below + 1] * share
    centres = rings.mean(axis=1)
    offsets = (rings - centres[:, None]) * scale[..., None]
    axis, inward, bend = _elbow(sections, arm)
    angle, forward, sideways = _path(where, bend)
    # Rings past the bend turn with it, in the plane of the axis and the inward direction.
    sine, cosine = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    along, across = (offsets @ axis)[..., None], (offsets @ inward)[..., None]
    turned = offsets + ((cosine - 1) * along - sine * across) * axis + (sine * along + (cosine - 1) * across) * inward
    centres = centres + forward[:, None] * axis + sideways[:, None] * inward
    return (centres[:, None] + turned).reshape(-1, 3).astype(np.float32)


def _path(where: np.ndarray, bend: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns, at distances `where` behind the wrist, by how much the arm has turned, rad, and how far behind the last
    cross-section it is along the forearm and aside of it, mm."""
    beyond = np.maximum(where - SECTIONS_MM[-1], 0)
    before = np.minimum(beyond, _ELBOW_MM)
    angle = np.minimum((beyond - before) / _ELBOW_RADIUS_MM, bend)
    straight = beyond - before - angle * _ELBOW_RADIUS_MM
    forward = before + _ELBOW_RADIUS_MM * np.sin(angle) + straight * np.cos(angle)
    return angle, forward, _ELBOW_RADIUS_MM * (1 - np.cos(angle)) + straight * np.sin(angle)


def _elbow(sections: np.ndarray, arm: ArmParams) -> tuple[np.ndarray, np.ndarray, float]:
    """Returns the forearm's unit direction (3,), the unit direction (3,) that it bends to, and by how much, rad."""
    axis = sections[-1].mean(axis=0) - sections[-6].mean(axis=0)
    axis /= np.linalg.norm(axis)
    side, other = _across(sections, axis)
    inward = np.cos(arm.elbow_turn) * side + np.sin(arm.elbow_turn) * other
    # Not between the hand and the camera: away from the camera, unless it leads outwards in the picture.
    outward = axis[:2] / max(float(np.linalg.norm(axis[:2])), 1e-6)
    if inward[2] < 0 and inward[:2] @ outward < 0.5 * np.linalg.norm(inward[:2]) + 1e-6:
        inward = -inward
    return axis, inward, arm.elbow_bend * min(max(1 + float(axis[2]), 0), 1)


def _across(sections: np.ndarray, axis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns two unit directions (3,) across the forearm, of turns 0 and a quarter."""
    side = sections[-1, 0] - sections[-1].mean(axis=0)
    side -= (side @ axis) * axis
    side /= np.linalg.norm(side)
    return side, np.cross(axis, side)


def forearm_axis(template: HandTemplate) -> tuple[np.ndarray, np.ndarray]:
    """Returns the wrist (3,) and the unit direction (3,) from it to the elbow in the rest pose."""
    wrist = np.asarray(template.pose().joints[JOINT_NAMES.index("wrist")], np.float64)
    forearm = template.surface_vertices[template.surface_labels == LABELS.index("forearm")]
    far = forearm[np.linalg.norm(forearm - wrist, axis=1) > 60]
    axis = far.mean(axis=0) - wrist
    return wrist, axis / np.linalg.norm(axis)


def forearm_sections(template: HandTemplate) -> sp.csr_matrix:
    """Returns the matrix that takes surface vertices to points around the forearm's cross-sections.

    Rays from the forearm's axis are intersected with its surface once, in the rest pose; each point is then
    held by the corners of the triangle it lies on, and follows them in any pose and shape.

    Raises:
        ValueError: the template's forearm is too short.
    """
    vertices = np.asarray(template.surface_vertices, np.float64)
    wrist, axis = forearm_axis(template)
    side = np.cross(axis, np.eye(3)[int(np.argmin(np.abs(axis)))])
    side /= np.linalg.norm(side)
    angles = np.arange(AROUND) * (2 * np.pi / AROUND)
    directions = np.outer(np.cos(angles), side) + np.outer(np.sin(angles), np.cross(axis, side))
    forearm = vertices[template.surface_labels == LABELS.index("forearm")]
    behind = (forearm - wrist) @ axis
    faces = template.surface_faces
    faces = faces[((vertices[faces] - wrist) @ axis).max(axis=1) > -30]
    sections: list[sp.csr_matrix] = []
    for distance in SECTIONS_MM:
        nearby = np.exp(-0.5 * ((behind - distance) / 12) ** 2)
        origin = nearby @ forearm / nearby.sum()
        origin += (distance - (origin - wrist) @ axis) * axis
        section = cross_section(origin, directions, vertices, faces)
        if section is None:
            raise ValueError(f"template: expected a forearm all around its axis {distance:.0f} mm behind the wrist.")
        sections.append(section)
    return sp.vstack(sections, format="csr")


def cross_section(
    origin: np.ndarray, directions: np.ndarray, vertices: np.ndarray, faces: np.ndarray
) -> sp.csr_matrix | None:
    """Cuts a surface with rays from within.

    Args:
        origin: (3,) where the rays begin, mm.
        directions: (R, 3) unit vectors.
        vertices: (S, 3) float64 of the whole surface, mm.
        faces: (F, 3) those that may be hit.

    Returns:
        the matrix (R, S) float32 that takes vertices to the points where the rays leave; None where one meets nothing.
    """
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    cross = np.cross(b - a, c - a)
    hits = [_farthest_hit(origin, direction, a, b, c, cross) for direction in directions]
    if any(face < 0 for face, _ in hits):
        return None
    columns = faces[[face for face, _ in hits]].ravel()
    weights = np.concatenate([weight for _, weight in hits]).astype(np.float32)
    return sp.csr_matrix((weights, columns, np.arange(len(hits) + 1) * 3), shape=(len(hits), len(vertices)))


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


def tube_faces(rings: int, around: int) -> np.ndarray:
    """Returns (2 * (rings - 1) * around, 3) faces of a tube of rings that turn anti-clockwise about its direction."""
    ring, place = np.meshgrid(np.arange(rings - 1), np.arange(around), indexing="ij")
    here, after = (ring * around + place).ravel(), (ring * around + (place + 1) % around).ravel()
    lower = np.stack([here, after, here + around], axis=1)
    upper = np.stack([after, after + around, here + around], axis=1)
    return np.concatenate([lower, upper]).astype(np.int32)

"""Dual quaternion skinning of the hand's rig in numpy.

Blending matrices linearly pulls the skin over a bent joint towards its axis: at 90 degrees a knuckle keeps 85 % of its
thickness. Blended dual quaternions stay rigid motions, so that it keeps all of it; they cost the same.

References:
    Kavan, Collins, Zara, O'Sullivan, "Geometric Skinning with Approximate Dual Quaternion Blending", ACM TOG 2008.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import NamedTuple

import numpy as np


class ShapedHand(NamedTuple):
    """A hand of one shape at rest, float32 mm: surface (S, 3), and points (P, 3) as in `Rig`."""

    surface_vertices: np.ndarray
    points: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Rig:
    """Bones, skin weights and joints of a template with B shape keys, mm, template frame.

    Attributes:
        bone_names: names of the bones, parents before children.
        bone_parents: (K,) int32, -1 for the wrist, whose parent is the forearm (which never moves).
        bone_axes: (K, 3, 3) float32, rows: flexion, abduction, twist axis in the rest pose.
        points: (P, 3) float32, heads of the K bones, then fingertips.
        point_deltas: (B, P, 3) float32, how the shape keys move them.
        joint_points: (J,) int32, the point that each joint is.
        joint_bones: (J,) int32, the bone that each joint is fixed to.
        skin_weights: (S, K + 1) float32, rows sum to 1, at most four in a row; column K is the forearm.
    """

    bone_names: tuple[str, ...]
    bone_parents: np.ndarray
    bone_axes: np.ndarray
    points: np.ndarray
    point_deltas: np.ndarray
    joint_points: np.ndarray
    joint_bones: np.ndarray
    skin_weights: np.ndarray

    def bone_rotations(self, angles: np.ndarray) -> np.ndarray:
        """Turns anatomical angles into rotations.

        `R = R_flexion R_abduction R_twist`: twist about the bone comes first, flexion about the axis that is
        fixed in the parent bone last.

        Args:
            angles: (K, 3) radians: flexion (positive: to the palm), abduction (positive: away from the
                middle finger; wrist and middle finger: to the thumb's side; thumb: away from the index
                finger), twist (positive: pronation). All 0 is the rest pose.

        Returns:
            (K, 3, 3) float32 rotations relative to the parent bone, in the template's axes.

        Raises:
            ValueError: wrong shape, or angles that are not finite.
        """
        angles = np.asarray(angles, np.float32)
        expected = (len(self.bone_names), 3)
        if angles.shape != expected:
            raise ValueError(f"angles: expected shape {expected}, got {angles.shape}.")
        if not np.isfinite(angles).all():
            raise ValueError("angles: expected finite radians, got NaN or infinity.")
        turns = axis_rotations(self.bone_axes.reshape(-1, 3), angles.ravel()).reshape(-1, 3, 3, 3)
        return turns[:, 0] @ turns[:, 1] @ turns[:, 2]

    def bone_transforms(self, rotations: np.ndarray | None, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Chains the bones' rotations.

        Args:
            rotations: (K, 3, 3) relative rotations, or None for the rest pose.
            points: (P, 3) shaped points, mm.

        Returns:
            (K + 1, 3, 3) and (K + 1, 3) float32: rotation and translation of every bone and of the forearm,
            `posed = rotation @ rest + translation`.
        """
        count = len(self.bone_names)
        turns = np.tile(np.eye(3, dtype=np.float32), (count + 1, 1, 1))
        shifts = np.zeros((count + 1, 3), np.float32)
        if rotations is None:
            return turns, shifts
        heads = points[:count, :, None]
        for bones, parents in self._generations:
            turn = turns[parents] @ rotations[bones]  # Parent -1 is the forearm, the last row.
            head = heads[bones]
            shifts[bones] = (turns[parents] @ head)[..., 0] + shifts[parents] - (turn @ head)[..., 0]
            turns[bones] = turn
        return turns, shifts

    @functools.cached_property
    def _generations(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Bones and their parents, first those without any, then their children, and so on."""
        depth = [0] * len(self.bone_parents)
        for bone, parent in enumerate(self.bone_parents.tolist()):
            depth[bone] = depth[parent] + 1 if parent >= 0 else 0
        generations = (np.flatnonzero(np.array(depth) == level) for level in range(max(depth) + 1))
        return [(bones, self.bone_parents[bones]) for bones in generations]

    def skin(self, rest_vertices: np.ndarray, turns: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        """Moves vertices with their bones.

        Args:
            rest_vertices: (S, 3) float32 mm, shaped, rest pose.
            turns: (K + 1, 3, 3) rotations of the bones and the forearm.
            shifts: (K + 1, 3) translations of the same, mm.

        Returns:
            (S, 3) float32 mm.
        """
        real = quaternions(turns)
        for bones, parents in self._generations:  # of the two quaternions of a turn the one nearer to the parent's
            real[bones] *= np.where((real[bones] * real[parents]).sum(axis=1) < 0, -1, 1)[:, None]
        dual = 0.5 * _products(np.column_stack([np.zeros(len(real)), shifts]), real)
        blended = np.concatenate([real, dual], axis=1).astype(np.float32).T @ self.skin_weights.T
        blended /= np.sqrt(np.einsum("cs,cs->s", blended[:4], blended[:4]))
        w, axis, dual_w, dual_axis = blended[0], blended[1:4], blended[4], blended[5:]
        rest = np.ascontiguousarray(rest_vertices.T)
        # v + 2 r x (r x v + w v + e) + 2 (w e - e0 r), with the products by r gathered.
        moved = rest + 2 * (_crosses(axis, _crosses(axis, rest) + w * rest + dual_axis) + w * dual_axis - dual_w * axis)
        return np.ascontiguousarray(moved.T)


def quaternions(rotations: np.ndarray) -> np.ndarray:
    """Unit quaternions of rotation matrices.

    Each is read off the row of `4 q q^T` whose diagonal element is largest, so that no turn is ill-conditioned.

    Args:
        rotations: (N, 3, 3).

    Returns:
        (N, 4) float64: w, x, y, z; their signs are arbitrary.
    """
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = np.moveaxis(np.asarray(rotations, np.float64), 0, -1)
    outer = np.array(
        [
            [1 + xx + yy + zz, zy - yz, xz - zx, yx - xy],
            [zy - yz, 1 + xx - yy - zz, yx + xy, xz + zx],
            [xz - zx, yx + xy, 1 - xx + yy - zz, zy + yz],
            [yx - xy, xz + zx, zy + yz, 1 - xx - yy + zz],
        ]
    )
    best = np.einsum("iin->in", outer).argmax(axis=0)
    rows = outer[best, :, np.arange(len(best))]
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _products(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Products of quaternions, (N, 4) each."""
    (a, b, c, d), (w, x, y, z) = left.T, right.T
    return np.stack(
        [a * w - b * x - c * y - d * z, a * x + b * w + c * z - d * y, a * y - b * z + c * w + d * x,
         a * z + b * y - c * x + d * w], axis=1,
    )  # fmt: skip


def _crosses(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Cross products of vectors in columns, (3, N) each."""
    (a, b, c), (x, y, z) = left, right
    return np.stack([b * z - c * y, c * x - a * z, a * y - b * x])


def axis_rotations(axes: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Rotation matrices about unit axes (Rodrigues).

    Args:
        axes: (N, 3) float, unit length.
        angles: (N,) radians, right-handed.

    Returns:
        (N, 3, 3) of the dtype of `axes`.
    """
    x, y, z = axes.T
    cross = np.zeros((len(axes), 3, 3), axes.dtype)
    cross[:, 0, 1], cross[:, 0, 2], cross[:, 1, 2] = -z, y, -x
    cross[:, 1, 0], cross[:, 2, 0], cross[:, 2, 1] = z, -y, x
    sine, versine = np.sin(angles)[:, None, None], (1 - np.cos(angles))[:, None, None]
    return np.eye(3, dtype=axes.dtype) + sine * cross + versine * (cross @ cross)

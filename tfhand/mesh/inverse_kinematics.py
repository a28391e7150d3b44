"""Inverse kinematics of the hand's rig: from 21 joints to bone angles, shape and place.

Joints don't tell everything: not how a finger is twisted about its last bone, nor how thick it is. What they leave open, and
how far noise in them may bend a hand, is settled by Gaussian priors of every angle and shape key, so the fit is the most
probable hand (maximum a posteriori). A closed form gives the start; damped Gauss-Newton steps with exact derivatives follow.

References:
    Ge et al.: 3D Hand Shape and Pose Estimation from a Single RGB Image, CVPR 2019, section 5.3 (direct LBS).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from tfhand.constants import NUM_JOINTS
from tfhand.mesh.linear_skinning import chain_bones, local_rotations
from tfhand.mesh.skinning import axis_rotations

if TYPE_CHECKING:
    from tfhand.mesh.skinning import Rig
    from tfhand.mesh.template import HandTemplate

#: Joints of the palm, which the start is turned by: wrist and the four knuckles.
_PALM = [0, 5, 9, 13, 17]
#: Mean and deviation of flexion, deviations of abduction and twist, degrees, counted from rest: by how a bone's name ends, the
#: first that fits. The wrist turns with the whole hand: no joint tells the two apart.
_PRIORS: tuple[tuple[str, tuple[float, float, float, float]], ...] = (
    ("wrist", (0.0, 0.0, 0.0, 0.0)),
    ("thumb_metacarpal", (0.0, 25.0, 25.0, 15.0)),
    ("thumb_proximal", (10.0, 25.0, 6.0, 6.0)),
    ("ring_metacarpal", (0.0, 6.0, 2.0, 2.0)),
    ("little_metacarpal", (0.0, 9.0, 2.0, 2.0)),
    ("metacarpal", (0.0, 2.0, 2.0, 2.0)),
    ("proximal", (25.0, 40.0, 15.0, 8.0)),
    ("middle", (30.0, 40.0, 2.0, 2.0)),
    ("distal", (15.0, 30.0, 2.0, 2.0)),
)
_SHAPE_DEVIATION = 0.5
#: Hands fitted at once.
_CHUNK = 256
_DAMPING_LIMITS = 1e-6, 1e8


@dataclasses.dataclass(frozen=True, eq=False)
class RigFit:
    """The hands that fit some joints; the arguments of `skin_linearly` by name.

    Attributes:
        angles: (N, K, 3) float64 radians: flexion, abduction, twist of the bones.
        shape: (N, B) float64 values of the shape keys.
        rotation: (N, 3, 3) float64 from the template's to the joints' frame.
        translation_mm: (N, 3) float64, the wrist joint.
    """

    angles: np.ndarray
    shape: np.ndarray
    rotation: np.ndarray
    translation_mm: np.ndarray


def fit_rig(template: HandTemplate, joints_mm: np.ndarray, noise_mm: float = 3.0, steps: int = 12) -> RigFit:
    """Finds the hands whose joints lie at given places.

    Args:
        template: a hand with a rig of K bones and B shape keys.
        joints_mm: (N, 21, 3) joints of right hands, mm, camera frame.
        noise_mm: deviation of a joint's coordinates that the prior is weighed against.
        steps: damped Gauss-Newton steps.

    Raises:
        ValueError: joints of another shape or not finite, noise or steps that aren't positive, a template without a rig.
    """
    joints = np.asarray(joints_mm, np.float64)
    if joints.ndim != 3 or joints.shape[1:] != (NUM_JOINTS, 3):
        raise ValueError(f"joints_mm: expected shape (N, {NUM_JOINTS}, 3), got {joints.shape}.")
    if not np.isfinite(joints).all():
        raise ValueError("joints_mm: expected finite mm, got NaN or infinity.")
    if not noise_mm > 0 or steps < 1:
        raise ValueError(f"noise_mm, steps: expected above 0 and at least 1, got {noise_mm} and {steps}.")
    if template.rig is None:
        raise ValueError("template: expected one with a rig, got one made from a bare mesh.")
    problem = _Problem(template, noise_mm)
    parts = [_fit(problem, joints[start : start + _CHUNK], steps) for start in range(0, max(len(joints), 1), _CHUNK)]
    fields = [field.name for field in dataclasses.fields(RigFit)]
    return RigFit(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in fields})


def _fit(problem: _Problem, joints: np.ndarray, steps: int) -> RigFit:
    """Levenberg's steps: one is taken where it makes a hand more probable, else the next one is shorter."""
    fit = problem.start(joints)
    residuals, jacobian = problem.linearised(fit, joints)
    damping = np.full(len(joints), 1e-2)
    for _ in range(steps):
        normal = np.einsum("nrp,nrq->npq", jacobian, jacobian, optimize=True)
        gradient = np.einsum("nrp,nr->np", jacobian, residuals)
        diagonal = np.einsum("npp->np", normal)
        diagonal += damping[:, None] * (1.0 + diagonal)
        tried = problem.moved(fit, np.linalg.solve(normal, -gradient[..., None])[..., 0])
        there = problem.linearised(tried, joints)
        better = (there[0] ** 2).sum(axis=1) < (residuals**2).sum(axis=1)
        damping = np.clip(damping * np.where(better, 0.1, 10.0), *_DAMPING_LIMITS)
        fit = RigFit(*(_where(better, *pair) for pair in zip(_values(tried), _values(fit), strict=True)))
        residuals, jacobian = (_where(better, new, old) for new, old in zip(there, (residuals, jacobian), strict=True))
    return fit


class _Problem:
    """Residuals of a hand of the rig against joints and prior, and their derivatives.

    Parameters are a turn of the whole hand (3), its place (3), the angles with a prior that isn't a point, and the shape keys.
    """

    def __init__(self, template: HandTemplate, noise_mm: float) -> None:
        self.rig: Rig = template.rig
        self.noise = noise_mm
        self.ranges = template.shape_ranges.astype(np.float64)
        priors = np.deg2rad([next(prior for end, prior in _PRIORS if name.endswith(end)) for name in self.rig.bone_names])
        self.mean = np.zeros((len(priors), 3))
        self.mean[:, 0] = priors[:, 0]
        self.deviation = priors[:, 1:]
        self.free = np.nonzero(self.deviation)  # bones and axes of the angles that are fitted
        self.chains = _carried(self.rig)
        self.deltas = self.rig.point_deltas.astype(np.float64)
        self.carried = self.chains[self.free[0]]

    def start(self, joints: np.ndarray) -> RigFit:
        """The hand of average shape: its palm laid on the joints, every bone turned to its joint."""
        rig, count = self.rig, len(joints)
        shape = np.clip(np.zeros((count, len(self.ranges))), *self.ranges.T)
        rest = (rig.points + np.tensordot(shape, rig.point_deltas, 1))[:, rig.joint_points]
        seen, known = (points[:, _PALM[1:]] - points[:, :1] for points in (joints, rest))
        left, _, right = np.linalg.svd(np.swapaxes(seen, 1, 2) @ known)
        sign = np.linalg.det(left @ right)
        left[:, :, 2] *= np.sign(sign)[:, None]
        rotation = left @ right
        angles = self._angles_towards((joints - joints[:, :1]) @ rotation, count)
        return RigFit(angles, shape, rotation, joints[:, 0].copy())

    def _angles_towards(self, joints: np.ndarray, count: int) -> np.ndarray:
        """Flexion and abduction that point every finger's bones from joint to joint, in the template's frame.

        Abduction `a` lifts a bone out of the plane that flexion moves it in, by its sine; flexion is the angle within.
        """
        rig = self.rig
        angles = np.zeros((count, len(rig.bone_parents), 3))
        turns = np.tile(np.eye(3), (count, len(rig.bone_parents) + 1, 1, 1))
        heads = {int(point): joint for joint, point in enumerate(rig.joint_points)}
        for bone, parent in enumerate(rig.bone_parents.tolist()):
            turns[:, bone] = turns[:, parent]
            if bone == 0 or bone not in heads:  # the wrist, and metacarpals, whose heads are no joints
                continue
            flexion, abduction, twist = rig.bone_axes[bone].astype(np.float64)
            towards = joints[:, heads[bone] + 1] - joints[:, heads[bone]]
            towards /= np.maximum(np.linalg.norm(towards, axis=1, keepdims=True), 1e-9)
            towards = np.einsum("nba,nb->na", turns[:, parent], towards)
            along = -twist
            sideways = np.clip((towards @ flexion) * (np.cross(abduction, along) @ flexion), -1.0, 1.0)
            angles[:, bone, 0] = np.arctan2(towards @ np.cross(flexion, along), towards @ along)
            angles[:, bone, 1] = np.arcsin(sideways)
            limits = 3.0 * self.deviation[bone]
            angles[:, bone] = np.clip(angles[:, bone], self.mean[bone] - limits, self.mean[bone] + limits)
            turns[:, bone] = turns[:, parent] @ local_rotations(rig, angles)[:, bone]
        return angles

    def moved(self, fit: RigFit, step: np.ndarray) -> RigFit:
        """The fit after a step (N, parameters)."""
        turn, place, angle, shape = np.split(step, [3, 6, 6 + len(self.free[0])], axis=1)
        size = np.linalg.norm(turn, axis=1)
        rotation = axis_rotations(turn / np.maximum(size, 1e-12)[:, None], size) @ fit.rotation
        angles = fit.angles.copy()
        angles[:, self.free[0], self.free[1]] += angle
        shape = np.clip(fit.shape + shape, *self.ranges.T)
        return RigFit(angles, shape, rotation, fit.translation_mm + place)

    def linearised(self, fit: RigFit, joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Residuals (N, R), in deviations, and their derivatives (N, R, parameters)."""
        rig, count = self.rig, len(joints)
        points = rig.points + np.tensordot(fit.shape, rig.point_deltas, 1)
        turns, shifts = chain_bones(rig, local_rotations(rig, fit.angles), points)
        own = self._joints(turns, shifts, points)
        placed = own @ np.swapaxes(fit.rotation, 1, 2)
        by_place = np.broadcast_to(np.eye(3), (count, NUM_JOINTS, 3, 3))
        axes = self._axes(fit.angles, turns)
        bones = self.free[0]
        heads = (turns[:, bones] @ points[:, bones, :, None])[..., 0] + shifts[:, bones]
        by_angle = np.cross(axes[:, :, None], own[:, None] - heads[:, :, None]) * self.carried[..., None]
        by_shape = self._by_shape(turns)
        inner = np.concatenate([by_angle, by_shape], axis=1)  # (N, parameters, 21, 3), template's frame
        inner = np.einsum("nab,npjb->njap", fit.rotation, inner, optimize=True)
        by_turn = -_cross_matrices(placed)  # a small turn w moves p by w x p
        data = np.concatenate([by_turn, by_place, inner], axis=-1) / self.noise
        prior = np.concatenate([1.0 / self.deviation[self.free], np.full(fit.shape.shape[1], 1.0 / _SHAPE_DEVIATION)])
        prior_rows = np.pad(np.diag(prior), ((0, 0), (6, 0)))
        away = np.concatenate([(fit.angles - self.mean)[:, self.free[0], self.free[1]], fit.shape], axis=1)
        residuals = ((placed + fit.translation_mm[:, None] - joints) / self.noise).reshape(count, NUM_JOINTS * 3)
        jacobian = data.reshape(count, NUM_JOINTS * 3, data.shape[-1])
        rows = np.broadcast_to(prior_rows, (count, *prior_rows.shape))
        return np.concatenate([residuals, away * prior], axis=1), np.concatenate([jacobian, rows], axis=1)

    def _joints(self, turns: np.ndarray, shifts: np.ndarray, points: np.ndarray) -> np.ndarray:
        """(N, 21, 3) posed joints, template's frame."""
        bones = self.rig.joint_bones
        return (turns[:, bones] @ points[:, self.rig.joint_points, :, None])[..., 0] + shifts[:, bones]

    def _by_shape(self, turns: np.ndarray) -> np.ndarray:
        """(N, B, 21, 3) what shape keys move the posed joints by, template's frame.

        A joint moves with its own point, and, for every bone between it and the arm, as that bone's head does beside it:
        `chain_bones` is linear in the points.
        """
        rig, count = self.rig, len(self.chains)
        own = np.einsum("njac,bjc->nbja", turns[:, rig.joint_bones], self.deltas[:, rig.joint_points], optimize=True)
        beside = turns[:, rig.bone_parents] - turns[:, :count]
        heads = np.einsum("nkac,bkc->nbak", beside, self.deltas[:, :count], optimize=True)
        return own + np.swapaxes(heads @ self.chains, 2, 3)

    def _axes(self, angles: np.ndarray, turns: np.ndarray) -> np.ndarray:
        """(N, free angles, 3) axes that the fitted angles turn about, in the posed hand, template's frame."""
        rig = self.rig
        flat = np.broadcast_to(rig.bone_axes.astype(np.float64), (*angles.shape, 3))
        about = axis_rotations(flat.reshape(-1, 3), angles.ravel()).reshape(*angles.shape, 3, 3)
        before = turns[:, rig.bone_parents]
        frames = np.stack([before, before @ about[:, :, 0], before @ about[:, :, 0] @ about[:, :, 1]], axis=2)
        axes = (frames @ flat[..., None])[..., 0]
        return axes[:, self.free[0], self.free[1]]


def _carried(rig: Rig) -> np.ndarray:
    """(K, 21) float64: 1 where a joint moves with a bone."""
    moves = np.zeros((len(rig.bone_parents), NUM_JOINTS))
    for joint, bone in enumerate(rig.joint_bones.tolist()):
        while bone >= 0:
            moves[bone, joint] = 1.0
            bone = int(rig.bone_parents[bone])
    return moves


def _cross_matrices(vectors: np.ndarray) -> np.ndarray:
    """(..., 3, 3) matrices that multiply by the cross product with (..., 3) from the left."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(*vectors.shape, 3)


def _where(chosen: np.ndarray, new: np.ndarray, old: np.ndarray) -> np.ndarray:
    return np.where(chosen.reshape(-1, *[1] * (new.ndim - 1)), new, old)


def _values(fit: RigFit) -> list[np.ndarray]:
    return [getattr(fit, field.name) for field in dataclasses.fields(fit)]

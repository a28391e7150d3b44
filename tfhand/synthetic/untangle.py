"""Opens poses in which a hand runs through itself, as little as it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tfhand.mesh.template import PosedHand
from tfhand.synthetic.collision import Contacts, SelfCollision
from tfhand.synthetic.pose_sampler import anatomical

if TYPE_CHECKING:
    from tfhand.mesh import HandTemplate
    from tfhand.mesh.skinning import ShapedHand
    from tfhand.synthetic.rig import HandRig

#: Overlap that is left: flesh that presses on flesh gives way.
PRESSED_MM = 1.0
_ENOUGH_MM = 1.8  # poses with no more are left as they are
_STEPS = 5
_MOST_CONTACTS = 32
_DAMPING = 0.15  # mm per degree
_LARGEST_STEP_DEG = 14.0


class Untangler:
    """Turns joints until a posed hand touches itself without running through itself.

    Each step solves for the change of pose, in degrees, that brings all overlapping balls apart (damped least
    squares; how an angle moves a ball is the cross product of axis and lever). So a pinch stays a pinch whose pads
    meet, and fingers of a fist come to lie on the palm and beside each other, on every shape of hand.

    Args:
        template: the hand.
        rig: poses to rotations of its bones.
        collision: finds overlaps on it.
    """

    def __init__(self, template: HandTemplate, rig: HandRig, collision: SelfCollision):
        self._template, self._rig, self._collision = template, rig, collision
        count = len(template.bone_names)
        below = np.eye(count, dtype=bool)  # [bone, other]: whether `other` moves with `bone`
        for bone, parent in enumerate(template.bone_parents.tolist()):
            if parent >= 0:
                below[:, bone] |= below[:, parent]
        self._shares = collision.bone_weights @ below[rig.dof_bones].T

    def __call__(self, pose: np.ndarray, shape: np.ndarray | None = None) -> tuple[np.ndarray, PosedHand, float]:
        """Untangles one pose.

        Args:
            pose: `(25,)` degrees.
            shape: `(B,)` weights of the shape keys; None for all 0.

        Returns:
            The nearest untangled pose that was found `(25,)`, the template posed with it (template frame), and the
            overlap that is left, mm. A pose with hardly any comes back as it is.
        """
        best, hand = None, self._template.shaped(shape)
        for step in range(_STEPS + 1):
            if step:
                pose = anatomical(pose + self._opening(rotations, contacts, hand))
            rotations = self._rig.rotations(pose)
            posed = self._template.pose(rotations, hand)
            contacts = self._collision.contacts(posed.surface_vertices)
            worst = float(contacts.depths_mm.max(initial=0.0))
            if best is None or worst < best[2]:
                best = (pose, posed, worst)
            if worst <= _ENOUGH_MM:
                break
        return best

    def _opening(self, rotations: np.ndarray, contacts: Contacts, hand: ShapedHand) -> np.ndarray:
        """Change of the pose `(25,)`, degrees, that lessens the overlaps."""
        deepest = np.argsort(-contacts.depths_mm, kind="stable")[:_MOST_CONTACTS]
        depths = contacts.depths_mm[deepest] - 0.8 * PRESSED_MM
        deepest, depths = deepest[depths > 0], depths[depths > 0]
        axes, heads = self._rig.dof_axes(rotations, hand)
        one, other = contacts.pairs[deepest].T
        # How fast a ball moves along a direction: direction . (axis x lever) = axis . (lever x direction).
        directions = contacts.directions[deepest]
        closing = np.zeros((len(deepest), len(axes)))
        for sign, balls in ((1.0, one), (-1.0, other)):
            levers = contacts.centres_mm[balls][:, None] - heads
            (a, b, c), (x, y, z) = np.moveaxis(levers, 2, 0), directions.T[..., None]
            turned = axes[:, 0] * (b * z - c * y) + axes[:, 1] * (c * x - a * z) + axes[:, 2] * (a * y - b * x)
            closing += sign * self._shares[balls] * turned
        closing *= np.deg2rad(1.0)
        damped = closing @ closing.T + _DAMPING**2 * np.eye(len(deepest)) * len(deepest)
        change = -closing.T @ np.linalg.solve(damped, depths)
        return np.clip(change, -_LARGEST_STEP_DEG, _LARGEST_STEP_DEG)

"""Hands of the rig in the place of predicted ones: what a network says of 21 joints, said by a hand that can exist.

A network answers joint by joint and vertex by vertex, so where it is unsure bones come out too short and fingers thin. The
most probable hand of the rig through its joints (`tfhand.mesh.inverse_kinematics`) has bones of one person's proportions,
fingers that bend as fingers do, and angles, which is what an avatar is moved by.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from tfhand.constants import NUM_JOINTS, ROOT_JOINT
from tfhand.mesh.inverse_kinematics import RigFit, fit_rig

if TYPE_CHECKING:
    from tfhand.mesh.template import HandTemplate

#: What predicted joints are off by in each coordinate, as the fit believes, mm: with 3 noise bends the hand, with 20 the
#: hand stays too near to the mean (tried on true joints with 0, 8 and 18 mm of noise). On validation renders 3 and 6 are alike.
JOINT_NOISE_MM = 6.0
#: Twelve are 0.01 mm better.
_STEPS = 6


@dataclasses.dataclass(frozen=True, eq=False)
class RiggedHands:
    """N hands of the rig.

    Attributes:
        vertices_mm: (N, V, 3) float32 network-mesh vertices, frame of the joints that they were fitted to.
        joints_mm: (N, 21, 3) float32, same frame.
        fit: their angles, shapes and places.
    """

    vertices_mm: np.ndarray
    joints_mm: np.ndarray
    fit: RigFit


def rig_hands(template: HandTemplate, joints_mm: np.ndarray, noise_mm: float = JOINT_NOISE_MM) -> RiggedHands:
    """The most probable hands of the rig through some joints, their wrists at the depths that those have.

    Args:
        template: a hand with a rig.
        joints_mm: (N, 21, 3) joints of right hands, mm, camera frame; wrists lie before the camera.
        noise_mm: deviation of a joint's coordinates that what is known of hands is weighed against.

    Raises:
        ValueError: as `fit_rig`.
    """
    fit = fit_rig(template, joints_mm, noise_mm, _STEPS)
    wrists = fit.translation_mm * (np.asarray(joints_mm)[:, ROOT_JOINT, 2:] / fit.translation_mm[:, 2:])
    fit = dataclasses.replace(fit, translation_mm=wrists)
    posed = [
        template.pose(template.bone_rotations(angles), shape, rotation, place)
        for angles, shape, rotation, place in zip(fit.angles, fit.shape, fit.rotation, wrists, strict=True)
    ]
    vertices = np.array([hand.vertices for hand in posed], np.float32).reshape(len(posed), template.num_vertices, 3)
    joints = np.array([hand.joints for hand in posed], np.float32).reshape(len(posed), NUM_JOINTS, 3)
    return RiggedHands(vertices, joints, fit)

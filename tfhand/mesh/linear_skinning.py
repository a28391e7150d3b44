"""Linear blend skinning of many hands at once in numpy: what the paper's direct LBS and parametric models do.

The template's own posing blends dual quaternions (`tfhand.mesh.skinning`); this one blends matrices, which pulls the
skin of a bent joint towards its axis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tfhand.mesh.skinning import axis_rotations

if TYPE_CHECKING:
    from tfhand.mesh.skinning import Rig
    from tfhand.mesh.template import HandTemplate


def local_rotations(rig: Rig, angles: np.ndarray) -> np.ndarray:
    """Anatomical angles of many hands -> rotations relative to the parent bones, as `Rig.bone_rotations` of each.

    Args:
        rig: K bones.
        angles: (N, K, 3) radians: flexion, abduction, twist.

    Returns:
        (N, K, 3, 3) float64.
    """
    axes = np.broadcast_to(rig.bone_axes.astype(np.float64), (len(angles), *rig.bone_axes.shape))
    turns = axis_rotations(axes.reshape(-1, 3), np.asarray(angles, np.float64).ravel())
    turns = turns.reshape(*angles.shape, 3, 3)
    return turns[:, :, 0] @ turns[:, :, 1] @ turns[:, :, 2]


def chain_bones(rig: Rig, rotations: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Chains the bones' rotations, as `Rig.bone_transforms` does for one hand.

    Args:
        rig: K bones, parents before children.
        rotations: (N, K, 3, 3) relative rotations.
        points: (N, P, 3) points of the shaped hands at rest, mm.

    Returns:
        (N, K + 1, 3, 3) and (N, K + 1, 3) float64: rotation and translation of every bone and of the forearm,
        `posed = rotation @ rest + translation`.
    """
    count = len(rig.bone_parents)
    turns = np.tile(np.eye(3), (len(rotations), count + 1, 1, 1))
    shifts = np.zeros((len(rotations), count + 1, 3))
    for bone, parent in enumerate(rig.bone_parents.tolist()):  # parent -1 is the forearm, the last row
        turns[:, bone] = turns[:, parent] @ rotations[:, bone]
        moved = (turns[:, parent] - turns[:, bone]) @ points[:, bone, :, None]
        shifts[:, bone] = moved[..., 0] + shifts[:, parent]
    return turns, shifts


def skin_linearly(
    template: HandTemplate, angles: np.ndarray, shape: np.ndarray, rotation: np.ndarray, translation_mm: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Shapes, bends and places hands; their skin follows by linear blend skinning.

    Args:
        template: a hand with a rig of K bones and B shape keys.
        angles: (N, K, 3) radians: flexion, abduction, twist, see `HandTemplate.bone_rotations`.
        shape: (N, B) values of the shape keys.
        rotation: (N, 3, 3) from the template's to the camera's frame.
        translation_mm: (N, 3) position of the wrist joint in the camera's frame, mm.

    Returns:
        (N, V, 3) vertices of the network mesh and (N, 21, 3) joints, float32 mm, camera frame.

    Raises:
        ValueError: the template has no rig.
    """
    if template.rig is None:
        raise ValueError("template: expected one with a rig, got one made from a bare mesh.")
    rig, ids = template.rig, template.vertex_ids
    points = rig.points + np.tensordot(shape, rig.point_deltas, 1)
    rest = template.vertices + np.tensordot(shape, template.shape_deltas[:, ids], 1)
    turns, shifts = chain_bones(rig, local_rotations(rig, angles), points)
    turns = rotation[:, None] @ turns
    shifts = np.einsum("nab,nkb->nka", rotation, shifts) + translation_mm[:, None]
    matrices = np.concatenate([turns, shifts[..., None]], axis=-1).reshape(*turns.shape[:2], 12)
    blended = (rig.skin_weights[ids] @ matrices).reshape(len(turns), len(ids), 3, 4)
    vertices = (blended[..., :3] @ rest[..., None])[..., 0] + blended[..., 3]
    bones = rig.joint_bones
    joints = (turns[:, bones] @ points[:, rig.joint_points, :, None])[..., 0] + shifts[:, bones]
    return vertices.astype(np.float32), joints.astype(np.float32)

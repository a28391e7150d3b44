"""An estimate with the rig's hand in the place of the network's."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING

import numpy as np

from tfhand.geometry import project
from tfhand.inference.result import HandResult, RigPose

if TYPE_CHECKING:
    from tfhand.mesh import HandTemplate
    from tfhand.models import HandMeshNet


def rig_of(model: HandMeshNet) -> HandTemplate:
    """The package's hand, for the rig that `--fit-rig` fits to a network's answers.

    Raises:
        ValueError: the network has another mesh, or joints of another definition.
    """
    template = _package_hand()
    given, ours = (model.num_vertices, model.joint_definition), (template.num_vertices, "tfhand")
    if given != ours:
        say = "{} vertices and the joints of {!r}"
        raise ValueError(f"--fit-rig: expected a network with {say.format(*ours)}, got one with {say.format(*given)}.")
    return template


@functools.cache
def _package_hand() -> HandTemplate:
    """Read once: that takes longer than a fit."""
    from tfhand.mesh import HandTemplate

    return HandTemplate.load()


def rigged(hand: HandResult, template: HandTemplate | None = None) -> HandResult:
    """The hand of the rig that an estimate most probably shows (`tfhand.mesh.rigged_hands`).

    Args:
        hand: an estimate with this package's joints and the mesh of `template`.
        template: a hand with a rig; None takes the one that comes with the package.

    Returns:
        The estimate with that hand's vertices and joints, in pixels too, and `rig` set. The wrist keeps its depth; what
        else the estimate says is as it was. Where that hand would reach behind the camera, as of one that almost touches
        the lens, the estimate as it was, without `rig`.

    Raises:
        ValueError: the template has no rig, or another number of vertices than the estimate.
    """
    from tfhand.mesh.rigged_hands import rig_hands

    template = _package_hand() if template is None else template
    if template.rig is None:
        raise ValueError("template: expected one with a rig, got one made from a bare mesh.")
    if template.num_vertices != len(hand.vertices_mm):
        raise ValueError(
            f"template: expected one of {len(hand.vertices_mm)} vertices, as the estimate has, got {template.num_vertices}."
        )
    flip = np.array([1 if hand.side == "right" else -1, 1, 1], np.float32)
    found = rig_hands(template, (hand.joints_mm * flip)[None])
    joints = found.joints_mm[0] * flip
    if joints[:, 2].min() <= 0:
        return hand
    pose = RigPose(template.bone_names, np.rad2deg(found.fit.angles[0]), template.shape_names, found.fit.shape[0])
    uv = project(joints, hand.intrinsics).astype(np.float32)
    return dataclasses.replace(hand, vertices_mm=found.vertices_mm[0] * flip, joints_mm=joints, joints_uv=uv, rig=pose)

"""Solves for the angles at which the thumb touches a finger, on the built-in template; prints the table of `pinches`.

    python -m tfhand.synthetic.gestures.contact

A contact brings two patches of skin together, their normals opposed, at angles as near as possible to those it starts
from and within the joints' limits.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import least_squares

from tfhand.mesh import HandTemplate
from tfhand.mesh.normals import vertex_normals
from tfhand.synthetic.collision import SelfCollision
from tfhand.synthetic.gestures.states import FINGERS, INDEX, Gesture
from tfhand.synthetic.pose_sampler import HIGHEST, LOWEST
from tfhand.synthetic.rig import HandRig

#: Kind of contact: the patches of thumb and finger that meet (bone, how far along it, direction), the finger's start.
KINDS: dict[str, tuple[tuple[str, float, str], tuple[str, float, str], str]] = {
    "pad": (("distal", 0.55, "palmar"), ("distal", 0.5, "palmar"), "p"),
    "tip": (("distal", 0.85, "palmar"), ("distal", 0.85, "palmar"), "g"),
    "side": (("distal", 0.55, "palmar"), ("middle", 0.6, "radial"), "h"),
    "middle": (("distal", 0.6, "palmar"), ("middle", 0.5, "palmar"), "b"),
    "base": (("distal", 0.6, "palmar"), ("proximal", 0.6, "palmar"), "b"),
}

_MOST_SPREAD_DEG = 7.0  # bent fingers spread little


def patch(template: HandTemplate, finger: str, bone: str, along: float, direction: str) -> int:
    """The vertex that lies furthest to one side of a bone, near a fraction of its length."""
    number = template.bone_names.index(f"{finger}_{bone}")
    flexion, _, twist = template.rig.bone_axes[number].astype(np.float64)
    sideways = {"palmar": np.cross(flexion, -twist), "radial": flexion if flexion[0] > 0 else -flexion}[direction]
    own = np.flatnonzero(template.skin_weights.argmax(axis=1) == number)
    offset = template.surface_vertices[own] - template.rig.points[number]
    far = offset @ -twist
    low, high = np.percentile(far, [2, 98])
    off_place = np.abs((far - low) / (high - low) - along)
    return int(own[np.argmax(offset @ sideways - 40 * np.maximum(off_place - 0.1, 0))])


def solve(template: HandTemplate, finger: str, kind: str) -> tuple[np.ndarray, float]:
    """Angles of a contact.

    Args:
        template: the hand.
        finger: one of `FINGERS`.
        kind: one of `KINDS`.

    Returns:
        The pose `(25,)`, degrees, other fingers straight, and the distance between the two patches, mm.
    """
    thumb_patch, finger_patch, letter = KINDS[kind]
    rig, collision = HandRig(template), SelfCollision(template)
    points = [patch(template, "thumb", *thumb_patch), patch(template, finger, *finger_patch)]
    letters = "".join(letter if other == finger else "I" for other in FINGERS)
    start = Gesture(letters, f"to_{finger}", 6).angles()
    free = [INDEX[f"{finger}_{joint}"] for joint in ("mcp", "pip", "dip", "spread")]
    free += range(INDEX["thumb_flexion"], INDEX["thumb_ip"] + 1)

    def posed(angles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        pose = start.copy()
        pose[free] = angles
        return pose, template.pose(rig.rotations(pose)).surface_vertices

    def misses(angles: np.ndarray) -> np.ndarray:
        pose, vertices = posed(angles)
        normals = vertex_normals(vertices, template.surface_faces)[points]
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        coupled = (pose[INDEX[f"{finger}_dip"]] - 0.6 * pose[INDEX[f"{finger}_pip"]]) / 10
        gap = vertices[points[0]] - vertices[points[1]]
        overlap = collision.penetration_mm(vertices)
        return np.concatenate([gap, 3 * normals.sum(axis=0), (angles - start[free]) / 12, [coupled, overlap]])

    low, high = LOWEST[free] + 0.5, HIGHEST[free] - 0.5
    low[3], high[3] = -_MOST_SPREAD_DEG, _MOST_SPREAD_DEG
    found = least_squares(misses, np.clip(start[free], low, high), bounds=(low, high), diff_step=1e-2, max_nfev=60)
    pose, vertices = posed(found.x)
    return pose, float(np.linalg.norm(vertices[points[0]] - vertices[points[1]]))


def main() -> None:
    """Prints the table."""
    template = HandTemplate.load()
    for finger in FINGERS:
        for kind in KINDS:
            pose, gap = solve(template, finger, kind)
            place = INDEX[f"{finger}_mcp"]
            flexion = ", ".join(f"{angle:.0f}" for angle in pose[place : place + 3])
            thumb = ", ".join(f"{angle:.0f}" for angle in pose[INDEX["thumb_flexion"] : INDEX["thumb_ip"] + 1])
            print(f'    ("{finger}", "{kind}"): (({flexion}), {pose[place + 3]:.0f}, ({thumb})),  # {gap:.1f} mm apart')


if __name__ == "__main__":
    main()

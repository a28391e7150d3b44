"""The skeleton of the hand: where MakeHuman puts its points, where anatomy does, and the axes of its bones.

MakeHuman's rig puts the knuckle (MCP) joints of the fingers level with the webs and the thumb's base (CMC)
in the middle of its ball. In a hand the web lies almost half-way along the proximal phalanx, and the thumb's
metacarpal starts beside the wrist. So these joints are slid towards the wrist, by fixed fractions, until the
proximal phalanges have the lengths of the literature; skin weights follow. Joints of the fingers also move
from near the skin of the back towards the middle of the finger, tips half-way to the middle. All points stay linear in the
vertices, so they follow every shape key.

References:
    Buchholz, Armstrong, Goldstein, Anthropometric data for describing the kinematics of the human hand,
    Ergonomics 1992 (middle proximal phalanx = 0.26 hand lengths). Buryanov, Kotiuk, Proportions of hand
    segments, Int. J. Morphology 2010 (phalanges index : middle : ring : little = 39.8 : 44.6 : 41.4 : 32.7).
    Wu et al., ISB recommendation on definitions of joint coordinate systems, J. Biomechanics 2005.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse

from tfhand.mesh.makehuman import HAND_BONES, MakeHumanData

BONE_NAMES: tuple[str, ...] = (
    "wrist",
    *(f"{finger}_metacarpal" for finger in ("index", "middle", "ring", "little")),
    "thumb_metacarpal",
    "thumb_proximal",
    "thumb_distal",
    *(
        f"{finger}_{segment}"
        for finger in ("index", "middle", "ring", "little")
        for segment in ("proximal", "middle", "distal")
    ),
)
BONE_PARENTS: tuple[int, ...] = (-1, 0, 0, 0, 0, 0, 5, 6, 1, 8, 9, 2, 11, 12, 3, 14, 15, 4, 17, 18)
#: Bone whose head is each joint, or 20 + finger for a fingertip.
JOINT_POINTS: tuple[int, ...] = (
    0,
    *(point for finger in range(5) for point in (5 + 3 * finger, 6 + 3 * finger, 7 + 3 * finger, 20 + finger)),
)
#: Bone that carries each joint: its own, and the distal one for a fingertip.
JOINT_BONES: tuple[int, ...] = tuple(point if point < 20 else 7 + 3 * (point - 20) for point in JOINT_POINTS)
#: Point at the far end of every bone; the wrist bone points to the middle finger's knuckle.
BONE_ENDS: tuple[int, ...] = (11, 8, 11, 14, 17, *(p for f in range(5) for p in (6 + 3 * f, 7 + 3 * f, 20 + f)))

_KNUCKLES = tuple(f"{finger}_proximal" for finger in ("index", "middle", "ring", "little"))
#: How far the four knuckles slide along their metacarpals, mm in the neutral hand.
_KNUCKLE_SHIFT_MM = (18.0, 15.7, 16.0, 15.0)
#: How far the thumb's base slides towards the wrist, as a fraction of their distance.
_THUMB_BASE_SHIFT = 0.3
#: MakeHuman's joints lie near the skin of the fingers' backs; the bones' heads lie this fraction of the
#: finger's depth further in.
_CENTRING = 0.12
#: Where the back of the thumb faces in the template's frame.
_THUMB_BACK = np.array([0.85, 0.35, 0.40]) / np.linalg.norm([0.85, 0.35, 0.40])
#: Fingertip joints lie a little inside the skin: fraction of MakeHuman's distal segment.
_TIP_FRACTION = 0.90
#: Half-width of the zone in which a knuckle bends, mm.
_KNUCKLE_ZONE_MM = 9.0


def skeleton_matrix(data: MakeHumanData) -> scipy.sparse.csr_matrix:
    """Weights of body vertices whose sums are the skeleton's points.

    Args:
        data: MakeHuman's files.

    Returns:
        (25, N) float64 csr: `points = matrix @ vertices` are the heads of the 20 bones in the order of
        `BONE_NAMES`, then the tips of thumb, index, middle, ring, little, mm, for any shaped body.
    """
    neutral = data.person()
    matrix = _cube_matrix(data)
    points = matrix @ neutral
    for finger, shift in enumerate(_KNUCKLE_SHIFT_MM):
        base, knuckle = 1 + finger, 8 + 3 * finger
        fraction = shift / np.linalg.norm(points[base] - points[knuckle])
        matrix[knuckle] += fraction * (matrix[base] - matrix[knuckle])
    matrix[5] += _THUMB_BASE_SHIFT * (matrix[0] - matrix[5])
    for finger in range(5):
        last, tip = 7 + 3 * finger, 20 + finger
        matrix[tip] = matrix[last] + _TIP_FRACTION * (matrix[tip] - matrix[last])
    points = matrix @ neutral
    frame = template_frame(points)
    hand = np.flatnonzero(data.weights(HAND_BONES).sum(axis=1) > 0.5)
    for bone in range(6, 20):
        back = frame.T @ (_THUMB_BACK if bone < 8 else np.array([0.0, 0.0, 1.0]))
        for sign in (1.0, -1.0):
            skin = _skin_vertices(neutral, hand, points[bone], sign * back)
            matrix[bone, skin] -= sign * _CENTRING / len(skin)
    for tip in range(20, 25):
        back = frame.T @ (_THUMB_BACK if tip == 20 else np.array([0.0, 0.0, 1.0]))
        matrix[tip] *= 0.5
        for direction in (back, -back):
            skin = _skin_vertices(neutral, hand, points[tip], direction)
            matrix[tip, skin] += 0.25 / len(skin)
    return scipy.sparse.csr_matrix(matrix)


def _cube_matrix(data: MakeHumanData) -> np.ndarray:
    """(25, N): MakeHuman's own points, the centres of joint cubes."""
    names = ["joint-r-hand", "joint-r-hand-3", "joint-r-hand-3", "joint-r-hand-2", "joint-r-hand-2"]
    names += [f"joint-r-finger-{finger}-{number}" for finger in range(1, 6) for number in (1, 2, 3)]
    names += [f"joint-r-finger-{finger}-4" for finger in range(1, 6)]
    matrix = np.zeros((len(names), len(data.vertices)))
    for row, name in enumerate(names):
        matrix[row, data.cubes[name]] = 1.0 / len(data.cubes[name])
    return matrix


def _skin_vertices(vertices: np.ndarray, members: np.ndarray, point: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """The four vertices where a ray from a point inside a finger is nearest to leaving it."""
    offset = vertices[members] - point
    along = offset @ direction
    beside = np.linalg.norm(offset - along[:, None] * direction, axis=1)
    beside[(along <= 0.0) | (along > 35.0)] = np.inf
    return members[np.argsort(beside, kind="stable")[:4]]


def template_frame(points: np.ndarray) -> np.ndarray:
    """Axes of the template's frame: x to the thumb's side, y from the knuckles to the wrist, z to the back.

    With this frame put into an OpenCV camera's unturned, the camera sees the palm with the fingers up.

    Args:
        points: (25, 3) skeleton points of a right hand.

    Returns:
        (3, 3) rotation, rows are the axes: `template = (point - wrist) @ rotation.T`.
    """
    down = points[0] - points[11]
    down /= np.linalg.norm(down)
    radial = points[8] - points[17]
    radial -= (radial @ down) * down
    radial /= np.linalg.norm(radial)
    return np.stack([radial, down, np.cross(radial, down)])


def palm_alignment(points: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Rotation about the wrist that lays one palm's points onto another's with least squares (Kabsch).

    Args:
        points: (25, 3) skeleton points to turn.
        reference: (25, 3) points, wrist at the origin.

    Returns:
        (3, 3): `aligned = (point - wrist) @ rotation.T`.
    """
    palm = [8, 11, 14, 17]
    left, _, right = np.linalg.svd((points[palm] - points[0]).T @ reference[palm])
    sign = np.sign(np.linalg.det(left @ right))
    return (left @ np.diag([1.0, 1.0, sign]) @ right).T


def fit_weights(weights: np.ndarray, vertices: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Moves skin weights to where the shifted joints bend.

    What a finger's metacarpal moves beyond the new knuckle goes to the proximal phalanx; the ball of the
    thumb goes to the thumb's metacarpal.

    Args:
        weights: (S, 21) float64, MakeHuman's, the last column the forearm; rows sum to 1.
        vertices: (S, 3) float64 mm, template frame, neutral shape.
        points: (25, 3) skeleton points in the same frame.

    Returns:
        (S, 21) float64, rows sum to 1.
    """
    fitted = weights.copy()
    for finger in range(4):
        metacarpal, proximal = 1 + finger, 8 + 3 * finger
        along = points[proximal] - points[0]
        ahead = points[proximal + 1] - points[proximal]
        axis = along / np.linalg.norm(along) + ahead / np.linalg.norm(ahead)
        distance = (vertices - points[proximal]) @ (axis / np.linalg.norm(axis))
        share = _smooth_step(distance, -_KNUCKLE_ZONE_MM + 2.0, _KNUCKLE_ZONE_MM + 2.0)
        moved = share * fitted[:, metacarpal]
        fitted[:, metacarpal] -= moved
        fitted[:, proximal] += moved
    base, knuckle = points[5], points[6]
    axis = (knuckle - base) / np.linalg.norm(knuckle - base)
    along = (vertices - base) @ axis
    nearest = base + np.clip(along, 0.0, np.linalg.norm(knuckle - base))[:, None] * axis
    near = 1.0 - _smooth_step(np.linalg.norm(vertices - nearest, axis=1), 12.0, 30.0)
    share = near * _smooth_step(along, -10.0, 16.0)
    donors = [0, 1, 2]
    missing = np.maximum(share - fitted[:, 5:8].sum(axis=1), 0.0)
    available = fitted[:, donors].sum(axis=1)
    taken = np.minimum(missing, available)
    fitted[:, donors] *= (1.0 - taken / np.maximum(available, 1e-12))[:, None]
    fitted[:, 5] += taken
    return fitted / fitted.sum(axis=1, keepdims=True)


def bone_axes(points: np.ndarray, nail_normals: np.ndarray) -> np.ndarray:
    """Finds each bone's anatomical axes in the rest pose.

    Fingers and thumb are hinges in their own plane of curl: the flexion axis is perpendicular to the bone
    and to the direction in which the finger's nail faces; at the knuckles, to the mean of that direction
    and the palm's, so that bent fingers converge but don't cross. Wrist and fingers' metacarpals flex about
    the palm's width.

    Args:
        points: (25, 3) skeleton points, template frame.
        nail_normals: (5, 3) outward unit normals of the nails of thumb .. little, template frame.

    Returns:
        (20, 3, 3) float64: rows flexion, abduction and twist axis, unit length. Right-hand rotation about
        them by a positive angle curls to the palm; spreads away from the middle finger (wrist and middle
        finger: to the thumb's side, thumb: away from the index finger); pronates.
    """
    axes = np.zeros((len(BONE_NAMES), 3, 3))
    palm_back = np.array([0.0, 0.0, 1.0])
    for bone in range(len(BONE_NAMES)):
        start = points[bone] if bone else points[0]
        along = points[BONE_ENDS[bone]] - start
        along /= np.linalg.norm(along)
        if bone < 5:
            back = palm_back
        else:
            back = nail_normals[(bone - 5) // 3]
        if BONE_NAMES[bone] in _KNUCKLES:
            back = back + palm_back
        flexion = np.cross(back, along)
        flexion /= np.linalg.norm(flexion)
        side = -1.0 if BONE_NAMES[bone].startswith(("ring", "little")) else 1.0
        axes[bone] = flexion, side * np.cross(along, flexion), -along
    return axes


def _smooth_step(values: np.ndarray, low: float, high: float) -> np.ndarray:
    fraction = np.clip((values - low) / (high - low), 0.0, 1.0)
    return fraction * fraction * (3.0 - 2.0 * fraction)

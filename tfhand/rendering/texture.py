"""The skin's texture: where on the hand a point lies, and the creases drawn there.

Everything is procedural and made once from a template. The hand is laid flat (fingers straight, thumb turned
into the plane of the palm) by the template's own skinning; the flat hand's two in-plane coordinates are the
*atlas*, in millimetres, and the direction of its normal says which side of the hand a point is on. So creases
are curves drawn on two flat maps, palm and back, and stay in place in every shape and pose.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tfhand.constants import FINGER_JOINTS, FINGERS, JOINT_NAMES
from tfhand.geometry.unit_vector import unit_vector
from tfhand.mesh.template import LABELS, HandTemplate
from tfhand.rendering.creases import Curve, crease_curves
from tfhand.rendering.dorsum import age_tile, dorsal_map

#: Flexion, abduction and twist, degrees, that lay the template flat from its rest pose, nails facing up.
_FLAT_DEGREES = {
    "thumb_metacarpal": (-26, -21, -51),
    "thumb_proximal": (-7, 0, 0),
    "thumb_distal": (-23, 0, 0),
    "index_proximal": (-10, 0, 0),
    "index_middle": (-18, 0, 0),
    "index_distal": (-8, 0, 0),
    "middle_proximal": (-13, 0, 0),
    "middle_middle": (-13, 0, 0),
    "middle_distal": (-8, 0, 0),
    "ring_proximal": (-10, 0, 0),
    "ring_middle": (-15, 0, 0),
    "ring_distal": (-6, 0, 0),
    "little_proximal": (-13, 0, 0),
    "little_middle": (-18, 0, 0),
}
#: Millimetres per texel of the maps.
TEXEL_MM = 0.4
NOISE_SIZE = 256
#: Millimetres that one tile of the noise covers at scale 1.
NOISE_TILE_MM = 64.0


@dataclass(frozen=True)
class SkinTexture:
    """Texture of one template's surface.

    Attributes:
        atlas: (S, 2) float32 flat coordinates of each surface vertex, mm: x towards the little finger, y towards
            the fingertips, origin at the wrist.
        side: (S,) float32, 1 on the back of the hand, -1 on the palm side.
        blood: (S,) float32, extra redness: fingertips, knuckles, the balls of palm and thumb.
        melanin: (S,) float32, relative pigment: 1 on the back, less on the palm, more over the knuckles.
        nail_tip: (S,) float32, distance behind the front edge of the nearest nail, mm.
        maps: (2, rows, columns, 4) float32, palm then back: height (mm, creases negative), its derivatives by the
            atlas' x and y, and 1 on nails.
        origin: (2,) float32 atlas coordinates of texel (0, 0), mm.
        noise: (size, size, 4) float32 tile: pigment, blood (unit variance), derivatives of a fine relief.
        back: (rows, columns, 4) float32, like `maps`: veins, derivatives of their height, hair (see `dorsum`).
        age: (size, size, 4) float32 tile: derivatives of wrinkles, their grooves, spots (see `dorsum`).
    """

    atlas: np.ndarray
    side: np.ndarray
    blood: np.ndarray
    melanin: np.ndarray
    nail_tip: np.ndarray
    maps: np.ndarray
    origin: np.ndarray
    noise: np.ndarray
    back: np.ndarray
    age: np.ndarray

    @classmethod
    def from_template(cls, template: HandTemplate) -> SkinTexture:
        """Lays a template flat and draws its texture."""
        flat, joints = flat_hand(template)
        normals = _vertex_normals(flat, template.surface_faces)
        side = np.clip(1.6 * normals[:, 2], -1, 1)
        nails = _nail_outlines(template, flat, joints)
        palm = _smooth(np.clip(0.5 - 0.5 * side, 0, 1))
        blood, melanin = _pigments(flat, joints, palm)
        low = flat[:, :2].min(axis=0) - 4
        shape = np.ceil((flat[:, :2].max(axis=0) + 4 - low) / TEXEL_MM).astype(int)[::-1]
        palm_map, back_map = (_crease_map(crease_curves(joints, which), low, shape) for which in ("palm", "back"))
        nail_map = _nail_map(nails, low, shape)[..., None]
        maps = np.stack([np.concatenate(pair, axis=-1) for pair in ((palm_map, 0 * nail_map), (back_map, nail_map))])
        single = (flat[:, :2], side, blood, melanin, _nail_tips(flat, nails), maps, low, _noise_tile())
        single += (dorsal_map(joints, low, shape, TEXEL_MM), age_tile(NOISE_SIZE, NOISE_TILE_MM))
        return cls(*(np.ascontiguousarray(array, np.float32) for array in single))


def flat_hand(template: HandTemplate) -> tuple[np.ndarray, np.ndarray]:
    """Lays a template flat.

    Returns:
        vertices (S, 3) and joints (21, 3) float64, mm: x towards the little finger, y from the wrist to the
        middle finger's knuckle, z out of the back of the hand, origin at the wrist.

    Raises:
        ValueError: the template has no rig.
    """
    angles = np.zeros((len(template.bone_names), 3))
    for name, degrees in _FLAT_DEGREES.items():
        angles[template.bone_names.index(name)] = np.deg2rad(degrees)
    posed = template.pose(template.bone_rotations(angles))
    vertices, joints = np.asarray(posed.surface_vertices, np.float64), np.asarray(posed.joints, np.float64)
    wrist, index, middle, little = (joints[JOINT_NAMES.index(n)] for n in ("wrist", "index1", "middle1", "little1"))
    y = unit_vector(middle - wrist)
    z = np.cross(little - wrist, index - wrist)
    z = unit_vector(z - (z @ y) * y)
    frame = np.stack([np.cross(y, z), y, z])
    return (vertices - wrist) @ frame.T, (joints - wrist) @ frame.T


def _pigments(flat: np.ndarray, joints: np.ndarray, palm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns blood (S,) and melanin (S,) from distances to joints and the side of the hand."""

    def near(name: str, radius: float) -> np.ndarray:
        distance = np.linalg.norm(flat - joints[JOINT_NAMES.index(name)], axis=1)
        return np.exp(-0.5 * (distance / radius) ** 2)

    back = 1 - palm
    blood = 0.16 * palm
    melanin = 1 - 0.58 * palm
    for finger in FINGERS:
        blood = blood + near(f"{finger}4", 9.0) * (0.45 * palm + 0.15 * back)
        for number, amount in ((2, 0.35), (3, 0.3)):
            knuckle = near(f"{finger}{number}", 8.0) * back
            blood, melanin = blood + amount * knuckle, melanin + 0.12 * knuckle
        mcp = near(f"{finger}1", 11.0)
        blood = blood + 0.2 * mcp * back + 0.2 * mcp * palm
    wrist, index, little = (joints[JOINT_NAMES.index(n)] for n in ("wrist", "index1", "little1"))
    for corner, weight in ((index, 0.6), (little, 0.75)):
        ball = wrist + weight * 0.55 * (corner - wrist)
        blood = blood + 0.2 * palm * np.exp(-0.5 * (np.linalg.norm(flat[:, :2] - ball[:2], axis=1) / 14) ** 2)
    return blood, melanin


def _nail_outlines(template: HandTemplate, flat: np.ndarray, joints: np.ndarray) -> list[np.ndarray]:
    """Returns the nails of thumb to little finger as frames (3, 2): centre, half length along, half width across."""
    labelled = np.flatnonzero(template.surface_labels == LABELS.index("nail"))
    tips = joints[[FINGER_JOINTS[finger][3] for finger in FINGERS]]
    owner = np.argmin(np.linalg.norm(flat[labelled, None] - tips, axis=-1), axis=1)
    outlines = []
    for number, finger in enumerate(FINGERS):
        points = flat[labelled[owner == number], :2]
        if len(points) == 0:
            continue
        third, tip = (joints[FINGER_JOINTS[finger][k], :2] for k in (2, 3))
        along = unit_vector(tip - third)
        axes = np.stack([along, [along[1], -along[0]]])
        low, high = (points @ axes.T).min(axis=0), (points @ axes.T).max(axis=0)
        outlines.append(np.stack([axes.T @ (low + high) / 2, *(axes * (high - low)[:, None] / 2)]))
    return outlines


def _nail_tips(flat: np.ndarray, outlines: list[np.ndarray]) -> np.ndarray:
    """Returns how far each vertex lies behind the front edge of the nearest nail (S,), mm."""
    behind = np.full(len(flat), 99.0)
    nearest = np.full(len(flat), np.inf)
    for centre, along, _ in outlines:
        offset = flat[:, :2] - centre
        distance = np.linalg.norm(offset, axis=1)
        length = float(np.linalg.norm(along))
        behind = np.where(distance < nearest, length - offset @ (along / length), behind)
        nearest = np.minimum(distance, nearest)
    return behind


def _nail_map(outlines: list[np.ndarray], low: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Draws the nails as rounded rectangles (superellipses): (rows, columns) float32, 1 on them, soft edges."""
    rows, columns = np.mgrid[: shape[0], : shape[1]] * TEXEL_MM
    points = np.stack([columns + low[0], rows + low[1]], axis=-1)
    nails = np.zeros(shape, np.float32)
    for centre, along, across in outlines:
        offset = points - centre
        relative = np.abs(np.stack([offset @ along / (along @ along), offset @ across / (across @ across)]))
        radius = (relative**3).sum(axis=0) ** (1 / 3)
        edge_mm = (1 - radius) * np.linalg.norm(across)
        np.maximum(nails, np.clip(edge_mm / 1.2 + 0.5, 0, 1), out=nails)
    return nails


def _crease_map(curves: list[Curve], low: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Draws curves as grooves: (rows, columns, 3) float32 height in mm and its two derivatives."""
    height = np.zeros(shape, np.float32)
    for width in sorted({curve.width_mm for curve in curves}):
        canvas = np.zeros(shape, np.float32)
        for curve in (c for c in curves if c.width_mm == width):
            layer = np.zeros(shape, np.uint8)
            points = np.round((curve.points - low) / TEXEL_MM * 16).astype(np.int32)
            cv2.polylines(layer, [points.reshape(-1, 1, 2)], False, 255, 1, cv2.LINE_AA, 4)
            np.maximum(canvas, layer.astype(np.float32) * (curve.depth_mm / 255), out=canvas)
        sigma = 0.5 * width / TEXEL_MM
        height -= cv2.GaussianBlur(canvas, (0, 0), sigma) * np.float32(sigma * np.sqrt(2 * np.pi))
    slope_y, slope_x = np.gradient(height, TEXEL_MM)
    return np.stack([height, slope_x, slope_y], axis=-1)


def _noise_tile() -> np.ndarray:
    """Makes the tile of noise by filtering white noise in the frequency domain, so that it wraps around."""
    rng = np.random.default_rng(20190601)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(NOISE_SIZE), np.fft.fftfreq(NOISE_SIZE)))

    def band(wavelength_mm: float) -> np.ndarray:
        cycles = frequency * NOISE_SIZE / NOISE_TILE_MM * wavelength_mm
        spectrum = np.fft.fft2(rng.standard_normal((NOISE_SIZE, NOISE_SIZE))) * cycles * np.exp(-(cycles**2))
        value = np.fft.ifft2(spectrum).real
        return value / value.std()

    pigment = 0.7 * band(14.0) + 0.5 * band(5.0) + 0.45 * band(1.8)
    blood = 0.8 * band(18.0) + 0.5 * band(6.0) + 0.3 * band(2.5)
    relief = 0.12 * band(5.0) + 0.06 * band(2.2) + 0.03 * band(1.2)
    texel = NOISE_TILE_MM / NOISE_SIZE
    slope_x = (np.roll(relief, -1, 1) - np.roll(relief, 1, 1)) / (2 * texel)
    slope_y = (np.roll(relief, -1, 0) - np.roll(relief, 1, 0)) / (2 * texel)
    return np.stack([pigment, blood, slope_x, slope_y], axis=-1).astype(np.float32)


def _vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Returns area-weighted unit normals (S, 3)."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    cross = np.cross(b - a, c - a)
    normals = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(normals, faces[:, corner], cross)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)


def _smooth(x: np.ndarray) -> np.ndarray:
    """Smooth step of x in 0..1."""
    return x * x * (3 - 2 * x)

"""Pictures of a hand: the mesh shaded over its photograph, the skeleton, and a view from the side.

Only numpy and OpenCV: no compiler and no graphics driver. All pictures are RGB uint8, all lengths mm in the camera
frame (x right, y down, z forward), all pixels continuous (the first pixel's centre is at 0.5, 0.5).
"""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np

from tfhand.constants import BONES, FINGER_COLOURS
from tfhand.inference.zbuffer import rasterize
from tfhand.mesh.normals import vertex_normals

MESH_COLOUR = (172, 200, 232)
BACKGROUND = (246, 246, 248)
_SUPERSAMPLE = 2
_MAX_FRAGMENTS = 3e6  # about: finer pictures are drawn smaller, so that wild estimates cost no gigabytes
_FRACTION_BITS = 4  # of OpenCV's sub-pixel coordinates

#: Directions towards the lights (camera frame) and their strengths.
_LIGHTS = (((-0.45, -0.65, -0.62), 0.62), ((0.75, -0.1, -0.35), 0.22))
_AMBIENT = 0.30
_SPECULAR = 0.16
_EDGE_STEP_MM = 4.0  # a step in depth that is drawn as a contour
_EDGE_DARKENING = 0.35


def draw_mesh(
    image: np.ndarray,
    vertices_mm: np.ndarray,
    faces: np.ndarray,
    intrinsics: np.ndarray,
    opacity: float = 0.9,
    colour: tuple[int, int, int] = MESH_COLOUR,
) -> np.ndarray:
    """Lays the shaded mesh over a photograph.

    Args:
        image: (H, W, 3) uint8 RGB.
        vertices_mm: (V, 3) mm, camera frame.
        faces: (F, 3) triangles that wind outward.
        intrinsics: (4,) `fx, fy, u0, v0` in pixels of `image`.
        opacity: 0 (invisible) to 1 (hides the photograph).
        colour: RGB of the surface.

    Returns:
        (H, W, 3) uint8 RGB, a new array.
    """
    drawn = image.copy()
    fx, fy, u0, v0 = np.asarray(intrinsics, np.float64)
    vertices = np.asarray(vertices_mm, np.float64)
    depth = vertices[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        points = np.column_stack([vertices[:, 0] / depth * fx + u0, vertices[:, 1] / depth * fy + v0, depth])
    part = _covered_part(points, faces, image.shape)
    if part is None:
        return drawn
    left, top, right, bottom = part
    factor = min(_SUPERSAMPLE, np.sqrt(_MAX_FRAGMENTS / max(_covered_area(points, faces, part), 1.0)))
    size = (max(round((right - left) * factor), 1), max(round((bottom - top) * factor), 1))
    points[:, :2] = (points[:, :2] - [left, top]) * (np.array(size) / [right - left, bottom - top])
    shade, alpha = _shade(points, vertices, faces, size, colour)
    below = drawn[top:bottom, left:right].astype(np.float32)
    how = cv2.INTER_AREA if factor > 1 else cv2.INTER_LINEAR
    shade, alpha = (cv2.resize(layer, (right - left, bottom - top), interpolation=how) for layer in (shade, alpha))
    mixed = below * (1 - opacity * alpha[..., None]) + opacity * shade
    drawn[top:bottom, left:right] = np.clip(np.rint(mixed), 0, 255)
    return drawn


def draw_skeleton(
    image: np.ndarray, joints_uv: np.ndarray, depths: np.ndarray | None = None, hand_px: float | None = None
) -> np.ndarray:
    """Draws bones and joints in the colours of the fingers.

    Args:
        image: (H, W, 3) uint8 RGB.
        joints_uv: (21, 2) pixels of `image`.
        depths: (21,) depths; nearer bones are drawn over farther ones. None draws in the joints' order.
        hand_px: extent of the hand in the picture, pixels, which lines are sized by; None takes the joints'.

    Returns:
        (H, W, 3) uint8 RGB, a new array.
    """
    drawn = np.ascontiguousarray(image).copy()
    points = np.asarray(joints_uv, np.float64)
    if not np.isfinite(points).all():
        return drawn
    extent = np.ptp(points, axis=0).max() if hand_px is None else hand_px
    width = float(np.clip(extent / 60, 1.2, 12.0))
    white = (255, 255, 255)
    palette = [white, *(colour for colour in FINGER_COLOURS.values() for _ in range(4))]
    order = range(len(BONES)) if depths is None else np.argsort([-(depths[a] + depths[b]) for a, b in BONES], kind="stable")
    fixed = np.rint((np.clip(points, -10_000, 30_000) - 0.5) * (1 << _FRACTION_BITS)).astype(int).tolist()
    for number in order:
        parent, child = BONES[number]
        _line(drawn, fixed[parent], fixed[child], (32, 32, 32), width + max(1.0, width * 0.6))
        _line(drawn, fixed[parent], fixed[child], palette[child], width)
        for joint in (parent, child):
            _dot(drawn, fixed[joint], (32, 32, 32), width * 1.25 + 0.8)
            _dot(drawn, fixed[joint], palette[joint], width * 1.25)
    return drawn


def draw_view(
    vertices_mm: np.ndarray | None,
    faces: np.ndarray,
    size: int,
    angle_deg: float = 90.0,
    joints_mm: np.ndarray | None = None,
    frame: tuple[np.ndarray, float] | None = None,
    background: tuple[int, int, int] = BACKGROUND,
) -> np.ndarray:
    """Draws the hand alone, turned about the vertical axis through its middle and seen from afar.

    Args:
        vertices_mm: (V, 3) mm, camera frame; None draws no mesh.
        faces: (F, 3) triangles that wind outward.
        size: side of the picture, pixels.
        angle_deg: turn of the hand about the camera's y axis; 90 shows its side that was to the right.
        joints_mm: (21, 3) mm, camera frame: skeleton to draw over it, or None.
        frame: middle (3,) and radius, mm, of the ball that fills the picture; None takes the mesh's (or joints').
        background: RGB.

    Returns:
        (size, size, 3) uint8 RGB. Blank where the vertices are not finite.
    """
    picture = np.full((size, size, 3), background, np.uint8)
    shown = np.asarray(joints_mm if vertices_mm is None else vertices_mm, np.float64)
    if not np.isfinite(shown).all():
        return picture
    if frame is None:
        middle = (shown.min(axis=0) + shown.max(axis=0)) / 2
        frame = middle, max(np.linalg.norm(shown - middle, axis=1).max(), 1e-6)
    middle, radius = frame
    angle = np.deg2rad(angle_deg)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    offset = np.array([0, 0, 12 * radius])
    focal = 0.46 * size * 12
    if vertices_mm is not None:
        intrinsics = np.array([focal, focal, size / 2, size / 2])
        picture = draw_mesh(picture, (shown - middle) @ turn.T + offset, faces, intrinsics, opacity=1.0)
    if joints_mm is not None:
        joints = (np.asarray(joints_mm, np.float64) - middle) @ turn.T + offset
        depth = np.maximum(joints[:, 2:], radius)
        picture = draw_skeleton(picture, joints[:, :2] / depth * focal + size / 2, joints[:, 2], hand_px=0.6 * size)
    return picture


def _covered_part(points: np.ndarray, faces: np.ndarray, shape: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of the picture's part that triangles in front of the camera may cover."""
    corners = points[faces]
    fine = np.isfinite(corners).all(axis=(1, 2)) & (corners[..., 2] > 0).all(axis=1)
    if not fine.any():
        return None
    xy = corners[fine][..., :2].reshape(-1, 2)
    limit = np.array(shape[1::-1])
    left, top = np.clip(np.floor(xy.min(axis=0)) - 1, 0, limit).astype(int).tolist()
    right, bottom = np.clip(np.ceil(xy.max(axis=0)) + 1, 0, limit).astype(int).tolist()
    return (left, top, right, bottom) if right > left and bottom > top else None


def _covered_area(points: np.ndarray, faces: np.ndarray, part: tuple[int, int, int, int]) -> float:
    """Roughly how many pixels all triangles cover together within a part of the picture."""
    xy = np.clip(np.nan_to_num(points[faces][..., :2]), part[:2], part[2:])
    return float(np.ptp(xy, axis=1).prod(axis=-1).sum() / 2)


def _shade(points, vertices, faces, size, colour) -> tuple[np.ndarray, np.ndarray]:
    """Colour times coverage (h, w, 3) float32 0..255, and coverage (h, w) float32 0..1, of the mesh in a picture."""
    vertices = vertices.astype(np.float32)
    fragments = rasterize(points, faces, size)
    fragments = dataclasses.replace(fragments, weights=fragments.weights.astype(np.float32))
    normals = fragments.interpolate(vertex_normals(vertices, faces), faces)
    normals /= np.maximum(_lengths(normals), 1e-9)
    place = fragments.interpolate(vertices, faces)
    to_eye = -place / _lengths(place)
    # The inside of an open mesh (the cut wrist) is lit like its outside.
    facing = np.einsum("kc,kc->k", normals, to_eye)
    normals = np.where(facing[:, None] < 0, -normals, normals)
    diffuse, shine = np.full(len(place), _AMBIENT, np.float32), np.zeros(len(place), np.float32)
    for direction, strength in _LIGHTS:
        direction = (np.array(direction) / np.linalg.norm(direction)).astype(np.float32)
        # Wrapped around the terminator: hands are soft.
        diffuse += strength * np.clip((normals @ direction + 0.25) / 1.25, 0, None)
        half = direction + to_eye
        half /= _lengths(half)
        shine += strength * np.clip(np.einsum("kc,kc->k", normals, half), 0, None) ** 40
    diffuse *= 0.72 + 0.28 * np.abs(facing)
    lit = np.array(colour, np.float32) * diffuse[:, None] + 255 * _SPECULAR * shine[:, None]
    picture = fragments.image(np.clip(lit, 0, 255).astype(np.float32))
    alpha = fragments.image(np.ones(len(place), np.float32))
    return picture * _contours(fragments.image(fragments.depth.astype(np.float32), np.inf))[..., None], alpha


def _lengths(vectors: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("kc,kc->k", vectors, vectors))[:, None]


def _contours(depth: np.ndarray) -> np.ndarray:
    """(h, w) float32 factor that darkens pixels just behind a step in depth, so that fingers part from the palm."""
    nearest = cv2.erode(np.where(np.isfinite(depth), depth, np.float32(1e9)), np.ones((3, 3), np.uint8))
    step = np.where(np.isfinite(depth), depth, 0) - np.where(np.isfinite(depth), nearest, 0)
    strength = cv2.GaussianBlur(np.clip(step / _EDGE_STEP_MM - 0.5, 0, 1).astype(np.float32), (0, 0), 1.2)
    return 1 - _EDGE_DARKENING * np.clip(strength * 1.5, 0, 1)


def _line(picture, start, end, colour, width) -> None:
    cv2.line(picture, start, end, colour, max(round(width), 1), cv2.LINE_AA, _FRACTION_BITS)


def _dot(picture, centre, colour, radius) -> None:
    cv2.circle(picture, centre, round(radius * (1 << _FRACTION_BITS)), colour, -1, cv2.LINE_AA, _FRACTION_BITS)

"""What shows on the back of some hands: veins and hair as a map, the wrinkles and spots of age as a tile."""

from __future__ import annotations

import cv2
import numpy as np

from tfhand.constants import FINGER_JOINTS, FINGERS, JOINT_NAMES
from tfhand.rendering.creases import Curve, spline

#: Height and breadth of the standard vein, mm; others are drawn relative to it.
_VEIN_MM, _VEIN_WIDTH_MM = 0.5, 2.6
#: Where veins run, in palm coordinates as in `creases`: from the webs between the knuckles, or from the thumb, to the
#: forearm, and the arch that joins them; with each its strength.
_VEINS = (
    (((-0.24, 1.02), (-0.26, 0.80), (-0.34, 0.55), (-0.40, 0.25), (-0.42, -0.1), (-0.36, -0.6), (-0.30, -1.4)), 1.0),
    (((0.12, 1.04), (0.10, 0.84), (0.02, 0.66), (-0.16, 0.46), (-0.36, 0.30)), 0.8),
    (((0.43, 0.98), (0.40, 0.76), (0.30, 0.55), (0.26, 0.28), (0.32, -0.05), (0.28, -0.6), (0.20, -1.4)), 1.0),
    (((0.10, 0.84), (0.20, 0.70), (0.30, 0.55)), 0.7),
    (((-0.85, 0.50), (-0.66, 0.36), (-0.52, 0.12), (-0.42, -0.1)), 0.7),
    (((-0.34, 0.55), (-0.20, 0.62), (-0.06, 0.60)), 0.5),
    (((0.26, 0.28), (0.10, 0.10), (-0.02, -0.20), (0.02, -0.7), (-0.06, -1.4)), 0.6),
)


def dorsal_map(joints: np.ndarray, low: np.ndarray, shape: np.ndarray, texel_mm: float) -> np.ndarray:
    """Draws veins and hair.

    Args:
        joints: (21, 3) mm of the flat hand (see `texture.flat_hand`).
        low: (2,) atlas coordinates of texel (0, 0), mm.
        shape: (2,) rows, columns of the map.
        texel_mm: side of a texel.

    Returns:
        (rows, columns, 4) float32: veins, 1 on the middle of strong ones; the derivatives of their height (mm) by the
        atlas' x and y; the share that hair covers.
    """
    rng = np.random.default_rng(11)
    veins = np.zeros(shape, np.float32)
    for curve in _vein_curves(joints, rng):
        layer = _drawn([curve.points], low, shape, texel_mm)
        sigma = 0.4 * curve.width_mm / texel_mm
        layer = cv2.GaussianBlur(layer, (0, 0), sigma) * np.float32(sigma * np.sqrt(2 * np.pi) * curve.depth_mm)
        np.maximum(veins, layer, out=veins)
    # They come and go in depth, and fade out along the forearm.
    depth = cv2.GaussianBlur(rng.standard_normal(shape).astype(np.float32), (0, 0), 9 / texel_mm)
    behind = (low[1] + texel_mm * np.arange(shape[0]))[:, None]
    veins *= np.clip(0.75 + 0.35 * depth / depth.std(), 0.25, 1) * np.clip(1 + (behind + 70) / 50, 0, 1)
    veins = np.minimum(cv2.GaussianBlur(veins, (0, 0), 0.5 / texel_mm), 1)
    slope_y, slope_x = np.gradient(veins * _VEIN_MM, texel_mm)
    veins = np.minimum(1.2 * cv2.GaussianBlur(veins, (0, 0), 1.0 / texel_mm), 1)  # seen through skin
    hair = 0.35 * _drawn(_hairs(joints, rng), low, shape, texel_mm)
    return np.stack([veins, slope_x, slope_y, hair], axis=-1).astype(np.float32)


def age_tile(size: int, tile_mm: float) -> np.ndarray:
    """Makes a tile that wraps around of thin skin's wrinkles and of spots.

    Args:
        size: side, texels.
        tile_mm: side, mm.

    Returns:
        (size, size, 4) float32: derivatives of the wrinkles' height (mm) by x and y, their grooves and spots, 0 .. 1.
    """
    rng = np.random.default_rng(5)
    frequency = np.fft.fftfreq(size) * size / tile_mm
    fx, fy = np.meshgrid(frequency, frequency)
    groove = np.zeros((size, size))
    # Lines mostly across the hand, crossing at an angle; each the zeros of a noise stretched along them.
    for angle, spacing, strength in ((0.35, 4.6, 1.0), (-0.45, 4.0, 0.8), (1.25, 5.5, 0.4)):
        along, across = fx * np.cos(angle) + fy * np.sin(angle), fy * np.cos(angle) - fx * np.sin(angle)
        radius = np.hypot(3.0 * along, across) * spacing
        noise = np.fft.ifft2(np.fft.fft2(rng.standard_normal((size, size))) * radius * np.exp(-(radius**2))).real
        groove = np.maximum(groove, strength * np.exp(-((noise / noise.std() / 0.3) ** 2)))
    texel = tile_mm / size
    height = -0.15 * _blurred_wrapping(groove, 0.4 / texel)
    slopes = [(np.roll(height, -1, axis) - np.roll(height, 1, axis)) / (2 * texel) for axis in (1, 0)]
    spots = np.zeros((size, size))
    line = (np.arange(size) + 0.5) * texel
    for _ in range(90):
        centre, radius = rng.uniform(0, tile_mm, 2), np.exp(rng.normal(-0.2, 0.45))
        x, y = (np.abs((line - c + tile_mm / 2) % tile_mm - tile_mm / 2) for c in centre)
        away = np.hypot(x[None] * rng.uniform(0.7, 1.4), y[:, None])
        strength = rng.uniform(0.25, 0.6) * min(1.0, 0.4 + 0.5 * radius)
        np.maximum(spots, strength * np.clip(1.6 - away / radius, 0, 1), out=spots)
    return np.stack([*slopes, groove, spots], axis=-1).astype(np.float32)


def _vein_curves(joints: np.ndarray, rng: np.random.Generator) -> list[Curve]:
    """Returns veins as curves whose depth is their strength, broken off nowhere but wandering a little."""
    wrist, index, middle, little = (joints[JOINT_NAMES.index(n), :2] for n in ("wrist", "index1", "middle1", "little1"))
    along, across = middle - wrist, little - index
    curves = []
    for points, strength in _VEINS:
        placed = np.array([wrist + y * along + (x + 0.05 * (1 - y)) * across for x, y in points])
        placed[1:-1] += rng.normal(0, 1.0, (len(points) - 2, 2))
        fine = spline(placed)
        fine[1:-1] += cv2.GaussianBlur(rng.normal(0, 2.2, fine.shape), (1, 9), 2.0)[1:-1]
        curves.append(Curve(spline(fine[::3], 6), _VEIN_WIDTH_MM * (0.6 + 0.4 * strength), strength))
    return curves


def _hairs(joints: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Returns hairs (3, 2) mm: many on the forearm, fewer on the little finger's side of the back and the fingers."""
    wrist, index, middle, little = (joints[JOINT_NAMES.index(n), :2] for n in ("wrist", "index1", "middle1", "little1"))
    along, across = middle - wrist, little - index
    roots = [wrist + y * along + x * across for x, y in rng.uniform((-0.55, -1.5), (0.6, -0.1), (900, 2))]
    roots += [wrist + y * along + x * across for x, y in rng.uniform((-0.05, -0.1), (0.5, 0.75), (170, 2))]
    for finger in FINGERS[1:]:
        first, second = (joints[FINGER_JOINTS[finger][k], :2] for k in (0, 1))
        roots += [first + t * (second - first) + (s, 0) for t, s in rng.uniform((0.4, -4.5), (0.8, 4.5), (14, 2))]
    hairs = []
    for root in roots:
        angle, length = np.deg2rad(rng.normal(50, 18)), rng.uniform(3, 7)
        tip = root + length * np.array([np.cos(angle), np.sin(angle)])
        hairs.append(np.stack([root, 0.5 * (root + tip) + rng.normal(0, 0.4, 2), tip]))
    return hairs


def _drawn(lines: list[np.ndarray], low: np.ndarray, shape: np.ndarray, texel_mm: float) -> np.ndarray:
    """Draws lines of points (n, 2), mm, one texel wide: (rows, columns) float32, 1 on them."""
    layer = np.zeros(shape, np.uint8)
    points = [np.round((line - low) / texel_mm * 16).astype(np.int32).reshape(-1, 1, 2) for line in lines]
    cv2.polylines(layer, points, False, 255, 1, cv2.LINE_AA, 4)
    return layer.astype(np.float32) / 255


def _blurred_wrapping(image: np.ndarray, sigma: float) -> np.ndarray:
    """Blurs a tile that wraps around."""
    radius = int(4 * sigma) + 1
    padded = np.pad(image, radius, mode="wrap")
    return cv2.GaussianBlur(padded, (0, 0), sigma)[radius:-radius, radius:-radius]

"""Procedural pictures for backgrounds: walls, clouds, clutter, shelves, wood. All (H, W, 3) uint8 sRGB."""

from __future__ import annotations

import functools

import cv2
import numpy as np

from tfhand.rendering.skin import skin_albedo


def gradient(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """A wall: one colour with light falling off across it."""
    corners = rng.uniform(40, 225) * rng.uniform(0.75, 1.15, 3) * rng.uniform(0.55, 1.1, (2, 2, 1))
    picture = cv2.resize(corners.astype(np.float32), size[::-1], interpolation=cv2.INTER_CUBIC)
    picture += rng.uniform(0, 14) * _noise(rng, size, float(rng.uniform(2, 40)))[..., None]
    return np.clip(picture, 0, 255).astype(np.uint8)


def clouds(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Blotches of two or three colours at several scales."""
    height, width = size
    colours = _palette(rng, 3)
    picture = np.broadcast_to(colours[0], (height, width, 3)).astype(np.float32)
    for colour, coarse in zip(colours[1:], (float(rng.uniform(30, 120)), float(rng.uniform(6, 40))), strict=True):
        value = _noise(rng, size, coarse) + 0.5 * _noise(rng, size, coarse / 3)
        share = np.clip(value * rng.uniform(0.4, 1.5) + 0.5, 0, 1)[..., None]
        picture = picture + share * (colour - picture)
    return np.clip(picture, 0, 255).astype(np.uint8)


def leaves(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Things that hide each other, sizes by a power law: the dead-leaves model of natural images (Lee et al. 2001)."""
    height, width = size
    picture = np.empty((height, width, 3), np.uint8)
    colours = _palette(rng, int(rng.integers(5, 14)))
    picture[:] = colours[0]
    for _ in range(int(rng.integers(40, 160))):
        radius = min(7.0 * rng.random() ** -0.7, 0.5 * max(size))
        centre = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        colour = np.minimum(np.maximum(colours[rng.integers(len(colours))] + rng.normal(0, 12), 0), 255).tolist()
        axes = (int(radius), int(radius * rng.uniform(0.3, 1)))
        kind = rng.random()
        if kind < 0.35:
            cv2.ellipse(picture, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
        elif kind < 0.75:
            turned = (centre, (2.0 * axes[0], 2.0 * axes[1]), float(rng.choice([0, 90, rng.uniform(0, 180)])))
            cv2.fillConvexPoly(picture, cv2.boxPoints(turned).astype(np.int32), colour, cv2.LINE_AA)
        else:
            points = np.array(centre) + rng.uniform(-radius, radius, (int(rng.integers(3, 7)), 2))
            cv2.fillPoly(picture, [points.astype(np.int32)], colour, cv2.LINE_AA)
    return _lit(picture, rng)


def shelves(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Rows of upright things, many of a kind, with bands across them: books, bottles, cans, blinds."""
    height, width = size
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = 0.5 * _palette(rng, 1)[0]
    shelf = int(height / rng.uniform(1.5, 6))
    bottom = int(rng.uniform(0.3, 1) * shelf)
    while bottom < height + shelf:
        kinds = _palette(rng, int(rng.integers(1, 6)))
        thick = float(rng.uniform(0.12, 0.5)) * shelf
        x = -rng.uniform(0, thick)
        while x < width:
            wide = max(3, int(thick * rng.uniform(0.7, 1.2)))
            top = bottom - int(shelf * rng.uniform(0.55, 0.95))
            colour = kinds[rng.integers(len(kinds))]
            _upright(picture, (int(x), top, wide, bottom - top), colour, rng)
            x += wide + rng.uniform(0, 0.2 * thick)
        edge = _palette(rng, 1)[0].tolist()
        cv2.rectangle(picture, (0, bottom), (width, bottom + max(1, shelf // 14)), edge, -1)
        bottom += shelf
    return _lit(picture, rng)


def planks(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Boards or tiles with a grain, each a little different."""
    upright = rng.random() < 0.5
    height, width = size = size[::-1] if upright else size
    base = 0.4 * _palette(rng, 1)[0] + 0.6 * rng.uniform(60, 230) * np.array([1, 0.78, 0.55], np.float32)
    board = float(rng.uniform(18, 110))
    rows = np.arange(height, dtype=np.float32)[:, None]
    columns = np.arange(width, dtype=np.float32)[None]
    number = np.floor(rows / board).astype(int)
    shade = rng.uniform(0.7, 1.1, int(height / board) + 2).astype(np.float32)[number]
    warp = 6 * _noise(rng, size, 60.0)
    grain = np.sin((rows + warp) * rng.uniform(0.2, 1.2) + columns * 0.01 + 9 * shade)
    value = shade * (1 + 0.08 * grain + 0.05 * _noise(rng, size, 4.0))
    value = value * np.where((rows % board) < 1.5, 0.55, 1.0)
    picture = np.clip(value[..., None] * base, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(picture.transpose(1, 0, 2)) if upright else picture


def add_limb(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns `picture` with a bare arm or leg across it: skin that is not the hand."""
    height, width = picture.shape[:2]
    melanin, blood = np.array([0.9 * rng.random() ** 2], np.float32), np.array([rng.uniform(0.3, 1.0)], np.float32)
    light = skin_albedo(melanin, blood, rng.uniform(0, 0.8))[:, 0] * rng.uniform(0.4, 1.3)
    colour = 255 * np.clip(light, 0, 1) ** (1 / 2.2)
    start, end = rng.uniform(-0.3, 1.3, (2, 2)) * (width, height)
    along_x, along_y = ((end - start) / max(float(np.linalg.norm(end - start)), 1.0)).tolist()
    columns = np.arange(width, dtype=np.float32)[None] - float(start[0])
    rows = np.arange(height, dtype=np.float32)[:, None] - float(start[1])
    distance = columns * along_x + rows * along_y
    radius = np.maximum(rng.uniform(0.05, 0.22) * max(height, width) + rng.uniform(-0.08, 0.08) * distance, 3)
    across = (rows * along_x - columns * along_y) / radius
    behind = np.minimum(distance, 0) / radius
    edge = np.clip((1 - np.sqrt(across * across + behind * behind)) * radius * 0.5, 0, 1)
    tilted = across - rng.uniform(-0.4, 0.4)
    shade = np.sqrt(np.clip(1 - tilted * tilted, 0.2, 1))[..., None]
    limb = np.minimum(shade * colour.astype(np.float32), 255)
    return (picture + edge[..., None] * (limb - picture)).astype(np.uint8)


def _upright(picture: np.ndarray, box: tuple[int, int, int, int], colour: np.ndarray, rng: np.random.Generator) -> None:
    """Draws a box or a can (round shading) with bands, in place."""
    left, top, wide, tall = box
    x0, x1, y0, y1 = max(left, 0), min(left + wide, picture.shape[1]), max(top, 0), min(top + tall, picture.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    light = _around(wide)[x0 - left : x1 - left] if rng.random() < 0.5 else np.full(x1 - x0, rng.uniform(0.7, 1))
    down = np.empty((tall, 3), np.float32)
    down[:] = colour
    for _ in range(int(rng.integers(0, 4))):
        start, length = int(rng.uniform(0, tall)), int(rng.uniform(0.03, 0.3) * tall) + 1
        down[start : start + length] = _palette(rng, 1)[0]
    picture[y0:y1, x0:x1] = np.minimum(down[y0 - top : y1 - top, None] * light[None, :, None], 255)


@functools.cache
def _around(wide: int) -> np.ndarray:
    """Returns the light (wide,) across a can."""
    return 0.45 + 0.55 * np.sqrt(1 - np.linspace(-1, 1, wide) ** 2)


def _lit(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Multiplies a picture with a smooth light and a little texture."""
    light = 1 + 0.25 * _noise(rng, picture.shape[:2], 90.0) + 0.05 * _noise(rng, picture.shape[:2], 2.0)
    return cv2.multiply(picture, cv2.merge([light, light, light]), dtype=cv2.CV_8U)


def _palette(rng: np.random.Generator, count: int) -> np.ndarray:
    """Returns (count, 3) float32 colours: mostly muted, some strong, now and then some like skin."""
    value = rng.uniform(15, 245, (count, 1))
    strength = rng.random((count, 1)) ** 2.2
    colours = value * (1 - strength * rng.uniform(0, 0.95, (count, 3)))
    if rng.random() < 0.3:
        skin = rng.random(count) < 0.5
        colours[skin] = value[skin] * (1, rng.uniform(0.66, 0.85), rng.uniform(0.5, 0.75))
    return colours.astype(np.float32)


def _noise(rng: np.random.Generator, size: tuple[int, int], coarse: float) -> np.ndarray:
    """Returns smooth noise (H, W) float32 in about -1..1 with features of `coarse` pixels."""
    cells = (max(2, int(size[0] / coarse) + 2), max(2, int(size[1] / coarse) + 2))
    grid = rng.uniform(-1, 1, cells).astype(np.float32)
    return cv2.resize(grid, size[::-1], interpolation=cv2.INTER_CUBIC if coarse > 3 else cv2.INTER_LINEAR)

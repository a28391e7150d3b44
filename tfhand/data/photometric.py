"""What a camera and a room do to a crop's pixels; labels stay where they are.

Everything works on small uint8 images through OpenCV, which releases the interpreter's lock: about 1 ms at 128 x 128.
"""
from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

_GREY = np.array([0.299, 0.587, 0.114])


@dataclasses.dataclass(frozen=True)
class PhotometricConfig:
    """How colours, sharpness and noise vary. A `spread` s means factors of `exp(uniform(-s, s))`.

    Attributes:
        brightness_spread: of the whole image.
        contrast_spread: about the image's mean.
        saturation_spread: of the distance from grey.
        hue_deg: largest turn of the hue about the grey axis, degrees; large ones make skin unlike skin.
        white_balance_spread: of each channel on its own.
        gamma_spread: of the exponent.
        grey_probability: share of crops without colour.
        blur_probability: share of crops that are defocused, moved, or enlarged from fewer pixels.
        noise_probability: share of crops with sensor noise.
        noise_sigma: largest standard deviation of that noise, grey levels.
        jpeg_probability: share of crops that pass through strong JPEG compression.
    """

    brightness_spread: float = 0.3
    contrast_spread: float = 0.3
    saturation_spread: float = 0.4
    hue_deg: float = 8.0
    white_balance_spread: float = 0.12
    gamma_spread: float = 0.25
    grey_probability: float = 0.03
    blur_probability: float = 0.3
    noise_probability: float = 0.4
    noise_sigma: float = 10.0
    jpeg_probability: float = 0.2

    def __post_init__(self) -> None:
        check_shares(self)
        for field in dataclasses.fields(self):
            if not 0 <= getattr(self, field.name) < np.inf:
                raise ValueError(f"{field.name}: expected at least 0, got {getattr(self, field.name)}.")


def check_shares(config: Any) -> None:
    """Looks at the fields of a dataclass that are called `..._probability`.

    Raises:
        ValueError: one is not in 0..1.
    """
    for field in dataclasses.fields(config):
        if field.name.endswith("_probability") and not 0 <= getattr(config, field.name) <= 1:
            raise ValueError(f"{field.name}: expected 0..1, got {getattr(config, field.name)}.")


def recolour(image: np.ndarray, config: PhotometricConfig, rng: np.random.Generator) -> np.ndarray:
    """A crop as another camera might have taken it.

    Args:
        image: `(H, W, 3)` uint8, RGB.
        config: how much may change.
        rng: source of randomness.

    Returns:
        `(H, W, 3)` uint8, RGB; a new array.
    """
    matrix = colour_matrix(cv2.mean(image)[:3], config, rng)
    image = cv2.transform(image, matrix)
    gamma = _factor(config.gamma_spread, rng)
    image = cv2.LUT(image, np.rint(255 * (np.arange(256) / 255) ** gamma).astype(np.uint8))
    if rng.random() < config.blur_probability:
        image = _blur(image, rng)
    if rng.random() < config.noise_probability:
        image = _add_noise(image, rng.uniform(0, config.noise_sigma), rng)
    if rng.random() < config.jpeg_probability:
        quality = int(rng.integers(25, 85))
        # OpenCV takes the channels for BGR both ways, which changes nothing but the weight of red against blue.
        data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return image


def colour_matrix(mean: Sequence[float], config: PhotometricConfig, rng: np.random.Generator) -> np.ndarray:
    """(3, 4) map of RGB that changes hue, saturation, white balance, brightness and contrast at once.

    Args:
        mean: mean RGB of the image, which the contrast pivots about.
        config: how much may change.
        rng: source of randomness.
    """
    to_grey = np.tile(_GREY, (3, 1))
    angle = np.deg2rad(rng.uniform(-config.hue_deg, config.hue_deg))
    axis = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    hue = np.eye(3) + np.sin(angle) * axis + (1 - np.cos(angle)) * axis @ axis
    grey = rng.random() < config.grey_probability
    saturation = 0.0 if grey else _factor(config.saturation_spread, rng)
    linear = (to_grey + saturation * (np.eye(3) - to_grey)) @ hue
    if not grey:
        gains = np.exp(rng.uniform(-config.white_balance_spread, config.white_balance_spread, 3))
        linear = np.diag(gains / gains.mean()) @ linear
    linear *= _factor(config.brightness_spread, rng)
    contrast = _factor(config.contrast_spread, rng)
    pivot = float(_GREY @ linear @ np.asarray(mean))
    return np.column_stack([contrast * linear, np.full(3, (1 - contrast) * pivot)]).astype(np.float32)


def blend_background(image: np.ndarray, alpha: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """The hand before another picture.

    Args:
        image: `(H, W, 3)` uint8.
        alpha: `(H, W)` uint8, 255 on the hand.
        behind: `(H, W, 3)` uint8.

    Returns:
        `(H, W, 3)` uint8.
    """
    # The outermost half-covered pixels still hold the old background: keep only their inner part.
    weight = np.clip(alpha.astype(np.float32) * np.float32(2 / 255) - 1, 0, 1)[..., None]
    back = behind.astype(np.float32)
    return (back + (image - back) * weight + np.float32(0.5)).astype(np.uint8)


def erase(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blots out one to three patches with a colour or with a piece of the image from elsewhere.

    Args:
        image: `(S, S, 3)` uint8.
        rng: source of randomness.

    Returns:
        `(S, S, 3)` uint8; a new array.
    """
    result = image.copy()
    size = image.shape[0]
    for _ in range(int(rng.integers(1, 4))):
        half = np.maximum((size * rng.uniform(0.04, 0.16, 2)).astype(int), 1)
        centre = rng.integers(0, size, 2)
        angle = float(rng.uniform(0, 180))
        shape = np.zeros((size, size), np.uint8)
        if rng.random() < 0.5:
            cv2.ellipse(shape, (centre.tolist(), (2 * half).tolist(), angle), 255, -1)
        else:
            corners = cv2.boxPoints((centre.tolist(), (2 * half).tolist(), angle))
            cv2.fillConvexPoly(shape, np.rint(corners).astype(np.int32), 255)
        if rng.random() < 0.5:
            filling = np.full_like(image, rng.integers(0, 256, 3))
        else:
            filling = from_elsewhere(image, rng)
        cv2.copyTo(filling, shape, result)
    return result


def from_elsewhere(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The image `(S, S, 3)` moved by a quarter to three quarters of its side each way, what leaves it coming in again: pieces
    of the same picture to cover others with."""
    size = image.shape[0]
    return np.roll(image, tuple(rng.integers(size // 4, 3 * size // 4 + 1, 2)), (0, 1))


def _factor(spread: float, rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(-spread, spread)))


def _blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Defocus, motion, or detail lost in a smaller image; strengths grow with the image."""
    size = image.shape[0]
    kind = rng.random()
    if kind < 0.4:
        return cv2.GaussianBlur(image, (0, 0), size / 128 * rng.uniform(0.3, 1.2))
    if kind < 0.6:
        length = max(int(size / 128 * rng.uniform(3, 8)) | 1, 3)
        kernel = np.zeros((length, length), np.float32)
        kernel[length // 2] = 1.0 / length
        turn = cv2.getRotationMatrix2D((length // 2, length // 2), float(rng.uniform(0, 180)), 1.0)
        kernel = cv2.warpAffine(kernel, turn, (length, length))
        return cv2.filter2D(image, -1, kernel / max(float(kernel.sum()), 1e-3))
    smaller = max(int(size / rng.uniform(1.2, 2.5)), 1)
    reduced = cv2.resize(image, (smaller, smaller), interpolation=cv2.INTER_AREA)
    return cv2.resize(reduced, (size, size), interpolation=cv2.INTER_LINEAR)


def _add_noise(image: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Adds a random piece of stored noise: drawing 49,152 normal numbers would cost more than the rest together."""
    height, width = image.shape[:2]
    bank = _noise_bank(max(256, 2 * max(height, width)))
    top, left = rng.integers(bank.shape[0] - height), rng.integers(bank.shape[1] - width)
    noise = bank[top : top + height, left : left + width]
    return cv2.addWeighted(image, 1.0, noise, sigma, 0.0, dtype=cv2.CV_8U)


@functools.lru_cache(maxsize=4)
def _noise_bank(side: int) -> np.ndarray:
    noise = np.random.default_rng(20170621).standard_normal((side, side, 3), np.float32)
    return np.ascontiguousarray(noise)

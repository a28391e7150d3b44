"""From light to file: exposure, white balance, blur, noise, tone curve and JPEG, as a camera does them in order."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np

from tfhand.rendering import srgb
from tfhand.rendering.kernel import call
from tfhand.rendering.light_colour import LUMINANCE
from tfhand.rendering.renderer import RenderedHand

_LUMINANCE = LUMINANCE.astype(np.float32)
#: Levels of the tone table, and the brightest linear value it keeps apart from white.
_LEVELS, _BRIGHTEST = 4096, 1.6
_NOISE_TILE = 512


@dataclass(frozen=True)
class CameraParams:
    """One camera and the way it was held.

    Attributes:
        exposure: factor on the hand's automatic exposure.
        metering: 0 .. 1, how far automatic exposure evens out light and dark skin.
        background_exposure: factor on the background's brightness.
        white_balance: (3,) channel gains.
        contrast: slope of the tone curve about middle grey.
        gamma: exponent on the tone curve, > 1 darkens.
        saturation: factor on the distance from grey.
        defocus_px: radius of the blur disc, pixels; under 0.5 none.
        motion_px: length of the motion blur, pixels; under 1 none.
        motion_angle: its direction, rad.
        vignetting: 0 .. 0.5, loss of light in the corners.
        read_noise, shot_noise: standard deviation of the sensor's noise at black, and of its growth with the
            square root of light, in linear light.
        noise_grain: 1 for noise of single pixels, up to 2 for coarser.
        noise_seed: where in the noise this picture lies.
        resolution: share of the pixels' sharpness that is left, 0.3 .. 1.
        sharpening: strength of an unsharp mask.
        jpeg_quality: 1 .. 100, or None for no compression.
    """

    exposure: float
    metering: float
    background_exposure: float
    white_balance: np.ndarray
    contrast: float
    gamma: float
    saturation: float
    defocus_px: float
    motion_px: float
    motion_angle: float
    vignetting: float
    read_noise: float
    shot_noise: float
    noise_grain: float
    noise_seed: int
    resolution: float
    sharpening: float
    jpeg_quality: int | None

    @classmethod
    def sample(cls, rng: np.random.Generator, size: int = 256) -> CameraParams:
        """Draws a camera for pictures of `size` pixels: mostly fair phone pictures, some bad ones."""
        unit = size / 256
        noisy = np.exp(rng.normal(-1.25, 0.65))
        return cls(
            exposure=float(np.exp(rng.normal(-0.05, 0.25))),
            metering=float(rng.uniform(0.1, 0.6)),
            background_exposure=float(np.exp(rng.normal(-0.05, 0.3))),
            white_balance=np.exp(rng.normal(0, 0.03, 3) + rng.normal(0.01, 0.06) * np.array([1.0, 0.0, -1.0])),
            contrast=float(rng.uniform(0.8, 1.3)),
            gamma=float(np.exp(rng.normal(0.0, 0.1))),
            saturation=float(rng.uniform(0.8, 1.25)),
            defocus_px=float(unit * (max(0.0, rng.normal(0.5, 0.6)) if rng.random() < 0.82 else rng.uniform(1, 2.5))),
            motion_px=float(unit * rng.uniform(2, 9)) if rng.random() < 0.12 else 0.0,
            motion_angle=float(rng.uniform(0, np.pi)),
            vignetting=float(rng.uniform(0, 0.35)) if rng.random() < 0.4 else 0.0,
            read_noise=float(0.004 * noisy),
            shot_noise=float(0.022 * noisy),
            noise_grain=float(rng.uniform(1, 2)),
            noise_seed=int(rng.integers(2**31)),
            resolution=float(rng.uniform(0.35, 0.8)) if rng.random() < 0.25 else 1.0,
            sharpening=float(rng.uniform(0.2, 1.0)) if rng.random() < 0.3 else 0.0,
            jpeg_quality=int(rng.integers(35, 98)) if rng.random() < 0.8 else None,
        )


def take_photograph(hand: RenderedHand, background: np.ndarray, camera: CameraParams) -> np.ndarray:
    """Puts a rendered hand before a background and photographs both.

    Args:
        hand: from `HandRenderer.render`.
        background: (H, W, 3) uint8 sRGB of the hand's size.
        camera: the camera.

    Returns:
        (H, W, 3) uint8 sRGB.

    Raises:
        ValueError: sizes differ, or the background isn't uint8 RGB.
    """
    if background.dtype != np.uint8 or background.shape != hand.rgb.shape:
        raise ValueError(f"background: expected uint8 {hand.rgb.shape}, got {background.dtype} {background.shape}.")
    height, width = hand.alpha.shape
    light = np.empty((height, width, 3), np.float32)
    call(
        "tfhand_compose", np.ascontiguousarray(background), _linear_table() * np.float32(camera.background_exposure),
        hand.alpha, hand.rgb, automatic_exposure(hand, camera), height * width, light,
    )  # fmt: skip
    light = np.ascontiguousarray(_blurred(light, camera))
    noise, start = _noise(camera, (height, width))
    image = np.empty((height, width, 3), np.uint8)
    call(
        "tfhand_expose", light, height, width, camera.white_balance.astype(np.float32), camera.vignetting,
        camera.saturation, noise.ctypes.data + start * noise.itemsize, 3 * noise.shape[1], camera.read_noise,
        camera.shot_noise, _tone_table(camera), _LEVELS, _BRIGHTEST, image,
    )  # fmt: skip
    return _compressed(image, camera)


def automatic_exposure(hand: RenderedHand, camera: CameraParams) -> float:
    """Returns the factor on the hand's light: even for the light that falls on it, partly for its own darkness."""
    covered = float(hand.alpha.sum())
    if covered == 0 or hand.mean_irradiance <= 0:
        return camera.exposure
    luminance = float(np.dot(cv2.sumElems(hand.rgb)[:3], _LUMINANCE)) / covered
    reflectance = min(max(luminance / hand.mean_irradiance, 0.01), 1.0)
    return camera.exposure * 0.85 / hand.mean_irradiance * (0.32 / reflectance) ** camera.metering


def _blurred(light: np.ndarray, camera: CameraParams) -> np.ndarray:
    """Loses sharpness by defocus, motion and too few pixels."""
    if camera.defocus_px >= 0.5:
        light = cv2.filter2D(light, -1, _disc(camera.defocus_px), borderType=cv2.BORDER_REFLECT_101)
    if camera.motion_px >= 1:
        streak = _streak(camera.motion_px, camera.motion_angle)
        light = cv2.filter2D(light, -1, streak, borderType=cv2.BORDER_REFLECT_101)
    if camera.resolution < 1:
        height, width = light.shape[:2]
        small = (max(8, round(width * camera.resolution)), max(8, round(height * camera.resolution)))
        light = cv2.resize(light, small, interpolation=cv2.INTER_AREA)
        light = cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR)
    return light


def _noise(camera: CameraParams, size: tuple[int, int]) -> tuple[np.ndarray, int]:
    """Returns a tile of noise larger than the picture by 256 each way, and the flat index where the picture begins."""
    tile = _noise_tile(camera.noise_grain > 1.5, camera.noise_seed % 2 == 1)
    row, column = camera.noise_seed % 251, (camera.noise_seed // 251) % 253
    height, width = size
    if height > tile.shape[0] - 256 or width > tile.shape[1] - 256:
        tile = np.tile(tile, (1 + (height + 256) // tile.shape[0], 1 + (width + 256) // tile.shape[1], 1))
    return tile, 3 * (row * tile.shape[1] + column)


def _compressed(image: np.ndarray, camera: CameraParams) -> np.ndarray:
    """Sharpens and goes through JPEG."""
    if camera.sharpening > 0:
        soft = cv2.GaussianBlur(image, (0, 0), 1.2)
        image = cv2.addWeighted(image, 1 + camera.sharpening, soft, -camera.sharpening, 0)
    if camera.jpeg_quality is None:
        return image
    turned = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    stored = cv2.imencode(".jpg", turned, [cv2.IMWRITE_JPEG_QUALITY, camera.jpeg_quality])[1]
    return cv2.imdecode(stored, cv2.IMREAD_COLOR_RGB)


@functools.cache
def _linear_table() -> np.ndarray:
    """Returns linear light (256,) float32 of 8-bit sRGB values."""
    value = np.arange(256, dtype=np.float64) / 255
    return srgb.to_linear(value).astype(np.float32)


@functools.cache
def _log_tones() -> np.ndarray:
    """Returns the logarithms (_LEVELS,) of sRGB values of linear light 0.._BRIGHTEST behind a soft shoulder."""
    light = np.linspace(0, _BRIGHTEST, _LEVELS)
    knee = 0.6
    light = np.where(light > knee, knee + (1 - knee) * np.tanh((light - knee) / (1 - knee)), light)
    return np.log(np.maximum(srgb.from_linear(light), 1e-300))


def _tone_table(camera: CameraParams) -> np.ndarray:
    """Returns uint8 sRGB (_LEVELS,) of linear light 0.._BRIGHTEST: a soft shoulder, contrast and gamma."""
    value = np.exp(camera.gamma * _log_tones())
    # A logistic curve through (0, 0), (0.5, 0.5) and (1, 1) for more contrast; towards a line for less.
    curve = value + (camera.contrast - 1) * (value - 0.5) * 4 * value * (1 - value)
    return np.clip(np.round(255 * curve), 0, 255).astype(np.uint8)


def _disc(radius: float) -> np.ndarray:
    """Returns an antialiased disc kernel with sum 1."""
    reach = int(np.ceil(radius))
    grid = np.hypot(*np.meshgrid(*[np.arange(-reach, reach + 1)] * 2))
    kernel = np.clip(radius + 0.5 - grid, 0, 1)
    return (kernel / kernel.sum()).astype(np.float32)


def _streak(length: float, angle: float) -> np.ndarray:
    """Returns a line kernel with sum 1."""
    reach = int(np.ceil(length / 2))
    kernel = np.zeros((2 * reach + 1,) * 2, np.float32)
    end = np.round(16 * (reach + length / 2 * np.array([np.cos(angle), np.sin(angle)]))).astype(int)
    start = 32 * reach - end
    cv2.line(kernel, tuple(int(v) for v in start), tuple(int(v) for v in end), 1.0, 1, cv2.LINE_8, 4)
    return kernel / kernel.sum()


@functools.cache
def _noise_tile(coarse: bool, turned: bool) -> np.ndarray:
    """Returns (_NOISE_TILE, _NOISE_TILE, 3) float32 noise of unit deviation, its channels partly correlated; `turned`
    has red and blue swapped."""
    rng = np.random.default_rng(11)
    noise = rng.standard_normal((_NOISE_TILE, _NOISE_TILE, 3))
    noise += 0.8 * rng.standard_normal((_NOISE_TILE, _NOISE_TILE, 1))
    if coarse:
        noise = cv2.GaussianBlur(noise, (0, 0), 0.8)
    noise = (noise / noise.std()).astype(np.float32)
    return np.ascontiguousarray(noise[..., ::-1]) if turned else noise

"""Worlds that share nothing but hands' poses: one to train on, one that such a training never saw.

What a real set is to a network that has seen renders only, the world "target" is to one that has seen "source" only:
other builds of hand, views, tones of skin, lightings, photographs, patterns, cameras and colour sensors, and depth as a
structured-light sensor measures it. Both are parts of "any", the world of every other dataset, in which nothing changes.
What is drawn and belongs to no part, or to the other one, is drawn anew (`tfhand.synthetic.split.draw_until`).
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence

import numpy as np

from tfhand.data.depth_noise import DepthNoiseConfig
from tfhand.rendering.background import PATTERNS
from tfhand.rendering.camera_effects import CameraParams
from tfhand.rendering.lighting import LightParams
from tfhand.rendering.lightings import LIGHTINGS
from tfhand.rendering.skin import SkinParams
from tfhand.synthetic.camera import CAMERAS
from tfhand.synthetic.viewpoint import HABITS

#: Weights of the shape keys in a hand's build: slender below 0, broad above.
BUILD = {"finger_thickness": 1.0, "palm_width": 1.0, "weight": 1.0, "muscle": 0.5}
_ANY = (-np.inf, np.inf)
#: Light after dark, low sun and lamps close by; the source has the others, daylight and well-lit rooms.
_TARGET_LIGHTINGS = (
    "living room in the evening", "desk lamp at night", "bedside lamp", "candle", "fireplace", "TV glow",
    "computer screen in the dark", "operating lamp", "ring light", "flash of a phone", "head torch", "stage colours",
    "neon signs", "car at night", "low sun", "sunset", "against the sun", "blue hour", "street lamp",
)  # fmt: skip
#: Drawn from what both have, so neither gets it.
_NO_WORLDS_LIGHTINGS = ("anything",)
#: Depth cameras, of which some sit on heads or below hands.
_TARGET_CAMERAS = ("RealSense", "Kinect", "on the head", "Leap-like")
_TARGET_PATTERNS = ("shelves", "planks")


@dataclasses.dataclass(frozen=True)
class ColourSensor:
    """What a world's sensors make of every picture, on top of what is drawn for it (`CameraParams`).

    Attributes:
        gains: factors on red, green and blue.
        saturation: factor.
        noise: factor on all noise.
        resolution: range that the share of sharpness is brought into.
        jpeg_quality: range that the quality is brought into; what had no compression stays so where the range ends
            above 90 and gets its upper end otherwise.
    """

    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    saturation: float = 1.0
    noise: float = 1.0
    resolution: tuple[float, float] = (0.0, 1.0)
    jpeg_quality: tuple[int, int] = (1, 100)

    def __call__(self, camera: CameraParams) -> CameraParams:
        """The camera with this sensor."""
        quality, (low, high) = camera.jpeg_quality, self.jpeg_quality
        if quality is None:
            quality = None if high > 90 else high
        else:
            quality = int(min(max(quality, low), high))
        return dataclasses.replace(
            camera,
            white_balance=camera.white_balance * np.array(self.gains),
            saturation=camera.saturation * self.saturation,
            read_noise=camera.read_noise * self.noise,
            shot_noise=camera.shot_noise * self.noise,
            resolution=float(np.clip(camera.resolution, *self.resolution)),
            jpeg_quality=quality,
        )


@dataclasses.dataclass(frozen=True)
class World:
    """What may occur in a world.

    Attributes:
        build: range of the hand's build, see `build_of`.
        melanin: range of the skin's `SkinParams.melanin`.
        lightings, cameras, patterns: names from `LIGHTINGS`, `CAMERAS` and `PATTERNS`.
        views: from where hands are seen, names from `HABITS`.
        photographs: which half of the photographs, 0 or 1, by a hash of the file's name; None for all.
        sensor: of colour; None leaves pictures as they are.
        depth_sensor: None for exact depth.
    """

    build: tuple[float, float] = _ANY
    melanin: tuple[float, float] = _ANY
    lightings: tuple[str, ...] = tuple(LIGHTINGS)
    cameras: tuple[str, ...] = tuple(CAMERAS)
    patterns: tuple[str, ...] = tuple(PATTERNS)
    views: tuple[str, ...] = tuple(HABITS)
    photographs: int | None = None
    sensor: ColourSensor | None = None
    depth_sensor: DepthNoiseConfig | None = None

    def accepts_shape(self, shape: np.ndarray, names: Sequence[str]) -> bool:
        """Whether a hand of shape weights `(B,)`, which `names` (B) tells apart, may occur.

        Raises:
            ValueError: the world has a range of builds and `names` lacks a key of `BUILD`.
        """
        return self.build == _ANY or self.build[0] <= build_of(shape, names) < self.build[1]

    def accepts_skin(self, skin: SkinParams) -> bool:
        """Whether a skin may occur."""
        return self.melanin[0] <= skin.melanin < self.melanin[1]

    def accepts_lights(self, lights: LightParams) -> bool:
        """Whether a lighting may occur."""
        return lights.name in self.lightings

    def accepts_photograph(self, name: str) -> bool:
        """Whether a photograph of that file name, without folders, may stand behind hands."""
        return self.photographs in (None, photograph_half(name))


#: The target's ranges begin where the source's have ended for a while: nobody is in both, or nearly.
WORLDS: dict[str, World] = {
    "any": World(),
    "source": World(
        build=(-np.inf, 0.0),
        melanin=(0.0, 0.35),
        lightings=tuple(name for name in LIGHTINGS if name not in _TARGET_LIGHTINGS + _NO_WORLDS_LIGHTINGS),
        cameras=tuple(name for name in CAMERAS if name not in _TARGET_CAMERAS),
        patterns=tuple(name for name in PATTERNS if name not in _TARGET_PATTERNS),
        views=("palm",),
        photographs=0,
        sensor=ColourSensor(noise=0.5, resolution=(0.8, 1.0), jpeg_quality=(70, 100)),
    ),
    "target": World(
        build=(0.35, np.inf),
        melanin=(0.45, np.inf),
        lightings=_TARGET_LIGHTINGS,
        cameras=_TARGET_CAMERAS,
        patterns=_TARGET_PATTERNS,
        views=("back",),
        photographs=1,
        sensor=ColourSensor(
            gains=(0.86, 1.0, 1.2), saturation=0.7, noise=2.5, resolution=(0.3, 0.6), jpeg_quality=(30, 60)
        ),
        depth_sensor=DepthNoiseConfig(),
    ),
}


def get_world(name: str) -> World:
    """The world called `name`.

    Raises:
        ValueError: there is none.
    """
    if name not in WORLDS:
        raise ValueError(f"world: expected one of {', '.join(WORLDS)}, got {name!r}.")
    return WORLDS[name]


def build_of(shape: np.ndarray, names: Sequence[str]) -> float:
    """A hand's build: slender below 0, broad above.

    Args:
        shape: `(B,)` shape weights.
        names: `(B)` of the shape keys.

    Raises:
        ValueError: `names` lacks a key of `BUILD`.
    """
    missing = [key for key in BUILD if key not in names]
    if missing:
        raise ValueError(f"template: worlds need shape keys {', '.join(BUILD)}; it lacks {', '.join(missing)}.")
    return float(sum(weight * float(shape[names.index(key)]) for key, weight in BUILD.items()))


def photograph_half(name: str) -> int:
    """0 or 1, by a hash of a photograph's file name that has nothing to do with its split."""
    return hashlib.blake2b(f"world {name}".encode(), digest_size=1).digest()[0] % 2

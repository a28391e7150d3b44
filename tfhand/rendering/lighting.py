"""Light on a hand: a smooth environment with per-vertex occlusion, and lights with shadow maps.

All directions are unit vectors in the camera frame (x right, y down, z forward) and point *towards* the
light. Colours are linear RGB. An unoccluded white surface in an environment of radiance 1 has irradiance 1
here (the usual pi is left out), so a surface's outgoing light is albedo times irradiance.

What lightings there are is in `lightings.py`; the environment is made of discs, projected to spherical harmonics.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from tfhand.rendering import harmonics
from tfhand.rendering.harmonics import disc_coefficients
from tfhand.rendering.kernel import call
from tfhand.rendering.light_colour import LUMINANCE, blackbody, tint
from tfhand.rendering.lightings import LIGHTINGS
from tfhand.rendering.shadows import viewing_frame

#: Axes along which occlusion of the environment is tested both ways, and the side of the depth map of each, texels.
_NUM_AXES = 10
_OCCLUSION_MAP = 56
#: It is looked up this far off the surface; what is less than the bias behind the map's depth is open, and what is
#: the softness farther is hidden, mm.
_LIFT_MM, _BIAS_MM, _SOFTNESS_MM = 1.5, 2.0, 3.0
#: Side of the environment's octahedral map, texels: 4 degrees apart, finer than skin is smooth.
ENVIRONMENT_SIZE = 33
#: From what casts a shadow to where it falls, and the range of the blur of its edge, mm: less than 2 shows the texels
#: of the shadow map.
_SHADOW_REACH_MM, _PENUMBRA_MM = 30.0, (2.0, 14.0)
#: Lamps below this share of the strongest one cast no shadow.
_LEAST_SHADOW = 0.3


@dataclass(frozen=True)
class LightParams:
    """One lighting.

    Attributes:
        name: of the entry in `lightings.LIGHTINGS` that it was drawn from.
        directions: (L, 3) float32 towards the lights (at infinity), strongest first.
        colours: (L, 3) float32 irradiance that each gives a surface facing it.
        penumbra_mm: (L,) float32 blur radius of each light's shadow; 0 for a light that casts none.
        up: (3,) float32 the world's up.
        environment: (9, 3) float32 spherical harmonics of the radiance all around (see `harmonics`).
    """

    name: str
    directions: np.ndarray
    colours: np.ndarray
    penumbra_mm: np.ndarray
    up: np.ndarray
    environment: np.ndarray

    @classmethod
    def sample(cls, rng: np.random.Generator) -> LightParams:
        """Draws a lighting from the table by its entries' weights."""
        return cls.named(_NAMES[int(np.searchsorted(_ENDS, rng.random(), side="right"))], rng)

    @classmethod
    def named(cls, name: str, rng: np.random.Generator) -> LightParams:
        """Draws a lighting of one entry of the table.

        Raises:
            ValueError: no entry of that name.
        """
        if name not in LIGHTINGS:
            raise ValueError(f"name: expected one of {', '.join(LIGHTINGS)}, got {name!r}.")
        low, span, chance, on_camera, num_discs, balanced = _ranges(name)
        elevation, azimuth, size, kelvin, strength, hue, saturation = (low + span * rng.random(low.shape)).T
        present = rng.random(len(chance)) < chance
        # Most cameras look level or a little down, some, on heads and above tables, far down.
        pitch = np.deg2rad(rng.normal(10, 14) if rng.random() < 0.75 else rng.uniform(20, 80))
        level = _level(pitch, np.deg2rad(rng.normal(0, 8)))
        mirrored = -1.0 if rng.random() < 0.5 else 1.0
        directions = _towards(np.deg2rad(elevation), mirrored * np.deg2rad(azimuth))
        directions = np.where(on_camera[:, None], directions, directions @ level.T)
        size = np.deg2rad(size)
        colours = blackbody(kelvin) * tint(hue, saturation) * (strength * present)[:, None]
        discs, lamps = slice(num_discs), np.arange(num_discs, len(low))[present[num_discs:]]
        environment = disc_coefficients(directions[discs], size[discs]).T @ colours[discs]
        cast = _on_white_ball(environment, colours[lamps])
        gains = (cast / (cast @ LUMINANCE)) ** -(balanced[0] + rng.random() * (balanced[1] - balanced[0]))
        lamps = lamps[np.argsort(-(colours[lamps] @ LUMINANCE), kind="stable")]
        return cls(
            name=name,
            directions=np.ascontiguousarray(directions[lamps], np.float32),
            colours=np.ascontiguousarray(colours[lamps] * gains, np.float32),
            penumbra_mm=_penumbrae(size[lamps], colours[lamps] @ LUMINANCE),
            up=np.float32(-level[:, 1]),
            environment=(environment * gains).astype(np.float32),
        )

    @property
    def cast(self) -> np.ndarray:
        """The colour (3,) float64, of luminance 1, that the camera's white balance leaves to a white ball, roughly:
        lamps light the half of it that faces them."""
        ball = _on_white_ball(self.environment, self.colours).astype(np.float64)
        return ball / (ball @ LUMINANCE)

    def radiance(self, directions: np.ndarray) -> np.ndarray:
        """Returns the environment's radiance (N, 3) float32, at least 0, seen in unit `directions` (N, 3)."""
        return harmonics.evaluate(harmonics.basis(directions), self.environment)


def ambient_irradiance(
    vertices: np.ndarray,
    normals: np.ndarray,
    faces: np.ndarray,
    lights: LightParams,
    bounce: np.ndarray,
    ball: tuple[np.ndarray, float],
) -> tuple[np.ndarray, np.ndarray]:
    """Sums the environment over the directions that each vertex sees.

    Visibility comes from small orthographic depth maps of the mesh, one an axis for its two directions; what a
    direction hits sends back `bounce` times the mean light, which warms the gaps between fingers.

    Args:
        vertices: (V, 3) float32 camera frame, mm.
        normals: (V, 3) float32 unit outward normals.
        faces: (F, 3) int32, indices into the vertices.
        lights: the lighting.
        bounce: (3,) float32 albedo of the surface for light reflected once.
        ball: centre (3,) and radius, mm, within which occlusion counts.

    Returns:
        irradiance (V, 3) float32 and openness (V,) float32 in 0..1, the cosine-weighted visible share.
    """
    radiance = harmonics.evaluate(_DIRECTIONS_BASIS, lights.environment)
    bounced = (radiance.mean(axis=0) * bounce).astype(np.float32)
    centre = np.ascontiguousarray(ball[0], np.float32)
    irradiance, openness = np.empty((3, len(vertices)), np.float32), np.empty(len(vertices), np.float32)
    call(
        "tfhand_ambient", vertices, normals, len(vertices), faces, len(faces), _FRAMES, len(_FRAMES), radiance,
        bounced, centre, float(ball[1]), _OCCLUSION_MAP, _LIFT_MM, _BIAS_MM, _SOFTNESS_MM, irradiance, openness,
    )  # fmt: skip
    return irradiance.T, openness


def environment_map(lights: LightParams) -> np.ndarray:
    """Returns the environment's radiance (ENVIRONMENT_SIZE, ENVIRONMENT_SIZE, 3) float32 over the octahedron."""
    radiance = harmonics.evaluate(_OCTAHEDRON_BASIS, lights.environment)
    return radiance.reshape(ENVIRONMENT_SIZE, ENVIRONMENT_SIZE, 3)


@functools.cache
def _ranges(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int, tuple[float, float]]:
    """Returns an entry's sources, discs first, as arrays: lowest values (K, 7) and spans (K, 7) of elevation, azimuth,
    size, kelvin, strength, hue, saturation; chances (K,); which turn with the camera (K,); the number of discs; and
    the range of the white balance."""
    entry = LIGHTINGS[name]
    sources = entry.discs + entry.lamps
    pairs = np.array([[getattr(source, field) for field in _DRAWN] for source in sources], np.float64)
    chance, on_camera = (np.array([getattr(source, field) for source in sources]) for field in ("chance", "on_camera"))
    return pairs[..., 0], pairs[..., 1] - pairs[..., 0], chance, on_camera, len(entry.discs), entry.balanced


def _on_white_ball(environment: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Returns the light (3,) that an environment (9, 3) and lamps (L, 3) throw on a white ball, on average."""
    return environment[0] * harmonics.MEAN + 0.5 * colours.sum(axis=0)


def _towards(elevation: np.ndarray, azimuth: np.ndarray) -> np.ndarray:
    """Returns (K, 3) unit vectors in the frame of a level camera, from angles (K,) in rad as the table gives them."""
    flat = np.cos(elevation)
    return np.stack([flat * np.sin(azimuth), -np.sin(elevation), -flat * np.cos(azimuth)], axis=1)


def _level(pitch: float, roll: float) -> np.ndarray:
    """Returns the rotation (3, 3) from a level camera's frame to that of one that looks down by `pitch` and is turned
    by `roll` about its axis, rad."""
    c, s = np.cos(pitch), np.sin(pitch)
    down = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    c, s = np.cos(roll), np.sin(roll)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ down


def _penumbrae(size: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """Returns the blur (L,) float32 of the shadows of lamps of angular radius `size` (L,), rad: what an edge 30 mm away
    throws. Lamps much weaker than the first cast none."""
    blur = np.clip(_SHADOW_REACH_MM * np.tan(size), *_PENUMBRA_MM)
    return (blur * (strength >= _LEAST_SHADOW * strength[:1])).astype(np.float32)


def _octahedron(size: int) -> np.ndarray:
    """Returns (size * size, 3) float32 unit vectors: the directions of an octahedral map's texels, row by row."""
    x, y = (part.ravel() for part in np.meshgrid(*[np.linspace(-1, 1, size)] * 2))
    z = 1 - np.abs(x) - np.abs(y)
    below = np.maximum(-z, 0)
    directions = np.stack([x - np.sign(x) * below, y - np.sign(y) * below, z], axis=1)
    return (directions / np.linalg.norm(directions, axis=1, keepdims=True)).astype(np.float32)


def _fibonacci_sphere(count: int) -> np.ndarray:
    """Returns (count, 3) float32 unit vectors spread evenly over the sphere (Fibonacci lattice)."""
    index = np.arange(count) + 0.5
    polar, azimuth = np.arccos(1 - 2 * index / count), np.pi * (1 + 5**0.5) * index
    sine = np.sin(polar)
    return np.stack([sine * np.cos(azimuth), np.cos(polar), sine * np.sin(azimuth)], axis=1).astype(np.float32)


_NAMES = list(LIGHTINGS)
_WEIGHTS = np.array([entry.weight for entry in LIGHTINGS.values()])
#: A draw in 0..1 falls before the end of its entry; the last end is beyond.
_ENDS = np.append(np.cumsum(_WEIGHTS / _WEIGHTS.sum())[:-1], 2.0)
_DRAWN = ("elevation", "azimuth", "size", "kelvin", "strength", "hue", "saturation")
_OCTAHEDRON_BASIS = harmonics.basis(_octahedron(ENVIRONMENT_SIZE))
_AXES = _fibonacci_sphere(2 * _NUM_AXES)[:_NUM_AXES]
#: Towards the first ends of the axes, then towards the others.
_DIRECTIONS = np.concatenate([_AXES, -_AXES])
_DIRECTIONS_BASIS = harmonics.basis(_DIRECTIONS)
_FRAMES = np.stack([viewing_frame(direction) for direction in _AXES])

"""Light on a hand: a smooth environment with per-vertex occlusion, and lights with shadow maps.

All directions are unit vectors in the camera frame (x right, y down, z forward) and point *towards* the
light. Colours are linear RGB. An unoccluded white surface in an environment of radiance 1 has irradiance 1
here (the usual pi is left out), so a surface's outgoing light is albedo times irradiance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfhand.rendering.kernel import call
from tfhand.rendering.shadows import viewing_frame

#: Axes along which occlusion of the environment is tested both ways, and the side of the depth map of each, texels.
_NUM_AXES = 10
_OCCLUSION_MAP = 56
#: It is looked up this far off the surface; what is less than the bias behind the map's depth is open, and what is
#: the softness farther is hidden, mm.
_LIFT_MM, _BIAS_MM, _SOFTNESS_MM = 1.5, 2.0, 3.0
#: Side of the environment's octahedral map, texels: 4 degrees apart, finer than skin is smooth.
ENVIRONMENT_SIZE = 33


@dataclass(frozen=True)
class LightParams:
    """One lighting.

    Attributes:
        directions: (L, 3) float32 towards the lights (at infinity), strongest first.
        colours: (L, 3) float32 irradiance that each gives a surface facing it.
        penumbra_mm: (L,) float32 blur radius of each light's shadow; 0 for a light that casts none.
        up: (3,) float32 direction of the sky.
        zenith, horizon, ground: (3,) float32 radiance of the environment above, around and below.
        glow_direction: (3,) float32 towards a broad soft source, such as a window.
        glow_colour: (3,) float32 its radiance at the centre.
        glow_sharpness: its falloff `exp(sharpness * (cos - 1))`.
    """

    directions: np.ndarray
    colours: np.ndarray
    penumbra_mm: np.ndarray
    up: np.ndarray
    zenith: np.ndarray
    horizon: np.ndarray
    ground: np.ndarray
    glow_direction: np.ndarray
    glow_colour: np.ndarray
    glow_sharpness: float

    @classmethod
    def sample(cls, rng: np.random.Generator) -> LightParams:
        """Draws a lighting: rooms and open sky, from nearly shadowless to one hard lamp."""
        ambient = rng.uniform(0.25, 0.85)
        warmth = rng.normal(0.1, 0.22)
        up = _unit(np.array([0.0, -1.0, 0.0]) + rng.normal(0, 0.35, 3))
        zenith = colour_of(warmth + rng.normal(0, 0.2)) * ambient * rng.uniform(0.7, 1.5)
        horizon = colour_of(warmth + rng.normal(0, 0.2)) * ambient * rng.uniform(0.6, 1.2)
        bounce = colour_of(rng.normal(0.3, 0.3)) * rng.uniform(0.6, 1.2, 3)
        ground = bounce * ambient * rng.uniform(0.25, 0.9)
        count = int(rng.choice([1, 2, 3, 4], p=[0.4, 0.35, 0.2, 0.05]))
        strength = (1 - ambient) * rng.uniform(0.7, 1.6) * np.cumprod(rng.uniform(0.25, 0.8, count)) / 0.5
        colours = np.stack([colour_of(warmth + rng.normal(0, 0.22)) for _ in range(count)])
        penumbra = np.exp(rng.uniform(np.log(1.0), np.log(12.0), count)) * (np.arange(count) < 2)
        return cls(
            directions=_sample_directions(rng, count).astype(np.float32),
            colours=(colours * strength[:, None]).astype(np.float32),
            penumbra_mm=penumbra.astype(np.float32),
            up=up.astype(np.float32),
            zenith=zenith.astype(np.float32),
            horizon=horizon.astype(np.float32),
            ground=ground.astype(np.float32),
            glow_direction=_sample_directions(rng, 1)[0].astype(np.float32),
            glow_colour=(colour_of(warmth + rng.normal(0, 0.3)) * rng.uniform(0, 1.8) * ambient).astype(np.float32),
            glow_sharpness=float(rng.uniform(1.5, 6.0)),
        )

    def radiance(self, directions: np.ndarray) -> np.ndarray:
        """Returns the environment's radiance (N, 3) seen in unit `directions` (N, 3)."""
        height = (directions @ self.up)[:, None]
        above = np.sqrt(np.clip(height, 0, 1))
        below = np.sqrt(np.clip(-height, 0, 1))
        sky = self.horizon + above * (self.zenith - self.horizon) + below * (self.ground - self.horizon)
        glow = np.exp(self.glow_sharpness * ((directions @ self.glow_direction)[:, None] - 1))
        return sky + glow * self.glow_colour


def colour_of(warmth: float) -> np.ndarray:
    """Returns the linear RGB (3,) of a white light made warmer (> 0, about 1 = tungsten) or cooler; green is 1."""
    warmth = float(np.clip(warmth, -0.7, 1.4))
    return np.array([np.exp(0.28 * warmth), 1.0, np.exp(-0.42 * warmth)])


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
    radiance = np.ascontiguousarray(lights.radiance(_DIRECTIONS), np.float32)
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
    radiance = np.ascontiguousarray(lights.radiance(_OCTAHEDRON), np.float32)
    return radiance.reshape(ENVIRONMENT_SIZE, ENVIRONMENT_SIZE, 3)


def _sample_directions(rng: np.random.Generator, count: int) -> np.ndarray:
    """Returns (count, 3) unit vectors, mostly above and on the camera's side, sometimes from behind or below."""
    directions = rng.normal(size=(count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    directions += np.array([0.0, -0.6, -0.55])
    return np.stack([_unit(direction) for direction in directions])


def _unit(vector: np.ndarray) -> np.ndarray:
    """Returns `vector` (3,) with length 1."""
    return vector / np.linalg.norm(vector)


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


_OCTAHEDRON = _octahedron(ENVIRONMENT_SIZE)
_AXES = _fibonacci_sphere(2 * _NUM_AXES)[:_NUM_AXES]
#: Towards the first ends of the axes, then towards the others.
_DIRECTIONS = np.concatenate([_AXES, -_AXES])
_FRAMES = np.stack([viewing_frame(direction) for direction in _AXES])

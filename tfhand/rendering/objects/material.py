"""What things are made of: colours, a pattern, gloss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tfhand.rendering.look import SurfaceLook
from tfhand.rendering.skin import skin_albedo

PATTERNS = ("plain", "stripes", "checks", "label")
#: Roughness from and to, reflectance at normal incidence, factor on specular light, waviness of the colour.
_GLOSS = {
    "metal": (0.18, 0.5, 0.4, 0.9, 0.02),
    "plastic": (0.25, 0.6, 0.04, 1.0, 0.02),
    "screen": (0.2, 0.3, 0.05, 1.2, 0.0),
    "wood": (0.5, 0.75, 0.04, 0.6, 0.12),
    "leather": (0.45, 0.7, 0.04, 0.8, 0.08),
    "paper": (0.7, 0.9, 0.03, 0.3, 0.03),
    "cloth": (0.8, 0.9, 0.03, 0.0, 0.06),
    "skin": (0.45, 0.65, 0.028, 0.8, 0.06),
}
KINDS = tuple(_GLOSS)
#: Diffuse colours, linear RGB: silver, gold, rose gold, dark steel; woods; leathers.
_METALS = np.array([[0.22, 0.22, 0.21], [0.42, 0.25, 0.05], [0.36, 0.18, 0.11], [0.06, 0.06, 0.065]])
_WOODS = np.array([[0.45, 0.27, 0.13], [0.25, 0.12, 0.05], [0.6, 0.42, 0.24]])
_LEATHERS = np.array([[0.02, 0.018, 0.017], [0.12, 0.055, 0.025], [0.27, 0.13, 0.055]])


@dataclass(frozen=True)
class Material:
    """What a thing is made of.

    Attributes:
        colours: (2, 3) linear RGB; a pattern takes both.
        pattern: one of `PATTERNS`, along the atlas' coordinates: stripes across y; squares; one field of the second
            colour, `scale_mm` wide along y, a quarter of its height in from each end.
        scale_mm: width of stripes and squares, half height of a label.
        roughness, f0, shine: as of `look.SurfaceLook`.
        waviness: by how much the colour varies over the surface.
    """

    colours: np.ndarray
    pattern: str
    scale_mm: float
    roughness: float
    f0: float
    shine: float
    waviness: float

    @classmethod
    def sample(cls, kind: str, rng: np.random.Generator, patterned: bool = False) -> Material:
        """Draws a material.

        Args:
            kind: one of `KINDS`.
            rng: source of randomness.
            patterned: half of them get stripes, squares or a label.

        Raises:
            ValueError: no such kind.
        """
        if kind not in _GLOSS:
            raise ValueError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}.")
        low, high, f0, shine, waviness = _GLOSS[kind]
        colours = np.stack([_colour(kind, rng), _colour(kind, rng)]).astype(np.float32)
        pattern = str(rng.choice(PATTERNS[1:])) if patterned and rng.random() < 0.5 else "plain"
        scale = float(np.exp(rng.uniform(np.log(2.0), np.log(25.0))))
        return cls(colours, pattern, scale, float(rng.uniform(low, high)), f0, shine, waviness)

    def albedo(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Returns linear RGB (3, N) float32 at atlas coordinates (N,), mm."""
        if self.pattern == "stripes":
            second = np.floor(y / self.scale_mm) % 2 == 1
        elif self.pattern == "checks":
            second = (np.floor(x / self.scale_mm) + np.floor(y / self.scale_mm)) % 2 == 1
        elif self.pattern == "label":
            second = np.abs(y) < self.scale_mm
        else:
            second = np.zeros(len(x), bool)
        colour = np.where(second, self.colours[1][:, None], self.colours[0][:, None])
        # Waves of three lengths in three directions: nothing real is of one even colour.
        waves = np.sin(0.11 * x + 0.03 * y) + np.sin(0.31 * y - 0.14 * x + 1.3) + np.sin(0.77 * x + 0.59 * y + 2.1)
        return colour * (1 + (self.waviness / 3) * waves).astype(np.float32)


def paint(
    look: SurfaceLook, atlas: np.ndarray, face_ids: np.ndarray, begins: np.ndarray, materials: Sequence[Material]
) -> None:
    """Gives the samples of things their materials, in place.

    Args:
        look: of all N samples.
        atlas: (2, N) float32 coordinates on the surfaces, mm.
        face_ids: (N,) int32 the face that each sample lies on.
        begins: (things + 1,) where each thing's faces begin, and their end.
        materials: of the things.
    """
    on_things = np.flatnonzero(face_ids >= begins[0])
    owners = np.searchsorted(begins, face_ids[on_things], side="right") - 1
    for number, material in enumerate(materials):
        chosen = on_things[owners == number]
        if chosen.size == 0:
            continue
        look.albedo[:, chosen] = material.albedo(atlas[0, chosen], atlas[1, chosen])
        for name in ("roughness", "f0", "shine"):
            getattr(look, name)[chosen] = getattr(material, name)
        look.slope_x[chosen] = look.slope_y[chosen] = 0


def _colour(kind: str, rng: np.random.Generator) -> np.ndarray:
    """A diffuse colour (3,) of a kind of material, linear RGB."""
    if kind == "skin":
        amounts = rng.uniform([0.02, 0.4, 0.2], [0.9, 1.0, 0.8])
        return skin_albedo(np.float32([amounts[0]]), np.float32([amounts[1]]), amounts[2])[:, 0]
    for name, colours in (("metal", _METALS), ("wood", _WOODS), ("leather", _LEATHERS)):
        if kind == name:
            return colours[rng.integers(len(colours))] * rng.uniform(0.7, 1.2)
    if kind == "screen":
        return rng.uniform(0.003, 0.012, 3)
    if kind == "paper":
        return rng.uniform(0.45, 0.8) * (1 - rng.uniform(0, 0.25, 3) * (rng.random() < 0.4))
    # Dark and pale, grey and coloured alike.
    colour = rng.uniform(0.02, 1.0, 3)
    colour = 1 - rng.uniform(0, 1) * (1 - colour / colour.max())
    return np.clip(rng.uniform(0.02, 0.85) ** 1.5 * colour, 0.004, 0.85)

"""What the light on a hand means for the photograph behind it: night is dark, warm light is warm, not always."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfhand.rendering import srgb
from tfhand.rendering.light_colour import LUMINANCE
from tfhand.rendering.lighting import LightParams
from tfhand.rendering.lightings import LIGHTINGS

#: How often what is behind has light of its own, and how far it follows the hand's otherwise.
_APART, _FOLLOWS = 0.12, (0.7, 1.0)
#: How much of the light's colour it takes on, and the strongest colour.
_COLOURED, _STRONGEST = (0.2, 0.9), 2.0
#: Growth of contrast with each stop of darkness: lamps and windows stand out at night.
_CONTRAST_PER_STOP = (0.05, 0.2)
#: Linear light that darkening is about, and the mean value, of 255, below which a photograph needs less of it.
_GREY, _USUAL_MEAN = 0.18, 105.0


@dataclass(frozen=True)
class Mood:
    """Exposure and colour of what stands behind a hand.

    Attributes:
        stops: by how much middle grey is brighter.
        contrast: exponent on linear light about middle grey.
        gains: (3,) float64 factors on linear RGB, of luminance 1.
    """

    stops: float
    contrast: float
    gains: np.ndarray

    @classmethod
    def sample(cls, lights: LightParams, rng: np.random.Generator) -> Mood:
        """Draws what a lighting means, by its entry in `LIGHTINGS`."""
        apart, *rest = rng.random(5)
        degree, behind, coloured, contrast = (
            low + share * (high - low)
            for share, (low, high) in zip(
                rest, (_FOLLOWS, LIGHTINGS[lights.name].behind, _COLOURED, _CONTRAST_PER_STOP), strict=True
            )
        )
        if apart < _APART:
            degree = 0.0
        gains = np.clip(lights.cast ** (degree * coloured), 1 / _STRONGEST, _STRONGEST)
        stops = degree * behind
        return cls(stops, 1 + contrast * max(-stops, 0.0), gains / (gains @ LUMINANCE))

    def on(self, values: np.ndarray, mean: float) -> np.ndarray:
        """What becomes of a photograph's values.

        Args:
            values: (..., 3) sRGB, 0 .. 255.
            mean: of the photograph, on the same scale: what is dark already is darkened less.

        Returns:
            (..., 3) float64 sRGB, 0 .. 255.
        """
        stops = self.stops * min(mean / _USUAL_MEAN, 1.0) if self.stops < 0 else self.stops
        value = np.asarray(values, np.float64) / 255
        linear = srgb.to_linear(value)
        light = np.minimum(_GREY * 2**stops * (linear / _GREY) ** self.contrast * self.gains, 1)
        return 255 * srgb.from_linear(light)

"""Skin: what one person's hand looks like, and the albedo that follows from it.

Albedo comes from absorption by melanin, haemoglobin and a yellow pigment (carotene, bilirubin) over a pale
scattering base, with a floor for what leaves without meeting pigment: per channel
`floor + base * exp(-(melanin * M + blood * H + yellow * C))` in linear sRGB. M, H, C follow the absorption
spectra in broad red, green and blue bands (Jacques 2013, "Optical properties of biological tissues", for the
shapes), scaled so that the curve runs through measured skin tones from very light to very dark.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BASE = np.array([0.88, 0.74, 0.64], np.float32)
FLOOR = np.array([0.022, 0.018, 0.015], np.float32)
#: Absorption of red, green and blue light by melanin, per unit of `SkinParams.melanin`.
MELANIN = np.array([2.75, 3.75, 5.0], np.float32)
BLOOD = np.array([0.10, 0.62, 0.52], np.float32)
YELLOW = np.array([0.02, 0.12, 0.55], np.float32)


@dataclass(frozen=True)
class SkinParams:
    """One person's skin.

    Attributes:
        melanin: 0 (none) .. 1 (darkest).
        blood: 0.2 (pale) .. 1.2 (flushed).
        yellow: 0 .. 1, yellow pigment.
        palm_lightness: how much of the map's palm-back difference in pigment shows; 1 as drawn.
        mottling: amplitude of blotches in pigment and blood.
        crease_depth: factor on the depth of creases and wrinkles.
        relief: factor on the fine relief of the skin.
        roughness: of the surface, 0.3 (moist) .. 0.7 (dry).
        shine: factor on specular reflection.
        softness: 0 .. 1, how far light spreads under the skin.
        nail_paleness: -0.3 .. 0.6, how much paler than the skin the nails are.
        nail_tip_mm: length of the white free edge of the nails.
        polish: (3,) linear RGB of nail polish, or None.
        noise_offset: (2,) where in the noise this skin lies, tiles.
        noise_scale: size of the noise's features.
        sleeve: (2, 3) linear RGB of a sleeve's two colours.
        stripes_mm: width of the sleeve's stripes; 0 for none.
        veins: 0 .. 1.3, height and colour of the veins on the back; 0 for none.
        wrinkles: 0 .. 1, depth of thin skin's wrinkles on the back; 0 for none.
        spots: 0 .. 1, freckles and spots of age on the back; 0 for none.
        hair: 0 .. 1, dark hair on forearm and back; 0 for none.
    """

    melanin: float
    blood: float
    yellow: float
    palm_lightness: float
    mottling: float
    crease_depth: float
    relief: float
    roughness: float
    shine: float
    softness: float
    nail_paleness: float
    nail_tip_mm: float
    polish: np.ndarray | None
    noise_offset: np.ndarray
    noise_scale: float
    sleeve: np.ndarray
    stripes_mm: float
    veins: float
    wrinkles: float
    spots: float
    hair: float

    @classmethod
    def sample(
        cls, rng: np.random.Generator, old: float | None = None, weight: float = 0.0, sex: float = 0.0
    ) -> SkinParams:
        """Draws a skin: every tone from very light to very dark, a little more often the lighter half.

        Args:
            rng: source of randomness.
            old, weight, sex: of the hand, as in its shape's keys: 0 young .. 1 old, -1 lean .. 1 heavy, -1 female ..
                1 male. Age brings wrinkles, spots, veins and dry skin, fat hides veins, men have more hair. None for
                `old` draws it, young in 7 of 10.

        Returns:
            SkinParams.
        """
        drawn = rng.uniform(0.25, 1) if rng.random() < 0.3 else 0.0
        old = drawn if old is None else float(old)
        polished = rng.random() < 0.06
        moisture = rng.beta(1.6, 1.8) * (1 - 0.35 * old)
        if rng.random() < 0.04:  # sweat, cream or water
            moisture = rng.uniform(1.1, 1.4)
        cloth = rng.uniform(0.01, 1.0) ** 1.5 * _tinted(rng)
        return cls(
            melanin=float(0.01 + 0.97 * rng.beta(0.75, 1.6)),
            blood=float(rng.uniform(0.12, 0.9)),
            yellow=float(rng.uniform(0.1, 0.85)),
            palm_lightness=float(rng.uniform(0.4, 1.1)),
            mottling=float(rng.uniform(0.3, 1.3)),
            crease_depth=float(rng.uniform(0.3, 1.15) * (1 + 0.4 * old)),
            relief=float(rng.uniform(0.2, 1.0)),
            roughness=float(np.clip(0.68 - 0.32 * moisture + rng.normal(0, 0.04), 0.24, 0.72)),
            shine=float(np.clip(0.25 + moisture + rng.normal(0, 0.12), 0.2, 1.6)),
            softness=float(rng.uniform(0.3, 1.0)),
            nail_paleness=float(rng.uniform(-0.2, 0.3)),
            nail_tip_mm=float(max(0.0, rng.normal(0.7, 0.8))),
            polish=rng.uniform(0.02, 0.9, 3) ** 1.5 if polished else None,
            noise_offset=rng.uniform(0, 1, 2),
            noise_scale=float(np.exp(rng.uniform(-0.35, 0.5))),
            sleeve=np.stack([cloth, np.clip(cloth * rng.uniform(0.4, 1.8), 0, 0.9)]),
            stripes_mm=float(rng.choice([0.0, rng.uniform(3, 25)], p=[0.75, 0.25])),
            veins=_above_zero(rng.normal(0.15, 0.35) + 0.55 * old - 0.3 * weight, 1.3),
            wrinkles=_above_zero(rng.uniform(-0.1, 0.1) + old * rng.uniform(0.5, 1.1), 1.0),
            spots=_above_zero(rng.normal(-0.3, 0.35) + 0.6 * old, 1.0),
            hair=_above_zero(rng.normal(-0.25, 0.45) + 0.35 * sex, 1.0),
        )


def skin_albedo(melanin: np.ndarray, blood: np.ndarray, yellow: float) -> np.ndarray:
    """Returns linear sRGB albedo (3, N) float32 for pigment amounts (N,) float32."""
    exponent = np.multiply.outer(-MELANIN, melanin)
    exponent -= np.multiply.outer(BLOOD, blood)
    exponent -= (np.float32(yellow) * YELLOW)[:, None]
    np.exp(exponent, out=exponent)
    exponent *= BASE[:, None]
    exponent += FLOOR[:, None]
    return exponent


def mean_albedo(skin: SkinParams) -> np.ndarray:
    """Returns the linear sRGB albedo (3,) of the skin's back and palm together."""
    melanin = np.array([skin.melanin * (1 - 0.3 * skin.palm_lightness)], np.float32)
    return skin_albedo(melanin, np.array([skin.blood + 0.15], np.float32), skin.yellow)[:, 0]


def _above_zero(amount: float, most: float) -> float:
    """Clips an amount; what hardly shows is none at all, which costs nothing."""
    return float(min(amount, most)) if amount > 0.08 else 0.0


def _tinted(rng: np.random.Generator) -> np.ndarray:
    """Returns a cloth colour (3,) of random saturation with maximum 1."""
    colour = rng.uniform(0, 1, 3)
    colour = 1 - rng.uniform(0, 1) * (1 - colour / colour.max())
    return colour

"""What the surface is like at samples: colour, relief, gloss; skin, nails and sleeve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfhand.rendering.skin import SkinParams, skin_albedo
from tfhand.rendering.texture import SkinTexture

#: Reflectance of skin at normal incidence (index of refraction 1.4), and of nails.
_F0_SKIN, _F0_NAIL = 0.028, 0.045


@dataclass(frozen=True)
class SurfaceLook:
    """Surface of N samples, float32.

    Attributes:
        albedo: (3, N) linear RGB.
        slope_x, slope_y: (N,) slopes of the relief along the atlas' coordinates.
        roughness: (N,) perceptual roughness.
        f0: (N,) reflectance at normal incidence.
        shine: (N,) factor on specular light.
    """

    albedo: np.ndarray
    slope_x: np.ndarray
    slope_y: np.ndarray
    roughness: np.ndarray
    f0: np.ndarray
    shine: np.ndarray


def surface_look(
    texture: SkinTexture, values: np.ndarray, skin: SkinParams, cloth: np.ndarray, footprint: np.ndarray
) -> SurfaceLook:
    """Evaluates the texture at samples.

    Args:
        texture: of the template.
        values: (6, N) float32 atlas x, y, side, blood, melanin, nail tip.
        skin: the person's skin.
        cloth: (N,) bool, True on the sleeve.
        footprint: (N,) float32 mm of skin that a pixel covers.
    """
    x, y, side, redness, pigment, behind_tip = values
    height, slope_x, slope_y, nail = texture.maps_at(x, y, side)
    bare = 1 - nail
    mottles, blush, fine_x, fine_y = texture.noise_at(x, y, side, skin.noise_offset, skin.noise_scale)
    footprint2 = footprint * footprint
    depth = skin.crease_depth * bare * np.minimum(1, 3 * np.abs(side)) / (1 + footprint2 * (1 / 2.5**2))
    groove = np.maximum(-height * depth, 0)
    contrast = 1 + skin.palm_lightness * (pigment - 1)
    melanin = skin.melanin * contrast * (1 + (0.07 * skin.mottling) * mottles) * (1 - 0.55 * nail)
    melanin *= 1 + 0.35 * groove
    blood = skin.blood * (1 + (0.16 * skin.mottling) * blush) + redness + 0.5 * groove
    blood -= skin.nail_paleness * nail
    albedo = skin_albedo(np.maximum(melanin, 0), np.maximum(blood, 0), skin.yellow)
    albedo *= 1 - np.minimum(0.3 * groove, 0.6)
    _paint_nails(albedo, nail, behind_tip, skin)
    skin_share = np.where(cloth, np.float32(0), np.float32(1))
    _paint_sleeve(albedo, x, y, skin, cloth)
    fine = skin.relief * bare * skin_share / (1 + footprint2)
    depth *= skin_share
    roughness = skin.roughness * (1 + 0.08 * mottles) * (1 - 0.35 * nail)
    return SurfaceLook(
        albedo=albedo,
        slope_x=slope_x * depth + fine_x * fine,
        slope_y=slope_y * depth + fine_y * fine,
        roughness=np.clip(roughness, 0.2, 0.9),
        f0=_F0_SKIN + (_F0_NAIL - _F0_SKIN) * nail,
        shine=skin.shine * skin_share,
    )


def _paint_nails(albedo: np.ndarray, nail: np.ndarray, behind_tip: np.ndarray, skin: SkinParams) -> None:
    """Gives nails (in place) polish or a pale free edge, and a dark line where they meet the skin."""
    chosen = np.flatnonzero(nail)
    if chosen.size == 0:
        return
    nail = nail[chosen]
    colour = albedo[:, chosen]
    inside = np.clip((nail - 0.5) * 4, 0, 1)
    if skin.polish is not None:
        colour += inside * (skin.polish.astype(np.float32)[:, None] - colour)
    elif skin.nail_tip_mm > 0:
        edge = np.clip((skin.nail_tip_mm - behind_tip[chosen]) * 2 + 1, 0, 1) * inside
        colour += (0.6 * edge) * (np.array([[0.72], [0.66], [0.56]], np.float32) - colour)
    rim = np.clip(1 - np.abs(nail - 0.45) * 3.2, 0, 1)
    albedo[:, chosen] = colour * (1 - 0.3 * rim)


def _paint_sleeve(albedo: np.ndarray, x: np.ndarray, y: np.ndarray, skin: SkinParams, cloth: np.ndarray) -> None:
    """Colours the sleeve's samples in place."""
    chosen = np.flatnonzero(cloth)
    if chosen.size == 0:
        return
    first, second = skin.sleeve.astype(np.float32)[..., None]
    albedo[:, chosen] = first
    if skin.stripes_mm > 0:
        across, along = (float(part) / skin.stripes_mm for part in skin.noise_offset)
        striped = np.floor(x[chosen] * across + y[chosen] * along) % 2 == 0
        albedo[:, chosen[striped]] = second

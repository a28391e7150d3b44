"""What the surface is like at samples: colour, relief, gloss; skin, nails and sleeve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfhand.rendering.skin import MELANIN, SkinParams, skin_albedo
from tfhand.rendering.texture import SkinTexture

#: Reflectance of skin at normal incidence (index of refraction 1.4), and of nails.
_F0_SKIN, _F0_NAIL = 0.028, 0.045
#: What a vein takes of red, green and blue at full strength: it looks bluish because red reaches it and is kept.
_VEIN_SHADE = np.array([0.20, 0.09, 0.03], np.float32)


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
    skin_share = np.where(cloth, np.float32(0), np.float32(1))
    fine = skin.relief * bare * skin_share / (1 + footprint2)
    depth *= skin_share
    slope_x, slope_y = slope_x * depth + fine_x * fine, slope_y * depth + fine_y * fine
    _detail_back(texture, skin, x, y, side * bare * skin_share, footprint2, albedo, slope_x, slope_y)
    _paint_nails(albedo, nail, behind_tip, skin)
    _paint_sleeve(albedo, x, y, skin, cloth)
    roughness = skin.roughness * (1 + 0.08 * mottles) * (1 - 0.35 * nail)
    return SurfaceLook(
        albedo=albedo,
        slope_x=slope_x,
        slope_y=slope_y,
        roughness=np.clip(roughness, 0.2, 0.9),
        f0=_F0_SKIN + (_F0_NAIL - _F0_SKIN) * nail,
        shine=skin.shine * skin_share,
    )


def _detail_back(
    texture: SkinTexture,
    skin: SkinParams,
    x: np.ndarray,
    y: np.ndarray,
    share: np.ndarray,
    footprint2: np.ndarray,
    albedo: np.ndarray,
    slope_x: np.ndarray,
    slope_y: np.ndarray,
) -> None:
    """Adds, in place, veins, hair, wrinkles and spots where `share` (N,), 1 on bare skin of the back, is above 0."""
    veined, aged = skin.veins > 0 or skin.hair > 0, skin.wrinkles > 0 or skin.spots > 0
    chosen = np.flatnonzero(share > 0) if veined or aged else np.zeros(0, np.intp)
    if chosen.size == 0:
        return
    x, y, share, footprint2 = (values[chosen] for values in (x, y, np.minimum(3 * share, 1), footprint2))
    colour = np.ones((3, len(chosen)), np.float32)
    tilt_x, tilt_y = np.zeros((2, len(chosen)), np.float32)
    if veined:
        # No two people's veins run alike: the map is moved by up to 3 mm and sheared.
        first, second = (float(part) - 0.5 for part in skin.noise_offset)
        vein, dx, dy, hair = texture.back_at(x + np.float32(0.12 * first) * y + np.float32(6 * second), y)
        relief = skin.veins * share / (1 + footprint2 * (1 / 2.5**2))
        tilt_x, tilt_y = relief * dx, relief * dy
        # Under much melanin the veins' colour is lost.
        shown = (skin.veins * np.exp(-4 * skin.melanin)) * share * vein
        colour -= _VEIN_SHADE[:, None] * shown
        colour *= 1 - (0.75 * skin.hair) * share * hair
    if aged:
        dx, dy, groove, spot = texture.age_at(x, y, skin.noise_offset)
        relief = skin.wrinkles * share / (1 + footprint2)
        tilt_x, tilt_y = tilt_x + relief * dx, tilt_y + relief * dy
        colour *= 1 - (0.18 * skin.wrinkles) * share * groove
        colour *= np.exp(-MELANIN[:, None] * ((0.16 * skin.spots) * share * spot))
    slope_x[chosen] += tilt_x
    slope_y[chosen] += tilt_y
    albedo[:, chosen] *= colour


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

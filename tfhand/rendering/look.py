"""What the surface is like at samples: colour, relief, gloss; skin, nails and sleeve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfhand.rendering import shading
from tfhand.rendering.skin import SkinParams, skin_albedo
from tfhand.rendering.texture import SkinTexture


@dataclass(frozen=True)
class SurfaceLook:
    """Surface of the samples: albedo (N, 3), slopes of the relief (N,), roughness (N,), reflectance f0 (N,)."""

    albedo: np.ndarray
    slope_x: np.ndarray
    slope_y: np.ndarray
    roughness: np.ndarray
    f0: np.ndarray


def surface_look(
    texture: SkinTexture, values: np.ndarray, skin: SkinParams, cloth: np.ndarray, footprint: np.ndarray
) -> SurfaceLook:
    """Evaluates the texture at samples.

    Args:
        texture: of the template.
        values: (N, 6) atlas x, y, side, blood, melanin, nail tip.
        skin: the person's skin.
        cloth: (N,) 1 on the sleeve, else 0.
        footprint: (N,) mm of skin that a pixel covers.
    """
    atlas, side = np.ascontiguousarray(values[:, :2]), values[:, 2]
    crease = texture.maps_at(atlas, side)
    nail = crease[:, 3]
    bare = 1 - nail
    noise = texture.noise_at(atlas, side, skin.noise_offset, skin.noise_scale)
    depth = skin.crease_depth * bare * np.minimum(1, 3 * np.abs(side)) / (1 + (footprint / 2.5) ** 2)
    groove = np.maximum(-crease[:, 0] * depth, 0)
    contrast = 1 + skin.palm_lightness * (values[:, 4] - 1)
    melanin = skin.melanin * contrast * (1 + 0.07 * skin.mottling * noise[:, 0]) * (1 - 0.55 * nail)
    melanin = melanin * (1 + 0.35 * groove)
    blood = skin.blood * (1 + 0.16 * skin.mottling * noise[:, 1]) + values[:, 3] + 0.5 * groove
    albedo = skin_albedo(np.maximum(melanin, 0), np.maximum(blood - skin.nail_paleness * nail, 0), skin.yellow)
    albedo *= (1 - np.minimum(0.3 * groove, 0.6))[:, None]
    _paint_nails(albedo, nail, values[:, 5], skin)
    _paint_sleeve(albedo, atlas, skin, cloth)
    fine = skin.relief * bare * (1 - cloth) / (1 + footprint**2)
    depth = depth * (1 - cloth)
    roughness = skin.roughness * (1 + 0.08 * noise[:, 0]) * (1 - 0.35 * nail)
    return SurfaceLook(
        albedo=albedo,
        slope_x=crease[:, 1] * depth + noise[:, 2] * fine,
        slope_y=crease[:, 2] * depth + noise[:, 3] * fine,
        roughness=np.clip(roughness, 0.2, 0.9).astype(np.float32),
        f0=shading.specular_f0(nail),
    )


def _paint_nails(albedo: np.ndarray, nail: np.ndarray, behind_tip: np.ndarray, skin: SkinParams) -> None:
    """Gives nails (in place) polish or a pale free edge, and a dark line where they meet the skin."""
    rim = np.clip(1 - np.abs(nail - 0.45) * 3.2, 0, 1)
    if not np.any(rim > 0):
        return
    inside = np.clip((nail - 0.5) * 4, 0, 1)
    if skin.polish is not None:
        albedo += inside[:, None] * (skin.polish.astype(np.float32) - albedo)
    elif skin.nail_tip_mm > 0:
        edge = np.clip((skin.nail_tip_mm - behind_tip) * 2 + 1, 0, 1) * inside
        albedo += (0.6 * edge)[:, None] * (np.array([0.72, 0.66, 0.56], np.float32) - albedo)
    albedo *= (1 - 0.3 * rim)[:, None]


def _paint_sleeve(albedo: np.ndarray, atlas: np.ndarray, skin: SkinParams, cloth: np.ndarray) -> None:
    """Colours the sleeve's samples in place."""
    chosen = np.flatnonzero(cloth)
    if chosen.size == 0:
        return
    first, second = skin.sleeve.astype(np.float32)
    colour = np.broadcast_to(first, (len(chosen), 3))
    if skin.stripes_mm > 0:
        stripe = np.floor(atlas[chosen] @ skin.noise_offset.astype(np.float32) / skin.stripes_mm) % 2
        colour = np.where(stripe[:, None] > 0, first, second)
    albedo[chosen] = colour

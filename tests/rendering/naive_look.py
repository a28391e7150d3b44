"""What the surface is like at samples in plain NumPy, to compare look.cc with."""

from __future__ import annotations

import numpy as np

from tests.rendering.naive_shading import bilinear
from tfhand.rendering.look import SurfaceLook
from tfhand.rendering.skin import MELANIN, skin_albedo

TEXEL_MM, TILE_MM = 0.4, 64.0
VEIN_SHADE = np.array([0.20, 0.09, 0.03])


def look_up(image, x, y, wraps):
    return bilinear(image, np.asarray(x, float), np.asarray(y, float), wraps)


def maps_at(texture, x, y, side):
    """Height, slopes, nail (4, N) at atlas points x, y (N,), mm, of the palm's map where `side` <= 0."""
    column, row = (x - texture.origin[0]) / TEXEL_MM, (y - texture.origin[1]) / TEXEL_MM
    palm, back = (look_up(image, column, row, wraps=False) for image in texture.maps)
    return np.where(side > 0, back, palm)


def tile_at(image, x, y, offset, scale=1.0, shift=0.0):
    """A tile (4, N) at atlas points, mm, moved by `offset` (2,) and `shift` tiles."""
    size = len(image)
    column, row = (points * size / (TILE_MM * scale) + (part + shift) * size for points, part in zip((x, y), offset))
    return look_up(image, column, row, wraps=True)


def surface_look(texture, values, skin, cloth, footprint):
    """What `look.surface_look` gives, in float64."""
    values, footprint = values.astype(float), footprint.astype(float)
    x, y, side, redness, pigment, behind_tip = values
    height, slope_x, slope_y, nail = maps_at(texture, x, y, side)
    bare = 1 - nail
    mottles, blush, fine_x, fine_y = tile_at(
        texture.noise, x, y, skin.noise_offset, skin.noise_scale, np.where(side > 0, 0.37, 0.0)
    )
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
    skin_share = np.where(cloth, 0.0, 1.0)
    fine = skin.relief * bare * skin_share / (1 + footprint2)
    depth *= skin_share
    slope_x, slope_y = slope_x * depth + fine_x * fine, slope_y * depth + fine_y * fine
    detail_back(texture, skin, x, y, side * bare * skin_share, footprint2, albedo, slope_x, slope_y)
    paint_nails(albedo, nail, behind_tip, skin)
    paint_sleeve(albedo, x, y, skin, cloth)
    roughness = skin.roughness * (1 + 0.08 * mottles) * (1 - 0.35 * nail)
    return SurfaceLook(
        albedo=albedo,
        slope_x=slope_x,
        slope_y=slope_y,
        roughness=np.clip(roughness, 0.2, 0.9),
        f0=0.028 + (0.045 - 0.028) * nail,
        shine=skin.shine * skin_share,
    )


def detail_back(texture, skin, x, y, share, footprint2, albedo, slope_x, slope_y):
    """Adds, in place, veins, hair, wrinkles and spots where `share` (N,), 1 on bare skin of the back, is above 0."""
    veined, aged = skin.veins > 0 or skin.hair > 0, skin.wrinkles > 0 or skin.spots > 0
    chosen = np.flatnonzero(share > 0) if veined or aged else np.zeros(0, int)
    if chosen.size == 0:
        return
    x, y, share, footprint2 = (values[chosen] for values in (x, y, np.minimum(3 * share, 1), footprint2))
    colour = np.ones((3, len(chosen)))
    tilt_x, tilt_y = np.zeros((2, len(chosen)))
    if veined:
        # No two people's veins run alike: the map is moved by up to 3 mm and sheared.
        first, second = (float(part) - 0.5 for part in skin.noise_offset)
        vein, dx, dy, hair = look_up(
            texture.back,
            (x + 0.12 * first * y + 6 * second - texture.origin[0]) / TEXEL_MM,
            (y - texture.origin[1]) / TEXEL_MM,
            wraps=False,
        )
        relief = skin.veins * share / (1 + footprint2 * (1 / 2.5**2))
        tilt_x, tilt_y = relief * dx, relief * dy
        # Under much melanin the veins' colour is lost.
        shown = (skin.veins * np.exp(-4 * skin.melanin)) * share * vein
        colour -= VEIN_SHADE[:, None] * shown
        colour *= 1 - (0.75 * skin.hair) * share * hair
    if aged:
        dx, dy, groove, spot = tile_at(texture.age, x, y, skin.noise_offset)
        relief = skin.wrinkles * share / (1 + footprint2)
        tilt_x, tilt_y = tilt_x + relief * dx, tilt_y + relief * dy
        colour *= 1 - (0.18 * skin.wrinkles) * share * groove
        colour *= np.exp(-MELANIN[:, None] * ((0.16 * skin.spots) * share * spot))
    slope_x[chosen] += tilt_x
    slope_y[chosen] += tilt_y
    albedo[:, chosen] *= colour


def paint_nails(albedo, nail, behind_tip, skin):
    """Gives nails (in place) polish or a pale free edge, and a dark line where they meet the skin."""
    chosen = np.flatnonzero(nail)
    if chosen.size == 0:
        return
    nail = nail[chosen]
    colour = albedo[:, chosen]
    inside = np.clip((nail - 0.5) * 4, 0, 1)
    if skin.polish is not None:
        colour += inside * (skin.polish[:, None] - colour)
    elif skin.nail_tip_mm > 0:
        edge = np.clip((skin.nail_tip_mm - behind_tip[chosen]) * 2 + 1, 0, 1) * inside
        colour += (0.6 * edge) * (np.array([[0.72], [0.66], [0.56]]) - colour)
    rim = np.clip(1 - np.abs(nail - 0.45) * 3.2, 0, 1)
    albedo[:, chosen] = colour * (1 - 0.3 * rim)


def paint_sleeve(albedo, x, y, skin, cloth):
    """Colours the sleeve's samples in place."""
    chosen = np.flatnonzero(cloth)
    if chosen.size == 0:
        return
    first, second = skin.sleeve[..., None]
    albedo[:, chosen] = first
    if skin.stripes_mm > 0:
        across, along = (float(part) / skin.stripes_mm for part in skin.noise_offset)
        striped = np.floor(x[chosen] * across + y[chosen] * along) % 2 == 0
        albedo[:, chosen[striped]] = second

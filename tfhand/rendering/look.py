"""What the surface is like at samples: colour, relief, gloss; skin, nails and sleeve. The loop is in look.cc."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import numpy as np

from tfhand.rendering.kernel import call
from tfhand.rendering.skin import BASE, BLOOD, FLOOR, MELANIN, YELLOW, SkinParams
from tfhand.rendering.texture import NOISE_SIZE, NOISE_TILE_MM, TEXEL_MM, SkinTexture

_RGB = ctypes.c_float * 3


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


class _Texture(ctypes.Structure):
    """`Texture` of look.cc."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("maps", "back", "noise", "age")),
        *((name, ctypes.c_int32) for name in ("rows", "columns", "tile")),
        ("origin", ctypes.c_float * 2),
        ("per_mm", ctypes.c_float),
        ("tile_per_mm", ctypes.c_float),
    )


class _Skin(ctypes.Structure):
    """`Skin` of look.cc."""

    _fields_ = (
        *((name, _RGB) for name in ("base", "floor", "per_melanin", "per_blood")),
        *(
            (name, ctypes.c_float)
            for name in (
                "melanin", "blood", "palm_lightness", "mottling", "crease_depth", "relief", "roughness", "shine",
                "veins", "vein_colour", "hair", "wrinkles", "spots", "nail_paleness", "nail_tip_mm", "has_polish",
            )
        ),
        ("polish", _RGB),
        ("sleeve", _RGB * 2),
        ("stripes", ctypes.c_float * 2),
        ("tile_shift", ctypes.c_float * 2),
        ("noise_per_mm", ctypes.c_float),
        ("vein_shift", ctypes.c_float * 2),
    )  # fmt: skip


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
    count = values.shape[1]
    look = np.empty((8, count), np.float32)
    call(
        "tfhand_look", ctypes.addressof(images := _texture_of(texture)), ctypes.addressof(person := _skin_of(skin)),
        values, cloth, footprint, count, look,
    )  # fmt: skip
    del images, person  # which had to live until now
    return SurfaceLook(look[:3], *look[3:])


def _texture_of(texture: SkinTexture) -> _Texture:
    maps = (getattr(texture, name).ctypes.data for name in ("maps", "back", "noise", "age"))
    return _Texture(
        *maps, *texture.back.shape[:2], NOISE_SIZE, tuple(texture.origin), 1 / TEXEL_MM, NOISE_SIZE / NOISE_TILE_MM
    )


def _skin_of(skin: SkinParams) -> _Skin:
    per_tile = NOISE_SIZE / NOISE_TILE_MM
    first, second = skin.noise_offset.tolist()
    person = _Skin(
        base=tuple(BASE * np.exp(-np.float32(skin.yellow) * YELLOW)),
        floor=tuple(FLOOR),
        per_melanin=tuple(MELANIN),
        per_blood=tuple(BLOOD),
        # Under much melanin the veins' colour is lost.
        vein_colour=skin.veins * float(np.exp(-4 * skin.melanin)),
        has_polish=skin.polish is not None,
        polish=(0, 0, 0) if skin.polish is None else tuple(skin.polish),
        sleeve=tuple(map(tuple, skin.sleeve)),
        stripes=(first / skin.stripes_mm, second / skin.stripes_mm) if skin.stripes_mm > 0 else (0, 0),
        tile_shift=(first * NOISE_SIZE, second * NOISE_SIZE),
        noise_per_mm=per_tile / skin.noise_scale,
        # No two people's veins run alike: the map is moved by up to 3 mm and sheared.
        vein_shift=(0.12 * (first - 0.5), 6 * (second - 0.5)),
    )
    for name in (
        "melanin", "blood", "palm_lightness", "mottling", "crease_depth", "relief", "roughness", "shine", "veins",
        "hair", "wrinkles", "spots", "nail_paleness", "nail_tip_mm",
    ):  # fmt: skip
        setattr(person, name, getattr(skin, name))
    return person

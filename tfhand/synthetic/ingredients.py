"""Leaving ingredients out of the pictures, to learn what each is worth (`benchmarks/ablation.py`).

An ingredient that is left out is drawn all the same, then replaced by one plain value: for a seed, everything else
stays as it was.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tfhand.rendering.camera_effects import CameraParams
    from tfhand.rendering.lighting import LightParams
    from tfhand.rendering.skin import SkinParams

#: What can be left out, and what stays in its place.
INGREDIENTS: dict[str, str] = {
    "shadows": "shadows of lamps; their light stays, and the dimness of hollows",
    "photographs": "photographs behind the hand; procedural pictures take their place",
    "objects": "rings, watches, things held and things in front; sleeves stay",
    "shapes": "other people's hands; every hand is the template's",
    "skins": "other people's skin; every hand has one skin of middle tone, without polish",
    "camera": "what a camera does to a picture; it is sharp, evenly exposed, without noise or compression",
}

#: The one skin: a medium tone, moderate in everything else. Where it lies in the noise stays as drawn.
PLAIN_SKIN = {
    "melanin": 0.3, "blood": 0.75, "yellow": 0.5, "palm_lightness": 0.75, "mottling": 0.8, "crease_depth": 0.8,
    "relief": 0.6, "roughness": 0.52, "shine": 0.8, "softness": 0.65, "nail_paleness": 0.05, "nail_tip_mm": 0.7,
    "polish": None, "noise_scale": 1.0, "veins": 0.2, "wrinkles": 0.0, "spots": 0.0, "hair": 0.0,
}  # fmt: skip
#: Automatic exposure as in `CameraParams.sample` on average; all else off.
PLAIN_CAMERA = {
    "exposure": 1.0, "metering": 0.35, "background_exposure": 1.0, "white_balance": np.ones(3), "contrast": 1.0,
    "gamma": 1.0, "saturation": 1.0, "defocus_px": 0.0, "motion_px": 0.0, "motion_angle": 0.0, "vignetting": 0.0,
    "read_noise": 0.0, "shot_noise": 0.0, "noise_grain": 1.0, "noise_seed": 0, "resolution": 1.0, "sharpening": 0.0,
    "jpeg_quality": None,
}  # fmt: skip


def check_ingredients(names: Sequence[str]) -> tuple[str, ...]:
    """The names in one order, each once.

    Raises:
        ValueError: one is not in `INGREDIENTS`.
    """
    names = (names,) if isinstance(names, str) else tuple(names)
    unknown = [name for name in names if name not in INGREDIENTS]
    if unknown:
        raise ValueError(f"without: expected some of {', '.join(INGREDIENTS)}, got {', '.join(map(repr, unknown))}.")
    return tuple(name for name in INGREDIENTS if name in names)


def plain_look(
    without: Sequence[str], skin: SkinParams, lights: LightParams, camera: CameraParams
) -> tuple[SkinParams, LightParams, CameraParams]:
    """What was drawn for a picture, less the ingredients left out.

    Args:
        without: names from `INGREDIENTS`; those that are no part of the look change nothing here.
        skin, lights, camera: as drawn.
    """
    if "skins" in without:  # the cloth's colours are no part of the skin
        skin = dataclasses.replace(skin, **PLAIN_SKIN)
    if "shadows" in without:
        lights = dataclasses.replace(lights, penumbra_mm=np.zeros_like(lights.penumbra_mm))
    if "camera" in without:
        camera = dataclasses.replace(camera, **PLAIN_CAMERA)
    return skin, lights, camera

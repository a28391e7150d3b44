"""The table of lightings: what shines on hands, each entry with ranges of its own.

Angles are degrees. Directions are those of a level camera: elevation above the horizon, azimuth 0 for light from
the camera's side, 90 from the picture's right, 180 from behind the hand. Every drawing may be mirrored left to right.
Strengths count within an entry only, since cameras expose automatically: radiance of a disc, irradiance of a lamp.
"""

from __future__ import annotations

from dataclasses import dataclass

Range = tuple[float, float]
_ANYWHERE: Range = (-180, 180)
_DAYLIGHT: Range = (5000, 6800)
_WARM_WHITE: Range = (2600, 3200)
_NEUTRAL: Range = (3500, 5200)


@dataclass(frozen=True)
class Source:
    """A disc of the environment, or a lamp that casts shadows. All ranges are drawn from uniformly.

    Attributes:
        elevation, azimuth: towards its centre, degrees.
        size: angular radius, degrees; of a lamp it gives the softness of its shadows.
        kelvin: colour temperature.
        strength: radiance of a disc, irradiance of a lamp.
        hue, saturation: of a coloured filter before it, degrees and 0 .. 1.
        chance: how often it is there.
        on_camera: whether the directions turn with the camera instead of staying level.
    """

    elevation: Range
    azimuth: Range
    size: Range
    kelvin: Range
    strength: Range
    hue: Range = (0, 0)
    saturation: Range = (0, 0)
    chance: float = 1.0
    on_camera: bool = False


@dataclass(frozen=True)
class Lighting:
    """One entry of the table.

    Attributes:
        weight: how often it is drawn, relative to the others.
        discs: what its environment is made of.
        lamps: one to four, the first of them always there.
        balanced: how much of the light's colour the camera's white balance has taken away: 0 none .. 1 all.
        behind: by how much what stands behind the hand is brighter than a photograph's usual surroundings, stops; near
            a lamp at night it is far darker.
    """

    weight: float
    discs: tuple[Source, ...]
    lamps: tuple[Source, ...]
    balanced: Range = (0.6, 0.95)
    behind: Range = (-0.6, 0.6)


def _around(strength: Range, kelvin: Range, **tinted) -> Source:
    """Light from everywhere: walls, haze."""
    return Source((90, 90), (0, 0), (180, 180), kelvin, strength, **tinted)


def _above(strength: Range, kelvin: Range, **tinted) -> Source:
    """The upper half: sky, ceiling."""
    return Source((90, 90), (0, 0), (90, 90), kelvin, strength, **tinted)


def _below(strength: Range, kelvin: Range = _DAYLIGHT, **tinted) -> Source:
    """The lower half: ground, table."""
    return Source((-90, -90), (0, 0), (90, 90), kelvin, strength, **tinted)


def _table(strength: Range) -> Source:
    """Wood and other warm things below."""
    return _below(strength, hue=(10, 45), saturation=(0.1, 0.5))


def _sun(elevation: Range, azimuth: Range, kelvin: Range, strength: Range, **more) -> Source:
    """The sun's disc, or that behind a little haze."""
    return Source(elevation, azimuth, (0.3, 2), kelvin, strength, **more)


_STAGE = {"size": (1, 6), "kelvin": (6500, 6500), "hue": (0, 360), "saturation": (0.4, 0.9)}
_BLUE_SKY = (9000, 16000)

LIGHTINGS: dict[str, Lighting] = {
    # Rooms by day.
    "window at noon": Lighting(0.05,
        (_around((0.1, 0.3), _NEUTRAL), _table((0.05, 0.25)),
         Source((0, 30), (40, 110), (20, 38), (5500, 8500), (1.5, 4))),
        (Source((5, 40), (40, 110), (12, 25), (5500, 8500), (0.5, 1.2)),), behind=(-1.2, 0.6)),
    "window on a dull day": Lighting(0.04,
        (_around((0.15, 0.35), (5000, 7500)), _table((0.05, 0.2)),
         Source((0, 25), (20, 150), (25, 45), (6500, 9000), (0.8, 2))),
        (Source((5, 30), (20, 150), (20, 30), (6500, 9000), (0.2, 0.5)),)),
    "sunbeam in a room": Lighting(0.03,
        (_around((0.15, 0.4), _NEUTRAL), Source((-40, -5), _ANYWHERE, (20, 40), (4000, 5200), (0.5, 1.5))),
        (_sun((15, 50), (20, 130), (4300, 5600), (1.2, 2.5)),), behind=(-2.2, -0.2)),
    "bright white room": Lighting(0.03,
        (_around((0.6, 0.9), _DAYLIGHT), _above((0.1, 0.3), _DAYLIGHT), _below((0.0, 0.2))),
        (Source((20, 80), _ANYWHERE, (15, 30), _DAYLIGHT, (0.2, 0.5)),
         Source((20, 80), _ANYWHERE, (15, 30), _DAYLIGHT, (0.1, 0.4), chance=0.5)), behind=(0.1, 1)),
    "conservatory": Lighting(0.02,
        (_above((0.5, 1.0), (6000, 9000)), _below((0.15, 0.4), hue=(60, 120), saturation=(0.1, 0.35))),
        (_sun((30, 70), _ANYWHERE, (4800, 5800), (0.3, 1.2)),), behind=(-0.3, 0.9)),
    "laptop call": Lighting(0.03,
        (_around((0.2, 0.45), _NEUTRAL),
         Source((-20, 0), (-15, 15), (20, 35), (6500, 9000), (0.3, 1.2), on_camera=True)),
        (Source((10, 60), (20, 140), (8, 25), (3000, 7500), (0.3, 0.9)),
         Source((40, 85), _ANYWHERE, (4, 12), (2700, 4500), (0.2, 0.5), chance=0.5)), behind=(-1.2, 0.3)),
    # Rooms lit by lamps.
    "office ceiling panels": Lighting(0.05,
        (_around((0.25, 0.5), _NEUTRAL), _table((0.05, 0.3)),
         Source((55, 90), _ANYWHERE, (25, 45), _NEUTRAL, (0.8, 2))),
        (Source((45, 85), _ANYWHERE, (10, 20), _NEUTRAL, (0.4, 0.9)),
         Source((45, 85), _ANYWHERE, (10, 20), _NEUTRAL, (0.3, 0.8), chance=0.6))),
    "kitchen": Lighting(0.04,
        (_around((0.25, 0.5), _WARM_WHITE), _below((0.1, 0.4), _NEUTRAL)),
        (Source((50, 88), _ANYWHERE, (3, 8), (2700, 4000), (0.5, 1.0)),
         Source((35, 80), _ANYWHERE, (3, 8), (2700, 4000), (0.3, 0.8)),
         Source((30, 80), _ANYWHERE, (3, 8), (2700, 4000), (0.2, 0.6), chance=0.3))),
    "bathroom mirror": Lighting(0.02,
        (_around((0.4, 0.7), _NEUTRAL), _below((0.1, 0.4), _NEUTRAL)),
        (Source((0, 35), (25, 70), (5, 12), (2800, 4200), (0.3, 0.8)),
         Source((0, 35), (-70, -25), (5, 12), (2800, 4200), (0.2, 0.8)))),
    "living room in the evening": Lighting(0.04,
        (_around((0.1, 0.3), _WARM_WHITE, hue=(20, 40), saturation=(0.0, 0.25)), _table((0.02, 0.15))),
        (Source((-5, 50), _ANYWHERE, (8, 18), (2500, 3000), (0.5, 1.2)),
         Source((-5, 60), _ANYWHERE, (5, 15), (2500, 3000), (0.1, 0.6), chance=0.4)), behind=(-2.2, -0.3)),
    "desk lamp at night": Lighting(0.04,
        (_around((0.04, 0.12), _WARM_WHITE), Source((-80, -40), (-60, 60), (25, 50), _WARM_WHITE, (0.2, 0.7))),
        (Source((20, 75), (-100, 100), (3, 8), (2700, 4200), (0.9, 1.4)),), behind=(-4, -1.2)),
    "bedside lamp": Lighting(0.02,
        (_around((0.05, 0.15), (2400, 2900)),),
        (Source((-15, 25), (30, 150), (8, 16), (2300, 2800), (0.7, 1.2)),), behind=(-3.5, -1)),
    "candle": Lighting(0.02,
        (_around((0.02, 0.08), (1900, 2300)), _table((0.02, 0.1))),
        (Source((-20, 30), (-110, 110), (1.5, 4), (1850, 2100), (0.8, 1.2)),
         Source((-20, 30), (-110, 110), (1.5, 4), (1850, 2100), (0.2, 0.8), chance=0.3)), (0.55, 0.8), behind=(-5, -2)),
    "fireplace": Lighting(0.015,
        (_around((0.04, 0.12), (2000, 2600)), Source((-30, 0), (10, 120), (20, 35), (1800, 2300), (0.3, 0.8))),
        (Source((-35, 5), (10, 120), (10, 20), (1850, 2300), (0.8, 1.2)),), (0.5, 0.8), behind=(-4, -1.5)),
    "TV glow": Lighting(0.02,
        (_around((0.02, 0.08), (5000, 9000)),),
        (Source((-10, 15), (0, 160), (10, 20), (6500, 12000), (0.7, 1.2), (0, 360), (0.0, 0.45)),
         Source((10, 70), _ANYWHERE, (4, 12), _WARM_WHITE, (0.05, 0.4), chance=0.4)), (0.4, 0.8), behind=(-4.5, -1.5)),
    "computer screen in the dark": Lighting(0.02,
        (_around((0.02, 0.1), (5000, 9000)),
         Source((-25, 5), (-25, 25), (25, 35), (6000, 10000), (0.5, 1.5), on_camera=True)),
        (Source((-25, 5), (-40, 40), (18, 28), (6000, 10000), (0.3, 0.7), on_camera=True),),
        (0.5, 0.9), behind=(-4.5, -1.5)),
    "workshop tubes": Lighting(0.025,
        (_around((0.2, 0.45), _NEUTRAL, hue=(80, 140), saturation=(0.0, 0.12)), _below((0.02, 0.2))),
        (Source((50, 90), _ANYWHERE, (8, 16), (4000, 6500), (0.4, 0.9), (80, 140), (0.0, 0.15)),
         Source((40, 85), _ANYWHERE, (8, 16), (4000, 6500), (0.2, 0.7), (80, 140), (0.0, 0.15), chance=0.5))),
    "shop": Lighting(0.025,
        (_around((0.45, 0.8), (3500, 5000)), _below((0.1, 0.4), _NEUTRAL)),
        (Source((50, 88), _ANYWHERE, (5, 14), (3500, 5000), (0.3, 0.7)),
         Source((40, 85), _ANYWHERE, (5, 14), (3000, 5000), (0.2, 0.6)))),
    "operating lamp": Lighting(0.01,
        (_around((0.1, 0.3), _NEUTRAL), _below((0.0, 0.2), hue=(120, 220), saturation=(0.1, 0.5))),
        (Source((60, 90), _ANYWHERE, (8, 16), (4000, 5200), (1.2, 2.0)),), behind=(-2.5, -0.8)),
    # Light that photographers and performers bring.
    "softbox studio": Lighting(0.03,
        (_around((0.08, 0.25), _DAYLIGHT), Source((10, 50), (20, 80), (20, 32), (5200, 5800), (0.8, 2))),
        (Source((10, 55), (20, 80), (14, 26), (5200, 5800), (0.5, 1.0)),
         Source((0, 40), (-80, -20), (14, 26), (5200, 5800), (0.1, 0.4)),
         Source((10, 60), (-170, -120), (4, 12), (5200, 5800), (0.3, 1.0), chance=0.4)), behind=(-3, 0.8)),
    "ring light": Lighting(0.02,
        (_around((0.05, 0.3), _NEUTRAL), Source((-5, 5), (-5, 5), (20, 30), (4000, 6500), (0.5, 1.5), on_camera=True)),
        (Source((-6, 6), (-6, 6), (8, 16), (4000, 6500), (0.5, 1.0), on_camera=True),), behind=(-1.5, 0.3)),
    "flash of a phone": Lighting(0.03,
        (_around((0.02, 0.2), (2700, 6500)),),
        (Source((-8, 8), (-8, 8), (0.5, 1.5), (5000, 6500), (0.8, 1.2), on_camera=True),
         Source((30, 85), _ANYWHERE, (4, 12), _WARM_WHITE, (0.05, 0.25), chance=0.3)), behind=(-4, -0.5)),
    "head torch": Lighting(0.01,
        (_around((0.01, 0.06), _NEUTRAL),),
        (Source((5, 30), (-20, 20), (1, 3), (4500, 8000), (0.8, 1.2), on_camera=True),), behind=(-5, -2)),
    "stage colours": Lighting(0.03,
        (_around((0.04, 0.15), (6500, 6500), hue=(0, 360), saturation=(0.2, 0.6)),),
        (Source((10, 70), (0, 100), strength=(0.5, 1.0), **_STAGE),
         Source((10, 70), (-140, 0), strength=(0.3, 0.9), **_STAGE),
         Source((10, 80), _ANYWHERE, strength=(0.2, 0.7), chance=0.4, **_STAGE),
         Source((-20, 40), _ANYWHERE, strength=(0.1, 0.5), chance=0.15, **_STAGE)), (0.0, 0.4), behind=(-4, -0.5)),
    "neon signs": Lighting(0.02,
        (_around((0.05, 0.2), (5000, 9000), hue=(200, 320), saturation=(0.1, 0.5)),
         Source((-10, 40), _ANYWHERE, (25, 40), (6500, 6500), (0.3, 1), (0, 360), (0.4, 0.9))),
        (Source((-10, 50), (10, 120), (6, 16), (6500, 6500), (0.4, 0.9), (290, 360), (0.4, 0.85)),
         Source((-10, 50), (-120, -10), (6, 16), (6500, 6500), (0.2, 0.8), (170, 250), (0.4, 0.85), chance=0.7)),
        (0.1, 0.5), behind=(-3, -0.3)),
    # On the road.
    "car by day": Lighting(0.025,
        (_around((0.08, 0.2), _DAYLIGHT), Source((5, 35), (60, 120), (22, 38), (5500, 9000), (0.8, 2)),
         Source((5, 30), (-180, -100), (25, 40), (5500, 9000), (0.5, 1.8))),
        (_sun((20, 60), (40, 170), (4600, 5800), (0.2, 1.5)),), behind=(-0.8, 1)),
    "car at night": Lighting(0.01,
        (_around((0.02, 0.08), (2500, 6500)), Source((-40, 0), (-60, 60), (15, 30), (5500, 9000), (0.1, 0.6))),
        (Source((10, 60), _ANYWHERE, (2, 8), (2000, 4000), (0.5, 1.0)),
         Source((-30, 5), (-60, 60), (5, 15), (6000, 10000), (0.1, 0.5), (0, 360), (0.0, 0.4), chance=0.6)),
        (0.4, 0.8), behind=(-4.5, -1.5)),
    "train": Lighting(0.015,
        (_around((0.2, 0.45), _NEUTRAL), Source((0, 25), (50, 120), (20, 35), (5500, 8500), (0.5, 2))),
        (Source((60, 88), _ANYWHERE, (8, 18), (3800, 5200), (0.3, 0.8)),
         Source((5, 30), (50, 120), (15, 25), (5500, 8500), (0.2, 0.9), chance=0.5))),
    # Outdoors.
    "clear noon": Lighting(0.035,
        (_above((0.12, 0.3), _BLUE_SKY), _below((0.1, 0.35), hue=(20, 100), saturation=(0.0, 0.4))),
        (_sun((45, 80), _ANYWHERE, (5200, 5900), (0.8, 1.3)),), behind=(-0.3, 0.7)),
    "low sun": Lighting(0.025,
        (_above((0.12, 0.3), (8000, 14000)), _below((0.06, 0.25), hue=(20, 100), saturation=(0.0, 0.4))),
        (_sun((12, 35), (-150, 150), (4000, 5000), (0.8, 1.3)),)),
    "sunset": Lighting(0.025,
        (_above((0.08, 0.2), (5500, 10000)), _below((0.03, 0.12)),
         Source((0, 8), (0, 180), (25, 45), (2500, 3600), (0.2, 0.7))),
        (_sun((1, 12), (0, 160), (2200, 3200), (0.6, 1.2)),), (0.4, 0.75), behind=(-1.8, 0.3)),
    "against the sun": Lighting(0.02,
        (_above((0.3, 0.6), (7000, 12000)), _below((0.15, 0.4), hue=(20, 100), saturation=(0.0, 0.4))),
        (_sun((15, 55), (140, 180), (4600, 5800), (0.8, 1.6)),), behind=(0, 1.4)),
    "overcast street": Lighting(0.05,
        (_above((0.7, 1.1), (6000, 7500)), _below((0.12, 0.35))),
        (Source((50, 90), _ANYWHERE, (25, 30), (6000, 7500), (0.15, 0.4)),), behind=(-0.2, 0.8)),
    "fog": Lighting(0.01,
        (_around((0.7, 1.0), (6500, 8500)), _above((0.0, 0.2), (6500, 8500))),
        (Source((30, 80), _ANYWHERE, (25, 30), (6000, 7500), (0.05, 0.2)),), behind=(0.1, 0.9)),
    "open shade": Lighting(0.03,
        (_above((0.4, 0.7), (8000, 14000)), _below((0.15, 0.4)),
         Source((-15, 20), (30, 180), (30, 50), (5000, 6000), (0.5, 1.5))),
        (Source((10, 70), _ANYWHERE, (20, 30), (6500, 10000), (0.1, 0.35)),), behind=(-0.5, 1)),
    "forest shade": Lighting(0.025,
        (_above((0.25, 0.6), _DAYLIGHT, hue=(75, 125), saturation=(0.15, 0.5)),
         _below((0.06, 0.25), hue=(30, 100), saturation=(0.2, 0.6))),
        (Source((40, 90), _ANYWHERE, (14, 25), _DAYLIGHT, (0.1, 0.4), (75, 125), (0.1, 0.4)),
         _sun((35, 80), _ANYWHERE, (5000, 5800), (0.4, 1.2), chance=0.6)), behind=(-1, 0.3)),
    "snow": Lighting(0.02,
        (_above((0.25, 0.5), (8000, 14000)), _below((0.6, 1.0), (6000, 9000))),
        (_sun((15, 45), _ANYWHERE, (5000, 5800), (0.4, 1.1)),), behind=(0.2, 1.2)),
    "beach": Lighting(0.02,
        (_above((0.2, 0.4), _BLUE_SKY), _below((0.35, 0.6), hue=(30, 50), saturation=(0.1, 0.35))),
        (_sun((30, 80), _ANYWHERE, (5200, 5900), (0.7, 1.2)),), behind=(0, 1)),
    "under an awning": Lighting(0.015,
        (_above((0.3, 0.7), _DAYLIGHT, hue=(-30, 60), saturation=(0.2, 0.6)), _below((0.15, 0.4)),
         Source((0, 20), (20, 160), (25, 40), _DAYLIGHT, (0.8, 2))),
        (Source((0, 35), (20, 160), (20, 30), _DAYLIGHT, (0.2, 0.6)),)),
    "blue hour": Lighting(0.015,
        (_above((0.3, 0.6), (10000, 20000)), _below((0.03, 0.15))),
        (Source((20, 70), _ANYWHERE, (2, 8), (2200, 4000), (0.1, 0.6)),), (0.4, 0.8), behind=(-1.8, -0.2)),
    "street lamp": Lighting(0.015,
        (_around((0.02, 0.1), (2200, 4500)), _below((0.02, 0.1))),
        (Source((35, 85), _ANYWHERE, (1, 4), (2000, 4300), (0.7, 1.2)),
         Source((10, 60), _ANYWHERE, (1, 5), (2000, 5000), (0.1, 0.5), chance=0.5)), (0.5, 0.9), behind=(-4, -1)),
    # No place in particular, so that nothing which the table forgets is new to a network.
    "anything": Lighting(0.08,
        (_around((0.1, 0.4), (2800, 9000), hue=(0, 360), saturation=(0, 0.2)), _above((0.0, 0.6), (3000, 12000)),
         _below((0.0, 0.4), hue=(0, 360), saturation=(0, 0.5)),
         Source((-90, 90), _ANYWHERE, (15, 60), (2500, 12000), (0, 1.5))),
        (Source((-30, 90), _ANYWHERE, (0.5, 25), (2500, 10000), (0.1, 1.2)),
         Source((-30, 90), _ANYWHERE, (0.5, 25), (2500, 10000), (0.1, 1.0), chance=0.5),
         Source((-60, 90), _ANYWHERE, (0.5, 25), (2500, 10000), (0.1, 0.6), chance=0.2)), behind=(-2.5, 0.8)),
}  # fmt: skip

"""The photograph that a hand is seen in: which camera took it, where the hand is, and the box that a detector draws.

A photograph is never rendered whole: only a square around the hand, a little larger than the crop box. Its camera is
the photograph's, cut to that square, so perspective is that of a hand anywhere in a picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tfhand.geometry import crop_intrinsics, project, square_box, square_box_around


@dataclass(frozen=True)
class Camera:
    """One kind of camera, as hands are photographed with it.

    Attributes:
        share: how often it occurs, relative to the others.
        field_of_view_deg: range of the angle across the photograph's longer side, as makers state it.
        distance_mm: range of the hand's distance, drawn logarithmically: an arm's length is 600.
        aspect: shorter over longer side.
        portrait: share of its pictures that stand upright.
        reach: how far off the centre the hand may be, as a share of the way to the border.
    """

    share: float
    field_of_view_deg: tuple[float, float]
    distance_mm: tuple[float, float]
    aspect: float = 0.75
    portrait: float = 0.0
    reach: float = 0.8


#: Phones: lenses equal to 24 to 28 mm, 50 to 77 mm, 13 to 16 mm and, in front, 22 to 30 mm before 36 x 24 mm film.
#: Depth cameras: the colour pictures of RealSense D415, D435 and SR300, of Kinect v1, v2 and Azure; Leap Motion's after
#: rectification.
CAMERAS: dict[str, Camera] = {
    "phone": Camera(0.30, (62.0, 74.0), (250, 1200), portrait=0.6),
    "phone, long lens": Camera(0.08, (26.0, 40.0), (500, 2000), portrait=0.6),
    "phone, wide lens": Camera(0.05, (96.0, 108.0), (250, 700), portrait=0.6, reach=0.5),
    "selfie": Camera(0.12, (60.0, 80.0), (250, 800), portrait=0.7),
    "webcam": Camera(0.14, (55.0, 72.0), (300, 1100), aspect=0.5625),
    "photographer": Camera(0.08, (20.0, 55.0), (500, 2500), aspect=0.667, portrait=0.4),
    "RealSense": Camera(0.10, (64.0, 70.0), (250, 1000), aspect=0.5625),
    "Kinect": Camera(0.05, (60.0, 90.0), (500, 1500), aspect=0.625),
    "on the head": Camera(0.06, (60.0, 92.0), (250, 700), aspect=0.5625),
    "Leap-like": Camera(0.02, (95.0, 115.0), (220, 450), reach=0.45),
}


@dataclass(frozen=True)
class CameraSampler:
    """Draws cameras and places.

    Attributes:
        cameras: the mixture.
    """

    cameras: Mapping[str, Camera] = field(default_factory=lambda: CAMERAS)

    def sample(self, rng: np.random.Generator) -> tuple[str, np.ndarray, np.ndarray]:
        """A camera and a place in front of it.

        Returns:
            `(name, intrinsics, centre_mm)`: the camera's name; `(4,)` float64 `fx, fy, u0, v0` of a photograph whose longer side has length 1,
            and where the hand's centre is, `(3,)` float64, camera frame, mm.
        """
        name = draw_by_share(self.cameras, rng)
        camera = self.cameras[name]
        focal = 0.5 / np.tan(np.deg2rad(rng.uniform(*camera.field_of_view_deg)) / 2)
        width, height = (camera.aspect, 1.0) if rng.random() < camera.portrait else (1.0, camera.aspect)
        intrinsics = np.array([focal, focal, width / 2, height / 2])
        offset = rng.uniform(-0.5, 0.5, 2) * [width, height] * camera.reach
        ray = np.array([offset[0] / focal, offset[1] / focal, 1.0])
        low, high = np.log(camera.distance_mm)
        return name, intrinsics, ray / np.linalg.norm(ray) * np.exp(rng.uniform(low, high))


@dataclass(frozen=True)
class Crop:
    """One kind of crop box.

    Attributes:
        share: how often it occurs, relative to the others.
        expand: range of the box's side over the longer side of the joints' own bounding box.
        shift: range of how far the hand is off the box's middle along the axis where it is farther, as a share of the
            room that the joints have; at 1 one of them touches the border.
        cut: range of how much of the hand lies beyond the photograph's border, as a share of the joints' extent.
    """

    share: float
    expand: tuple[float, float]
    shift: tuple[float, float] = (0.0, 0.5)
    cut: tuple[float, float] = (0.0, 0.0)


CROPS: dict[str, Crop] = {
    "usual": Crop(0.64, (1.15, 1.55)),
    "tight": Crop(0.10, (1.03, 1.15), (0.0, 0.8)),
    "loose": Crop(0.12, (1.55, 2.2), (0.0, 0.6)),
    "off-centre": Crop(0.08, (1.3, 1.9), (0.7, 1.0)),
    "cut by the border": Crop(0.06, (1.15, 1.55), cut=(0.05, 0.35)),
}
#: Sides of a photograph at which hands are cut, as axis and sign, and how often: arms come in at the bottom.
_BORDERS, _BORDER_SHARES = ((1, 1), (0, -1), (0, 1), (1, -1)), (0.4, 0.25, 0.25, 0.1)
#: Joints that a border leaves in the picture at least.
_JOINTS_LEFT = 13


@dataclass(frozen=True)
class BoxSampler:
    """Draws crop boxes as detectors and annotators make them.

    Attributes:
        crops: the mixture.
        margin: side of the rendered square over that of the box, so that turned and shifted crops find pixels.
    """

    crops: Mapping[str, Crop] = field(default_factory=lambda: CROPS)
    margin: float = 1.25

    def sample(self, joints_mm: np.ndarray, intrinsics: np.ndarray, size: int, rng: np.random.Generator):
        """The rendered square and the box in it.

        Args:
            joints_mm: `(21, 3)` camera frame, mm, all in front of the camera.
            intrinsics: `(4,)` of the photograph, in any unit of length.
            size: side of the rendered square, pixels.
            rng: source of randomness.

        Returns:
            `(name, intrinsics, box)`: the crop's kind; `(4,)` float32 of the rendered square, `(4,)` float32
            `x, y, w, h`; pixels of it. The box holds all joints. It lies within the square but where the photograph's
            border cuts the hand: there square and photograph end, and the box and some joints lie partly beyond.
        """
        name = draw_by_share(self.crops, rng)
        crop = self.crops[name]
        pixels = project(np.asarray(joints_mm, np.float64), np.asarray(intrinsics, np.float64))
        expand = rng.uniform(*crop.expand)
        box = square_box_around(pixels, expand).astype(np.float64)
        # Along the one axis as drawn, along the other at most as much; either way along both.
        shift = rng.choice([-1, 1], 2) * rng.uniform(*crop.shift) * rng.permutation([1.0, rng.random()])
        box[:2] += shift * box[2] * (1 - 1 / expand) / 2
        # The hand needs not be in the middle of what was photographed around it.
        square = square_box(box, self.margin).astype(np.float64)
        if crop.cut[1] > 0:
            axis, sign = _BORDERS[int(rng.choice(len(_BORDERS), p=_BORDER_SHARES))]
            square[axis] += _beyond_border(pixels[:, axis], square[axis], square[2], sign, rng.uniform(*crop.cut))
        rendered = crop_intrinsics(np.asarray(intrinsics, np.float64), square, (size, size))
        factor = size / square[2]
        placed = np.array([*(box[:2] - square[:2]) * factor, *box[2:] * factor])
        return name, rendered.astype(np.float32), placed.astype(np.float32)


def _beyond_border(places: np.ndarray, start: float, side: float, sign: int, cut: float) -> float:
    """How far a square from `start` on, of a `side`, moves along an axis so that its border, the far one for `sign` 1,
    cuts off a share `cut` of the joints' extent; `places` are theirs. Most joints stay within."""
    ordered = np.sort(sign * places)
    border = max(ordered[-1] - cut * (ordered[-1] - ordered[0]), ordered[_JOINTS_LEFT - 1])
    return sign * border - (start + side if sign > 0 else start)


def draw_by_share(entries: Mapping, rng: np.random.Generator) -> str:
    """The name of one of `entries`, by their `share`."""
    names = list(entries)
    ends = np.cumsum([entries[name].share for name in names])
    return names[min(int(np.searchsorted(ends, rng.random() * ends[-1], side="right")), len(names) - 1)]

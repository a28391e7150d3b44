"""The photograph that a hand is seen in: focal length, where the hand is in it, and the box a detector would draw.

A photograph is never rendered whole: only a square around the hand, a little larger than the crop box. Its camera
is the photograph's, cut to that square, so perspective is that of a hand anywhere in a picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfhand.geometry import crop_intrinsics, project, square_box, square_box_around


@dataclass(frozen=True)
class CameraSampler:
    """Draws cameras and places.

    Attributes:
        field_of_view_deg: range of the angle across the photograph's longer side: from a phone's portrait lens (40)
            over depth cameras and webcams (55 to 75) to wide selfie cameras (90).
        distance_mm: range of the hand's distance, logarithmic: an arm's length is 600.
        reach: how far off the centre the hand may be, as a share of the way to the border.
    """

    field_of_view_deg: tuple[float, float] = (40.0, 90.0)
    distance_mm: tuple[float, float] = (250.0, 1200.0)
    reach: float = 0.8

    def sample(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """A camera and a place in front of it.

        Returns:
            `(intrinsics, centre_mm)`: `(4,)` float64 `fx, fy, u0, v0` of a photograph whose longer side has length 1,
            and where the hand's centre is, `(3,)` float64, camera frame, mm.
        """
        angle = np.deg2rad(rng.triangular(self.field_of_view_deg[0], 66.0, self.field_of_view_deg[1]))
        focal = 0.5 / np.tan(angle / 2)
        width, height = (1.0, 0.75) if rng.random() < 0.6 else (0.75, 1.0)
        intrinsics = np.array([focal, focal, width / 2, height / 2])
        offset = rng.uniform(-0.5, 0.5, 2) * [width, height] * self.reach
        ray = np.array([offset[0] / focal, offset[1] / focal, 1.0])
        low, high = np.log(self.distance_mm)
        return intrinsics, ray / np.linalg.norm(ray) * np.exp(rng.uniform(low, high))


@dataclass(frozen=True)
class BoxSampler:
    """Draws crop boxes as detectors and annotators make them.

    Attributes:
        expand: range of the box's side over the longer side of the joints' own bounding box.
        shift: largest shift along each axis, in sides of the box.
        margin: side of the rendered square over that of the box, so that turned and shifted crops find pixels.
    """

    expand: tuple[float, float] = (1.1, 1.8)
    shift: float = 0.06
    margin: float = 1.25

    def sample(self, joints_mm: np.ndarray, intrinsics: np.ndarray, size: int, rng: np.random.Generator):
        """The rendered square and the box in it.

        Args:
            joints_mm: `(21, 3)` camera frame, mm, all in front of the camera.
            intrinsics: `(4,)` of the photograph, in any unit of length.
            size: side of the rendered square, pixels.
            rng: source of randomness.

        Returns:
            `(intrinsics, box)`: `(4,)` float32 of the rendered square, `(4,)` float32 `x, y, w, h`; pixels of it.
        """
        pixels = project(np.asarray(joints_mm, np.float64), np.asarray(intrinsics, np.float64))
        # Most boxes are like those of the usual 1.2 to 1.5; very loose ones are rarer.
        box = square_box_around(pixels, rng.triangular(self.expand[0], 1.3, self.expand[1])).astype(np.float64)
        box[:2] += rng.uniform(-self.shift, self.shift, 2) * box[2]
        # The hand needs not be in the middle of what was photographed around it.
        square = square_box(box, self.margin).astype(np.float64)
        rendered = crop_intrinsics(np.asarray(intrinsics, np.float64), square, (size, size))
        factor = size / square[2]
        placed = np.array([*(box[:2] - square[:2]) * factor, *box[2:] * factor])
        return rendered.astype(np.float32), placed.astype(np.float32)

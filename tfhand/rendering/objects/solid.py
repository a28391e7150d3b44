"""One thing of one material, ready to be drawn with the hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfhand.rendering.objects.material import Material


@dataclass(frozen=True)
class Solid:
    """A mesh with its material.

    Attributes:
        vertices: (N, 3) float32 mm; in the camera frame once it is drawn.
        faces: (M, 3) int32, anti-clockwise from outside.
        atlas: (N, 2) float32 coordinates on the surface that patterns follow, mm.
        material: what it is made of.
    """

    vertices: np.ndarray
    faces: np.ndarray
    atlas: np.ndarray
    material: Material

    def moved(self, axes: np.ndarray, origin: np.ndarray) -> Solid:
        """Returns it with its own x, y, z along the rows of `axes` (3, 3), its origin at `origin` (3,), mm."""
        vertices = (self.vertices @ np.asarray(axes) + np.asarray(origin)).astype(np.float32)
        return Solid(vertices, self.faces, self.atlas, self.material)

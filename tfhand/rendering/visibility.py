"""Which face of a mesh each sample of a picture sees, at pixel centres and at two by two points in every pixel.

This is the generator's rasteriser (visibility.cc): it keeps face and depth only, what else a sample needs is worked
out where it is shaded. `rasterizer.rasterize` is the one of tensorflow-graphics, with weights at every pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfhand.rendering.kernel import call
from tfhand.rendering.rasterizer import NEAR_MM, checked_intrinsics, checked_mesh, checked_size


@dataclass(frozen=True)
class Visibility:
    """What a camera sees of a mesh with F faces in a picture of height H and width W.

    Attributes:
        intrinsics: (4,) float32 fx, fy, u0, v0, pixels.
        planes: (F, 12) float32, for visibility.cc and samples.cc; rows of faces that were not drawn hold anything.
        centre_ids: (H, W) int32, the nearest face at pixel centres, -1 for none.
        centre_inverse: (H, W) float32, 1 / depth there, 1/mm, 0 for none.
        fine_ids, fine_inverse: (2 H, 2 W) the same at a quarter and three quarters of every pixel's sides.
    """

    intrinsics: np.ndarray
    planes: np.ndarray
    centre_ids: np.ndarray
    centre_inverse: np.ndarray
    fine_ids: np.ndarray
    fine_inverse: np.ndarray


def visibility(vertices: np.ndarray, faces: np.ndarray, intrinsics: np.ndarray, size: tuple[int, int]) -> Visibility:
    """Looks at a mesh; arguments and errors as of `rasterizer.rasterize`."""
    vertices, faces = checked_mesh(vertices, faces)
    vertices = np.ascontiguousarray(vertices)
    intrinsics = checked_intrinsics(intrinsics)
    height, width = checked_size(size)
    seen = Visibility(
        intrinsics=intrinsics,
        planes=np.empty((len(faces), 12), np.float32),
        centre_ids=np.empty((height, width), np.int32),
        centre_inverse=np.empty((height, width), np.float32),
        fine_ids=np.empty((2 * height, 2 * width), np.int32),
        fine_inverse=np.empty((2 * height, 2 * width), np.float32),
    )
    call(
        "tfhand_visibility", vertices, faces, len(faces), intrinsics, width, height, NEAR_MM, seen.planes,
        seen.centre_ids, seen.centre_inverse, seen.fine_ids, seen.fine_inverse,
    )  # fmt: skip
    return seen

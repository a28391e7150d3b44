"""Which points of a picture are shaded, and how their colours become pixels.

Interior pixels are shaded once at their centre; pixels that hold an edge (of the hand, or of one finger before
another) are shaded at the covered ones of their 2 x 2 subsamples. So edges are antialiased at little more than
the price of one sample a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfhand.rendering.kernel import call
from tfhand.rendering.visibility import Visibility

#: Subsamples of a pixel farther apart in depth than this, mm, hold an edge.
_EDGE_MM = 3.0


@dataclass(frozen=True)
class Samples:
    """Points to shade, one row each, and where their colours go; and the picture's masks and depth.

    Attributes:
        face_ids: (N,) int32, the face that each lies on.
        barycentric: (N, 3) float32 weights of its corners.
        points: (N, 3) float32 camera frame, mm.
        pixels: (N,) int32 flat index of the pixel; `num_inner` single samples come first.
        num_inner: how many samples fill a pixel alone; the rest count a quarter.
        coverage, hand_coverage: (H, W) float32, of the whole mesh and of its hand, where that is seen.
        hand_depth, scene_depth: (H, W) float32 depth of the hand and of the whole mesh at pixel centres, mm, 0 where
            they aren't seen.
    """

    face_ids: np.ndarray
    barycentric: np.ndarray
    points: np.ndarray
    pixels: np.ndarray
    num_inner: int
    coverage: np.ndarray
    hand_coverage: np.ndarray
    hand_depth: np.ndarray
    scene_depth: np.ndarray


def pick_samples(seen: Visibility, num_hand_faces: int) -> Samples:
    """Chooses one sample for interior pixels and all covered subsamples for pixels with an edge."""
    height, width = seen.centre_ids.shape
    kinds = np.empty((height, width), np.uint8)
    coverage, hand_coverage, hand_depth = (np.empty((height, width), np.float32) for _ in range(3))
    counts = np.empty(2, np.int32)
    call(
        "tfhand_sort_pixels", seen.centre_ids, seen.centre_inverse, seen.fine_ids, seen.fine_inverse, width, height,
        num_hand_faces, _EDGE_MM, kinds, coverage, hand_coverage, hand_depth, counts,
    )  # fmt: skip
    num_inner, total = int(counts[0]), int(counts.sum())
    face_ids, pixels = np.empty(total, np.int32), np.empty(total, np.int32)
    barycentric, points = np.empty((total, 3), np.float32), np.empty((total, 3), np.float32)
    call(
        "tfhand_list_samples", kinds, seen.centre_ids, seen.fine_ids, width, height, num_inner, seen.planes,
        seen.intrinsics, face_ids, barycentric, points, pixels,
    )  # fmt: skip
    scene_depth = np.zeros((height, width), np.float32)
    np.divide(1, seen.centre_inverse, out=scene_depth, where=seen.centre_ids >= 0)
    return Samples(face_ids, barycentric, points, pixels, num_inner, coverage, hand_coverage, hand_depth, scene_depth)


def resolve(colours: np.ndarray, samples: Samples) -> np.ndarray:
    """Averages sample colours (N, 3) into a premultiplied picture (H, W, 3)."""
    image = np.zeros((*samples.coverage.shape, 3), np.float32)
    colours = np.ascontiguousarray(colours, np.float32)
    call("tfhand_resolve", colours, samples.pixels, len(colours), samples.num_inner, image)
    return image

"""Shadow maps: the depth of a mesh as a light at infinity sees it, and lookups with soft edges.

After Williams, "Casting curved shadows on curved surfaces", 1978, and Reeves et al., "Rendering antialiased
shadows with depth maps", 1987 (percentage-closer filtering). The loops are in shadows.cc and shadows.h.
"""

from __future__ import annotations

import ctypes

import numpy as np

from tfhand.rendering.kernel import call

#: Taps on a unit disc: its centre and two rings.
_DISC = np.array(
    [[0, 0]]
    + [[0.5 * np.cos(a), 0.5 * np.sin(a)] for a in np.arange(3) * 2 * np.pi / 3]
    + [[np.cos(a), np.sin(a)] for a in (np.arange(6) + 0.5) * np.pi / 3],
    np.float32,
)


class _Map(ctypes.Structure):
    """`ShadowMap` of shadows.h."""

    _fields_ = (
        ("depth", ctypes.c_void_p),
        ("size", ctypes.c_int32),
        ("tap_count", ctypes.c_int32),
        ("frame", ctypes.c_float * 9),
        ("centre", ctypes.c_float * 3),
        ("extent", ctypes.c_float),
        ("softness", ctypes.c_float),
        ("taps", ctypes.c_float * (3 * len(_DISC))),
    )


class ShadowMap:
    """What one light sees of a mesh, and how its shadows are blurred.

    Args:
        vertices: (V, 3) float32 camera frame, mm: what casts the shadow.
        faces: (F, 3) int32.
        frame: (3, 3) float32, the light's view (see `viewing_frame`).
        ball: centre (3,) and radius, mm, of what may lie in shadow (see `bounding_ball`); the map covers it.
        size: side of the map, texels.
        penumbra_mm: radius of the disc over which the shadow's edge is blurred.
        bias_mm: how far behind the seen surface a point still counts as lit.
        softness_mm: over how much more depth it becomes dark.

    Raises:
        ValueError: face indices out of range.
    """

    def __init__(
        self,
        vertices: np.ndarray,
        faces: np.ndarray,
        frame: np.ndarray,
        ball: tuple[np.ndarray, float],
        size: int = 160,
        penumbra_mm: float = 0.0,
        bias_mm: float = 1.0,
        softness_mm: float = 1.5,
    ):
        centre, frame = np.ascontiguousarray(ball[0], np.float32), np.ascontiguousarray(frame, np.float32)
        vertices, faces = np.ascontiguousarray(vertices, np.float32), np.ascontiguousarray(faces, np.int32)
        if faces.size and (faces.min() < 0 or faces.max() >= len(vertices)):
            raise ValueError(f"faces: expected indices in 0..{len(vertices) - 1}, got {faces.min()}..{faces.max()}.")
        self.depth = np.empty((size, size), np.float32)
        call(
            "tfhand_depth_map", vertices, len(vertices), faces, len(faces), frame, centre, float(ball[1]), size,
            self.depth,
        )  # fmt: skip
        disc = _DISC if penumbra_mm > 0 else _DISC[:1]
        taps = np.empty((len(disc), 3), np.float32)
        taps[:, :2] = disc * penumbra_mm
        # A tap off to the side of a slanted surface sees it nearer or farther: allow for a slope of 1 in 4.
        taps[:, 2] = bias_mm + 0.25 * np.hypot(taps[:, 0], taps[:, 1])
        self._map = _Map(
            self.depth.ctypes.data, size, len(taps), tuple(frame.ravel()), tuple(centre), ball[1], softness_mm,
            tuple(taps.ravel()),
        )  # fmt: skip

    @property
    def address(self) -> int:
        """Where the map lies in memory, for functions that take some; valid as long as this object lives."""
        return ctypes.addressof(self._map)

    def lit_share(self, points: np.ndarray) -> np.ndarray:
        """Returns how much light reaches points (N, 3), camera frame, mm: (N,) float32 in 0..1, 1 outside the map."""
        points = np.ascontiguousarray(points, np.float32)
        lit = np.empty(len(points), np.float32)
        call("tfhand_lit_share", self.address, points, len(points), lit)
        return lit


def bounding_ball(vertices: np.ndarray) -> tuple[np.ndarray, float]:
    """Returns the centre (3,) of the bounding box of `vertices` (V, 3) and the radius around it, mm."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    centre = (low + high) / 2
    offset = vertices - centre
    return centre, float(np.sqrt(np.einsum("ij,ij->i", offset, offset).max())) * 1.02 + 1.0


def viewing_frame(direction: np.ndarray) -> np.ndarray:
    """Returns the rotation (3, 3) float32 whose rows are right, down and forward for a view
    against `direction`, a unit vector (3,) towards the light."""
    forward = -np.asarray(direction, np.float64)
    helper = np.eye(3)[int(np.argmin(np.abs(forward)))]
    right = np.cross(helper, forward)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(forward, right), forward]).astype(np.float32)

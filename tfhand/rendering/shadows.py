"""Shadow maps: the depth of a mesh as a light at infinity sees it, and lookups with soft edges.

After Williams, "Casting curved shadows on curved surfaces", 1978, and Reeves et al., "Rendering antialiased
shadows with depth maps", 1987 (percentage-closer filtering). The loops are in shadows.cc.
"""

from __future__ import annotations

import numpy as np

from tfhand.rendering.kernel import load_library

#: Taps on a unit disc: its centre and two rings.
_DISC = np.array(
    [[0, 0]]
    + [[0.5 * np.cos(a), 0.5 * np.sin(a)] for a in np.arange(3) * 2 * np.pi / 3]
    + [[np.cos(a), np.sin(a)] for a in (np.arange(6) + 0.5) * np.pi / 3],
    np.float32,
)


class ShadowMap:
    """What one light sees of a mesh.

    Args:
        vertices: (V, 3) float32 camera frame, mm: what casts the shadow.
        faces: (F, 3) int32.
        frame: (3, 3) float32, the light's view (see `viewing_frame`).
        ball: centre (3,) and radius, mm, of what may lie in shadow (see `bounding_ball`); the map covers it.
        size: side of the map, texels.
    """

    def __init__(
        self,
        vertices: np.ndarray,
        faces: np.ndarray,
        frame: np.ndarray,
        ball: tuple[np.ndarray, float],
        size: int = 160,
    ):
        self._centre, self._extent = np.ascontiguousarray(ball[0], np.float32), float(ball[1])
        self._frame = np.ascontiguousarray(frame, np.float32)
        vertices, faces = np.ascontiguousarray(vertices, np.float32), np.ascontiguousarray(faces, np.int32)
        if faces.size and (faces.min() < 0 or faces.max() >= len(vertices)):
            raise ValueError(f"faces: expected indices in 0..{len(vertices) - 1}, got {faces.min()}..{faces.max()}.")
        self.depth = np.empty((size, size), np.float32)
        load_library().tfhand_depth_map(
            vertices.ctypes.data, len(vertices), faces.ctypes.data, len(faces), self._frame.ctypes.data,
            self._centre.ctypes.data, self._extent, size, self.depth.ctypes.data,
        )  # fmt: skip

    def lit_share(
        self, points: np.ndarray, penumbra_mm: float = 0.0, bias_mm: float = 1.0, softness_mm: float = 1.5
    ) -> np.ndarray:
        """Returns how much of the light reaches points.

        Args:
            points: (N, 3) float32 camera frame, mm.
            penumbra_mm: radius of the disc over which the shadow's edge is blurred.
            bias_mm: how far behind the seen surface a point still counts as lit.
            softness_mm: over how much more depth it becomes dark.

        Returns:
            (N,) float32 in 0..1; 1 outside the map.
        """
        points = np.ascontiguousarray(points, np.float32)
        disc = _DISC if penumbra_mm > 0 else _DISC[:1]
        taps = np.empty((len(disc), 3), np.float32)
        taps[:, :2] = disc * penumbra_mm
        # A tap off to the side of a slanted surface sees it nearer or farther: allow for a slope of 1 in 4.
        taps[:, 2] = bias_mm + 0.25 * np.hypot(taps[:, 0], taps[:, 1])
        lit = np.empty(len(points), np.float32)
        load_library().tfhand_lit_share(
            points.ctypes.data, len(points), self.depth.ctypes.data, self.depth.shape[0], self._frame.ctypes.data,
            self._centre.ctypes.data, self._extent, taps.ctypes.data, len(taps), softness_mm, lit.ctypes.data,
        )  # fmt: skip
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

"""Which things a picture has: drawn one by one, placed about a posed hand."""

from __future__ import annotations

import numpy as np

from tfhand.mesh.template import LABELS, HandTemplate
from tfhand.rendering.arm import ArmParams
from tfhand.rendering.objects.held import held
from tfhand.rendering.objects.in_front import in_front
from tfhand.rendering.objects.ring import Rings
from tfhand.rendering.objects.solid import Solid
from tfhand.rendering.objects.watch import watch
from tfhand.rendering.surface import HandSurface

#: Share of the pictures that each kind of thing is tried in. A fifth of the watches would lie beneath a sleeve, more
#: than a quarter of what is to be held finds no room in a fist or would fall: about 10 % and 14 % remain. Sleeves, drawn
#: with the arm, are on 45 %.
SHARES = {"ring": 0.12, "watch": 0.12, "held": 0.2, "in_front": 0.12}


class ThingSampler:
    """Draws what is worn on a hand, held in it and in front of it.

    Args:
        template: the hand.
        surface: of the same template.
    """

    def __init__(self, template: HandTemplate, surface: HandSurface):
        self._surface = surface
        self._rings = Rings(template)
        labels = template.surface_labels
        # Every other point is near enough to its neighbours for bodies of some mm.
        self._hand = surface.hand_vertices[::2]
        self._areas = _vertex_areas(template)[self._hand]
        self._palm = np.flatnonzero(labels == LABELS.index("palm"))
        self._forearm = np.flatnonzero(labels == LABELS.index("forearm"))
        rest = surface.forearm_sections(template.surface_vertices)
        self._back = int(rest[3, :, 2].argmax())

    def sample(
        self,
        vertices: np.ndarray,
        joints: np.ndarray,
        intrinsics: np.ndarray,
        size: tuple[int, int],
        arm: ArmParams,
        rng: np.random.Generator,
    ) -> dict[str, list[Solid]]:
        """Draws things about a right hand.

        Args:
            vertices: (S, 3) float32 posed surface vertices, camera frame, mm.
            joints: (21, 3) float32 the same hand's.
            intrinsics: (4,) fx, fy, u0, v0 in pixels of the picture.
            size: (height, width) of the picture, pixels.
            arm: what the arm wears already.
            rng: source of randomness; each kind has a stream of its own.

        Returns:
            Solids of each kind in `SHARES` that there is.
        """
        drawn = rng.random(len(SHARES)) < list(SHARES.values())
        if not drawn.any():
            return {}
        streams = rng.spawn(len(SHARES))
        things: dict[str, list[Solid]] = {}
        for kind, wanted, stream in zip(SHARES, drawn, streams, strict=True):
            if not wanted:
                continue
            if kind == "ring":
                solids = self._rings.sample(vertices, stream)
            elif kind == "watch":
                solids = watch(self._surface.forearm_sections(vertices), self._back, stream, arm.sleeve_start_mm)
            elif kind == "held":
                solids = held(vertices[self._hand], vertices[self._palm], joints, stream)
            else:
                reach = float(np.hypot(*size)) / float(min(intrinsics[:2]))
                solids = in_front(vertices[self._hand], self._areas, vertices[self._forearm], reach, stream)
            if solids:
                things[kind] = solids
        return things


def _vertex_areas(template: HandTemplate) -> np.ndarray:
    """Returns the skin's area around each surface vertex at rest (S,), mm^2."""
    a, b, c = (template.surface_vertices[template.surface_faces[:, corner]] for corner in range(3))
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 6
    return np.bincount(template.surface_faces.ravel(), np.repeat(areas, 3), len(template.surface_vertices))

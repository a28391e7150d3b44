"""Where a hand runs through itself: balls that fill the template's mesh, and the overlaps between them.

Some 150 balls touch the skin from within (medial balls of the resting surface). Each is tied to vertices that it
touches: its centre is a fixed affine combination of them, its radius their mean distance from it. So the balls follow
every shape key and every pose of the mesh, and overlaps are those of the skin, to about a millimetre. The loops over
balls and pairs are in collision.cc.

References:
    Ma, Bae, Choi, "3D medial axis point approximation using nearest neighbors and the normal field", The Visual
    Computer 2012 (shrinking balls).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from tfhand.constants import FINGERS
from tfhand.mesh.graph import edges
from tfhand.mesh.normals import vertex_normals
from tfhand.mesh.template import LABELS
from tfhand.rendering.kernel import call

if TYPE_CHECKING:
    from tfhand.mesh import HandTemplate

_LARGEST_MM = 16.0  # of a ball's radius at first; the palm is 28 mm thick
_SMALLEST_MM = 3.0
_COVER_MM = 0.8  # a point of the skin is covered by a ball whose surface is as near
_COVERED = 0.9  # share of the skin at which balls suffice
_TOUCH_MM = 1.0  # vertices as near to a ball's surface are tied to it
_TIED = 16  # vertices tied to a ball at most
_STEADY = 8.0  # sum of a ball's absolute weights; beyond, small changes of the skin throw it about
_FLESH_MM = 1.5  # balls as near as this at rest are connected by flesh,
_WEB_MM = 28.0  # and those between which the way over the skin is as short
_WEB_SHARE = 0.12
#: Bones that count as one, with the forearm.
_PALM = ("wrist", *(f"{finger}_metacarpal" for finger in FINGERS if finger != "thumb"))


@dataclass(frozen=True)
class Contacts:
    """Overlapping balls of one posed hand, N of them.

    Attributes:
        pairs: `(N, 2)` indices of balls.
        depths_mm: `(N,)` by how much they overlap, positive.
        directions: `(N, 3)` unit vectors from the first ball's centre to the second's.
        centres_mm: `(K, 3)` of all balls, in the frame of the vertices.
    """

    pairs: np.ndarray
    depths_mm: np.ndarray
    directions: np.ndarray
    centres_mm: np.ndarray


class SelfCollision:
    """Finds overlaps of one template's surface with itself.

    Args:
        template: a hand with a rig.

    Attributes:
        bone_weights: `(K, 20)` float64, how far each ball moves with each bone.
    """

    def __init__(self, template: HandTemplate):
        surface = template.surface_vertices.astype(np.float64)
        self._num_vertices = len(surface)
        hand = template.surface_labels != LABELS.index("forearm")
        centres, radii = _medial_balls(surface, vertex_normals(surface, template.surface_faces), hand)
        chosen = _cover(centres, radii, surface[hand])
        centres, radii = centres[chosen], radii[chosen]
        self._tied, self._affine = _ties(centres, radii, surface)
        steady = (np.abs(self._affine).sum(axis=1) < _STEADY) & ~_in_thumb_web(template, self._tied)
        centres, radii, self._tied, self._affine = (
            part[steady] for part in (centres, radii, self._tied, self._affine)
        )
        self._tied = self._tied.astype(np.int32)
        self._swell = radii / np.linalg.norm(surface[self._tied] - centres[:, None], axis=2).mean(axis=1)
        weights = template.skin_weights[self._tied].mean(axis=1)
        self.bone_weights = weights[:, :-1].astype(np.float64)
        apart = np.linalg.norm(centres[:, None] - centres, axis=2) > radii[:, None] + radii + _FLESH_MM
        meet = apart & (_ways_over_skin(template, self._tied) > _WEB_MM)
        meet &= _unjoined(weights.argmax(axis=1), template)
        #: Pairs of balls whose overlap counts.
        self._pairs = np.ascontiguousarray(np.argwhere(np.triu(meet, 1)), np.int32)

    @property
    def num_balls(self) -> int:
        """Number of balls (K)."""
        return len(self._affine)

    def balls(self, surface_vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Centres `(K, 3)` and radii `(K,)` float64 mm for the vertices `(S, 3)` of a shaped and posed surface."""
        vertices = np.ascontiguousarray(surface_vertices, np.float32)
        if vertices.shape != (self._num_vertices, 3):
            raise ValueError(f"surface_vertices: expected ({self._num_vertices}, 3), got {vertices.shape}.")
        count, ties = self._tied.shape
        centres, radii = np.empty((count, 3)), np.empty(count)
        call("tfhand_balls", vertices, self._tied, self._affine, self._swell, count, ties, centres, radii)
        return centres, radii

    def contacts(self, surface_vertices: np.ndarray, above_mm: float = 0.0) -> Contacts:
        """The pairs of balls that overlap.

        Args:
            surface_vertices: `(S, 3)` of a posed surface in any frame, mm.
            above_mm: the least overlap that counts.
        """
        centres, radii = self.balls(surface_vertices)
        room = len(self._pairs)
        indices, depths, directions = np.empty(room, np.int32), np.empty(room), np.empty((room, 3))
        number = np.empty(1, np.int32)
        call("tfhand_contacts", centres, radii, self._pairs, room, above_mm, indices, depths, directions, number)
        found = int(number[0])
        return Contacts(self._pairs[indices[:found]], depths[:found], directions[:found], centres)

    def penetration_mm(self, surface_vertices: np.ndarray) -> float:
        """How deep the hand runs into itself where it is worst, mm; 0 where nothing overlaps.

        Args:
            surface_vertices: `(S, 3)` of a posed surface in any frame, mm.
        """
        return float(self.contacts(surface_vertices).depths_mm.max(initial=0.0))


def _medial_balls(surface: np.ndarray, normals: np.ndarray, hand: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The largest ball within the skin that touches it at each vertex of the hand: centres `(N, 3)`, radii `(N,)`."""
    tree = cKDTree(surface)
    points, inwards = surface[hand], -normals[hand] / np.linalg.norm(normals[hand], axis=1, keepdims=True)
    radii = np.full(len(points), _LARGEST_MM)
    for _ in range(30):
        centres = points + radii[:, None] * inwards
        distance, nearest = tree.query(centres)
        offset = surface[nearest] - points
        along = np.einsum("nc,nc->n", offset, inwards)
        inside = (distance < radii - 0.05) & (along > 0.3 * np.linalg.norm(offset, axis=1))
        if not inside.any():
            break
        radii[inside] = (offset[inside] ** 2).sum(axis=1) / (2 * along[inside])
    keep = radii > _SMALLEST_MM
    return (points + radii[:, None] * inwards)[keep], radii[keep]


def _cover(centres: np.ndarray, radii: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """Indices of few balls that together come near most of the skin, greedily."""
    near = np.abs(cdist(centres, skin) - radii[:, None]) < _COVER_MM
    counts, left, chosen = near.astype(np.float32), np.ones(len(skin), np.float32), []
    while left.mean() > 1 - _COVERED:
        gain = counts @ left
        best = int(gain.argmax())
        if gain[best] == 0:
            break
        chosen.append(best)
        left[near[best]] = 0
    return np.array(chosen)


def _ties(centres: np.ndarray, radii: np.ndarray, surface: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each ball `(K, _TIED)` vertices that it touches and weights of them, summing to 1, that give its centre.

    Of all such weights the most even ones (least squares). Balls that touch fewer vertices repeat some.
    """
    gap = np.abs(cdist(centres, surface) - radii[:, None])
    tied = np.empty((len(centres), _TIED), np.int64)
    affine = np.empty((len(centres), _TIED))
    for ball in range(len(centres)):
        nearest = np.argsort(gap[ball], kind="stable")
        count = int(np.clip((gap[ball] < _TOUCH_MM).sum(), 8, _TIED))
        tied[ball] = np.resize(nearest[:count], _TIED)
        system = np.vstack([surface[tied[ball]].T - centres[ball][:, None], np.ones(_TIED)])
        even = np.full(_TIED, 1 / _TIED)
        affine[ball] = even + np.linalg.lstsq(system, np.array([0, 0, 0, 1.0]) - system @ even, rcond=None)[0]
    return tied, affine


def _in_thumb_web(template: HandTemplate, tied: np.ndarray) -> np.ndarray:
    """`(K,)`: balls that move with the thumb and with the palm beside it: the web folds, and they shrink or swell."""
    weights = template.skin_weights[tied].mean(axis=1)
    thumb = [template.bone_names.index(f"thumb_{segment}") for segment in ("proximal", "distal")]
    palm = [number for number, name in enumerate(template.bone_names) if name in _PALM]
    return (weights[:, thumb].sum(axis=1) > _WEB_SHARE) & (weights[:, palm].sum(axis=1) > _WEB_SHARE)


def _ways_over_skin(template: HandTemplate, tied: np.ndarray) -> np.ndarray:
    """Lengths `(K, K)` in mm of the shortest ways along edges between vertices that two balls are tied to."""
    ends = edges(template.surface_faces)
    vertices = template.surface_vertices.astype(np.float64)
    lengths = np.linalg.norm(vertices[ends[:, 0]] - vertices[ends[:, 1]], axis=1)
    graph = scipy.sparse.coo_matrix((lengths, ends.T), shape=(len(vertices),) * 2).tocsr()
    ways = np.empty((len(tied), len(tied)))
    for ball, sources in enumerate(tied):
        ways[ball] = dijkstra(graph, False, sources, min_only=True, limit=_WEB_MM)[tied].min(axis=1)
    return ways


def _unjoined(bones: np.ndarray, template: HandTemplate) -> np.ndarray:
    """`(K, K)`: whether two balls, on `bones` `(K,)`, lie on bones that share no joint, where flesh folds."""
    names = (*template.bone_names, "forearm")
    part = np.array([-1 if name in (*_PALM, "forearm") else number for number, name in enumerate(names)])
    joined = np.eye(len(names), dtype=bool)
    for bone, parent in enumerate(template.bone_parents.tolist()):
        joined[np.ix_(part == part[bone], part == part[parent])] = True
    joined |= joined.T | (part[:, None] == part)
    return ~joined[np.ix_(bones, bones)]

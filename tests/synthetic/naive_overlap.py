"""How deep a posed surface runs into itself, by brute force: winding numbers and distances to triangles."""

from __future__ import annotations

import numpy as np
import scipy.sparse
from scipy.sparse.csgraph import dijkstra

from tfhand.mesh.graph import edges
from tfhand.mesh.validation import border_edges

_WEB_MM = 28.0


class NaiveOverlap:
    """Cuts the surface into phalanges and palm, closes each piece and looks for vertices of one within another.

    Neighbouring pieces are left out, and places between which the way over the skin is short: there flesh folds.
    """

    def __init__(self, template):
        palm = [not name.startswith("thumb") and name.endswith(("wrist", "metacarpal")) for name in template.bone_names]
        part = np.where([*palm, True], -1, np.arange(len(palm) + 1))
        self.part = part[template.skin_weights.argmax(axis=1)]
        self.joined = {(part[bone], part[parent]) for bone, parent in enumerate(template.bone_parents)}
        self.joined |= {(two, one) for one, two in self.joined}
        self.joined |= {(-1, template.bone_names.index("thumb_proximal"))}
        self.pieces = {}
        for name in np.unique(self.part):
            faces = template.surface_faces[(self.part[template.surface_faces] == name).sum(axis=1) >= 2]
            self.pieces[name] = faces, border_edges(faces)
        ends, vertices = edges(template.surface_faces), template.surface_vertices.astype(np.float64)
        lengths = np.linalg.norm(vertices[ends[:, 0]] - vertices[ends[:, 1]], axis=1)
        graph = scipy.sparse.coo_matrix((lengths, ends.T), shape=(len(vertices),) * 2).tocsr()
        self.ways = dijkstra(graph, False, limit=_WEB_MM)

    def __call__(self, vertices: np.ndarray) -> float:
        vertices = np.asarray(vertices, np.float64)
        deepest = 0.0
        for name, (faces, border) in self.pieces.items():
            triangles = vertices[faces]
            low, high = triangles.min(axis=(0, 1)), triangles.max(axis=(0, 1))
            within = ((vertices > low) & (vertices < high)).all(axis=1) & (self.part != name)
            lid = vertices[border]
            middle = np.broadcast_to(lid.mean(axis=(0, 1)), (len(lid), 3)) if len(lid) else np.zeros((0, 3))
            closed = np.concatenate([triangles, np.stack([lid[:, 1], lid[:, 0], middle], axis=1)])
            for other in np.unique(self.part[within]):
                if (other, name) in self.joined or (name, other) in self.joined:
                    continue
                guests = np.flatnonzero(within & (self.part == other))
                for vertex in guests[windings(vertices[guests], closed) > 0.5]:
                    distance = distances(vertices[vertex], triangles)
                    nearest = distance.argmin()
                    if self.ways[vertex, faces[nearest]].min() > _WEB_MM:
                        deepest = max(deepest, distance[nearest])
        return deepest


def overlaps(collision, vertices, above_mm=0.0):
    """Balls and their overlaps by loops: centres `(K, 3)`, radii `(K,)`, {pair: (overlap, direction)}."""
    centres, radii = [], []
    for tied, weights, swell in zip(collision._tied, collision._affine, collision._swell, strict=True):
        points = vertices[tied].astype(np.float64)
        centres.append(weights @ points)
        radii.append(swell * np.linalg.norm(points - centres[-1], axis=1).mean())
    found = {}
    for one, other in collision._pairs.tolist():
        offset = centres[other] - centres[one]
        depth = radii[one] + radii[other] - np.linalg.norm(offset)
        if depth > above_mm:
            found[one, other] = depth, offset / np.linalg.norm(offset)
    return np.array(centres), np.array(radii), found


def windings(points, triangles):
    """How often closed triangles `(F, 3, 3)` go round points `(N, 3)` (van Oosterom and Strackee 1983)."""
    a, b, c = (triangles[:, corner] - points[:, None] for corner in range(3))
    la, lb, lc = (np.linalg.norm(one, axis=2) for one in (a, b, c))
    volume = np.einsum("nfc,nfc->nf", a, np.cross(b, c))
    rest = la * lb * lc
    for one, two, length in ((a, b, lc), (b, c, la), (c, a, lb)):
        rest += np.einsum("nfc,nfc->nf", one, two) * length
    return np.arctan2(volume, rest).sum(axis=1) / (2 * np.pi)


def distances(point, triangles):
    """Distances `(F,)` from a point to triangles `(F, 3, 3)`."""
    a, b, c = triangles.transpose(1, 0, 2)
    normal = np.cross(b - a, c - a)
    square = (normal * normal).sum(axis=1)
    offset = point - a
    third = (np.cross(b - a, offset) * normal).sum(axis=1) / square
    second = (np.cross(offset, c - a) * normal).sum(axis=1) / square
    above = (second >= 0) & (third >= 0) & (second + third <= 1)
    found = np.where(above, np.abs((offset * normal).sum(axis=1)) / np.sqrt(square), np.inf)
    for start, end in ((a, b), (b, c), (c, a)):
        edge = end - start
        along = np.clip(((point - start) * edge).sum(axis=1) / (edge * edge).sum(axis=1), 0, 1)
        found = np.minimum(found, np.linalg.norm(point - start - along[:, None] * edge, axis=1))
    return found

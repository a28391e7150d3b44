"""What is drawn of a hand: the template's surface with its forearm, the upper arm, a sleeve, and things about it.

The network's mesh ends a little behind the wrist; the surface goes on to the elbow, and an upper arm follows it
around a bend, so that no picture shows a cut. Forearm, upper arm, sleeve and things are context, not the hand: they
are in the picture and its alpha, not in the hand's own mask and depth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tfhand.mesh.template import LABELS, HandTemplate
from tfhand.rendering.arm import (
    AROUND,
    SECTIONS_MM,
    SLEEVE_MM,
    UPPER_ARM_MM,
    ArmParams,
    forearm_axis,
    forearm_sections,
    sleeve,
    tube_faces,
    upper_arm,
)
from tfhand.rendering.kernel import call
from tfhand.rendering.objects.solid import Solid


@dataclass(frozen=True)
class DrawnSurface:
    """A posed hand with its arm, sleeve and things, ready to be rasterised.

    Attributes:
        vertices: (N, 3) float32 camera frame, mm; the template's vertices come first.
        faces: (M, 3) int32: those of the hand, of the arm, of the sleeve, and of each thing.
        num_hand_faces, num_skin_faces: where the arm's and where the sleeve's faces begin.
        thing_faces: (things + 1,) where each thing's faces begin, and their end.
        atlas: (N, 2) float32 texture coordinates, mm.
        normals: (N, 3) float32 unit, outward.
        tangents: (N, 6) float32 surface gradients of the two atlas coordinates (mm per mm).
    """

    vertices: np.ndarray
    faces: np.ndarray
    num_hand_faces: int
    num_skin_faces: int
    thing_faces: np.ndarray
    atlas: np.ndarray
    normals: np.ndarray
    tangents: np.ndarray


class HandSurface:
    """Topology of a template's surface, arm and sleeve, made once; `place` puts a posed hand into it.

    Args:
        template: the hand.
        atlas: (S, 2) float32 texture coordinates of the surface's vertices, mm.
    """

    def __init__(self, template: HandTemplate, atlas: np.ndarray):
        rest = np.asarray(template.surface_vertices, np.float64)
        self.num_vertices = len(rest)
        faces = np.ascontiguousarray(template.surface_faces, np.int32)
        own = _in_hand(template)
        #: Vertices of the hand, without most of the forearm.
        self.hand_vertices = np.flatnonzero(own)
        in_hand = own[faces].all(axis=1)
        arm_faces = self.num_vertices + tube_faces(len(UPPER_ARM_MM), AROUND)
        skin_faces = np.concatenate([faces[in_hand], faces[~in_hand], arm_faces])
        self._num_hand_faces, self._num_skin_faces = int(in_hand.sum()), len(skin_faces)
        #: (num_skin_faces,) int32, the bone that each face of the skin follows most; the forearm's number is that of
        #: bones, and the upper arm has -1.
        bones = template.skin_weights[skin_faces[: len(faces)]].sum(axis=1).argmax(axis=1)
        self.face_bones = np.append(bones, np.full(len(arm_faces), -1)).astype(np.int32)
        self._sections = forearm_sections(template)
        sleeve_faces = self.num_vertices + len(UPPER_ARM_MM) * AROUND + tube_faces(len(SLEEVE_MM), AROUND)
        # On the tubes the atlas runs around and along them, so that stripes do.
        around, along = np.meshgrid(np.arange(AROUND) * (180.0 / AROUND), np.concatenate([UPPER_ARM_MM, SLEEVE_MM]))
        tube_atlas = np.stack([around.ravel(), -along.ravel()], axis=1)
        self.atlas = np.concatenate([atlas, tube_atlas]).astype(np.float32)
        self._bare = np.ascontiguousarray(skin_faces, np.int32)
        self._sleeved = np.ascontiguousarray(np.concatenate([skin_faces, sleeve_faces]), np.int32)

    def place(self, vertices: np.ndarray, arm: ArmParams, things: Sequence[Solid] = ()) -> DrawnSurface:
        """Adds arm, sleeve and things to a posed hand and computes normals and tangents.

        Args:
            vertices: (S, 3) posed surface vertices, camera frame, mm.
            arm: how the arm goes on.
            things: what else there is, in the same frame.

        Returns:
            DrawnSurface.

        Raises:
            ValueError: not the template's number of vertices, or some that are not finite.
        """
        vertices = np.ascontiguousarray(vertices, np.float32)
        if vertices.shape != (self.num_vertices, 3):
            raise ValueError(f"vertices: expected ({self.num_vertices}, 3) of the template, got {vertices.shape}.")
        if not np.isfinite(vertices).all():
            raise ValueError(f"vertices: {np.count_nonzero(~np.isfinite(vertices))} of {vertices.size} not finite.")
        sections = self.forearm_sections(vertices)
        parts, faces = [vertices, upper_arm(sections, arm)], [self._bare]
        if arm.sleeve_start_mm is not None:
            parts.append(sleeve(sections, arm))
            faces = [self._sleeved]
        count = sum(map(len, parts))
        atlas, begins = [self.atlas[:count]], [len(faces[0])]
        for thing in things:
            parts.append(thing.vertices)
            faces.append(thing.faces + np.int32(count))
            atlas.append(thing.atlas)
            count += len(thing.vertices)
            begins.append(begins[-1] + len(thing.faces))
        vertices, coordinates = np.concatenate(parts), np.concatenate(atlas)
        joined = np.concatenate(faces) if things else faces[0]
        normals, tangents = _frames(vertices, coordinates, joined)
        return DrawnSurface(
            vertices, joined, self._num_hand_faces, self._num_skin_faces, np.array(begins), coordinates,
            normals, tangents,
        )  # fmt: skip

    def forearm_sections(self, vertices: np.ndarray) -> np.ndarray:
        """Returns cross-sections (sections, around, 3) float32 of the posed forearm; see `arm.forearm_sections`."""
        return (self._sections @ vertices).reshape(len(SECTIONS_MM), AROUND, 3)


def _frames(vertices: np.ndarray, atlas: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns area-weighted unit normals (N, 3) and the gradients (N, 6) of the atlas coordinates, float32."""
    normals, tangents = np.empty((len(vertices), 3), np.float32), np.empty((len(vertices), 6), np.float32)
    call("tfhand_frames", vertices, atlas, len(vertices), faces, len(faces), normals, tangents)
    return normals, tangents


def _in_hand(template: HandTemplate) -> np.ndarray:
    """Returns (S,) bool: the surface's vertices within the network mesh's reach along the forearm."""
    behind = _behind_wrist(template)
    forearm = template.surface_labels == LABELS.index("forearm")
    return ~forearm | (behind <= behind[template.vertex_ids].max() + 0.01)


def _behind_wrist(template: HandTemplate) -> np.ndarray:
    """Returns how far each surface vertex of the rest pose lies behind the wrist along the forearm (S,), mm."""
    wrist, axis = forearm_axis(template)
    return (template.surface_vertices - wrist) @ axis

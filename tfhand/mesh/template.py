"""The hand template: surface, network mesh, shape keys, rig, labels, joint regressor and graph."""

from __future__ import annotations

import dataclasses
import functools
import os
import zipfile
import zlib
from pathlib import Path

import numpy as np
import scipy.sparse

from tfhand.io import atomic_path
from tfhand.mesh import graph as graph_maths
from tfhand.mesh.coarsening import HandGraph, coarsen, graph_from_permutation
from tfhand.mesh.glb import write_glb
from tfhand.mesh.obj import read_obj, write_obj
from tfhand.mesh.skinning import Rig, ShapedHand
from tfhand.mesh.validation import check_mesh

#: Meaning of `HandTemplate.surface_labels`.
LABELS: tuple[str, ...] = ("forearm", "palm", "back", "thumb", "index", "middle", "ring", "little", "nail")
#: Levels of coarsening: 1280, 640, 320, 160, 80 places for the hand.
COARSENING_LEVELS = 4
_DEFAULT_PATH = Path(__file__).resolve().parent.parent / "assets" / "hand_template.npz"
_PLAIN_ARRAYS = ("surface_vertices", "surface_faces", "surface_labels", "vertex_ids", "faces", "shape_ranges")
_REQUIRED_ARRAYS = {*_PLAIN_ARRAYS, "shape_names", "shape_deltas", "graph_permutation"}


@dataclasses.dataclass(frozen=True)
class PosedHand:
    """A hand in some frame (the camera's, where a camera pose was given), mm.

    Attributes:
        surface_vertices: (S, 3) float32.
        vertices: (V, 3) float32, the network mesh: `surface_vertices[vertex_ids]`.
        joints: (21, 3) float32.
    """

    surface_vertices: np.ndarray
    vertices: np.ndarray
    joints: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class HandTemplate:
    """A right hand with its forearm, and the network mesh, which is a vertex subset of it.

    The template's frame: origin in the wrist joint; x to the thumb's side, y from the knuckles to the
    wrist, z from the palm to the back. So with the identity as rotation an OpenCV camera sees the palm,
    fingers up. All lengths are mm. Faces are counter-clockwise from outside. A template from an OBJ file
    has faces and graph only: `rig` and `joint_regressor` are None, there are no shape keys.

    Attributes:
        surface_vertices: (S, 3) float32, rest pose, all shape keys 0.
        surface_faces: (F, 3) int32, closed.
        surface_labels: (S,) uint8, indices into `LABELS`.
        vertex_ids: (V,) int32, the surface vertex that each network vertex is.
        faces: (Fn, 3) int32 over network vertices; one border loop, at the forearm.
        shape_names: names of the B shape keys.
        shape_ranges: (B, 2) float32, lowest and highest value that looks like a hand.
        shape_deltas: (B, S, 3) float32, displacement for a value of 1.
        rig: bones, axes, skin weights.
        joint_regressor: (21, V) float32 csr, rows sum to 1: `joints = joint_regressor @ vertices`.
        graph: the network mesh's graph and its coarser levels.
    """

    surface_vertices: np.ndarray
    surface_faces: np.ndarray
    surface_labels: np.ndarray
    vertex_ids: np.ndarray
    faces: np.ndarray
    shape_names: tuple[str, ...]
    shape_ranges: np.ndarray
    shape_deltas: np.ndarray
    rig: Rig | None
    joint_regressor: scipy.sparse.csr_matrix | None
    graph: HandGraph

    @property
    def num_vertices(self) -> int:
        """Vertices of the network mesh (V)."""
        return len(self.vertex_ids)

    @property
    def bone_names(self) -> tuple[str, ...]:
        """Names of the 20 bones, parents first."""
        return self._required_rig().bone_names

    @property
    def bone_parents(self) -> np.ndarray:
        """(20,) int32 parent of each bone, -1 for the wrist."""
        return self._required_rig().bone_parents

    @property
    def skin_weights(self) -> np.ndarray:
        """(S, 21) float32 weights of the 20 bones and of the unmoving forearm (last column)."""
        return self._required_rig().skin_weights

    @functools.cached_property
    def edges(self) -> np.ndarray:
        """(E, 2) int32 edges of the network mesh, each once."""
        return graph_maths.edges(self.faces)

    @functools.cached_property
    def vertices(self) -> np.ndarray:
        """(V, 3) float32 mm: the network mesh in the rest pose."""
        return self.surface_vertices[self.vertex_ids]

    @functools.cached_property
    def labels(self) -> np.ndarray:
        """(V,) uint8 labels of the network vertices."""
        return self.surface_labels[self.vertex_ids]

    def bone_rotations(self, angles: np.ndarray) -> np.ndarray:
        """Anatomical angles (20, 3) rad -> (20, 3, 3) rotations; see `Rig.bone_rotations`."""
        return self._required_rig().bone_rotations(angles)

    def shaped(self, shape: np.ndarray | ShapedHand | None) -> ShapedHand:
        """The hand at rest with values (B,) of its shape keys, which `pose` takes in their place; errors as there."""
        if isinstance(shape, ShapedHand):
            return shape
        hand = ShapedHand(self.surface_vertices, self._required_rig().points)
        if shape is None:
            return hand
        _check_shape("shape", shape, (len(self.shape_names),))
        values = np.asarray(shape, np.float32)
        deltas = self.shape_deltas, self.rig.point_deltas
        return ShapedHand(*(part + np.tensordot(values, delta, 1) for part, delta in zip(hand, deltas, strict=True)))

    def pose(
        self,
        bone_rotations: np.ndarray | None = None,
        shape: np.ndarray | ShapedHand | None = None,
        rotation: np.ndarray | None = None,
        translation_mm: np.ndarray | None = None,
    ) -> PosedHand:
        """Shapes, bends and places the hand.

        Args:
            bone_rotations: (20, 3, 3) rotations of the bones relative to their parents, in the template's
                axes (from `bone_rotations`); None is the rest pose.
            shape: (B,) values of the shape keys, or what `shaped` made of them; None is all 0.
            rotation: (3, 3) from the template's to the camera's frame; None is the identity.
            translation_mm: (3,) position of the wrist joint in the camera's frame, mm; None is 0.

        Returns:
            Surface, network mesh and joints, float32 mm, in the camera's frame.

        Raises:
            ValueError: an argument has a wrong shape, or the template has no rig.
        """
        rig = self._required_rig()
        count = len(rig.bone_names)
        _check_shape("bone_rotations", bone_rotations, (count, 3, 3))
        _check_shape("rotation", rotation, (3, 3))
        _check_shape("translation_mm", translation_mm, (3,))
        rest, points = self.shaped(shape)
        turns, shifts = rig.bone_transforms(bone_rotations, points)
        if rotation is not None:
            rotation = np.asarray(rotation, np.float32)
            turns, shifts = rotation @ turns, shifts @ rotation.T
        if translation_mm is not None:
            shifts = shifts + np.asarray(translation_mm, np.float32)
        surface = rig.skin(rest, turns, shifts)
        own = points[rig.joint_points]
        joints = np.einsum("jab,jb->ja", turns[rig.joint_bones], own) + shifts[rig.joint_bones]
        return PosedHand(surface, surface[self.vertex_ids], joints)

    def to_obj(self, path: str | os.PathLike[str], vertices_mm: np.ndarray | None = None) -> None:
        """Writes an OBJ file, mm; see `to_glb` for `vertices_mm`."""
        write_obj(path, *self._mesh(vertices_mm))

    def to_glb(self, path: str | os.PathLike[str], vertices_mm: np.ndarray | None = None) -> None:
        """Writes a GLB file (metres, y up).

        Args:
            path: the file to write.
            vertices_mm: (V, 3) network vertices or (S, 3) surface vertices, mm, camera frame; None is the
                surface in the rest pose.

        Raises:
            ValueError: another number of vertices.
        """
        write_glb(path, *self._mesh(vertices_mm))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the template as a compressed .npz; the same template gives the same bytes."""
        arrays = {name: getattr(self, name) for name in _PLAIN_ARRAYS} | {
            "shape_names": np.array(self.shape_names, "U32"),
            "shape_deltas": self.shape_deltas.astype(np.float16),
            "graph_permutation": self.graph.permutation,
        }
        if self.rig is not None:
            arrays |= {f"rig_{field.name}": getattr(self.rig, field.name) for field in dataclasses.fields(Rig)}
            arrays["rig_bone_names"] = np.array(self.rig.bone_names, "U32")
        if self.joint_regressor is not None:
            regressor = self.joint_regressor
            arrays |= {f"regressor_{name}": getattr(regressor, name) for name in ("data", "indices", "indptr")}
        with atomic_path(path) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, **arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str] | None = None) -> HandTemplate:
        """Reads a template written by `save`.

        Args:
            path: the .npz file; None is the template of this package.

        Raises:
            FileNotFoundError: no such file.
            ValueError: the file is no template, or its mesh is broken.
        """
        path = _DEFAULT_PATH if path is None else Path(path)
        if not path.exists():
            raise FileNotFoundError(f"no template at {path}.")
        try:
            with np.load(path, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            missing = sorted(_REQUIRED_ARRAYS - set(arrays))
        except (OSError, EOFError, AttributeError, TypeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            raise ValueError(f"{path}: expected a hand template written by HandTemplate.save ({error}).") from error
        if missing:
            raise ValueError(f"{path}: expected a hand template written by HandTemplate.save, it lacks {missing}.")
        return cls._from_arrays(arrays, str(path))

    @classmethod
    def _from_arrays(cls, arrays: dict[str, np.ndarray], name: str) -> HandTemplate:
        ids, faces = arrays["vertex_ids"], arrays["faces"]
        check_mesh(arrays["surface_vertices"], arrays["surface_faces"], f"{name}, surface")
        check_mesh(arrays["surface_vertices"][ids], faces, f"{name}, network mesh")
        rig = regressor = None
        if "rig_points" in arrays:
            fields = {field.name: arrays[f"rig_{field.name}"] for field in dataclasses.fields(Rig)}
            rig = Rig(**(fields | {"bone_names": tuple(fields["bone_names"].tolist())}))
        if "regressor_data" in arrays:
            parts = tuple(arrays[f"regressor_{part}"] for part in ("data", "indices", "indptr"))
            regressor = scipy.sparse.csr_matrix(parts, shape=(len(parts[2]) - 1, len(ids)))
        weights = graph_maths.adjacency(faces, len(ids))
        return cls(
            **{key: arrays[key] for key in _PLAIN_ARRAYS},
            shape_names=tuple(arrays["shape_names"].tolist()),
            shape_deltas=arrays["shape_deltas"].astype(np.float32),
            rig=rig,
            joint_regressor=regressor,
            graph=graph_from_permutation(weights, arrays["graph_permutation"], COARSENING_LEVELS),
        )

    @classmethod
    def from_obj(cls, path: str | os.PathLike[str]) -> HandTemplate:
        """Makes a template of any triangle mesh: faces and graph, no rig, no shape keys.

        Args:
            path: an OBJ file; its vertices are taken as mm.

        Raises:
            FileNotFoundError: no such file.
            ValueError: the file is no OBJ, or its mesh is not manifold, has degenerate faces, unreferenced
                vertices or coordinates that are not finite.
        """
        vertices, faces = read_obj(path)
        check_mesh(vertices, faces, str(path))
        count = len(vertices)
        return cls(
            surface_vertices=vertices,
            surface_faces=faces,
            surface_labels=np.full(count, LABELS.index("palm"), np.uint8),
            vertex_ids=np.arange(count, dtype=np.int32),
            faces=faces,
            shape_names=(),
            shape_ranges=np.zeros((0, 2), np.float32),
            shape_deltas=np.zeros((0, count, 3), np.float32),
            rig=None,
            joint_regressor=None,
            graph=coarsen(graph_maths.adjacency(faces, count), COARSENING_LEVELS),
        )

    def _required_rig(self) -> Rig:
        if self.rig is None:
            raise ValueError("template: expected one with a rig, got one made from a bare mesh.")
        return self.rig

    def _mesh(self, vertices_mm: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        if vertices_mm is None:
            return self.surface_vertices, self.surface_faces
        vertices_mm = np.asarray(vertices_mm)
        for count, faces in ((self.num_vertices, self.faces), (len(self.surface_vertices), self.surface_faces)):
            if vertices_mm.shape == (count, 3):
                return vertices_mm, faces
        raise ValueError(
            f"vertices_mm: expected shape ({self.num_vertices}, 3) or ({len(self.surface_vertices)}, 3), "
            f"got {vertices_mm.shape}."
        )


def _check_shape(name: str, value: np.ndarray | None, expected: tuple[int, ...]) -> None:
    if value is not None and np.shape(value) != expected:
        raise ValueError(f"{name}: expected shape {expected}, got {np.shape(value)}.")

"""The release's template mesh, without its arm."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tfhand.mesh.obj import read_obj
from tfhand.mesh.validation import check_mesh

#: Vertices of the release's OBJ file, and those of its arm, which the network does not predict.
NUM_VERTICES = 1010
ARM = slice(473, 529)


def read_hand_faces(path: Path) -> tuple[np.ndarray, int]:
    """Triangles of the release's mesh without the arm.

    Args:
        path: the OBJ file.

    Returns:
        (F, 3) int32 faces over the vertices that remain, winding outward on a left hand, and the number of these
        vertices (954).

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no OBJ, has another number of vertices than the release's, or a broken mesh.
    """
    if not path.is_file():
        raise FileNotFoundError(f"--template: no file at {path}.")
    vertices, faces = read_obj(path)
    if len(vertices) != NUM_VERTICES:
        raise ValueError(f"--template: expected the release's mesh of {NUM_VERTICES} vertices, got {len(vertices)} in {path}.")
    kept = np.ones(len(vertices), bool)
    kept[ARM] = False
    renumbered = np.cumsum(kept) - 1
    faces = renumbered[faces[kept[faces].all(axis=1)]].astype(np.int32)
    check_mesh(vertices[kept], faces, f"{path} without the arm")
    return faces, int(kept.sum())

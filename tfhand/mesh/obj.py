"""Wavefront OBJ files of triangle meshes."""

from __future__ import annotations

import os

import numpy as np

from tfhand.io import atomic_path


def read_obj(path: str | os.PathLike[str]) -> tuple[np.ndarray, np.ndarray]:
    """Reads the vertices and faces of an OBJ file; everything else in it is passed over.

    Args:
        path: the file. Faces may have texture and normal indices and negative (relative) indices; faces of
            more than three corners are cut into fans.

    Returns:
        (V, 3) float32 vertices in the file's unit and frame, (F, 3) int32 faces.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a line can't be understood, an index is out of range, or there are no vertices or faces.
    """
    vertices: list[list[float]] = []
    faces: list[list[int]] = []
    with open(path, encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            fields = line.split()
            try:
                if fields and fields[0] == "v":
                    x, y, z = fields[1:4]
                    vertices.append([float(x), float(y), float(z)])
                elif fields and fields[0] == "f":
                    faces += _fan([_index(field, len(vertices)) for field in fields[1:]])
            except ValueError as error:
                got = line.strip()[:80]
                raise ValueError(f"{path}, line {number}: expected an OBJ vertex or face, got {got!r}.") from error
    if not vertices or not faces:
        raise ValueError(f"{path}: expected vertices and faces, got {len(vertices)} and {len(faces)}.")
    triangles = np.array(faces, np.int64)
    if triangles.min() < 0 or triangles.max() >= len(vertices):
        raise ValueError(
            f"{path}: expected vertex indices in 1..{len(vertices)}, got {triangles.min() + 1}..{triangles.max() + 1}."
        )
    return np.array(vertices, np.float32), triangles.astype(np.int32)


def write_obj(path: str | os.PathLike[str], vertices: np.ndarray, faces: np.ndarray) -> None:
    """Writes a mesh as OBJ.

    Args:
        path: the file to write.
        vertices: (V, 3) float, written as they are (mm, OpenCV camera frame, by this project's custom).
        faces: (F, 3) integer vertex indices.
    """
    lines = ["# millimetres; x right, y down, z forward"]
    lines += [f"v {x:.4f} {y:.4f} {z:.4f}" for x, y, z in np.asarray(vertices, np.float64).tolist()]
    lines += [f"f {a} {b} {c}" for a, b, c in (np.asarray(faces) + 1).tolist()]
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _index(field: str, count: int) -> int:
    index = int(field.split("/")[0])
    if index == 0:
        raise ValueError("indices start at 1")
    return index - 1 if index > 0 else count + index


def _fan(corners: list[int]) -> list[list[int]]:
    if len(corners) < 3:
        raise ValueError("a face needs three corners")
    return [[corners[0], corners[i], corners[i + 1]] for i in range(1, len(corners) - 1)]

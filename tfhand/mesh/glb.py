"""Binary glTF 2.0 files of one triangle mesh."""

from __future__ import annotations

import json
import os
import struct

import numpy as np

from tfhand.io import atomic_path
from tfhand.mesh.normals import vertex_normals

_GLB_MAGIC, _JSON_CHUNK, _BINARY_CHUNK = 0x46546C67, 0x4E4F534A, 0x004E4942
_FLOAT, _UNSIGNED_INT = 5126, 5125
_ARRAY_BUFFER, _ELEMENT_BUFFER = 34962, 34963


def write_glb(
    path: str | os.PathLike[str],
    vertices_mm: np.ndarray,
    faces: np.ndarray,
    colour: tuple[float, float, float] = (0.80, 0.60, 0.50),
) -> None:
    """Writes a mesh with smooth normals as GLB: metres, y up, the hand as the camera saw it.

    Args:
        path: the file to write.
        vertices_mm: (V, 3) float, mm, OpenCV camera frame (x right, y down, z forward).
        faces: (F, 3) integer vertex indices, counter-clockwise from outside.
        colour: linear RGB of the skin, 0..1.

    References:
        Khronos glTF 2.0 specification, sections 3.6 (buffers) and 4 (GLB).
    """
    # A half-turn about x takes OpenCV's axes to glTF's.
    positions = np.asarray(vertices_mm, np.float32) * np.float32([1e-3, -1e-3, -1e-3])
    faces = np.asarray(faces)
    normals = vertex_normals(positions, faces)
    normals[~normals.any(axis=1)] = (0.0, 0.0, 1.0)
    blocks = [positions.tobytes(), normals.astype("<f4").tobytes(), faces.astype("<u4").tobytes()]
    offsets = np.cumsum([0] + [len(block) for block in blocks]).tolist()
    targets = (_ARRAY_BUFFER, _ARRAY_BUFFER, _ELEMENT_BUFFER)
    description = {
        "asset": {"version": "2.0", "generator": "tfhand"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "hand"}],
        "meshes": [
            {"primitives": [{"attributes": {"POSITION": 0, "NORMAL": 1}, "indices": 2, "material": 0}]}
        ],
        "materials": [
            {
                "pbrMetallicRoughness": {
                    "baseColorFactor": [*colour, 1.0], "metallicFactor": 0.0, "roughnessFactor": 0.7
                },
                "doubleSided": True,
            }
        ],
        "accessors": [
            {
                "bufferView": 0, "componentType": _FLOAT, "count": len(positions), "type": "VEC3",
                "min": positions.min(axis=0).tolist(), "max": positions.max(axis=0).tolist(),
            },
            {"bufferView": 1, "componentType": _FLOAT, "count": len(positions), "type": "VEC3"},
            {"bufferView": 2, "componentType": _UNSIGNED_INT, "count": faces.size, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": offset, "byteLength": len(block), "target": target}
            for offset, block, target in zip(offsets, blocks, targets)
        ],
        "buffers": [{"byteLength": offsets[-1]}],
    }
    text = json.dumps(description, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    binary = b"".join(blocks)
    total = 12 + 8 + len(text) + 8 + len(binary)
    with atomic_path(path) as temporary:
        temporary.write_bytes(
            struct.pack("<III", _GLB_MAGIC, 2, total)
            + struct.pack("<II", len(text), _JSON_CHUNK) + text
            + struct.pack("<II", len(binary), _BINARY_CHUNK) + binary
        )

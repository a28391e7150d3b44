"""Small clips of every awkward kind."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

#: The display matrices of phone clips by the turn that makes them upright, clockwise, degrees: 16.16 numbers a, b, c, d
#: (ISO/IEC 14496-12, 8.3.2; the rest of the matrix is that of no turn).
_TURNS = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


def write_clip(path: Path, images: Iterable[np.ndarray], rate: float = 25.0, code: str = "mp4v") -> Path:
    """A clip of RGB images; MP4 by its name, or with code "MJPG" an AVI file."""
    images = list(images)
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*code), rate, images[0].shape[1::-1])
    assert writer.isOpened()
    for image in images:
        writer.write(np.ascontiguousarray(image[..., ::-1]))
    writer.release()
    return path


def turn_clip(path: Path, degrees: int) -> Path:
    """Writes into an MP4 file that its frames are to be turned clockwise, as phones do."""
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 4
    matrix = start + (52 if data[start] == 1 else 40)
    a, b, c, d = (value << 16 for value in _TURNS[degrees])
    data[matrix : matrix + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def quarters(size: tuple[int, int] = (64, 48), level: int = 0) -> np.ndarray:
    """(H, W, 3) uint8: red, green, blue and white quarters from top left on in reading order; `level` tells frames apart."""
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    bright = 230 - level
    image[: height // 2, : width // 2, 0] = bright
    image[: height // 2, width // 2 :, 1] = bright
    image[height // 2 :, : width // 2, 2] = bright
    image[height // 2 :, width // 2 :] = bright
    return image

"""Reading and writing clips: upright RGB frames with their times, and files that are whole or not there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tfhand.io import atomic_path

#: Frames a second of clips that do not say.
DEFAULT_RATE = 30.0
#: Beyond these a file's rate is no rate: WebM and MKV of uneven times give the steps of their clock, 1000 a second.
_RATES = (1.0, 480.0)
#: MPEG-4 Part 2 has no room for the fractions of higher rates, such as 100.111.
_FRACTIONS_UP_TO = 65.0
#: FFmpeg's own messages name neither file nor frame; only its fatal ones are let through.
_LOG_LEVEL = ("OPENCV_FFMPEG_LOGLEVEL", "8")


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame of a clip.

    Attributes:
        index: counted from 0.
        time_s: when it is shown, s; always later than the frame before.
        image: (H, W, 3) uint8 RGB, upright.
    """

    index: int
    time_s: float
    image: np.ndarray


class Clip:
    """A video file, read frame by frame.

    Frames come upright: the rotation that phones write beside their pictures (the display matrix) is applied. Times are
    the file's own, so a variable frame rate is no matter. A file that breaks off gives the frames before that.

    Args:
        path: any format that OpenCV's FFmpeg reads (MP4, MOV, WebM, MKV, AVI, ...).

    Attributes:
        path: of the file.
        rate: frames a second, on average.
        promised_frames: how many frames the file says it has, roughly in some formats; 0 where it does not say.
        promised_s: how long it says that it is, s; 0 where it does not say.

    Raises:
        FileNotFoundError: no such file.
        OSError: the path can't be read (a folder, no permission).
        ValueError: the file is empty or no clip. All messages name it.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path)
        if not self.path.exists():
            raise FileNotFoundError(f"no clip at {path}.")
        if self.path.is_dir():
            raise IsADirectoryError(f"expected a clip, {path} is a folder.")
        if self.path.stat().st_size == 0:
            raise ValueError(f"{path} is empty (0 bytes), not a clip.")
        with open(self.path, "rb"):
            pass  # no permission is said here, not by a decoder that finds nothing
        os.environ.setdefault(*_LOG_LEVEL)
        self._capture = cv2.VideoCapture(str(self.path), cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise ValueError(f"{path} is not a clip of a known format, or breaks off before its first frame.")
        self._capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        rate, count = (self._number(name) for name in (cv2.CAP_PROP_FPS, cv2.CAP_PROP_FRAME_COUNT))
        self.rate = rate if _RATES[0] <= rate <= _RATES[1] else DEFAULT_RATE
        # Where a file has no count, OpenCV's is its length times that rate, whatever it is.
        self.promised_s = count / rate if rate > 0 and count < 1e8 else 0.0
        self.promised_frames = round(self.promised_s * self.rate)

    def _number(self, name: int) -> float:
        value = float(self._capture.get(name))
        return value if np.isfinite(value) and value > 0 else 0.0

    def __iter__(self) -> Iterator[Frame]:
        """The frames from here on; a clip is read once."""
        index, last = 0, None
        while True:
            there, image = self._capture.read()
            if not there or image is None:
                return
            time_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            if last is not None and not time_s > last + 1e-4:  # no times in the file, or they run backwards
                time_s = last + 1 / self.rate
            yield Frame(index, time_s, np.ascontiguousarray(image[..., ::-1]))
            index, last = index + 1, time_s

    def __enter__(self) -> Clip:
        return self

    def __exit__(self, *error: object) -> None:
        self._capture.release()


@contextlib.contextmanager
def clip_writer(path: str | os.PathLike[str], size: tuple[int, int], rate: float) -> Iterator[ClipWriter]:
    """Gives a writer of an MP4 file (MPEG-4 Part 2) that is put in place at the end, if all its frames can be read.

    Args:
        path: of the file, ending in `.mp4`.
        size: `(width, height)`, even numbers of pixels.
        rate: frames a second.

    Yields:
        The writer.

    Raises:
        OSError: it can't be written; nothing is left behind then.
    """
    with atomic_path(path) as temporary:
        writer = ClipWriter(temporary, size, rate)
        if not writer.is_open:
            raise OSError(f"{path} can't be written: expected a folder that may be written to and OpenCV with FFmpeg.")
        try:
            yield writer
        finally:
            writer.close()
        # The encoder does not tell when the disk is full. An interrupt may come between a frame and its count.
        if _count(temporary) < writer.num_frames:
            raise OSError(f"{path} could not be written whole; is the disk full?")


class ClipWriter:
    """Adds frames to a file; see `clip_writer`."""

    def __init__(self, path: Path, size: tuple[int, int], rate: float):
        self.size, self.num_frames = size, 0
        rate = rate if rate <= _FRACTIONS_UP_TO else float(round(rate))
        self._writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"mp4v"), rate, size)

    @property
    def is_open(self) -> bool:
        """Whether frames can be added."""
        return self._writer.isOpened()

    def add(self, image: np.ndarray) -> None:
        """Adds a frame (H, W, 3) uint8 RGB of the writer's size."""
        if image.shape != (self.size[1], self.size[0], 3):
            raise ValueError(f"image: expected shape {(self.size[1], self.size[0], 3)}, got {image.shape}.")
        self._writer.write(np.ascontiguousarray(image[..., ::-1]))
        self.num_frames += 1

    def close(self) -> None:
        """Ends the file."""
        self._writer.release()


def _count(path: Path) -> int:
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        return int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
    finally:
        capture.release()

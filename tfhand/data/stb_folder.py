"""STB's files as they are: folders, numbered pictures, depth maps, and `handPara` in its own order and frame."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tfhand.constants import NUM_JOINTS
from tfhand.data.dataset_dir import dataset_dir, missing_data
from tfhand.data.hand_in_view import UnusableSampleError
from tfhand.io import read_image

#: Height and width of every picture and depth map.
IMAGE_SIZE = (480, 640)
_ENTRY = "handPara"


class StbFolder:
    """The benchmark's folder, in either layout.

    Args:
        data_dir: the folder; None for `$TFHAND_DATA/stb`, or else `~/tfhand_data/stb`.
    """

    def __init__(self, data_dir: str | Path | None = None):
        self._given, self.root = data_dir, dataset_dir("stb", data_dir)

    def require(self, sequences: Sequence[str], kinds: Sequence[str]) -> None:
        """Checks that sequences and their labels ("BB", "SK") are there.

        Raises:
            FileNotFoundError: something isn't: one message names all of it and says where to get it.
        """
        if not self.root.is_dir():
            raise FileNotFoundError(missing_data("stb", self._given))
        missing = [f"the pictures of {name}" for name in sequences if self._sequence(name) is None]
        labels = [self._labels(name, kind) for name in sequences for kind in kinds]
        missing += [f"labels/{path.name}" for path in labels if not path.is_file()]
        if missing:
            problem = f"{self.root} lacks {', '.join(missing)}"
            raise FileNotFoundError(missing_data("stb", self._given, problem))

    def require_pictures(self, sequence: str, prefix: str, count: int) -> None:
        """Checks that pictures `prefix_0.png` ... are there, one for each of `count` labels.

        Raises:
            ValueError: some are missing, or there are more of them.
        """
        folder = self._sequence(sequence)
        wanted = {f"{prefix}_{number}.png" for number in range(count)}
        found = {path.name for path in folder.glob(f"{prefix}_*.png")}
        for what, names in (("lacks", wanted - found), ("also has", found - wanted)):
            if names:
                first = min(names, key=lambda name: (len(name), name))
                more = f" and {len(names) - 1} more" if len(names) > 1 else ""
                raise ValueError(
                    f"{folder}: expected {prefix}_0.png to {prefix}_{count - 1}.png, one for each of the labels; "
                    f"it {what} {first}{more}."
                )

    def hand_para(self, sequence: str, kind: str) -> np.ndarray:
        """The labels of a sequence: (frames, 21, 3) float64 mm, in the files' order of joints and their camera's frame.

        Raises:
            ValueError: the file is damaged, or holds something else or values that are not finite.
        """
        import scipy.io

        path = self._labels(sequence, kind)
        try:
            content = scipy.io.loadmat(path)
        except Exception as error:  # scipy's parser raises whatever a damaged byte leads it to
            raise ValueError(f"{path}: expected a MATLAB 5 file, got one that cannot be read ({error}).") from error
        if _ENTRY not in content:
            known = ", ".join(sorted(name for name in content if not name.startswith("__")))
            raise ValueError(f"{path}: expected an entry {_ENTRY}, got {known or 'none'}.")
        values = content[_ENTRY]
        shape, dtype = values.shape, values.dtype
        if len(shape) != 3 or shape[:2] != (3, NUM_JOINTS) or shape[2] == 0 or dtype.kind not in "fiu":
            raise ValueError(
                f"{path}: expected {_ENTRY} of numbers of shape (3, {NUM_JOINTS}, frames), got {shape} {dtype}."
            )
        values = np.ascontiguousarray(values.transpose(2, 1, 0), np.float64)
        bad = np.flatnonzero(~np.isfinite(values).all(axis=(1, 2)))
        if len(bad):
            raise ValueError(f"{path}: expected finite joints, got others in {len(bad)} frames, first frame {bad[0]}.")
        return values

    def picture(self, sequence: str, prefix: str, number: int) -> np.ndarray:
        """A picture: (480, 640, 3) uint8 RGB.

        Raises:
            FileNotFoundError: it isn't there.
            ValueError: it is damaged or of another size.
        """
        return read_image(self._sequence(sequence) / f"{prefix}_{number}.png", size=IMAGE_SIZE[::-1])

    def depth_mm(self, sequence: str, prefix: str, number: int) -> np.ndarray:
        """A depth map: (480, 640) float32 mm in the depth camera's frame, 0 where nothing was measured.

        Raises:
            FileNotFoundError: it isn't there.
            ValueError: it is damaged, or of another size or kind.
            UnusableSampleError: nothing was measured at all.
        """
        from PIL import Image

        image = self.picture(sequence, prefix, number)
        path = self._sequence(sequence) / f"{prefix}_{number}.png"
        with Image.open(path) as file:
            if file.mode != "RGB":
                raise ValueError(f"{path}: expected depth as three 8-bit channels, R + 256 G mm, got {file.mode}.")
        depth = image[..., 0].astype(np.float32) + np.float32(256) * image[..., 1].astype(np.float32)
        if not depth.any():
            raise UnusableSampleError(
                f"{sequence}/{prefix}_{number}: expected a depth map, got one in which nothing was measured "
                "(with_depth=False reads pictures without)."
            )
        return depth

    def _sequence(self, name: str) -> Path | None:
        places = (self.root / "images" / name, self.root / name)
        return next((place for place in places if place.is_dir()), None)

    def _labels(self, sequence: str, kind: str) -> Path:
        return self.root / "labels" / f"{sequence}_{kind}.mat"

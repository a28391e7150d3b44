"""Reader of FreiHAND: photographs of right hands with 3D joints, masks and meshes of another topology.

On disk (metres, camera frame x right, y down, z forward, joints in this project's order):

    DIR/training/rgb/%08d.jpg       224 x 224; every photograph again before other backgrounds, version after version
    DIR/training/mask/%08d.jpg      224 x 224; of the first version, or of each
    DIR/evaluation/rgb/%08d.jpg     224 x 224
    DIR/{training,evaluation}_{K,xyz,scale,verts}.json   lists of (3, 3), (21, 3), the scale bone's length, (778, 3)

References:
    Zimmermann et al., FreiHAND: A Dataset for Markerless Capture of Hand Pose and Shape from Single RGB Images,
    ICCV 2019.
"""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tfhand.constants import NUM_JOINTS
from tfhand.data.camera_matrix import intrinsics_of
from tfhand.data.dataset_dir import require_dataset
from tfhand.data.hand_in_view import box_in_view, check_joints_on_mask
from tfhand.data.hand_reader import HandReader
from tfhand.data.sample import HandSample
from tfhand.io import read_image

SPLITS = ("training", "evaluation")
IMAGE_SIZE = (224, 224)
SIDE = "right"
NUM_MANO_VERTICES = 778
_MM_PER_M = 1000.0
_MASK_THRESHOLD = 128


class FreiHANDDataset(HandReader):
    """The samples of a split, in the order of their numbers.

    Photograph `i` has the labels `i % N` of the N annotated hands. Masks are those of the hand, `alpha` and
    `hand_alpha` alike; there is no depth. The set's meshes are not this project's: `vertices_mm` stays None, and with
    `meshes` they are in `extras["mano_vertices_mm"]`, (778, 3) float32, mm, camera frame. `hand_scale_mm` is what the
    set gives. Joints stay as the set defines them.

    Args:
        data_dir: folder that holds the JSON files and `training` or `evaluation`; None for
            `$TFHAND_DATA/freihand`, or else `~/tfhand_data/freihand`.
        split: "training" or "evaluation".
        meshes: read the set's meshes too, a gigabyte of JSON for training.
        first_version_only: leave out the photographs before other backgrounds.

    Raises:
        FileNotFoundError: the folder or a file in it is missing.
        ValueError: an unknown split, labels that are damaged or not finite, or images and labels that don't belong
            together.
    """

    def __init__(
        self,
        data_dir: str | Path | None = None,
        split: str = "training",
        meshes: bool = False,
        first_version_only: bool = False,
    ):
        if split not in SPLITS:
            raise ValueError(f"split: expected one of {', '.join(SPLITS)}, got {split!r}.")
        files = [f"{split}_{key}.json" for key in ("K", "xyz", "scale", *(["verts"] if meshes else []))]
        folders = [f"{split}/rgb", *(["training/mask"] if split == "training" else [])]
        root = require_dataset("freihand", data_dir, files + folders, inner=("FreiHAND_pub_v2",))
        self.split = split
        self._dir = root / split
        self._joints_mm = _labels(root / f"{split}_xyz.json", (NUM_JOINTS, 3)) * _MM_PER_M
        count = len(self._joints_mm)
        matrices = root / f"{split}_K.json"
        self._intrinsics = intrinsics_of(_labels(matrices, (3, 3), count), str(matrices))
        self._scales_mm = _labels(root / f"{split}_scale.json", (), count) * _MM_PER_M
        if not (self._scales_mm > 0).all():
            raise ValueError(f"{root / f'{split}_scale.json'}: expected positive lengths, got {self._scales_mm.min()} mm.")
        self._meshes_mm: np.ndarray | None = None
        if meshes:
            metres = _labels(root / f"{split}_verts.json", (NUM_MANO_VERTICES, 3), count)
            self._meshes_mm = (metres * _MM_PER_M).astype(np.float32)
        num_images = _count_files(self._dir / "rgb", count)
        self._num_masks = _count_files(self._dir / "mask", count) if split == "training" else 0
        self._length = count if first_version_only else num_images

    def __len__(self) -> int:
        return self._length

    def read(self, index: int) -> HandSample:
        """Sample `index`, 0 <= index < len.

        Raises:
            UnusableSampleError: the hand lies wholly outside, or its joints beside its mask.
            FileNotFoundError, ValueError: an image is missing, damaged or of another size.
        """
        name, label = f"{self.split}/{index:08d}", index % len(self._joints_mm)
        joints_mm, intrinsics = self._joints_mm[label], self._intrinsics[label]
        box = box_in_view(name, joints_mm, intrinsics, IMAGE_SIZE)
        mask = None
        if self._num_masks:
            grey = self._image("mask", index % self._num_masks)[..., 0]
            mask = np.where(grey >= _MASK_THRESHOLD, np.uint8(255), np.uint8(0))
            check_joints_on_mask(name, joints_mm, intrinsics, mask)
        return HandSample(
            image=self._image("rgb", index),
            intrinsics=intrinsics,
            box=box,
            side=SIDE,
            joints_mm=joints_mm,
            alpha=mask,
            hand_alpha=mask,
            name=name,
            hand_scale_mm=float(self._scales_mm[label]),
            extras={} if self._meshes_mm is None else {"mano_vertices_mm": self._meshes_mm[label]},
        )

    def _image(self, folder: str, number: int) -> np.ndarray:
        return read_image(self._dir / folder / f"{number:08d}.jpg", size=IMAGE_SIZE)


def _labels(path: Path, shape: tuple[int, ...], count: int | None = None) -> np.ndarray:
    """A JSON list as (N, *shape) float64; N is `count` where that is given.

    Raises:
        ValueError: truncated or damaged, of another shape or number, or not finite.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is truncated or damaged JSON: {error}.") from error
    try:
        values = np.asarray(content, np.float64)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: expected a list of numbers of shape {shape} for each hand, got {error}.") from error
    if values.ndim == 0 or len(values) == 0 or values.size != len(values) * int(np.prod(shape)):
        raise ValueError(f"{path}: expected numbers of shape {('N', *shape)}, N > 0, got {values.shape}.")
    if count is not None and len(values) != count:
        raise ValueError(f"{path}: labels are out of step: expected {count}, as many as xyz has, got {len(values)}.")
    values = values.reshape(len(values), *shape)
    finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    if not finite.all():
        raise ValueError(f"{path}: expected finite values, got NaN or infinity in entry {int(np.argmin(finite))}.")
    return values


def _count_files(folder: Path, count: int) -> int:
    """How many images a folder holds: numbered from 0 without a gap, some whole times the labels' number."""
    numbers = {int(path.stem) for path in folder.glob("*.jpg") if path.stem.isdecimal()}
    if not numbers or len(numbers) % count or max(numbers) + 1 != len(numbers):
        raise ValueError(
            f"{folder}: labels and images are out of step: expected {count} images or a multiple, numbered from 0, "
            f"got {len(numbers)}{f', the last of them {max(numbers):08d}' if numbers else ''}."
        )
    return len(numbers)

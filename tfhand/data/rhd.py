"""Reader of the Rendered Hand Pose Dataset, version 2: renders with 3D joints, masks and depth.

On disk (metres, camera frame x right, y down, z forward; joints 0-20 of the left hand, 21-41 of the right one: wrist,
then thumb to little finger, each tip to base):

    DIR/{training,evaluation}/{color,mask,depth}/%05d.png         320 x 320
    DIR/{training,evaluation}/anno_{training,evaluation}.pickle   {int: {uv_vis (42, 3), xyz (42, 3), K (3, 3)}}

Mask: 0 background, 1 person, 2-17 left hand, 18-33 right hand. Depth in metres: `(R * 256 + G) / 65535 * 5`.

References:
    Zimmermann and Brox, Learning to Estimate 3D Hand Pose from Single RGB Images, ICCV 2017.
"""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tfhand.constants import NUM_JOINTS
from tfhand.data.camera_matrix import intrinsics_of
from tfhand.data.dataset_dir import missing_data, require_dataset
from tfhand.data.hand_in_view import UnusableSampleError, box_in_view, check_joints_on_mask
from tfhand.data.hand_reader import HandReader
from tfhand.data.plain_pickle import load_plain_pickle
from tfhand.data.sample import HANDS_SEEN, HandSample
from tfhand.io import read_image

SPLITS = ("training", "evaluation")
IMAGE_SIZE = (320, 320)
#: RHD's number of each of our joints, within one hand.
JOINT_ORDER = (0, 4, 3, 2, 1, 8, 7, 6, 5, 12, 11, 10, 9, 16, 15, 14, 13, 20, 19, 18, 17)
_FOLDERS = ("color", "mask", "depth")
_ENTRIES = {"uv_vis": (2 * NUM_JOINTS, 3), "xyz": (2 * NUM_JOINTS, 3), "K": (3, 3)}
_MM_PER_M = 1000.0
_DEPTH_MM = 5.0 * _MM_PER_M / 65535.0
#: Labels of a hand in the mask, first and last, and where its joints start.
_HANDS = {"left": (2, 17, 0), "right": (18, 33, NUM_JOINTS)}


class RHDDataset(HandReader):
    """The samples of a split, in the order of their numbers; of two hands the one with more mask pixels.

    `alpha` and `scene_depth_mm` cover the whole person, `hand_alpha` and `depth_mm` the chosen hand. `joint_visible` is
    what the set says of its joints, `extras` how many hands there are. Joints stay as the set defines them.

    Args:
        data_dir: folder that holds `training` and `evaluation`, or the folder around it; None for `$TFHAND_DATA/rhd`,
            or else `~/tfhand_data/rhd`.
        split: "training" or "evaluation".

    Raises:
        FileNotFoundError: the folder, a file in it, or an image of an annotation is missing.
        ValueError: an unknown split, annotations that are damaged or carry code, joints that are not finite, or images
            and annotations that don't belong together.
    """

    def __init__(self, data_dir: str | Path | None = None, split: str = "training"):
        if split not in SPLITS:
            raise ValueError(f"split: expected one of {', '.join(SPLITS)}, got {split!r}.")
        annotations = f"{split}/anno_{split}.pickle"
        needed = [annotations, *(f"{split}/{folder}" for folder in _FOLDERS)]
        root = require_dataset("rhd", data_dir, needed, inner=("RHD_published_v2",))
        self.split = split
        self._dir = root / split
        path = root / annotations
        content = load_plain_pickle(path)
        if not isinstance(content, dict) or not content or not all(type(key) is int and key >= 0 for key in content):
            raise ValueError(f"{path}: expected a dict of annotations by image number, got {type(content).__name__}.")
        self._numbers = sorted(content)
        for folder in _FOLDERS:
            self._check_files(self._dir / folder)
        rows = {key: [_entry(content[number], key, f"{path}: {number}") for number in self._numbers] for key in _ENTRIES}
        self._visible = np.stack(rows["uv_vis"])[..., 2] > 0.5
        self._joints_mm = np.stack(rows["xyz"]) * _MM_PER_M
        self._intrinsics = intrinsics_of(np.stack(rows["K"]), str(path))

    def __len__(self) -> int:
        return len(self._numbers)

    def read(self, index: int) -> HandSample:
        """Sample `index`, 0 <= index < len.

        Raises:
            UnusableSampleError: no hand in the mask, the hand wholly outside, or joints beside the hand.
            FileNotFoundError, ValueError: an image is missing, damaged or of another size.
        """
        name = f"{self.split}/{self._numbers[index]:05d}"
        labels = self._image("mask", index)[..., 0]
        side, hand = _larger_hand(labels, name)
        joints = slice(_HANDS[side][2], _HANDS[side][2] + NUM_JOINTS)
        joints_mm = self._joints_mm[index, joints][list(JOINT_ORDER)]
        visible = self._visible[index, joints][list(JOINT_ORDER)]
        intrinsics = self._intrinsics[index]
        box = box_in_view(name, joints_mm, intrinsics, IMAGE_SIZE)
        hand_alpha = np.where(hand, np.uint8(255), np.uint8(0))
        check_joints_on_mask(name, joints_mm, intrinsics, hand_alpha, visible)
        pixels = self._image("depth", index)
        depth = (pixels[..., 0].astype(np.float32) * 256 + pixels[..., 1]) * np.float32(_DEPTH_MM)
        return HandSample(
            image=self._image("color", index),
            intrinsics=intrinsics,
            box=box,
            side=side,
            joints_mm=joints_mm,
            alpha=np.where(labels > 0, np.uint8(255), np.uint8(0)),
            hand_alpha=hand_alpha,
            depth_mm=np.where(hand, depth, np.float32(0)),
            scene_depth_mm=np.where(labels > 0, depth, np.float32(0)),
            joint_visible=visible,
            name=name,
            extras={HANDS_SEEN: sum(((labels >= first) & (labels <= last)).any() for first, last, _ in _HANDS.values())},
        )

    def _check_files(self, folder: Path) -> None:
        numbers = {int(path.stem) for path in folder.glob("*.png") if path.stem.isdecimal()}
        missing, extra = sorted(set(self._numbers) - numbers), sorted(numbers - set(self._numbers))
        if missing:
            problem = f"{folder}: {len(missing)} of {len(self)} annotated images are missing, the first {missing[0]:05d}.png"
            raise FileNotFoundError(missing_data("rhd", self._dir.parent, problem))
        if extra:
            raise ValueError(
                f"{folder}: labels and images are out of step: {len(extra)} images have no annotation, "
                f"the first {extra[0]:05d}.png."
            )

    def _image(self, folder: str, index: int) -> np.ndarray:
        return read_image(self._dir / folder / f"{self._numbers[index]:05d}.png", size=IMAGE_SIZE)


def _entry(annotation: Any, key: str, place: str) -> np.ndarray:
    value = annotation.get(key) if isinstance(annotation, dict) else None
    if not isinstance(value, np.ndarray) or value.shape != _ENTRIES[key]:
        shape = value.shape if isinstance(value, np.ndarray) else type(value).__name__
        raise ValueError(f"{place}: expected {key} as an array of shape {_ENTRIES[key]}, got {shape}.")
    if not np.isfinite(value).all():
        raise ValueError(f"{place}: expected finite values of {key}, got NaN or infinity among them.")
    return value.astype(np.float64)


def _larger_hand(labels: np.ndarray, name: str) -> tuple[str, np.ndarray]:
    """The side with more pixels, right where they are equal, and its (H, W) bool mask."""
    masks = {side: (labels >= first) & (labels <= last) for side, (first, last, _) in _HANDS.items()}
    counts = {side: int(mask.sum()) for side, mask in masks.items()}
    side = "left" if counts["left"] > counts["right"] else "right"
    if counts[side] == 0:
        raise UnusableSampleError(f"{name}: no pixel of the mask is a hand's; the hands lie wholly outside the image.")
    return side, masks[side]

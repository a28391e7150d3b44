"""Reader of STB, the Stereo Hand Pose Tracking Benchmark: 18,000 frames of left hands, seen by two devices.

On disk, in either of the two layouts that are in circulation (`SEQ` is B1..B6 x {Counting, Random}):

    DIR/images/SEQ/*.png or DIR/SEQ/*.png    BB_left_%d, BB_right_%d, SK_color_%d, SK_depth_%d, from 0, 640 x 480
    DIR/labels/SEQ_{BB,SK}.mat               handPara 3 x 21 x frames, mm: palm centre, then little, ring, middle, index
                                             and thumb, base to tip. BB: frame of the left Bumblebee camera; SK: frame
                                             of the depth camera, not of the colour camera

"STB AUC" is quoted on different pictures: Zimmermann and Brox take both Bumblebee cameras of the test sequences
(6,000), Ge et al. the SK colour camera (3,000). Say which.

Intrinsics are used as published. Whether they count pixels from the first one's corner, as this project does, or from
its centre isn't said; the joints would project half a pixel away, 0.4 mm at 500 mm.

References:
    Zhang et al., A Hand Pose Tracking Benchmark from Stereo Matching, ICIP 2017; its readme has the cameras.
    Zimmermann and Brox, Learning to Estimate 3D Hand Pose from Single RGB Images, ICCV 2017 (palm to wrist).
"""
from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from tfhand.constants import JOINT_NAMES, ROOT_JOINT
from tfhand.data.depth_warp import warp_depth
from tfhand.data.hand_depth import hand_depth
from tfhand.data.hand_in_view import UnusableSampleError, box_in_view
from tfhand.data.hand_reader import HandReader
from tfhand.data.sample import HandSample
from tfhand.data.stb_folder import IMAGE_SIZE, StbFolder

SIDE = "left"
SPLITS: dict[str, tuple[str, ...]] = {
    "train": tuple(f"B{number}{kind}" for number in range(2, 7) for kind in ("Counting", "Random")),
    "test": ("B1Counting", "B1Random"),
}
#: For each of this project's joints, the row of `handPara`.
JOINT_ORDER = (0, 17, 18, 19, 20, 13, 14, 15, 16, 9, 10, 11, 12, 5, 6, 7, 8, 1, 2, 3, 4)
#: The joint that the wrist is found through: it lies as far behind the palm centre as this one before it.
_RING_MCP = JOINT_NAMES.index("ring1")
_WRIST_STRETCH = 2.0

#: fx, fy, u0, v0 in pixels, as published.
BUMBLEBEE_INTRINSICS = (822.79041, 822.79041, 318.47345, 250.31296)
SK_COLOUR_INTRINSICS = (607.92271, 607.88192, 314.78337, 236.42484)
SK_DEPTH_INTRINSICS = (475.62768, 474.77709, 336.41179, 238.77962)
BASELINE_MM = 120.054
#: Colour to depth camera: `X_depth = R X_colour + t`.
SK_ROTATION_VECTOR = (0.00531, -0.01196, 0.00301)
SK_TRANSLATION_MM = (-24.0381, -0.4563, -1.2326)


@dataclasses.dataclass(frozen=True)
class _Camera:
    """Whose pictures to read, and where the labels' frame lies: `X_camera = rotation @ X_labels + translation`."""

    prefix: str
    labels: str
    intrinsics: tuple[float, float, float, float]
    rotation: np.ndarray
    translation_mm: np.ndarray


_TO_COLOUR = cv2.Rodrigues(np.array(SK_ROTATION_VECTOR))[0].T
#: The cameras by the names that `StbDataset` takes.
CAMERAS: dict[str, _Camera] = {
    "bb_left": _Camera("BB_left", "BB", BUMBLEBEE_INTRINSICS, np.eye(3), np.zeros(3)),
    "bb_right": _Camera("BB_right", "BB", BUMBLEBEE_INTRINSICS, np.eye(3), np.array([-BASELINE_MM, 0.0, 0.0])),
    "sk": _Camera("SK_color", "SK", SK_COLOUR_INTRINSICS, _TO_COLOUR, -_TO_COLOUR @ np.array(SK_TRANSLATION_MM)),
}
_DEPTH_PREFIX = "SK_depth"


class StbDataset(HandReader):
    """The samples of a split, camera by camera, sequence by sequence, frame by frame.

    Every sample is one whole 640 x 480 picture; joints are in the frame of the camera that took it, in this project's
    order, with the palm centre moved to the wrist as the benchmark's users do; `box` is the square around them. SK
    samples have `scene_depth_mm`, the depth camera's map as the colour camera sees it (the background's depth too), and
    `depth_mm`, the hand's part of it (see `hand_depth`); Bumblebee samples have none.

    Args:
        data_dir: the benchmark's folder; None for `$TFHAND_DATA/stb`, or else `~/tfhand_data/stb`.
        split: "train" (B2 to B6, 15,000 frames) or "test" (B1, 3,000).
        cameras: of "sk", "bb_left", "bb_right".
        with_depth: False reads no depth maps: SK samples have no depth, and their files may be missing.

    Raises:
        FileNotFoundError: the folder, or sequences or labels of the split, are missing; one message says which and
            where to get them.
        ValueError: an unknown split or camera; a damaged file of labels; labels that aren't finite or not in front of
            the camera; pictures or depth maps that are not one for each label.
    """

    def __init__(
        self,
        data_dir: str | Path | None = None,
        split: str = "test",
        cameras: Sequence[str] = ("sk",),
        with_depth: bool = True,
    ):
        if split not in SPLITS:
            raise ValueError(f"split: expected one of {', '.join(SPLITS)}, got {split!r}.")
        unknown = [camera for camera in cameras if camera not in CAMERAS]
        if isinstance(cameras, str) or unknown or not cameras or len(set(cameras)) < len(cameras):
            raise ValueError(f"cameras: expected different ones of {', '.join(CAMERAS)}, got {cameras!r}.")
        self.split, self.cameras, self.with_depth = split, tuple(cameras), with_depth
        self._files = StbFolder(data_dir)
        self.data_dir = self._files.root
        self._files.require(SPLITS[split], sorted({CAMERAS[camera].labels for camera in cameras}))
        #: Camera, sequence and number of every sample.
        self._frames: list[tuple[str, str, int]] = []
        joints = []
        for camera in self.cameras:
            for sequence in SPLITS[split]:
                joints.append(self._sequence_joints(camera, sequence))
                self._frames += [(camera, sequence, number) for number in range(len(joints[-1]))]
        #: (N, 21, 3) float64 mm, each in the frame of its picture's camera: all labels, without reading pictures.
        self.joints_mm = np.concatenate(joints)

    def __len__(self) -> int:
        return len(self._frames)

    def read(self, index: int) -> HandSample:
        """Sample `index`, 0 <= index < len.

        Raises:
            FileNotFoundError: a file went missing.
            ValueError: a picture or depth map is damaged or of another size.
            UnusableSampleError: the hand lies wholly outside the picture, or nothing was measured of it.
        """
        name, sequence, number = self._frames[index]
        camera, joints = CAMERAS[name], self.joints_mm[index]
        intrinsics = np.array(camera.intrinsics, np.float32)
        sample_name = f"{sequence}/{camera.prefix}_{number}"
        box = box_in_view(sample_name, joints, intrinsics, IMAGE_SIZE[::-1])
        scene = hand = None
        if self.with_depth and name == "sk":
            depth = self._files.depth_mm(sequence, _DEPTH_PREFIX, number)
            scene = warp_depth(
                depth, SK_DEPTH_INTRINSICS, camera.rotation, camera.translation_mm, intrinsics, IMAGE_SIZE
            )
            hand = hand_depth(scene, intrinsics, joints)
            if not hand.any():
                raise UnusableSampleError(f"{sample_name}: the depth map has nothing but holes where the hand is.")
        return HandSample(
            image=self._files.picture(sequence, camera.prefix, number),
            intrinsics=intrinsics,
            box=box,
            side=SIDE,
            joints_mm=joints,
            depth_mm=hand,
            scene_depth_mm=scene,
            name=sample_name,
            extras={"dataset": "stb", "camera": name},
        )

    def _sequence_joints(self, name: str, sequence: str) -> np.ndarray:
        """Joints (frames, 21, 3) float64 of a sequence in a camera's frame, checked against its pictures."""
        camera = CAMERAS[name]
        joints = _our_joints(self._files.hand_para(sequence, camera.labels))
        joints = joints @ camera.rotation.T + camera.translation_mm
        behind = np.flatnonzero((joints[..., 2] <= 0).any(axis=1))
        if len(behind):
            raise ValueError(
                f"{self.data_dir}: expected joints in front of the camera, got others in the {camera.labels} labels of "
                f"{sequence}, first frame {behind[0]}."
            )
        prefixes = (camera.prefix, _DEPTH_PREFIX) if name == "sk" and self.with_depth else (camera.prefix,)
        for prefix in prefixes:
            self._files.require_pictures(sequence, prefix, len(joints))
        return joints


def _our_joints(hand_para: np.ndarray) -> np.ndarray:
    """This project's joints (..., 21, 3) from `handPara` rows, same unit and frame: reordered, palm centre to wrist."""
    joints = np.array(hand_para[..., JOINT_ORDER, :])
    ring = joints[..., _RING_MCP, :]
    joints[..., ROOT_JOINT, :] = ring + _WRIST_STRETCH * (joints[..., ROOT_JOINT, :] - ring)
    return joints

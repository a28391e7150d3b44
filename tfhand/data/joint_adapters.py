"""Joints of datasets that define them differently from this project's hand.

A dataset's difference is a linear map from our 21 joints to its own, how far the thumb's first joint stands before the
palm, and the ratio of the two rigs' scale bones. The network never sees any of it. The constants come from the geometry of
the two rigs alone, their bones' lengths and that height, never from predictions or their errors; this recomputes them and
prints what is left unexplained:

    python -m tfhand.data.joint_adapters --dataset real_world --data-dir DIR
"""
from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import numpy as np

from tfhand.constants import (
    BONES,
    CANONICAL_SIDE,
    FINGER_JOINTS,
    FINGERS,
    FINGERTIPS,
    JOINT_NAMES,
    NUM_JOINTS,
    ROOT_JOINT,
    SCALE_BONE,
    SIDES,
)

#: Samples whose labels the command looks at.
_SAMPLES = 1000
_THUMB_BASE = JOINT_NAMES.index("thumb1")
_KNUCKLES = tuple(FINGER_JOINTS[finger][0] for finger in FINGERS[1:])


@dataclasses.dataclass(frozen=True)
class JointAdapter:
    """From our joints to a dataset's.

    Attributes:
        name: of the dataset.
        wrist: how far its wrist lies from ours towards the middle finger's knuckle, as a share of that distance.
        knuckles: how far its four finger knuckles lie from ours towards our wrist, as a share of that distance.
        thumb_base: likewise for the thumb's first joint.
        thumb_front: how far its thumb's first joint lies before that, at right angles to the plane through our wrist and the
            knuckles of index and little finger, on the palm's side; as a share of the distance from our wrist to the middle
            finger's knuckle.
        tips: how far its fingertips lie beyond ours, as a share of the last bone (negative: deeper in the finger).
        scale_ratio: length of our scale bone over the hand scale that the dataset gives, on the same hand.
    """

    name: str
    wrist: float = 0.0
    knuckles: float = 0.0
    thumb_base: float = 0.0
    thumb_front: float = 0.0
    tips: float = 0.0
    scale_ratio: float = 1.0

    @property
    def changes_nothing(self) -> bool:
        """Our joints and the dataset's are taken to be the same."""
        return self == JointAdapter(self.name)

    @property
    def matrix(self) -> np.ndarray:
        """(21, 21) float64: the dataset's joints but for `thumb_front` are `matrix @ joints`.

        Rows sum to 1, so any origin and unit will do.
        """
        matrix = np.eye(NUM_JOINTS)
        _slide(matrix, ROOT_JOINT, SCALE_BONE[0], self.wrist)
        for knuckle in _KNUCKLES:
            _slide(matrix, knuckle, ROOT_JOINT, self.knuckles)
        _slide(matrix, _THUMB_BASE, ROOT_JOINT, self.thumb_base)
        for tip in FINGERTIPS:
            _slide(matrix, tip, tip - 1, -self.tips)
        return matrix

    def to_dataset(self, joints: np.ndarray, side: str = CANONICAL_SIDE) -> np.ndarray:
        """Our joints as the dataset defines them.

        Args:
            joints: (..., 21, 3) of one hand side, in any right-handed frame and unit of length (millimetres of a camera, for
                example; crop-normalised values are no such frame).
            side: "right" or "left".

        Returns:
            Same shape and dtype.

        Raises:
            ValueError: an unknown side.
        """
        joints = np.asarray(joints)
        theirs = self.matrix @ joints
        if self.thumb_front:
            reach = np.linalg.norm(joints[..., SCALE_BONE[0], :] - joints[..., ROOT_JOINT, :], axis=-1, keepdims=True)
            theirs[..., _THUMB_BASE, :] += self.thumb_front * reach * palm_front(joints, side)
        return theirs.astype(joints.dtype)

    def root(self, points: np.ndarray) -> np.ndarray:
        """The dataset's wrist (..., D) from our joints (..., 21, D): in any affine frame, crop-normalised ones included."""
        points = np.asarray(points)
        return (self.matrix[ROOT_JOINT] @ points).astype(points.dtype)

    def network_camera(self, camera: np.ndarray, joints_uvd: np.ndarray) -> np.ndarray:
        """Camera vectors for our joints from those for the dataset's.

        The dataset gives the depth of its own wrist (here along the axis of `d`, `tfhand.geometry.with_root_at`) and the
        length of its own scale bone. Ours are our scale bone's length, and the depth that differs from the dataset's as the
        two wrists do on our predicted hand.

        Args:
            camera: (N, 7) camera vectors with the dataset's root depth and hand scale, mm.
            joints_uvd: (N, 21, 3) our predicted joints.

        Returns:
            (N, 7) camera vectors, same dtype.
        """
        camera = np.array(camera)
        scale = camera[:, 5] * self.scale_ratio
        depths = np.asarray(joints_uvd)[..., 2]
        offset = self.root(depths[..., None])[:, 0] - depths[:, ROOT_JOINT]
        camera[:, 4] -= scale * offset
        camera[:, 5] = scale
        return camera


#: Ge et al.'s real-world test set, from the labels of 65 of its samples (bootstrap over them: +-0.03 wrist and thumb base,
#: +-0.01 knuckles and thumb front, +-0.02 tips and ratio). Seen over the photographs, its wrist lies within the heel of the
#: hand, 15 mm from the crease where ours is; its thumb starts in the ball, 15 mm before the plane of wrist and knuckles,
#: where ours starts; its tips are below the nail.
REAL_WORLD_ADAPTER = JointAdapter(
    "real_world", wrist=0.20, knuckles=-0.05, thumb_base=-0.12, thumb_front=0.15, tips=-0.07, scale_ratio=1.07
)

#: Sets whose joints are compared as they are: where theirs lie differently is part of every figure on them. STB's were
#: marked by people, its wrist stands behind the palm's centre (`tfhand.data.stb`); RHD's are those of a rig for films;
#: FreiHAND's are MANO's. Given the data, this module's command measures the differences.
_AS_THEY_ARE = tuple(JointAdapter(name) for name in ("stb", "rhd", "freihand"))

#: Adapters by the name of their dataset.
ADAPTERS: dict[str, JointAdapter] = {adapter.name: adapter for adapter in (REAL_WORLD_ADAPTER, *_AS_THEY_ARE)}


def joint_adapter(definition: str) -> JointAdapter:
    """From our joints to those of a definition: "tfhand" (our own, nothing changes) or a dataset's name.

    Raises:
        ValueError: an unknown definition.
    """
    if definition == "tfhand":
        return JointAdapter("tfhand")
    if definition not in ADAPTERS:
        raise ValueError(f"definition: expected one of tfhand, {', '.join(ADAPTERS)}, got {definition!r}.")
    return ADAPTERS[definition]


def palm_front(joints: np.ndarray, side: str = CANONICAL_SIDE) -> np.ndarray:
    """Unit vectors (..., 3) that the palm looks along: at right angles to wrist and the knuckles of index and little finger.

    Args:
        joints: (..., 21, 3) of one hand side, any right-handed frame.
        side: "right" or "left".

    Raises:
        ValueError: an unknown side.
    """
    if side not in SIDES:
        raise ValueError(f"side: expected one of {', '.join(SIDES)}, got {side!r}.")
    index, little = (joints[..., knuckle, :] - joints[..., ROOT_JOINT, :] for knuckle in (_KNUCKLES[0], _KNUCKLES[-1]))
    normal = np.cross(index, little) * (1.0 if side == "right" else -1.0)
    return normal / np.linalg.norm(normal, axis=-1, keepdims=True)


def derive(name: str, label_joints_mm: np.ndarray, label_scales_mm: np.ndarray, our_joints_mm: np.ndarray) -> JointAdapter:
    """Fits an adapter to the bones of two rigs.

    Searched are one size factor and the adapter's five shares such that the lengths of our average hand's 20 bones, and how
    far its thumb starts before its palm, are after the adapter the medians of the dataset's; with a robust loss, since hands
    also differ in proportion, which must not be taken for a difference of definition.

    Args:
        name: of the dataset.
        label_joints_mm: (N, 21, 3) its annotated joints, as right hands.
        label_scales_mm: (N,) the hand scales that its protocol gives.
        our_joints_mm: (21, 3) our average hand, a right one, rest pose.
    """
    from scipy.optimize import least_squares

    target = np.median(_lengths(label_joints_mm), axis=0)

    def residuals(values: np.ndarray) -> np.ndarray:
        size, shares = np.exp(values[0]), values[1:]
        return _lengths(JointAdapter(name, *shares).to_dataset(our_joints_mm)) * size - target

    fit = least_squares(residuals, np.zeros(6), loss="soft_l1", f_scale=2.0)
    ours = np.linalg.norm(our_joints_mm[SCALE_BONE[1]] - our_joints_mm[SCALE_BONE[0]])
    ratio = np.exp(fit.x[0]) * ours / np.median(label_scales_mm)
    return JointAdapter(name, *(float(share) for share in fit.x[1:]), scale_ratio=float(ratio))


def _slide(matrix: np.ndarray, joint: int, towards: int, share: float) -> None:
    matrix[joint] = 0.0
    matrix[joint, joint] = 1.0 - share
    matrix[joint, towards] = share


def _lengths(joints: np.ndarray) -> np.ndarray:
    """(..., 21) lengths of a right hand's 20 bones, and how far its thumb's first joint lies before its palm."""
    start, end = np.array(BONES).T
    bones = np.linalg.norm(joints[..., end, :] - joints[..., start, :], axis=-1)
    before = ((joints[..., _THUMB_BASE, :] - joints[..., ROOT_JOINT, :]) * palm_front(joints)).sum(axis=-1, keepdims=True)
    return np.concatenate([bones, before], axis=-1)


def main() -> None:
    """Fits a set's adapter to its labels and the template."""
    from tfhand.data.datasets import DATASETS, open_dataset
    from tfhand.mesh import HandTemplate

    parser = argparse.ArgumentParser(prog="python -m tfhand.data.joint_adapters", description=main.__doc__)
    names = [name for name, info in DATASETS.items() if info.adapter is not None]
    parser.add_argument("--dataset", default="real_world", choices=names, help="which (default: %(default)s)")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="its folder")
    options = parser.parse_args()
    info = DATASETS[options.dataset]
    dataset = open_dataset(info.name, options.data_dir, info.evaluation_split, with_alpha=False)
    chosen = np.unique(np.linspace(0, len(dataset) - 1, _SAMPLES).astype(int))
    samples = [dataset[int(index)] for index in chosen]
    flips = np.array([[1.0 if sample.side == "right" else -1.0, 1.0, 1.0] for sample in samples])
    joints_mm = np.stack([sample.joints_mm for sample in samples]) * flips[:, None]
    scales_mm = np.array([sample.hand_scale_mm for sample in samples])
    ours = np.asarray(HandTemplate.load().pose().joints, np.float64)
    adapter = derive(info.adapter.name, joints_mm, scales_mm, ours)
    print(f"fitted to {len(samples)} samples: {adapter}\nin use: {info.adapter}\n")
    target = np.median(_lengths(joints_mm), axis=0)
    before = _lengths(ours)
    after = _lengths(adapter.to_dataset(ours)) * (adapter.scale_ratio * np.median(scales_mm) / before[9])
    print(f"{'bone':<18}{'set, mm':>9}{'ours':>9}{'adapted':>9}")
    labels = [f"{JOINT_NAMES[start]}-{JOINT_NAMES[end]}" for start, end in BONES] + ["thumb1 before palm"]
    for number, label in enumerate(labels):
        print(f"{label:<18}{target[number]:>9.1f}{before[number]:>9.1f}{after[number]:>9.1f}")


if __name__ == "__main__":
    main()

"""What weak supervision may know of a hand."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from tfhand.data import HandSample
from trainers.pseudo_meshes import PseudoMeshes


class WeakSamples:
    """The samples of a dataset without their meshes and, unless asked for, without their 3D joints.

    What remains of the joints is where they are seen: each is moved along its ray to the depth of the root, so `u, v`
    of every crop stay what they were while all of them have the wrist's z. Root depth and hand scale stay as given.

    Args:
        dataset: samples.
        with_3d_pose: keep the joints as they are.
        meshes: pseudo-ground truth to add, or None.
    """

    def __init__(self, dataset: Any, with_3d_pose: bool = False, meshes: PseudoMeshes | None = None):
        self.dataset = dataset
        self.with_3d_pose = with_3d_pose
        self.meshes = meshes

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> HandSample:
        sample = self.dataset[index]
        return dataclasses.replace(
            sample,
            joints_mm=sample.joints_mm if self.with_3d_pose else flat_joints(sample),
            vertices_mm=None,
            pseudo_vertices_mm=None if self.meshes is None else self.meshes.of(index, sample),
        )


def flat_joints(sample: HandSample) -> np.ndarray:
    """Joints (21, 3) mm that are seen where the sample's are, all at the root's depth.

    Raises:
        ValueError: a joint lies behind the camera.
    """
    depth = sample.joints_mm[:, 2:].astype(np.float64)
    if depth.min() <= 0:
        behind = f"z = {depth.min():.1f} mm"
        raise ValueError(f"sample {sample.name!r}: expected joints in front of the camera, got {behind}.")
    return (sample.joints_mm * (sample.root_depth_mm / depth)).astype(np.float32)

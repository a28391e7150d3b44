"""A network that sees nothing: it answers with one fixed hand, so that geometry can be checked exactly."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from tfhand.geometry import camera_vector, project, xyz_to_uvd

SIZE = 32

#: A flat right hand, palm away, mm: wrist at the origin, fingers up (-y), thumb to the left (-x).
FLAT_HAND = np.array(
    [[0, 0, 0]]
    + [[-25 - 16 * n, -25 - 18 * n, -4 * n] for n in range(4)]
    + [[x, -85 - step, 0] for x, reach in ((-24, 1.0), (0, 1.1), (20, 1.0), (38, 0.8)) for step in (0, 45 * reach, 70 * reach, 92 * reach)],
    np.float32,
)


def toy_template() -> SimpleNamespace:
    """Template of a tetrahedron around the wrist and the flat hand's joints."""
    faces = np.array([[0, 1, 2], [0, 2, 3], [0, 3, 1], [1, 3, 2]], np.int32)
    return SimpleNamespace(num_vertices=4, faces=faces, rig=True, pose=lambda: SimpleNamespace(joints=FLAT_HAND))


VERTICES = np.array([[0, -60, -9], [-30, 0, 0], [30, 0, 0], [0, -30, 20]], np.float32)


class ToyNet:
    """Answers as if every crop showed the flat hand at `root_mm` with camera `intrinsics`, whole image `size` px, with depths
    along one of `DEPTH_AXES`."""

    heatmap_kind = "logits"
    input_size = SIZE
    num_vertices = 4
    hand_side = "right"
    joint_definition = "tfhand"

    def __init__(self, root_mm, intrinsics, box, sharp_when=lambda image: True, depth_axis="camera"):
        self.depth_axis = depth_axis
        scale = float(np.linalg.norm(FLAT_HAND[9] - FLAT_HAND[10]))
        wrist = (project(np.array([root_mm]), intrinsics)[0] - box[:2]) / box[2:]
        camera = camera_vector(intrinsics, box, root_mm[2], scale, wrist if depth_axis == "crop" else None)
        self.joints = xyz_to_uvd(FLAT_HAND + np.asarray(root_mm, np.float32), camera)
        self.vertices = xyz_to_uvd(VERTICES + np.asarray(root_mm, np.float32), camera)
        self.sharp_when = sharp_when
        self.seen = []

    def predict_on_batch(self, images):
        self.seen.append(images)
        heatmaps = np.zeros((len(images), 8, 8, 21), np.float32)
        for number, image in enumerate(images):
            heatmaps[number, 3, 4] = 12.0 if self.sharp_when(image) else 1.0
        many = lambda value: np.repeat(value[None], len(images), axis=0)  # noqa: E731
        return {"heatmaps_1": heatmaps, "vertices_uvd": many(self.vertices), "joints_uvd": many(self.joints)}

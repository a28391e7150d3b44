"""A network that really looks, at the simplest hand there is: a bright patch with a red thumb's side."""

from __future__ import annotations

import numpy as np
from tests.inference.toys import FLAT_HAND, SIZE, VERTICES

_LOW, _HIGH = FLAT_HAND[:, :2].min(axis=0), FLAT_HAND[:, :2].max(axis=0)
_SCALE = float(np.linalg.norm(FLAT_HAND[9] - FLAT_HAND[10]))


class PatchNet:
    """Answers with the flat hand, stretched over the patch that it sees; sharply if the thumb is where a right hand's is,
    less so if not, and hardly, huddled in the middle, without a patch."""

    heatmap_kind = "logits"
    input_size = SIZE
    num_vertices = 4
    hand_side = "right"
    depth_axis = "camera"
    joint_definition = "tfhand"

    def __init__(self):
        self.num_crops = 0

    def predict_on_batch(self, images):
        self.num_crops += len(images)
        answers = [self._answer(image) for image in images]
        return {name: np.stack([answer[name] for answer in answers]) for name in answers[0]}

    @staticmethod
    def _answer(image):
        rows, columns = np.nonzero(image[..., 0] > 0.6)
        low, high, peak = np.full(2, 0.45), np.full(2, 0.55), 2.0
        if len(rows) > 3:
            low = np.array([columns.min(), rows.min()]) / SIZE
            high = (np.array([columns.max(), rows.max()]) + 1) / SIZE
            thumb = np.nonzero((image[..., 0] > 0.6) & (image[..., 1] < 0.4))[1]
            peak = 9.0 if len(thumb) and thumb.mean() < columns.mean() else 5.5
        heatmaps = np.zeros((8, 8, 21), np.float32)
        heatmaps[3, 4] = peak

        def uvd(points):
            uv = low + (points[:, :2] - _LOW) / (_HIGH - _LOW) * (high - low)
            return np.concatenate([uv, points[:, 2:] / _SCALE], axis=1).astype(np.float32)

        return {"heatmaps_1": heatmaps, "vertices_uvd": uvd(VERTICES), "joints_uvd": uvd(FLAT_HAND)}


def patch_frame(centre: tuple[float, float] | None, side: str = "right", height: int = 60, size=(160, 120)) -> np.ndarray:
    """(H, W, 3) uint8: a dark frame with a patch around `centre` (u, v), pixels, or without one."""
    image = np.full((size[1], size[0], 3), 20, np.uint8)
    if centre is not None:
        ys, xs = np.mgrid[: size[1], : size[0]] + 0.5
        inside = (np.abs(xs - centre[0]) < 0.36 * height) & (np.abs(ys - centre[1]) < height / 2)
        image[inside] = 240
        thumb = (xs < centre[0] - 0.2 * height) if side == "right" else (xs > centre[0] + 0.2 * height)
        image[inside & thumb] = (240, 20, 20)
    return image

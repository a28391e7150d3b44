"""A detector without a model of its own: the network looks at squares all over the picture, and where it sees joints
sharply is a hand."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from tfhand.constants import SIDES
from tfhand.geometry import default_intrinsics, mirror_uvd, square_box_around, whole_image_box
from tfhand.inference.confidence import joint_confidence
from tfhand.inference.detector import Detection, check_side
from tfhand.inference.estimator import HandEstimator, last_heatmaps
from tfhand.inference.hand_score import hand_score
from tfhand.inference.signs import presence_of, side_evidence
from tfhand.inference.view import network_view

#: Larger pictures are shrunk before they are searched: longer side, pixels.
_LONGEST = 640
#: Sides of the squares over the picture's shorter side. A hand in a square twice its size is still seen, so each size
#: covers hands of half to all of it.
_COARSE, _FINE = (1.0, 0.6), (0.36,)
#: Side of a square that is looked at again, in sides of the joints' bounding box.
_EXPAND = 1.35
_KEPT = 3
_ROUNDS = 2
#: What is most like a hand is looked at from these squares, too: shifts and sides in sides of its own square. A hand stays
#: where it is, and what the network makes of a background goes along: measured on 30 rendered frames with and without a
#: hand, joints wander by 0.02 to 0.05 of their extent on hands (5 to 95 %) and by 0.14 to 0.27 elsewhere.
_VIEWS = np.array([(0.12, 0.12, 1.1), (-0.12, 0.12, 0.95), (0.12, -0.12, 1.25), (-0.12, -0.12, 1.1)])
_STEADY = 0.09
_CHECKED = 2
#: At most this many crops at once: more cost memory and no less time.
_BATCH = 4


class ScanDetector:
    """Searches squares of several sizes, goes on around what looks most like a hand, and keeps the best that is steady.

    Small squares are only searched where larger ones show no hand. Hands of a tenth of the picture's longer side or
    less are missed.

    Args:
        estimator: the network to look with.
        min_score: a hand needs at least this `hand_score`, on average over views of it.

    Raises:
        ValueError: `min_score` is not in 0..1.
    """

    def __init__(self, estimator: HandEstimator, min_score: float = 0.5):
        if not 0 <= min_score <= 1:
            raise ValueError(f"min_score: expected 0..1, got {min_score}.")
        self.estimator = estimator
        self.min_score = min_score

    def __call__(self, image: np.ndarray, side: str = "auto") -> Detection | None:
        """See `tfhand.inference.detector.HandDetector`."""
        check_side(side)
        factor = min(_LONGEST / max(image.shape[:2]), 1.0)
        if factor < 1:
            image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        size = image.shape[1::-1]
        factor = np.array(size[0] / round(size[0] / factor)) if factor < 1 else 1.0
        for levels in (_COARSE, _FINE):
            boxes = np.array(list(_squares(size, levels)), np.float32)
            if levels is _COARSE:
                boxes = np.concatenate([whole_image_box(size)[None], boxes])
            found = self._search(image, boxes, side)
            if found is not None:
                return Detection((found.box / factor).astype(np.float32), found.side, found.score)
        return None

    def _search(self, image: np.ndarray, boxes: np.ndarray, side: str) -> Detection | None:
        known = self.estimator.model.hand_side if side == "auto" else side
        scores, joints, _ = self._look(image, boxes, [known] * len(boxes))
        sides = SIDES if side == "auto" else (side,)
        for _ in range(_ROUNDS):
            chosen = np.argsort(-scores, kind="stable")[:_KEPT]
            boxes = np.repeat(square_box_around(joints[chosen], _EXPAND), len(sides), axis=0)
            of = list(sides) * len(chosen)
            scores, joints, likely = self._look(image, boxes, of)
            # Of each box the side that it rather is goes on.
            better = likely.reshape(-1, len(sides)).argmax(axis=1) + np.arange(len(chosen)) * len(sides)
            scores, joints, of = scores[better], joints[better], [of[place] for place in better]
        chosen = np.argsort(-scores, kind="stable")[:_CHECKED]
        checked = [self._check(image, square_box_around(joints[place], _EXPAND), of[place]) for place in chosen]
        found = [one for one in checked if one is not None and one.score >= self.min_score]
        return max(found, key=lambda one: one.score, default=None)

    def _check(self, image: np.ndarray, box: np.ndarray, side: str) -> Detection | None:
        """The hand in a box, if it stays where it is however it is looked at."""
        side_px = box[2] * _VIEWS[:, 2:]
        centre = box[:2] + box[2:] / 2 + _VIEWS[:, :2] * box[2]
        views = np.concatenate([centre - side_px / 2, side_px, side_px], axis=1).astype(np.float32)
        scores, joints, _ = self._look(image, views, [side] * len(views))
        mean = joints.mean(axis=0)
        wander = np.linalg.norm(joints - mean, axis=-1).mean() / (box[2] / _EXPAND)
        if wander > _STEADY:
            return None
        return Detection(square_box_around(mean, _EXPAND), side, float(scores.mean()))

    def _look(
        self, image: np.ndarray, boxes: np.ndarray, sides: list[str]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Scores (N,) and joints (N, 21, 2), pixels, of a hand of each side in each box (N, 4); and (N,) how likely that
        side is there, in numbers to compare within a box: the network's evidence, or the score if it has none."""
        model, intrinsics = self.estimator.model, default_intrinsics(image.shape[1::-1])
        scores, joints, likely = [], [], []
        for start in range(0, len(boxes), _BATCH):
            part, of = boxes[start : start + _BATCH], sides[start : start + _BATCH]
            crops = [
                network_view(image, box, one, intrinsics, model.input_size, model.hand_side)[0]
                for box, one in zip(part, of, strict=True)
            ]
            # Always a whole batch: another size would be compiled for anew.
            crops += [np.zeros_like(crops[0])] * (_BATCH - len(crops))
            outputs = self.estimator.run(np.stack(crops))
            seen = joint_confidence(last_heatmaps(outputs), model.heatmap_kind).mean(axis=1)[: len(part)]
            uvd = outputs["joints_uvd"][: len(part)]
            mirrored = np.array([one != model.hand_side for one in of])[:, None, None]
            uv = np.where(mirrored, mirror_uvd(uvd), uvd)[..., :2] * part[:, None, 2:] + part[:, None, :2]
            real = {name: value[: len(part)] for name, value in outputs.items()}
            presence, evidence = presence_of(real), side_evidence(real)
            scores.append(hand_score(seen, uv, part, presence))
            joints.append(uv)
            likely.append(scores[-1] if evidence is None else evidence)
        return np.concatenate(scores), np.concatenate(joints), np.concatenate(likely)


def _squares(size: tuple[int, int], levels: tuple[float, ...]) -> Iterator[tuple[float, float, float, float]]:
    """Squares that cover a picture of `size` (width, height), neighbours half overlapping."""
    for level in levels:
        side = level * min(size)
        counts = [int(np.ceil((length - side) / (side / 2) - 1e-6)) + 1 for length in size]
        for y in np.linspace(0, size[1] - side, counts[1]):
            for x in np.linspace(0, size[0] - side, counts[0]):
                yield x, y, side, side

"""Whether a network knows a set's hands from no hand, and from hands of the other side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tfhand.constants import SIGN_LOGITS
from tfhand.data import HandSample
from tfhand.data.augment import Backgrounds
from tfhand.data.sign_views import negative_crop
from tfhand.metrics import sign_figures
from trainers.evaluation.runner import predict

if TYPE_CHECKING:
    from tfhand.models import HandNet


class SignMeter:
    """Gathers what a network says of every sample as it knows it, in a mirror, and without its hand.

    Args:
        model: a network with `sign_logits`.
        backgrounds: of crops without a hand, see `tfhand.data.without_hand`.
    """

    def __init__(self, model: HandNet, backgrounds: Backgrounds | None):
        self.model = model
        self.backgrounds = backgrounds
        self._logits: list[list[np.ndarray]] = [[], [], []]

    def add(
        self, samples: Sequence[HandSample], first: int, images: np.ndarray, outputs: Mapping[str, np.ndarray]
    ) -> None:
        """Adds a batch.

        Args:
            samples: best with `hand_alpha` and `alpha`.
            first: number of the first one in its set, which decides what is made of it.
            images: (B, S, S, 3) uint8, their crops as the network knows hands.
            outputs: what it says of these.
        """
        size, side = self.model.input_size, self.model.hand_side
        empty = [negative_crop(sample, index, size, side, self.backgrounds) for index, sample in enumerate(samples, first)]
        others = (predict(self.model, crops) for crops in (images[:, :, ::-1], np.stack(empty)))
        for found, said in zip(self._logits, (outputs, *others), strict=True):
            found.append(np.asarray(said[SIGN_LOGITS], np.float32))

    def figures(self) -> dict[str, float]:
        """Presence and handedness of all batches, see `tfhand.metrics.sign_figures`; and `handedness_accuracy_two_looks`,
        how often the known side is the likelier one of a hand and its mirror image, which is how `HandEstimator` tells with
        `side="auto"`.

        Raises:
            ValueError: outputs that are not finite.
        """
        logits = [np.concatenate(found) for found in self._logits]
        if not all(np.isfinite(one).all() for one in logits):
            raise ValueError("weights: expected a network with finite outputs, got NaN or infinity.")
        two_looks = float((logits[0][:, 1] > logits[1][:, 1]).mean())
        return {**sign_figures(*logits), "handedness_accuracy_two_looks": two_looks}

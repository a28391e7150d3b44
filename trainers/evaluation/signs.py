"""Whether a network knows a set's hands from no hand, and from hands of the other side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tfhand.constants import SIGN_LOGITS
from tfhand.data import HandSample, crop
from tfhand.data.augment import Backgrounds
from tfhand.data.sign_views import negative_crop
from tfhand.metrics import sign_figures

if TYPE_CHECKING:
    from tfhand.models import HandNet


def measure_signs(
    model: HandNet,
    dataset: Sequence[HandSample],
    backgrounds: Backgrounds | None,
    batch_size: int = 32,
    progress: bool = True,
) -> dict[str, float]:
    """Figures of presence and handedness: every sample as the network knows it, in a mirror, and without its hand.

    Args:
        model: a network with `sign_logits`.
        dataset: `__len__` and `__getitem__` to samples; best with `hand_alpha` and `alpha`.
        backgrounds: of crops without a hand, see `tfhand.data.without_hand`.
        batch_size: crops at once.
        progress: show a progress bar.

    Returns:
        See `tfhand.metrics.sign_figures`; and `handedness_accuracy_two_looks`, how often the known side is the likelier one
        of a hand and its mirror image, which is how `HandEstimator` tells with `side="auto"`.

    Raises:
        ValueError: outputs that are not finite.
    """
    from tqdm import tqdm

    plain, mirrored, without = [], [], []
    size, side = model.input_size, model.hand_side
    starts = range(0, len(dataset), batch_size)
    for start in tqdm(starts, desc="presence and side", unit="batch", disable=None if progress else True):
        samples = {index: dataset[index] for index in range(start, min(start + batch_size, len(dataset)))}
        images = np.stack([crop(sample, size, hand_side=side)["image"] for sample in samples.values()])
        empty = np.stack([negative_crop(sample, index, size, side, backgrounds) for index, sample in samples.items()])
        for found, batch in ((plain, images), (mirrored, images[:, :, ::-1]), (without, empty)):
            outputs = model.predict_on_batch(batch.astype(np.float32) / np.float32(255))
            found.append(np.asarray(outputs[SIGN_LOGITS], np.float32))
    logits = [np.concatenate(found) for found in (plain, mirrored, without)]
    if not all(np.isfinite(one).all() for one in logits):
        raise ValueError("weights: expected a network with finite outputs, got NaN or infinity.")
    two_looks = float((logits[0][:, 1] > logits[1][:, 1]).mean())
    return {**sign_figures(*logits), "handedness_accuracy_two_looks": two_looks}

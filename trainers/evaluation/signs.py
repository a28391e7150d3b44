"""Whether a network knows a set's hands from no hand, and from hands of the other side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tfhand.constants import SIGN_LOGITS
from tfhand.data import HandSample, crop
from tfhand.data.augment import Backgrounds
from tfhand.data.sign_views import negative_crops
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
        See `tfhand.metrics.sign_figures`.

    Raises:
        ValueError: outputs that are not finite.
    """
    from tqdm import tqdm

    plain, mirrored, without = [], [], []
    size, side = model.input_size, model.hand_side
    negatives = negative_crops(dataset, size, side, backgrounds, batch_size)
    steps = -(-len(dataset) // batch_size)
    pairs = zip(_crops(dataset, size, side, batch_size), negatives, strict=True)
    for images, empty in tqdm(pairs, total=steps, desc="presence and side", unit="batch", disable=None if progress else True):
        for found, batch in ((plain, images), (mirrored, images[:, :, ::-1]), (without, empty)):
            outputs = model.predict_on_batch(batch.astype(np.float32) / np.float32(255))
            found.append(np.asarray(outputs[SIGN_LOGITS], np.float32))
    logits = [np.concatenate(found) for found in (plain, mirrored, without)]
    if not all(np.isfinite(one).all() for one in logits):
        raise ValueError("weights: expected a network with finite outputs, got NaN or infinity.")
    return sign_figures(*logits)


def _crops(dataset: Sequence[HandSample], size: int, side: str, batch_size: int) -> Iterator[np.ndarray]:
    for start in range(0, len(dataset), batch_size):
        indices = range(start, min(start + batch_size, len(dataset)))
        yield np.stack([crop(dataset[index], size, hand_side=side)["image"] for index in indices])

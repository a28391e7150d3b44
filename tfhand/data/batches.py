"""Batches by number: batch `i` is a pure function of the seed and `i`, so any run resumes exactly where it stopped.

A dataset here is anything with `__len__` and `__getitem__(index) -> HandSample`. If it also has
`__getitems__(indices)`, which returns a list, whole batches are asked for at once.
"""
from __future__ import annotations

import functools
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from tfhand.constants import CANONICAL_SIDE, DEPTH_AXES
from tfhand.data.augment import AugmentConfig, Backgrounds, crop
from tfhand.data.depth_noise import DepthNoiseConfig
from tfhand.data.others import KNOWN_SIDE, PRESENT, OthersConfig, draw_shown
from tfhand.data.sample import HandSample

Batch = tuple[np.ndarray, dict[str, np.ndarray]]
#: Labels of a batch, as far as the dataset has them; see `tfhand.data.augment.crop`.
TARGETS = ("vertices_uvd", "joints_uvd", "camera", "pseudo_vertices_uvd", "depth_map")
#: A third number beside seed and place, for a generator that draws what a crop shows: those that show the sample's hand
#: are the same with and without others among them.
_OTHERS_STREAM = 1


class BatchSource:
    """Random access to batches of augmented crops.

    With `shuffle`, the source never ends: every epoch goes through all samples once in an order of its own, and
    batches run on across the epochs' borders. Without, `len(source)` batches hold each sample once, the last batch
    may be smaller, and `for images, targets in source` ends after it.

    Args:
        dataset: samples; see the module.
        batch_size: samples in a batch.
        size: side of the crops, pixels.
        augment: how to augment, or None for plain crops.
        seed: decides order and augmentation.
        shuffle: mix the samples anew every epoch.
        backgrounds: where other backgrounds for augmented crops come from; see `tfhand.data.augment.crop`.
        depth_size: side of the depth maps, pixels; None leaves them out, as for datasets without depth.
        depth_noise: the sensor that depth maps come from; None takes the dataset's depth as it is.
        depth_axis: what `d` runs along, "camera" or "crop"; a network's own is its `depth_axis`.
        others: how many crops show no hand or one of the other side; their labels of the hand mean nothing, and targets
            get `present` and `known_side` (`tfhand.data.others`). None leaves all crops and targets as they are.

    Raises:
        ValueError: an empty dataset or a batch size below 1.
    """

    #: What stopped the loading in a thread of tf.data, which itself tells no more of it than a text.
    error: Exception | None = None

    def __init__(
        self,
        dataset: Any,
        batch_size: int,
        size: int,
        augment: AugmentConfig | None = None,
        seed: int = 0,
        shuffle: bool = True,
        backgrounds: Backgrounds | None = None,
        depth_size: int | None = None,
        depth_noise: DepthNoiseConfig | None = None,
        others: OthersConfig | None = None,
        depth_axis: str = DEPTH_AXES[0],
    ):
        if len(dataset) == 0:
            raise ValueError("dataset: expected at least one sample, got none.")
        if batch_size < 1:
            raise ValueError(f"batch_size: expected at least 1, got {batch_size}.")
        self.dataset = dataset
        self.batch_size = batch_size
        self.size = size
        self.augment = augment
        self.seed = seed
        self.shuffle = shuffle
        self.backgrounds = backgrounds
        self.depth_size = depth_size
        self.depth_noise = depth_noise
        self.others = others
        self.depth_axis = depth_axis

    def __len__(self) -> int:
        """Batches in an epoch: rounded down when shuffling (but at least one), up otherwise."""
        if self.shuffle:
            return max(len(self.dataset) // self.batch_size, 1)
        return -(-len(self.dataset) // self.batch_size)

    @functools.cached_property
    def target_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of what a batch's targets hold, without the batch axis (looks at the first sample)."""
        view = crop(self.dataset[0], 8, depth_size=self.depth_size)
        shapes = {name: view[name].shape for name in TARGETS if name in view}
        return shapes if self.others is None else {**shapes, PRESENT: (), KNOWN_SIDE: ()}

    def indices(self, i: int) -> list[int]:
        """Numbers of the samples in batch `i`."""
        count = len(self.dataset)
        places = range(i * self.batch_size, (i + 1) * self.batch_size)
        if not self.shuffle:
            return [place for place in places if place < count]
        return [int(_order(self.seed, place // count, count)[place % count]) for place in places]

    def __getitem__(self, i: int) -> Batch:
        """Batch `i`: images `(B, size, size, 3)` uint8 RGB, and a dictionary of float32 targets (`TARGETS`).

        Raises:
            IndexError: `i` is negative, or beyond the last batch when not shuffling.
            ValueError: a sample lacks a label that the dataset's first one has, or has one of another shape.
        """
        i = int(i)
        if i < 0 or (not self.shuffle and i >= len(self)):
            raise IndexError(f"batch {i} of a source with {len(self)} batches.")
        indices = self.indices(i)
        many = getattr(self.dataset, "__getitems__", None)
        samples = many(indices) if many else (self.dataset[index] for index in indices)
        crops = []
        for place, sample in enumerate(samples, start=i * self.batch_size):
            view = self._crop(sample, place)
            for name, shape in self.target_shapes.items():
                if name not in view or view[name].shape != shape:
                    found = view[name].shape if name in view else "none"
                    raise ValueError(
                        f"sample {sample.name!r}: expected {name} of shape {shape}, as the first sample's, got {found}."
                    )
            crops.append(view)
        targets = {name: np.stack([one[name] for one in crops]) for name in self.target_shapes}
        return np.stack([one["image"] for one in crops]), targets

    def _crop(self, sample: HandSample, place: int) -> dict[str, Any]:
        drawn = self.augment is not None or self.depth_noise is not None
        rng = np.random.default_rng([self.seed, place]) if drawn else None
        side, labels = CANONICAL_SIDE, {}
        if self.others is not None:
            own = np.random.default_rng([self.seed, place, _OTHERS_STREAM])
            shown = draw_shown(sample, self.others, own, side, self.backgrounds)
            sample, side, labels = shown.sample, shown.hand_side, shown.labels
        view = crop(
            sample, self.size, self.augment, rng, self.backgrounds, side,
            depth_size=self.depth_size, depth_noise=self.depth_noise, depth_axis=self.depth_axis,
        )  # fmt: skip
        return {**view, **labels}


def iterate(source: BatchSource, start_step: int = 0, steps: int | None = None, workers: int = 2) -> Iterator[Batch]:
    """Batches `start_step, start_step + 1, ...` in order, prepared ahead by threads: for backends without `tf.data`.

    Args:
        source: where they come from.
        start_step: number of the first batch.
        steps: how many; None goes on for ever when shuffling, otherwise to the end of the source.
        workers: threads, each at work on a batch of its own; twice as many batches are held.

    Yields:
        What `source[i]` gives.
    """
    if steps is None and not source.shuffle:
        steps = max(len(source) - start_step, 0)
    stop = None if steps is None else start_step + steps
    pending: deque = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            step = start_step
            while True:
                while len(pending) < 2 * workers and (stop is None or step < stop):
                    pending.append(pool.submit(source.__getitem__, step))
                    step += 1
                if not pending:
                    return
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


@functools.lru_cache(maxsize=8)
def _order(seed: int, epoch: int, count: int) -> np.ndarray:
    return np.random.default_rng([seed, epoch, count]).permutation(count)

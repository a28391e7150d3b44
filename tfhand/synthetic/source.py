"""Hands rendered as they are asked for, in place of a folder of them."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

import cv2

from tfhand.data.sample import HandSample
from tfhand.parallel import end_with_parent
from tfhand.synthetic.generator import HandGenerator, SyntheticConfig, render_sample, sample_seed


class SyntheticSource:
    """A dataset of synthetic hands that exist only while they are looked at; feeds `tfhand.data.BatchSource`.

    Sample `i` equals, but for JPEG's losses, sample `i` of a folder generated with the same seed and settings.

    Args:
        num_samples: length of the dataset.
        config: what to render; None for the defaults.
        seed: another one gives other hands.
        workers: processes that render whole batches side by side; 0 renders in the caller.

    Raises:
        ValueError: impossible numbers.
    """

    def __init__(self, num_samples: int, config: SyntheticConfig | None = None, seed: int = 0, workers: int = 0):
        if num_samples < 1 or workers < 0 or seed < 0:
            given = f"{num_samples}, {workers} and {seed}"
            raise ValueError(f"expected num_samples >= 1, workers >= 0 and seed >= 0, got {given}.")
        self.num_samples = num_samples
        self.config = SyntheticConfig() if config is None else config
        self.seed = seed
        self._pool = None
        if workers:
            HandGenerator(self.config)  # what can't work fails here, and the kernel is built once
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(workers, context, _start_worker)

    def __len__(self) -> int:
        return self.num_samples

    def __getitem__(self, index: int) -> HandSample:
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[HandSample]:
        """The samples of those numbers.

        Raises:
            IndexError: a number out of range.
        """
        for index in indices:
            if not 0 <= index < self.num_samples:
                raise IndexError(f"index: expected 0..{self.num_samples - 1}, got {index}.")
        seeds = [sample_seed(self.seed, index, self.config.split, self.config.world) for index in indices]
        if self._pool is None:
            return [render_sample(seed, self.config) for seed in seeds]
        return list(self._pool.map(render_sample, seeds, [self.config] * len(seeds)))

    def close(self) -> None:
        """Ends the worker processes."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    end_with_parent()
    cv2.setNumThreads(1)
    # A terminal's Ctrl-C reaches every process; what to do about it is the training's to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

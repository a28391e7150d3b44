"""Many samples to a folder of shards, on all cores, resumable."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import cv2
from tqdm import tqdm

from tfhand.data.sample import encode
from tfhand.data.shards import ShardSetWriter, write_shard
from tfhand.rendering.kernel import load_library
from tfhand.synthetic.generator import GENERATOR_VERSION, HandGenerator, SyntheticConfig, sample_seed

#: Every worker is one thread: processes share the cores better than threads inside them.
_ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
_worker: dict[str, Any] = {}


def default_shard_size(num_samples: int) -> int:
    """Samples in a shard: about 64 shards, of 16 to 1,000 samples. A killed run loses what its shards in work held."""
    return min(max(-(-num_samples // 64), 16), 1000)


def generate(
    out: str | Path,
    num_samples: int,
    workers: int = 1,
    config: SyntheticConfig | None = None,
    seed: int = 0,
    shard_size: int | None = None,
    progress: bool = True,
) -> int:
    """Renders a dataset into a folder, or what is missing of it.

    Sample `i` depends on `seed`, `i` and `config` only, not on the workers or on interruptions.

    Args:
        out: folder; new, empty, or begun with the same settings.
        num_samples: samples of the whole dataset.
        workers: processes.
        config: what to render; None for the defaults.
        seed: another one gives other hands.
        shard_size: samples in a file; None for `default_shard_size`.
        progress: show a bar.

    Returns:
        The number of samples rendered now (0 where the dataset was whole already).

    Raises:
        ValueError: impossible numbers, or a folder with something else in it.
        KernelError: the rasteriser can't be compiled; the message says what to install.
        OSError: a shard can't be written, or a process was killed; whole shards are kept.
    """
    if workers < 1:
        raise ValueError(f"workers: expected at least 1, got {workers}.")
    config = SyntheticConfig() if config is None else config
    load_library()  # compiled here once, or the lack of a compiler told, and not by every process
    # Before any process starts: mistakes in the settings are reported once, and the first sample proves the machine.
    facts = {**HandGenerator(config).describe(), "seed": seed, "generator_version": GENERATOR_VERSION}
    size = default_shard_size(num_samples) if shard_size is None else shard_size
    writer = ShardSetWriter(out, num_samples, size, facts)
    missing = writer.missing_shards()
    jobs = [(str(writer.shard_path(index)), list(writer.shard_range(index))) for index in missing]
    total = sum(len(numbers) for _, numbers in jobs)
    if jobs:
        _run(jobs, min(workers, len(jobs)), config, seed, tqdm(
            total=num_samples, initial=num_samples - total, unit="image", disable=not progress, smoothing=0.05
        ))  # fmt: skip
    writer.finish()
    return total


def _run(jobs: list, workers: int, config: SyntheticConfig, seed: int, bar: tqdm) -> None:
    """Writes the shards of `jobs` in fresh processes while the bar counts samples."""
    # Spawned, not forked: a fork would inherit the parent's threads in an unknown state.
    context = multiprocessing.get_context("spawn")
    done = context.Value("q", 0)
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(_ONE_THREAD)
    try:
        with bar, ProcessPoolExecutor(workers, context, _start_worker, (config, seed, done)) as pool:
            pending = {pool.submit(_write, *job) for job in jobs}
            shown = 0
            try:
                while pending:
                    finished, pending = wait(pending, timeout=0.2, return_when=FIRST_EXCEPTION)
                    for future in finished:
                        future.result()
                    bar.update(done.value - shown)
                    shown = done.value
            except BrokenProcessPool as error:
                raise ChildProcessError(
                    f"a rendering process was killed, perhaps for lack of memory ({workers} at work); "
                    "the same command goes on, with fewer workers if need be."
                ) from error
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _start_worker(config: SyntheticConfig, seed: int, done: Any) -> None:
    cv2.setNumThreads(1)
    _worker.update(generator=HandGenerator(config), seed=seed, done=done)


def _write(path: str, numbers: list[int]) -> int:
    generator, seed, done = _worker["generator"], _worker["seed"], _worker["done"]

    def records():
        for number in numbers:
            yield encode(generator.render(sample_seed(seed, number)))
            with done.get_lock():
                done.value += 1

    return write_shard(path, records())

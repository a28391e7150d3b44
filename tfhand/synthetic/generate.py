"""Many samples to a folder of shards, on all cores, resumable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
from tqdm import tqdm

from tfhand.data.shards import write_shard
from tfhand.parallel import run_in_processes
from tfhand.synthetic.generator import HandGenerator, SyntheticConfig
from tfhand.synthetic.jobs import ShardJob, plan

_worker: dict[str, Any] = {}


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
    writer, jobs = plan(out, num_samples, config, seed, shard_size)
    total = sum(len(job) for job in jobs)
    if jobs:
        bar = tqdm(
            total=num_samples, initial=num_samples - total, unit="image", disable=not progress, smoothing=0.05
        )  # fmt: skip
        run_in_processes(_write, jobs, min(workers, len(jobs)), _start_worker, (jobs[0].config,), bar)
    writer.finish()
    return total


def _start_worker(config: SyntheticConfig, done: Any) -> None:
    cv2.setNumThreads(1)
    _worker.update(generator=HandGenerator(config), done=done)


def _write(job: ShardJob) -> int:
    def records():
        for record in job.records(_worker["generator"]):
            yield record
            with _worker["done"].get_lock():
                _worker["done"].value += 1

    return write_shard(job.path, records())

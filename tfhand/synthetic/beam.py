"""The same files, rendered through Apache Beam: on this machine's cores, on Flink, Spark or Dataflow.

One element of the pipeline is one file, so nothing large travels through the engine, its memory stays flat, and what
is there already is not rendered again. An engine may run an element twice: both write the same bytes, each under a
name of its own, and renaming makes one of them the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import apache_beam as beam
import cv2
from apache_beam.options.pipeline_options import PipelineOptions

from tfhand.data.shards import write_shard
from tfhand.parallel import one_thread
from tfhand.synthetic.generator import HandGenerator, SyntheticConfig
from tfhand.synthetic.jobs import ShardJob, plan

#: Writes the records of a job to its path, or nothing where that file is there.
WriteFunction = Callable[[ShardJob, Iterator[bytes]], None]


def pipeline_options(flags: Sequence[str] = (), workers: int = 0) -> PipelineOptions:
    """Beam's options: all cores of this machine, unless `flags` say otherwise.

    Args:
        flags: such as `--runner=FlinkRunner`, `--flink_master=...`; later ones win.
        workers: processes on this machine; 0 for all cores.

    Raises:
        ValueError: a negative number of workers.
    """
    if workers < 0:
        raise ValueError(f"workers: expected at least 1, or 0 for all cores, got {workers}.")
    # By its own name: the name DirectRunner first tries to download another runner.
    local = ["--runner=FnApiRunner", "--direct_running_mode=multi_processing", f"--direct_num_workers={workers}"]
    return PipelineOptions([*local, *flags])


def generate_with_beam(
    out: str | Path,
    num_samples: int,
    config: SyntheticConfig | None = None,
    seed: int = 0,
    shard_size: int | None = None,
    options: PipelineOptions | None = None,
) -> int:
    """What `tfhand.synthetic.generate.generate` writes, byte for byte, rendered by a Beam pipeline.

    Args:
        out: folder that every worker sees under this path: new, empty, or begun with the same settings, by either.
        num_samples: samples of the whole dataset.
        config: what to render; None for the defaults.
        seed: another one gives other hands.
        shard_size: samples in a file; None for `default_shard_size`.
        options: of the pipeline; None for all cores of this machine.

    Returns:
        The number of samples rendered now.

    Raises:
        ValueError: impossible numbers, a folder with something else in it, or files that workers wrote elsewhere.
        KernelError: the rasteriser can't be compiled; the message says what to install.
        ChildProcessError: the pipeline failed; whole files are kept, and the same call goes on.
    """
    writer, jobs = plan(out, num_samples, config, seed, shard_size)
    run_jobs(jobs, write_records, options)
    writer.finish()
    return sum(len(job) for job in jobs)


def run_jobs(
    jobs: Sequence[ShardJob],
    write: WriteFunction,
    options: PipelineOptions | None = None,
    runner: beam.runners.PipelineRunner | str | None = None,
) -> None:
    """Renders files by a Beam pipeline and waits for the last one.

    Args:
        jobs: the files.
        write: puts a job's records into its file; must be picklable.
        options: of the pipeline; None for all cores of this machine.
        runner: in place of the options' one.

    Raises:
        ChildProcessError: the pipeline failed.
    """
    if not jobs:
        return
    pipeline = beam.Pipeline(runner, pipeline_options() if options is None else options)
    # Reshuffled, or an engine may fuse both steps and leave all the work to the worker that made the list.
    _ = pipeline | "Files" >> beam.Create(jobs) | beam.Reshuffle() | "Render" >> beam.ParDo(RenderShard(write))
    with one_thread():
        try:
            result = pipeline.run()
            result.wait_until_finish()
        except Exception as error:  # of any kind, often with the traceback of a worker as its message
            reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
            raise ChildProcessError(f"the Beam pipeline failed: {reason}") from error


class RenderShard(beam.DoFn):
    """Renders the samples of a job and writes them.

    Args:
        write: see `run_jobs`.
    """

    def __init__(self, write: WriteFunction):
        self._write = write
        self._generators: dict[SyntheticConfig, HandGenerator] = {}

    def setup(self) -> None:
        cv2.setNumThreads(1)

    def process(self, job: ShardJob) -> Iterator[str]:
        if job.config not in self._generators:
            self._generators[job.config] = HandGenerator(job.config)
        self._write(job, job.records(self._generators[job.config]))
        yield job.path


def write_records(job: ShardJob, records: Iterator[bytes]) -> None:
    """Writes a file of this project's own records, unless it is there."""
    if not Path(job.path).exists():
        write_shard(job.path, records)

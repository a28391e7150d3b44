from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time

import pytest

from tfhand.data.sample import encode
from tfhand.data.shards import ShardedDataset
from tfhand.synthetic.__main__ import main
from tfhand.synthetic.generate import generate
from tfhand.synthetic.generator import SyntheticConfig, render_sample, sample_seed
from tfhand.synthetic.jobs import plan

pytest.importorskip("apache_beam", reason="the extra [beam] is not installed")

from apache_beam.options.pipeline_options import PipelineOptions

from tfhand.synthetic.beam import generate_with_beam, pipeline_options, run_jobs, write_records

CONFIG = SyntheticConfig(size=64, split="train")
HERE = PipelineOptions(["--runner=FnApiRunner"])  # in this process


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_beam_and_processes_write_the_same_bytes(tmp_path):
    assert generate_with_beam(tmp_path / "beam", 6, CONFIG, 7, shard_size=2, options=pipeline_options(workers=2)) == 6
    assert generate(tmp_path / "processes", 6, 2, CONFIG, seed=7, shard_size=2, progress=False) == 6
    assert contents(tmp_path / "beam") == contents(tmp_path / "processes")
    records = ShardedDataset(tmp_path / "beam")
    for index in (0, 5):
        assert records.raw(index) == encode(render_sample(sample_seed(7, index, "train"), CONFIG))


def test_either_resumes_what_the_other_began(tmp_path):
    out = tmp_path / "set"
    assert generate_with_beam(out, 3, CONFIG, 7, shard_size=1, options=HERE) == 3
    before = contents(out)
    (out / "dataset.json").unlink()
    (out / "hands-00001-of-00003.array_record").unlink()
    assert generate_with_beam(out, 3, CONFIG, 7, shard_size=1, options=HERE) == 1
    assert contents(out) == before
    assert generate(out, 3, config=CONFIG, seed=7, shard_size=1, progress=False) == 0
    with pytest.raises(ValueError, match="begun with other settings .*config.split"):
        generate_with_beam(out, 3, dataclasses.replace(CONFIG, split="validation"), 7, shard_size=1, options=HERE)


def test_a_file_that_appeared_meanwhile_is_kept(tmp_path):
    _, jobs = plan(tmp_path / "set", 2, CONFIG, 0, 1)
    with open(jobs[0].path, "wb") as file:
        file.write(b"by another worker")
    run_jobs(jobs[:1], write_records, HERE)
    with open(jobs[0].path, "rb") as file:
        assert file.read() == b"by another worker"


def test_killed_run_leaves_no_broken_file_and_resumes(tmp_path):
    out = tmp_path / "set"
    dataset = ["--num", "24", "--size", "64", "--shard-size", "8", "--workers", "1", "--out", str(out)]
    with open(tmp_path / "log", "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tfhand.synthetic", "beam", *dataset], start_new_session=True, stdout=log, stderr=log
        )
        try:
            started = time.monotonic()
            while not list(out.glob("hands-*")) and process.poll() is None and time.monotonic() < started + 300:
                time.sleep(0.01)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    whole = {path: path.read_bytes() for path in out.glob("hands-*")}
    assert whole and not (out / "dataset.json").exists(), (tmp_path / "log").read_text()
    assert main(["generate", *dataset, "--quiet"]) == 0
    assert {path: path.read_bytes() for path in whole} == whole and not list(out.glob(".*"))
    assert [sample.seed for sample in ShardedDataset(out)] == [sample_seed(0, index) for index in range(24)]


def test_a_worker_with_other_photographs_is_refused(tmp_path):
    _, jobs = plan(tmp_path / "set", 1, CONFIG, 0, 1)
    job = dataclasses.replace(jobs[0], photographs="3 photographs, 00000000")
    with pytest.raises(ChildProcessError, match=r"backgrounds: expected the photographs .*\(3 photographs, 00000000\), got"):
        run_jobs([job], write_records, HERE)
    assert not list((tmp_path / "set").glob("*hands*"))


def test_options_reach_beam():
    given = pipeline_options(["--runner=FlinkRunner", "--flink_master=there:8081"], workers=3).get_all_options()
    assert given["runner"] == "FlinkRunner" and given["flink_master"] == "there:8081"
    assert given["direct_num_workers"] == 3 and pipeline_options().get_all_options()["direct_num_workers"] == 0
    with pytest.raises(ValueError, match="workers: expected at least 1"):
        pipeline_options(workers=-1)


def test_command_passes_what_follows_two_dashes(tmp_path, capsys):
    out = tmp_path / "set"
    flags = ["--", "--direct_running_mode=in_memory", "--direct_num_workers=1"]
    assert main(["beam", "--num", "2", "--size", "64", "--split", "train", "--out", str(out), *flags]) == 0
    assert "2 of them rendered now" in capsys.readouterr().out
    assert ShardedDataset(out).raw(1) == encode(render_sample(sample_seed(0, 1, "train"), CONFIG))

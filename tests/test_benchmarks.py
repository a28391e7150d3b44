"""The benchmarks run, and their tables say what was measured."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np
import pytest

from benchmarks import (
    cheb_conv,
    common,
    datasets,
    depth_loss,
    generator,
    inference,
    loading,
    memory,
    rasterizer,
    record_size,
    training_step,
)
from tfhand.data.sample import HandSample, encode


def table_rows(text: str) -> list[list[str]]:
    """Cells of the rows of Markdown tables, heads and rules included."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def test_timing_figures():
    timing = common.Timing(np.array([1.0, 2.0, 3.0, 4.0, 100.0]))
    assert timing.cells(items=6) == ["3.00", "1.40 - 61.6", "2000"]


def test_warm_up_calls_are_not_timed():
    calls = []
    timing = common.measure(lambda: calls.append(0), repeats=3, warm_up=2)
    assert len(calls) == 5 and timing.milliseconds.shape == (3,)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.01234, "0.0123"), (1.0, "1.00"), (99.9, "99.9"), (123.4, "123"), (54321, "54321")],
)
def test_numbers_have_three_digits(value, text):
    assert common.number(value) == text


def test_tables_are_markdown(capsys):
    common.print_table("Title", ["a", "long head"], [["1", "2"], ["wide cell", "3"]])
    assert capsys.readouterr().out.splitlines() == [
        "",
        "### Title",
        "",
        "| a         | long head |",
        "| --------- | --------- |",
        "| 1         | 2         |",
        "| wide cell | 3         |",
    ]


def test_inference_times_every_stage(capsys):
    inference.main(["--presets", "mobile", "--batches", "2", "--repeats", "1"])
    rows = [row[:3] for row in table_rows(capsys.readouterr().out) if row[0] == "mobile"]
    names = ["heat-maps", "encoder + Graph CNN", "pose regressor", "all"]
    assert rows == [["mobile", "2", name] for name in names]


def test_cheb_conv_compares_sparse_and_dense(capsys):
    cheb_conv.main(["--batches", "1", "--repeats", "1", "--largest-grid", "0", "--features", "4"])
    rows = [row for row in table_rows(capsys.readouterr().out) if row[0].startswith("hand")]
    assert {(row[1], row[3], row[4]) for row in rows} == {
        (places, direction, kind)
        for places in ("320", "1280")
        for direction in ("forward", "forward + backward")
        for kind in ("sparse", "dense")
    }


def test_rasterizer(capsys):
    rasterizer.main(["--sizes", "16", "--repeats", "1"])
    assert [row[0] for row in table_rows(capsys.readouterr().out)][2:] == ["network mesh", "rig surface"]


def test_depth_loss_compares_backends(capsys):
    depth_loss.main(["--batch", "2", "--sizes", "16", "--repeats", "1", "--no-step"])
    rows = table_rows(capsys.readouterr().out)[2:]
    assert [row[:2] for row in rows] == [["tfg", "16 x 16"], ["tf", "16 x 16"]]
    assert all(float(row[3]) > 0 for row in rows)


def test_label_sizes_add_up_to_the_record():
    sample = HandSample(
        image=np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8),
        intrinsics=np.array([50, 50, 16, 16]), box=np.array([0, 0, 32, 32]), side="left",
        joints_mm=np.ones((21, 3)), vertices_mm=np.ones((10, 3)), extras={"shape": np.ones(5, np.float32)},
    )  # fmt: skip
    record = encode(sample)
    cells = {row[0]: row[1:] for row in record_size.label_sizes([record, record])}
    assert cells["all"] == [common.number(len(record) / 1000), "100%"]
    assert cells["vertices_mm"][0] == "0.120"  # 10 * 3 * 4 bytes
    assert cells["other labels"][0] == "0.320"  # joints 252, intrinsics 16, box 16, protocol 16, shape 20
    assert cells["alpha"] == ["0", "0%"] and float(cells["image"][0]) > 0.5


def test_memory_growth_compares_the_end_with_a_quarter():
    moments = [memory.Moment(100 * place, 1.0, (200.0, 210.0 + place), 50.0, 400.0 + place) for place in range(1, 9)]
    assert memory.growth(moments) == (
        "largest worker: +5.0 MB between image 300 and image 800, +10.00 kB an image; most together: 408 MB"
    )


def test_memory_of_this_process_and_its_children():
    child = subprocess.Popen([sys.executable, "-c", "data = bytearray(64_000_000); input()"], stdin=subprocess.PIPE)
    try:
        start = time.monotonic()
        while memory._resident(child.pid) < 64 and time.monotonic() < start + 60:
            time.sleep(0.05)
        assert child.pid in memory._descendants(os.getpid())
        assert 64 < memory._share(child.pid) <= memory._resident(child.pid) < 150
    finally:
        child.communicate()


def test_speed_counts_images_after_the_first_batches():
    batches = ((np.zeros((4, 2, 2, 3)), {}) for _ in range(6))
    assert loading.images_per_second(batches, 3) > 0 and len(list(batches)) == 1


@pytest.mark.slow
def test_memory(capsys):
    memory.main(["--num", "12", "--workers", "1", "--size", "64", "--moments", "2"])
    printed = capsys.readouterr().out
    assert len(table_rows(printed)) > 2 and "largest worker" in printed


@pytest.mark.slow
def test_record_size(capsys):
    record_size.main(["--sizes", "64", "--num", "2"])
    assert [row[0] for row in table_rows(capsys.readouterr().out)].count("64 x 64") == 7


@pytest.mark.slow
def test_loading(capsys):
    config = training_step.CONFIGS / "quickstart.yaml"
    loading.main(["--config", str(config), "--num", "4", "--size", "64", "--batches", "1", "--repeats", "1"])
    rows = table_rows(capsys.readouterr().out)
    assert [row[:2] for row in rows[-3:]] == [["training step of quickstart.yaml", ""], ["shards", "1"], ["shards", "2"]]


@pytest.mark.slow
def test_datasets(capsys):
    datasets.main(["--num", "2", "--repeats", "1"])
    rows = table_rows(capsys.readouterr().out)
    assert [row[0] for row in rows[-5:]] == [f"{name} (made up)" for name in datasets.LOOKS]
    assert all(float(cell) > 0 for row in rows[-5:] for cell in row[2:])


@pytest.mark.slow
def test_generator(capsys):
    generator.main(["--sizes", "64", "--repeats", "1", "--num", "4", "--workers", "1"])
    assert [row[0] for row in table_rows(capsys.readouterr().out)].count("64 x 64") == 2


@pytest.mark.slow
def test_training_step_of_the_quickstart(capsys):
    config = training_step.CONFIGS / "quickstart.yaml"
    training_step.main(["--configs", str(config), "--batch", "2", "--repeats", "1"])
    assert "quickstart.yaml" in capsys.readouterr().out


def test_negative_threads_are_named():
    with pytest.raises(ValueError, match="threads: expected 0 or more, got -1"):
        common.set_threads(-1)

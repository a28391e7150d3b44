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
from benchmarks.part_clock import PartClock
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
    kinds = [[backend, losses, "16 x 16"] for backend in ("tfg", "tf") for losses in ("depth", "depth + silhouette")]
    assert [row[:3] for row in rows] == kinds
    assert all(float(row[4]) > 0 for row in rows)


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
        while memory._share(child.pid) <= 64 and time.monotonic() < start + 60:
            time.sleep(0.05)
        assert child.pid in memory._descendants(os.getpid())
        assert 64 < memory._share(child.pid) <= memory._resident(child.pid) < 150
    finally:
        child.communicate()


class Ticking:
    """A clock that moves by what the functions of this class take."""

    time = 0.0

    def outer(self, takes: float) -> float:
        Ticking.time += takes
        self.inner(10 * takes)
        Ticking.time += takes
        return takes

    @classmethod
    def inner(cls, takes: float) -> None:
        cls.time += takes
        if takes < 0:
            raise ValueError("back in time")


def test_parts_take_what_they_take_themselves():
    before = vars(Ticking)["outer"], vars(Ticking)["inner"]
    with pytest.raises(ValueError, match="back in time"), PartClock(lambda: Ticking.time) as clock:
        clock.watch(Ticking, "outer", "out")
        clock.watch(Ticking, "inner", "in")
        Ticking().inner(50.0)  # a part by itself
        Ticking.time += 1000.0  # not of any part
        with clock.running("rest"):
            assert Ticking().outer(3.0) == 3.0 and Ticking().outer(takes=1.0) == 1.0
            Ticking.time += 7.0
            Ticking.inner(-1.0)
    inside = {("rest", "out"): 8, ("rest", "out", "in"): 40, ("rest", "in"): -1}
    assert clock.seconds == {("in",): 50, ("rest",): 7, **inside}
    assert (vars(Ticking)["outer"], vars(Ticking)["inner"]) == before


def test_parts_of_the_generator_sum_up_to_the_whole(monkeypatch):
    seconds = iter(range(10**9))  # a second at each look at the clock
    monkeypatch.setattr(generator, "PartClock", lambda: PartClock(lambda: next(seconds)))
    times = generator.part_times(64, repeats=2)
    assert list(times) == [*generator.PARTS, generator.ENCODING, generator.REST]
    assert sum(cpu for cpu, _ in times.values()) == next(seconds) - 2  # all but that between the two samples
    for part, (cpu, kernel) in times.items():  # every one was met, drawing and posing with the kernel
        assert cpu >= 2 and 0 <= kernel < cpu, part
        assert (kernel > 0) == (part in ("pose", "picture of the hand", "camera effects")), part


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
    rows = table_rows(capsys.readouterr().out)
    assert [row[0] for row in rows].count("64 x 64") == 2
    first = [row[0] for row in rows].index("pose")
    *parts, whole = rows[first : first + len(generator.PARTS) + 3]
    assert [row[0] for row in parts] == [*generator.PARTS, "encoding", "rest"] and whole[0] == "all"
    for column in (1, 3):
        assert sum(float(row[column]) for row in parts) == pytest.approx(float(whole[column]), rel=0.02)
    assert sum(float(row[2].rstrip("%")) for row in parts) == pytest.approx(100, abs=1) and whole[2] == "100.0%"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["quickstart", "mobile"])
def test_training_step_of_configs_with_and_without_signs(capsys, name):
    config = training_step.CONFIGS / f"{name}.yaml"
    training_step.main(["--configs", str(config), "--batch", "2", "--repeats", "1"])
    rows = [row for row in table_rows(capsys.readouterr().out) if row[0] == config.name]
    assert [row[1] for row in rows] == training_step.variants()


def test_negative_threads_are_named():
    with pytest.raises(ValueError, match="threads: expected 0 or more, got -1"):
        common.set_threads(-1)

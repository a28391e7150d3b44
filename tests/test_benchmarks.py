"""The benchmarks run, and their tables say what was measured."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import cheb_conv, common, generator, inference, rasterizer, training_step


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

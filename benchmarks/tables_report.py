"""The paper's tables 1 and 2 with our figures, and the PCK curves of table 2's rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.experiment import Scores, draw_curve, label_curves, markdown_table, mean_and_spread, score, write_scores
from benchmarks.tables_rows import REFERENCE, ROWS, TABLES
from tfhand.io import atomic_path

_TITLES = {
    1: "Table 1: the full model without one loss term at a time",
    2: "Table 2: three ways to a mesh",
}
_SETS = {"synthetic": "Synthetic validation", "real_world": "Real photographs"}
_COLOURS = {"parametric": "#d79b3c", "direct_lbs": "#b0563b", "full": "#2f6fb7"}
_MESH, _POSE = "mesh_error_mm", "pose_error_mm"


@dataclass(frozen=True)
class Result(Scores):
    """Scores of one run on one set.

    Attributes:
        name: of the row.
        seed: of its training.
        dataset: kind of the set.
    """

    name: str
    seed: int
    dataset: str


def write_tables(results: Sequence[Result], out: Path, made_with: str) -> None:
    """Writes table1.md and table2.md, for people, tables.csv with a line for each run and set, and pck.png.

    Args:
        results: of all runs so far.
        out: folder.
        made_with: a line on sets and trainings.

    Raises:
        OSError: a file can't be written.
    """
    lines = [((one.name, one.seed, one.dataset), one.metrics) for one in results]
    write_scores(out / "tables.csv", ["row", "seed", "dataset"], lines)
    for number in TABLES:
        with atomic_path(out / f"table{number}.md") as temporary:
            temporary.write_text(markdown(number, results, made_with), encoding="utf-8")
    if any(one.name in TABLES[2] for one in results):
        with atomic_path(out / "pck.png") as temporary:
            draw_curves(results, temporary)


def markdown(number: int, results: Sequence[Result], made_with: str) -> str:
    """One of the tables as Markdown.

    Means over the seeds, with the standard deviation between seeds where there are several; two columns compare each run
    with the full model's of the same seed. The paper's own figures stand at the end.
    """
    one_of = {kind: [one for one in results if one.dataset == kind] for kind in _SETS}
    has_real = number == 2 and bool(one_of["real_world"])
    heading = ["row", "runs", "mesh error, mm", "pose error, mm", "mesh, to the full model", "pose, to the full model"]
    heading += ["pose error, real photographs, mm"] if has_real else []
    heading += (
        ["paper: mesh error", "paper: pose error"]
        if number == 1
        else ["paper: mesh error, synthetic", "paper: mesh error, real photographs"]
    )
    lines = []
    for name, published in TABLES[number].items():
        runs, real = ([one for one in of_set if one.name == name] for of_set in one_of.values())
        if not runs:
            continue
        cells = [ROWS[name].title, str(len(runs)), score(runs, _MESH, 2), score(runs, _POSE, 2)]
        cells += [_paired(one_of["synthetic"], name, key) for key in (_MESH, _POSE)]
        cells += [score(real, _POSE, 2)] if has_real else []
        lines.append([*cells, *(f"{figure:.2f}" for figure in published)])
    samples = {kind: of_set[0].metrics["num_samples"] for kind, of_set in one_of.items() if of_set}
    told = [f"{_SETS[kind].lower()}: {count} samples" for kind, count in samples.items() if kind == "synthetic" or has_real]
    return f"# {_TITLES[number]}\n\n{made_with}; {', '.join(told)}.\n\n{markdown_table(heading, lines)}"


def draw_curves(results: Sequence[Result], path: Path) -> None:
    """Draws the joints' PCK curves of table 2's rows, means over the seeds, a set beside the other."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    kinds = [kind for kind in _SETS if any(one.dataset == kind for one in results)]
    figure = Figure(figsize=(5.5 * len(kinds), 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, kind in zip(figure.subplots(1, len(kinds), sharey=True, squeeze=False)[0], kinds, strict=True):
        for name, colour in _COLOURS.items():
            runs = [one for one in results if (one.name, one.dataset) == (name, kind)]
            if runs:
                draw_curve(axes, ROWS[name].title, runs, colour)
        label_curves(axes, _SETS[kind])
    figure.axes[0].set_ylabel("3D PCK of the joints")
    figure.savefig(path, dpi=130, format="png")


def _paired(results: Sequence[Result], name: str, key: str) -> str:
    """How a row's runs differ from the full model's of the same seeds; empty for the full model itself."""
    whole = {one.seed: one.metrics[key] for one in results if one.name == REFERENCE}
    pairs = [one.metrics[key] - whole[one.seed] for one in results if one.name == name and one.seed in whole]
    return "" if name == REFERENCE or not pairs else mean_and_spread(np.array(pairs), 2, sign=True)

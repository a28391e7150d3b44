"""The table and the PCK curves of the experiment on weak supervision: scores by row, mean and spread over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.experiment import (
    SCORES,
    Scores,
    draw_curve,
    label_curves,
    markdown_table,
    mean_and_spread,
    score,
    write_scores,
)
from benchmarks.weak_rows import ROWS, SUPERVISIONS
from tfhand.io import atomic_path

#: What rows are compared with, seed by seed.
REFERENCE = "full"
_COLOURS = ("#b0563b", "#d79b3c", "#2f6fb7", "#5aa469", "#7d6ab0", "#666666")


@dataclass(frozen=True)
class Result(Scores):
    """Scores of one run.

    Attributes:
        name: of the row.
        supervision: one of `SUPERVISIONS`.
        seed: of its training.
    """

    name: str
    supervision: str
    seed: int


def write_tables(results: Sequence[Result], out: Path, made_with: str) -> None:
    """Writes weak.md, for people, weak.csv with a line for each run, and pck.png.

    Args:
        results: of all runs so far.
        out: folder.
        made_with: a line on sets and trainings.

    Raises:
        OSError: a file can't be written.
    """
    write_scores(
        out / "weak.csv",
        ["row", "supervision", "seed"],
        [((one.name, one.supervision, one.seed), one.metrics) for one in results],
    )
    with atomic_path(out / "weak.md") as temporary:
        temporary.write_text(markdown(results, made_with), encoding="utf-8")
    if any(ROWS[one.name].curve for one in results):
        with atomic_path(out / "pck.png") as temporary:
            draw_curves(results, temporary)


def markdown(results: Sequence[Result], made_with: str) -> str:
    """The table as Markdown: a part without and one with 3D pose supervision.

    Means over the seeds, with the standard deviation between seeds where there are several; the last column compares
    each run with the full model's of the same seed and supervision.
    """
    parts = [f"# Weak supervision by depth maps\n\n{made_with}.\n"]
    for supervision, title in SUPERVISIONS.items():
        here = [one for one in results if one.supervision == supervision]
        if not here:
            continue
        heading = ["row", "runs", *(heading for heading, _ in SCORES.values()), "pose error against the full model, mm"]
        lines = []
        reference = {one.seed: one.metrics["pose_error_mm"] for one in here if one.name == REFERENCE}
        for name in dict.fromkeys(one.name for one in here):
            runs = [one for one in here if one.name == name]
            scores = [score(runs, key, digits) for key, (_, digits) in SCORES.items()]
            paired = [one.metrics["pose_error_mm"] - reference[one.seed] for one in runs if one.seed in reference]
            more = "" if name == REFERENCE or not paired else mean_and_spread(np.array(paired), 2, sign=True)
            lines.append([ROWS[name].title, str(len(runs)), *scores, more])
        parts.append(f"## {title[0].upper()}{title[1:]}: {here[0].metrics['num_samples']} target hands\n")
        parts.append(markdown_table(heading, lines))
    return "\n".join(parts)


def draw_curves(results: Sequence[Result], path: Path) -> None:
    """Draws the PCK curves, means over the seeds, with 3D pose supervision to the left and without to the right, as in
    the paper's figure 8; mean pose errors are in the legend."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, supervision in zip(figure.subplots(1, 2, sharey=True), reversed(SUPERVISIONS), strict=True):
        names = [name for name in ROWS if ROWS[name].curve]
        for name, colour in zip(names, _COLOURS, strict=False):
            runs = [one for one in results if (one.name, one.supervision) == (name, supervision)]
            if runs:
                draw_curve(axes, ROWS[name].title, runs, colour)
        label_curves(axes, SUPERVISIONS[supervision])
    figure.axes[0].set_ylabel("3D PCK")
    figure.savefig(path, dpi=130, format="png")


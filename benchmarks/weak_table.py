"""The table and the PCK curves of the experiment on weak supervision: scores by row, mean and spread over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.experiment import SCORES, mean_and_spread, write_scores
from benchmarks.weak_rows import ROWS, SUPERVISIONS
from tfhand.io import atomic_path

#: What rows are compared with, seed by seed.
REFERENCE = "full"
_COLOURS = ("#b0563b", "#d79b3c", "#2f6fb7", "#5aa469", "#7d6ab0", "#666666")


@dataclass(frozen=True)
class Result:
    """Scores of one run.

    Attributes:
        name: of the row.
        supervision: one of `SUPERVISIONS`.
        seed: of its training.
        metrics: what `trainers.evaluate` wrote.
        thresholds_mm, pck: (T,) its PCK curve.
    """

    name: str
    supervision: str
    seed: int
    metrics: dict[str, Any]
    thresholds_mm: np.ndarray
    pck: np.ndarray


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
        lines = [heading, ["---"] * len(heading)]
        reference = {one.seed: one.metrics["pose_error_mm"] for one in here if one.name == REFERENCE}
        for name in dict.fromkeys(one.name for one in here):
            runs = [one for one in here if one.name == name]
            scores = [_score(runs, key, digits) for key, (_, digits) in SCORES.items()]
            paired = [one.metrics["pose_error_mm"] - reference[one.seed] for one in runs if one.seed in reference]
            more = "" if name == REFERENCE or not paired else mean_and_spread(np.array(paired), 2, sign=True)
            lines.append([ROWS[name].title, str(len(runs)), *scores, more])
        parts.append(f"## {title[0].upper()}{title[1:]}: {here[0].metrics['num_samples']} target hands\n")
        parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n")
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
                error = np.mean([one.metrics["pose_error_mm"] for one in runs])
                curves = np.stack([one.pck for one in runs])
                label = f"{ROWS[name].title} ({error:.2f} mm)"
                axes.plot(runs[0].thresholds_mm, curves.mean(axis=0), color=colour, linewidth=2, label=label)
                axes.fill_between(
                    runs[0].thresholds_mm, curves.min(axis=0), curves.max(axis=0), color=colour, alpha=0.15, linewidth=0
                )
        axes.set(xlim=(0, 50), ylim=(0, 1), xlabel="error threshold, mm", title=SUPERVISIONS[supervision])
        axes.grid(alpha=0.3)
        if axes.get_lines():
            axes.legend(loc="lower right", fontsize=9)
    figure.axes[0].set_ylabel("3D PCK")
    figure.savefig(path, dpi=130, format="png")


def _score(runs: Sequence[Result], key: str, digits: int) -> str:
    """Mean and spread of a score, a dash where a network has no mesh."""
    values = [one.metrics[key] for one in runs]
    return "-" if None in values else mean_and_spread(np.array(values), digits)

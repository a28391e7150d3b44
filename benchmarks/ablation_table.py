"""The table of an ablation: scores by what was left out, mean and spread over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.experiment import SCORES, mean_and_spread, write_scores
from tfhand.io import atomic_path

#: The runs that lack nothing.
EVERYTHING = "everything"
_SETS = {"synthetic": "Synthetic validation, made with everything", "real_world": "Real photographs"}


@dataclass(frozen=True)
class Result:
    """Scores of one run on one set.

    Attributes:
        name: what its training set lacked, or `EVERYTHING`.
        seed: of its training.
        dataset: kind of the set.
        metrics: what `trainers.evaluate` wrote; None where the set has no such labels.
    """

    name: str
    seed: int
    dataset: str
    metrics: dict[str, Any]


def write_tables(results: Sequence[Result], out: Path, made_with: str) -> None:
    """Writes ablation.md, for people, and ablation.csv with a line for each run and set.

    Args:
        results: of all runs so far.
        out: folder.
        made_with: a line on sets and trainings.

    Raises:
        OSError: a file can't be written.
    """
    write_scores(
        out / "ablation.csv",
        ["left_out", "seed", "dataset"],
        [(("" if one.name == EVERYTHING else one.name, one.seed, one.dataset), one.metrics) for one in results],
    )
    with atomic_path(out / "ablation.md") as temporary:
        temporary.write_text(markdown(results, made_with), encoding="utf-8")


def markdown(results: Sequence[Result], made_with: str) -> str:
    """The table as Markdown: a part for each set.

    Means over the seeds, with the standard deviation between seeds where there are several; the last column compares
    each run with the one of the same seed that lacked nothing.
    """
    parts = [f"# What each ingredient of the renders is worth\n\n{made_with}.\n"]
    for dataset in dict.fromkeys(one.dataset for one in results):
        here = [one for one in results if one.dataset == dataset]
        keys = [key for key in SCORES if here[0].metrics[key] is not None]
        lines = [["left out", "runs", *(SCORES[key][0] for key in keys), "pose error against everything, mm"]]
        lines.append(["---"] * len(lines[0]))
        whole = {one.seed: one.metrics["pose_error_mm"] for one in here if one.name == EVERYTHING}
        for name in dict.fromkeys(one.name for one in here):
            runs = [one for one in here if one.name == name]
            scores = [mean_and_spread(np.array([one.metrics[key] for one in runs]), SCORES[key][1]) for key in keys]
            paired = [one.metrics["pose_error_mm"] - whole[one.seed] for one in runs if one.seed in whole]
            more = "" if name == EVERYTHING or not paired else mean_and_spread(np.array(paired), 2, sign=True)
            lines.append(["nothing" if name == EVERYTHING else name, str(len(runs)), *scores, more])
        samples = here[0].metrics["num_samples"]
        parts.append(f"## {_SETS.get(dataset, dataset)}: {samples} samples\n")
        parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n")
    return "\n".join(parts)

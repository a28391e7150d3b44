"""What an ablation is told: its command line, and where its files lie."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ablation_table import EVERYTHING
from benchmarks.experiment import ROOT
from tfhand.data.dataset_dir import DATA_VARIABLE, DEFAULT_DATA, dataset_dir
from tfhand.synthetic.ingredients import INGREDIENTS

_TEACH = """\
In the folder --out:

    data/NAME, data/validation    rendered once; a set and the whole one share all draws but the ingredient's
    runs/NAME-seed-0              a training run each, as `trainers.fully_supervised` leaves it, and its evaluations
    logs/NAME-seed-0.txt          what training and evaluation printed
    ablation.md, ablation.csv     the table, anew after every run: mean and spread over the seeds

Validation hands have every ingredient, and viewpoints, shapes and photographs that training doesn't show. The set of
real photographs is only ever evaluated on. A stopped command goes on where it was when it is given again; more --seeds
and more --only may be given then. Whatever follows two dashes goes to every training:

    python -m benchmarks.ablation --out runs/ablation --only shadows skins --seeds 0 1 2
    python -m benchmarks.ablation --out runs/quick --num 500 --num-validation 100 --seeds 0 -- --stages.full.steps=100
"""


@dataclass(frozen=True)
class Plan:
    """One ablation.

    Attributes:
        out: its folder.
        num, num_validation: hands in a training set, and to validate on.
        size: side of their images, pixels.
        config: training config.
        overrides: options for every training.
        names: `EVERYTHING` and the ingredients to leave out.
        seeds: of the trainings.
        workers: processes that render.
        backgrounds: folder of photographs for all sets, or None for the built-in ones.
        real: folder of the real-world set, or None.
    """

    out: Path
    num: int
    num_validation: int
    size: int
    config: Path
    overrides: tuple[str, ...]
    names: tuple[str, ...]
    seeds: tuple[int, ...]
    workers: int
    backgrounds: str | None
    real: Path | None

    @property
    def runs(self) -> list[tuple[str, int]]:
        """Names and seeds, all of one seed first: a first table comes early."""
        return [(name, seed) for seed in self.seeds for name in self.names]

    def run_folder(self, name: str, seed: int) -> Path:
        """Where a run lies."""
        return self.out / "runs" / f"{name}-seed-{seed}"

    def log(self, name: str, seed: int) -> Path:
        """Where goes what a run prints."""
        return self.out / "logs" / f"{name}-seed-{seed}.txt"

    def metrics(self, name: str, seed: int, kind: str) -> Path:
        """Where a run's scores on a kind of set lie; there once the run is finished."""
        return self.run_folder(name, seed) / "evaluation" / kind / "metrics.json"

    def is_scored(self, name: str, seed: int) -> bool:
        """Whether a run is finished and scored on every set."""
        return all(self.metrics(name, seed, kind).is_file() for kind in self.evaluations())

    def evaluations(self) -> dict[str, Path]:
        """Kinds of the evaluation sets and their folders."""
        sets = {"synthetic": self.out / "data" / "validation"}
        return sets if self.real is None else {**sets, "real_world": self.real}


def read_plan(summary: str, arguments: Sequence[str] | None = None) -> Plan:
    """The plan of a command line.

    Args:
        summary: what the command is for; its help begins with it.
        arguments: of the command; None for those of this process.

    Raises:
        ValueError: numbers that can't be.
    """
    form = argparse.RawDescriptionHelpFormatter
    options = argparse.ArgumentParser(
        prog="python -m benchmarks.ablation", description=summary, epilog=_TEACH, formatter_class=form
    )
    options.add_argument("--out", type=Path, required=True, help="folder for everything; new, or of a stopped run")
    options.add_argument("--num", type=int, default=8000, help="hands in each training set (default: %(default)s)")
    options.add_argument("--num-validation", type=int, default=1000, help="hands to score on (default: %(default)s)")
    options.add_argument("--size", type=int, default=160, help="side of the images in pixels (default: %(default)s)")
    options.add_argument("--only", nargs="+", choices=tuple(INGREDIENTS), default=list(INGREDIENTS),
                         help="ingredients to leave out, one at a time (default: each of them)")  # fmt: skip
    options.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="of trainings (default: 0 1 2)")
    options.add_argument("--config", type=Path, default=ROOT / "configs" / "ablation.yaml", help="training config")
    options.add_argument("--workers", type=int, default=2, help="rendering processes (default: %(default)s)")
    options.add_argument("--backgrounds", metavar="FOLDER", help="photographs for all sets (default: built-in ones)")
    options.add_argument("--real-world", type=Path, default=dataset_dir("real_world"), metavar="DIR",
                         help="real-world set, left out where there is no such folder "
                              f"(default: ${DATA_VARIABLE}/real_world or {DEFAULT_DATA}/real_world)")  # fmt: skip
    options.add_argument("overrides", nargs="*", metavar="-- TRAINING OPTION", help="such as --stages.full.steps=100")
    args = options.parse_args(arguments)
    for name in ("num", "num_validation", "workers"):
        if getattr(args, name) < 1:
            raise ValueError(f"--{name.replace('_', '-')}: expected at least 1, got {getattr(args, name)}.")
    return Plan(
        out=args.out, num=args.num, num_validation=args.num_validation, size=args.size, config=args.config,
        overrides=tuple(args.overrides), names=(EVERYTHING, *dict.fromkeys(args.only)),
        seeds=tuple(dict.fromkeys(args.seeds)), workers=args.workers, backgrounds=args.backgrounds,
        real=args.real_world if args.real_world.is_dir() else None,
    )  # fmt: skip

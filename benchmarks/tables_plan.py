"""What the experiment of the paper's tables is told: its command line, and where its files lie."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.experiment import ROOT
from benchmarks.tables_rows import ROWS, START
from tfhand.data.dataset_dir import DATA_VARIABLE, DEFAULT_DATA, dataset_dir

_SUMMARY = """\
The paper's tables 1 and 2 on our data: each loss term removed, and other ways to a mesh.

    python -m benchmarks.paper_tables --out runs/tables
    python -m benchmarks.paper_tables --out runs/tables --data data/hands --validation data/validation --seeds 0 1 2
"""
_TEACH = """\
In the folder --out:

    data/train, data/validation        rendered once, unless --data and --validation name other ones
    runs/start                         heat-maps and pose regressor that all rows start from
    runs/ROW-seed-0                    a training run each, as `trainers.fully_supervised` leaves it, and its evaluations
    logs/                              what trainings and evaluations printed
    table1.md, table2.md, tables.csv   mean and spread over the seeds, the paper's figures beside, anew after every run
    pck.png                            PCK curves of table 2's rows
    meshes.png                         the same validation hands by the ways of table 2, of the first seed

Real photographs are only ever evaluated on. A stopped command goes on where it was when it is given again; more --seeds and
more --only may be given then. Options of trainings follow --train, each in one word:

    python -m benchmarks.paper_tables --out runs/tables --only full direct_lbs --seeds 0
    python -m benchmarks.paper_tables --out runs/quick --num 400 --num-validation 100 --seeds 0 \\
        --train=--stages.heatmap.steps=50 --train=--stages.full.steps=100
"""


@dataclass(frozen=True)
class Plan:
    """One experiment.

    Attributes:
        out: its folder.
        data, validation: folders of shards to train on and to score on; None for rendered ones.
        num, num_validation: hands to render.
        size: side of rendered images, pixels.
        configs: folder of the training configs.
        names: rows, see `benchmarks.tables_rows.ROWS`.
        seeds: of the trainings.
        workers: processes that render.
        backgrounds: folder of photographs for rendered hands, or None for the built-in ones.
        real: folder of the real-world set, or None.
        options: for every training.
        pictures: hands in meshes.png.
    """

    out: Path
    data: Path | None
    validation: Path | None
    num: int
    num_validation: int
    size: int
    configs: Path
    names: tuple[str, ...]
    seeds: tuple[int, ...]
    workers: int
    backgrounds: str | None
    real: Path | None
    options: tuple[str, ...]
    pictures: int

    @property
    def runs(self) -> list[tuple[str, int]]:
        """Rows and seeds, all of one seed first: first tables come early."""
        return [(name, seed) for seed in self.seeds for name in self.names]

    @property
    def sets(self) -> dict[str, Path]:
        """The rendered splits, or what stands for them."""
        given = {"train": self.data, "validation": self.validation}
        return {split: folder or self.out / "data" / split for split, folder in given.items()}

    @property
    def evaluations(self) -> dict[str, Path]:
        """Kinds of the evaluation sets and their folders."""
        sets = {"synthetic": self.sets["validation"]}
        return sets if self.real is None else {**sets, "real_world": self.real}

    def config(self, name: str) -> Path:
        """The config of a row, or of `START`."""
        return self.configs / f"{START if name == START else ROWS[name].config}.yaml"

    def folder(self, name: str, seed: int | None = None) -> Path:
        """Where a run lies; `START` has one seed."""
        return self.out / "runs" / (name if seed is None else f"{name}-seed-{seed}")

    def log(self, folder: Path) -> Path:
        """Where goes what a run prints."""
        return self.out / "logs" / f"{folder.name}.txt"

    def metrics(self, name: str, seed: int, kind: str) -> Path:
        """Where a run's scores on a kind of set lie; there once it is scored."""
        return self.folder(name, seed) / "evaluation" / kind / "metrics.json"

    def is_scored(self, name: str, seed: int) -> bool:
        """Whether a run is finished and scored on every set."""
        return all(self.metrics(name, seed, kind).is_file() for kind in self.evaluations)


def read_plan(arguments: Sequence[str] | None = None) -> Plan:
    """The plan of a command line.

    Raises:
        ValueError: numbers that can't be, or one of --data and --validation without the other.
    """
    options = argparse.ArgumentParser(
        prog="python -m benchmarks.paper_tables", description=_SUMMARY, epilog=_TEACH,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    options.add_argument("--out", type=Path, required=True, help="folder for everything; new, or of a stopped run")
    options.add_argument("--data", type=Path, metavar="DIR", help="generated hands to train on (default: rendered)")
    options.add_argument("--validation", type=Path, metavar="DIR", help="generated hands to score on (default: rendered)")
    for name, default, what in (
        ("num", 24000, "hands to render to train on"),
        ("num-validation", 1000, "hands to render to score on"),
        ("size", 160, "side of rendered images in pixels"),
        ("workers", 2, "rendering processes"),
        ("pictures", 6, "hands in meshes.png"),
    ):
        options.add_argument(f"--{name}", type=int, default=default, help=f"{what} (default: %(default)s)")
    options.add_argument("--only", nargs="+", choices=tuple(ROWS), default=list(ROWS), metavar="ROW",
                         help=f"some of {', '.join(ROWS)} (default: all)")  # fmt: skip
    options.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="of trainings (default: 0 1 2)")
    options.add_argument("--configs", type=Path, default=ROOT / "configs" / "tables", help="folder of training configs")
    options.add_argument("--backgrounds", metavar="FOLDER", help="photographs for rendered hands (default: built-in ones)")
    options.add_argument("--real-world", type=Path, default=dataset_dir("real_world"), metavar="DIR",
                         help="real-world set, left out where there is no such folder "
                              f"(default: ${DATA_VARIABLE}/real_world or {DEFAULT_DATA}/real_world)")  # fmt: skip
    options.add_argument("--train", action="append", default=[], metavar="OPTION", help="for every training")
    args = options.parse_args(arguments)
    for name in ("num", "num_validation", "workers", "pictures"):
        if getattr(args, name) < 1:
            raise ValueError(f"--{name.replace('_', '-')}: expected at least 1, got {getattr(args, name)}.")
    if (args.data is None) != (args.validation is None):
        raise ValueError("--data, --validation: expected both or neither.")
    return Plan(
        out=args.out, data=args.data, validation=args.validation, num=args.num, num_validation=args.num_validation,
        size=args.size, configs=args.configs, names=tuple(name for name in ROWS if name in args.only),
        seeds=tuple(dict.fromkeys(args.seeds)), workers=args.workers, backgrounds=args.backgrounds,
        real=args.real_world if args.real_world.is_dir() else None, options=tuple(args.train), pictures=args.pictures,
    )  # fmt: skip

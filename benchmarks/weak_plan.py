"""What the experiment on weak supervision is told: its command line, and where its files lie."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.experiment import ROOT
from benchmarks.weak_rows import ROWS, SUPERVISIONS, in_order

_SUMMARY = """\
What weak supervision by depth maps is worth: networks trained on one synthetic world are fine-tuned on another one.

    python -m benchmarks.weak_supervision --out runs/weak
"""
_TEACH = """\
In the folder --out:

    data/source, data/target           the two worlds, train/ and validation/ each, rendered once
    runs/source_full, source_joints    stage 1 of the two networks, shared by all rows
    runs/ROW-2d-seed-0, ROW-3d-seed-0  fine-tuning without and with 3D pose supervision, and its evaluation/
    data/pseudo_meshes                 pseudo-ground truth, shared by all rows
    logs/                              what trainings and evaluations printed
    weak.md, weak.csv, pck.png         the table and the curves, anew after every run
    pseudo_meshes.png                  the same hands with and without the pseudo-mesh loss

The target's 3D joints and meshes are hidden from fine-tuning (but for 3D joints in rows with 3D pose supervision) and
used to score on the target's validation split. A stopped command goes on where it was when it is given again; more
--seeds and more --only may be given then. Rows beside the main ones are trained with the first seed and without 3D
poses alone, unless --all-seeds is given. Options of trainings follow --source and --weak, each in one word:

    python -m benchmarks.weak_supervision --out runs/weak --only full baseline_2 --seeds 0
    python -m benchmarks.weak_supervision --out runs/quick --num-source 400 --num-target 200 --num-validation 100 \\
        --source=--stages.full.steps=100 --weak=--stages.weak.steps=25
"""


@dataclass(frozen=True)
class Plan:
    """One experiment.

    Attributes:
        out: its folder.
        num_source, num_target, num_validation: hands to train on in each world, and to score on in the target.
        size: side of the images, pixels.
        configs: folder of the training configs.
        names: rows, see `benchmarks.weak_rows.ROWS`, each after what it starts from.
        seeds: of the trainings.
        all_seeds: whether rows beside the main ones are trained with all of them too.
        workers: processes that render.
        backgrounds: folder of photographs, or None for the built-in ones.
        source_options, weak_options: for every training of stage 1 and of fine-tuning.
        pictures: hands in pseudo_meshes.png.
    """

    out: Path
    num_source: int
    num_target: int
    num_validation: int
    size: int
    configs: Path
    names: tuple[str, ...]
    seeds: tuple[int, ...]
    all_seeds: bool
    workers: int
    backgrounds: str | None
    source_options: tuple[str, ...]
    weak_options: tuple[str, ...]
    pictures: int

    @property
    def runs(self) -> list[tuple[str, str, int]]:
        """Rows, supervisions and seeds, all of one seed first: a first table comes early."""
        return [
            (name, supervision, seed)
            for seed in self.seeds
            for supervision in SUPERVISIONS
            for name in self.names
            if self._is_run(name, supervision, seed)
        ]

    def _is_run(self, name: str, supervision: str, seed: int) -> bool:
        row, first = ROWS[name], seed == self.seeds[0]
        if row.config is None:  # stage 1 itself has one seed and no supervision by the target
            return first and supervision == "2d"
        return row.main or self.all_seeds or (first and supervision == "2d")

    def data(self, world: str, split: str) -> Path:
        """Where a set lies."""
        return self.out / "data" / world / split

    def source_folder(self, name: str) -> Path:
        """Where a network's stage 1 lies."""
        return self.out / "runs" / name

    def run_folder(self, name: str, supervision: str, seed: int, part: str = "") -> Path:
        """Where a run lies; `part` names what comes before its last training."""
        if ROWS[name].config is None:
            return self.source_folder(ROWS[name].start)
        return self.out / "runs" / f"{name}{part}-{supervision}-seed-{seed}"

    def log(self, folder: Path) -> Path:
        """Where goes what a run prints."""
        return self.out / "logs" / f"{folder.name}.txt"

    def metrics(self, name: str, supervision: str, seed: int) -> Path:
        """Where a run's scores lie; there once the run is finished."""
        return self.run_folder(name, supervision, seed) / "evaluation" / "metrics.json"


def read_plan(arguments: Sequence[str] | None = None) -> Plan:
    """The plan of a command line.

    Raises:
        ValueError: numbers that can't be.
    """
    options = argparse.ArgumentParser(
        prog="python -m benchmarks.weak_supervision", description=_SUMMARY, epilog=_TEACH,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    options.add_argument("--out", type=Path, required=True, help="folder for everything; new, or of a stopped run")
    for name, default, what in (
        ("num-source", 12000, "source hands to train on"),
        ("num-target", 3000, "target hands to fine-tune on"),
        ("num-validation", 1000, "target hands to score on"),
        ("size", 160, "side of the images in pixels"),
        ("workers", 2, "rendering processes"),
    ):
        options.add_argument(f"--{name}", type=int, default=default, help=f"{what} (default: %(default)s)")
    options.add_argument("--only", nargs="+", choices=tuple(ROWS), default=list(ROWS), metavar="ROW",
                         help=f"some of {', '.join(ROWS)} (default: all)")  # fmt: skip
    options.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="of fine-tuning (default: 0 1 2)")
    options.add_argument("--all-seeds", action="store_true", help="all seeds, and 3D poses, for rows beside the main ones too")
    options.add_argument("--configs", type=Path, default=ROOT / "configs" / "weak", help="folder of training configs")
    options.add_argument("--backgrounds", metavar="FOLDER", help="photographs (default: built-in ones)")
    options.add_argument("--source", action="append", default=[], metavar="OPTION", help="for every training of stage 1")
    options.add_argument("--weak", action="append", default=[], metavar="OPTION", help="for every fine-tuning")
    options.add_argument("--pictures", type=int, default=8, help="hands in pseudo_meshes.png (default: %(default)s)")
    args = options.parse_args(arguments)
    for name in ("num_source", "num_target", "num_validation", "workers", "pictures"):
        if getattr(args, name) < 1:
            raise ValueError(f"--{name.replace('_', '-')}: expected at least 1, got {getattr(args, name)}.")
    return Plan(
        out=args.out, num_source=args.num_source, num_target=args.num_target, num_validation=args.num_validation,
        size=args.size, configs=args.configs, names=in_order(tuple(args.only)), seeds=tuple(dict.fromkeys(args.seeds)),
        all_seeds=args.all_seeds, workers=args.workers, backgrounds=args.backgrounds, source_options=tuple(args.source),
        weak_options=tuple(args.weak), pictures=args.pictures,
    )  # fmt: skip

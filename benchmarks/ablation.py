"""What each ingredient of the renders is worth: the same training on sets that each lack one of them.

    python -m benchmarks.ablation --out runs/ablation
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from benchmarks.ablation_plan import Plan, read_plan
from benchmarks.ablation_table import EVERYTHING, Result, write_tables
from benchmarks.experiment import (
    keep_same_settings,
    run_experiment,
    running,
    steps_of_run,
    train_with_bar,
)
from tfhand.synthetic.ingredients import INGREDIENTS


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""

    def run() -> None:
        plan = read_plan(__doc__, arguments)
        keep_settings(plan)
        render_sets(plan)
        steps = run_all(plan)
        print((plan.out / "ablation.md").read_text(encoding="utf-8"))
        print(f"{len(plan.runs)} runs, {steps} of their steps now; tables in {plan.out}")

    return run_experiment("ablation", run)


def keep_settings(plan: Plan) -> None:
    """Writes down what all runs have in common, or compares it with what a stopped run had.

    Raises:
        ValueError: they differ, or the folder holds something else.
    """
    from trainers.config import TrainConfig
    from trainers.config_file import config_to_dict, load_config

    training = config_to_dict(load_config(TrainConfig, plan.config, list(plan.overrides)))
    settings = {"num": plan.num, "num_validation": plan.num_validation, "size": plan.size, "training": training}
    keep_same_settings(plan.out / "ablation.json", settings)


def render_sets(plan: Plan) -> None:
    """Renders what is missing of the sets."""
    from tfhand.synthetic.generate import generate
    from tfhand.synthetic.generator import SyntheticConfig

    for name in ("validation", *plan.names):
        split, count = ("validation", plan.num_validation) if name == "validation" else ("train", plan.num)
        without = (name,) if name in INGREDIENTS else ()
        config = SyntheticConfig(size=plan.size, backgrounds=plan.backgrounds, split=split, without=without)
        print(f"rendering {plan.out / 'data' / name}: {count} hands")
        generate(plan.out / "data" / name, count, plan.workers, config)


def run_all(plan: Plan) -> int:
    """Trains and scores what is missing; returns the optimisation steps done now.

    Raises:
        ChildProcessError: a training or an evaluation failed.
    """
    per_run = steps_of(plan)
    begun = sum(steps_of_run(plan.run_folder(*run), per_run) for run in plan.runs)
    with tqdm(total=per_run * len(plan.runs), initial=begun, unit="step", smoothing=0) as bar:
        for number, (name, seed) in enumerate(plan.runs, start=1):
            if plan.is_scored(name, seed):
                continue
            bar.set_description(f"run {number} of {len(plan.runs)}: {title(name)}, seed {seed}")
            train(plan, name, seed, per_run, bar)
            for kind, data in plan.evaluations().items():
                evaluate(plan, name, seed, kind, data)
            write_tables(results(plan), plan.out, describe(plan))
        done = bar.n
    write_tables(results(plan), plan.out, describe(plan))
    return done - begun


def train(plan: Plan, name: str, seed: int, steps: int, bar: tqdm) -> None:
    """Trains a run from where it stands, to all of its steps; the bar follows."""
    folder, data = plan.run_folder(name, seed), plan.out / "data"
    options = [*plan.overrides, f"--data.train={data / name}", f"--data.validation={data / 'validation'}", f"--seed={seed}"]
    train_with_bar("fully_supervised", plan.config, folder, options, plan.log(name, seed), steps, bar)


def evaluate(plan: Plan, name: str, seed: int, kind: str, data: Path) -> None:
    """Scores a run on one set."""
    preset = json.loads((plan.out / "ablation.json").read_text(encoding="utf-8"))["training"]["preset"]
    folder = plan.run_folder(name, seed)
    command = ["trainers.evaluate", "--dataset", kind, "--data-dir", data, "--out", folder / "evaluation" / kind,
               "--preset", preset, "--weights", folder / "weights.safetensors", "--pictures", 0]  # fmt: skip
    for _ in running(command, plan.log(name, seed)):
        pass


def steps_of(plan: Plan) -> int:
    """Optimisation steps of one run."""
    training = json.loads((plan.out / "ablation.json").read_text(encoding="utf-8"))["training"]
    return sum(stage["steps"] for stage in training["stages"].values())


def results(plan: Plan) -> list[Result]:
    """The scores that are there, in the order of the table."""
    found = [(name, seed, kind) for name in plan.names for seed in plan.seeds for kind in plan.evaluations()]
    return [
        Result(name, seed, kind, json.loads(path.read_text(encoding="utf-8")))
        for name, seed, kind in found
        if (path := plan.metrics(name, seed, kind)).is_file()
    ]


def describe(plan: Plan) -> str:
    """What the table was made with."""
    changed = f" with {' '.join(plan.overrides)}" if plan.overrides else ""
    return (
        f"{plan.num} training hands and {plan.num_validation} to validate on, {plan.size} x {plan.size}; "
        f"{steps_of(plan)} steps of `{plan.config.name}`{changed}"
    )


def title(name: str) -> str:
    """How a run is called."""
    return name if name == EVERYTHING else f"without {name}"


if __name__ == "__main__":
    sys.exit(main())

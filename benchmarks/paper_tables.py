"""The paper's tables 1 and 2 on our data: each loss term removed, and other ways to a mesh.

    python -m benchmarks.paper_tables --out runs/tables
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from tqdm import tqdm

from benchmarks.experiment import (
    fitting_options,
    keep_same_settings,
    read_scores,
    run_experiment,
    running,
    steps_of_run,
    train_with_bar,
)
from benchmarks.mesh_pictures import write_meshes
from benchmarks.tables_plan import Plan, read_plan
from benchmarks.tables_report import Result, write_tables
from benchmarks.tables_rows import ROWS, START, TABLES

_START_SEED = 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""

    def run() -> None:
        plan = read_plan(arguments)
        trainings = training_configs(plan)
        keep_same_settings(plan.out / "tables.json", {**settings(plan), "trainings": trainings})
        render_sets(plan)
        run_all(plan, {name: _steps(training) for name, training in trainings.items()})
        draw_pictures(plan)
        for number in TABLES:
            print((plan.out / f"table{number}.md").read_text(encoding="utf-8"))
        print(f"{len(plan.runs)} runs; tables, curves and pictures in {plan.out}")

    return run_experiment("paper_tables", run)


def settings(plan: Plan) -> dict[str, Any]:
    """What all runs have in common but their configs."""
    if plan.data is not None:
        return {"data": str(plan.data.resolve()), "validation": str(plan.validation.resolve())}
    return {key: getattr(plan, key) for key in ("num", "num_validation", "size", "backgrounds")}


def training_configs(plan: Plan) -> dict[str, dict[str, Any]]:
    """Every training's config by its name, as it is with the options given."""
    from trainers.config import TrainConfig
    from trainers.config_file import config_to_dict, load_config

    return {
        name: config_to_dict(load_config(TrainConfig, plan.config(name), fitting_options(plan.config(name), plan.options)))
        for name in (START, *ROWS)
    }


def render_sets(plan: Plan) -> None:
    """Renders what is missing, unless other sets are named."""
    if plan.data is not None:
        return
    from tfhand.synthetic.generate import generate
    from tfhand.synthetic.generator import SyntheticConfig

    for seed, (split, count) in enumerate({"train": plan.num, "validation": plan.num_validation}.items()):
        config = SyntheticConfig(size=plan.size, backgrounds=plan.backgrounds, split=split)
        print(f"rendering {plan.sets[split]}: {count} hands")
        generate(plan.sets[split], count, plan.workers, config, seed)


def run_all(plan: Plan, steps: dict[str, int]) -> None:
    """Trains and scores what is missing; the bar counts optimisation steps.

    Args:
        plan: the experiment.
        steps: of the trainings by name.

    Raises:
        ChildProcessError: a training or an evaluation failed.
    """
    trainings = [(START, None), *plan.runs]
    total = sum(steps[name] for name, _ in trainings)
    begun = sum(steps_of_run(plan.folder(name, seed), steps[name]) for name, seed in trainings)
    with tqdm(total=total, initial=begun, unit="step", smoothing=0) as bar:
        for number, (name, seed) in enumerate(trainings):
            bar.set_description(START if seed is None else f"run {number} of {len(plan.runs)}: {name}, seed {seed}")
            train(plan, name, seed, steps[name], bar)
            if seed is not None and not plan.is_scored(name, seed):
                for kind in plan.evaluations:
                    evaluate(plan, name, seed, kind)
                write_tables(results(plan), plan.out, describe(plan))
    write_tables(results(plan), plan.out, describe(plan))


def train(plan: Plan, name: str, seed: int | None, steps: int, bar: tqdm) -> None:
    """Trains a run from where it stands; the bar follows."""
    folder, config = plan.folder(name, seed), plan.config(name)
    options = [f"--data.{split}={data}" for split, data in plan.sets.items()]
    options += [f"--seed={_START_SEED if seed is None else seed}", *fitting_options(config, plan.options)]
    if name != START:
        options.append(f"--weights={plan.folder(START) / 'weights.safetensors'}")
    train_with_bar("fully_supervised", config, folder, options, plan.log(folder), steps, bar)


def evaluate(plan: Plan, name: str, seed: int, kind: str) -> None:
    """Scores a run on one set."""
    folder, row = plan.folder(name, seed), ROWS[name]
    command = ["trainers.evaluate", "--dataset", kind, "--data-dir", plan.evaluations[kind],
               "--out", plan.metrics(name, seed, kind).parent, "--preset", row.preset,
               "--weights", folder / "weights.safetensors", "--pictures", 0,
               *(["--direct-lbs"] if row.direct_lbs else [])]  # fmt: skip
    for _ in running(command, plan.log(folder)):
        pass


def draw_pictures(plan: Plan) -> None:
    """Draws hands by the ways of table 2, where all its rows are there."""
    if set(TABLES[2]) <= set(plan.names):
        seed = plan.seeds[0]
        networks = {
            ROWS[name].title: (ROWS[name].preset, plan.folder(name, seed) / "weights.safetensors") for name in TABLES[2]
        }
        write_meshes(networks, plan.sets["validation"], plan.pictures, plan.out / "meshes.png")


def results(plan: Plan) -> list[Result]:
    """The scores that are there, by row."""
    found = [(name, seed, kind) for name in plan.names for seed in plan.seeds for kind in plan.evaluations]
    scores = {run: read_scores(plan.metrics(*run)) for run in found}
    return [
        Result(**vars(one), name=name, seed=seed, dataset=kind)
        for (name, seed, kind), one in scores.items()
        if one is not None
    ]


def describe(plan: Plan) -> str:
    """What the tables were made with."""
    hands = f"{plan.num} rendered hands" if plan.data is None else f"the hands of `{plan.data.name}`"
    changed = f" with {' '.join(plan.options)}" if plan.options else ""
    return f"Trained on {hands} from one shared start; `configs/{plan.configs.name}`{changed}"


def _steps(training: dict[str, Any]) -> int:
    return sum(stage["steps"] for stage in training["stages"].values())


if __name__ == "__main__":
    sys.exit(main())

"""What weak supervision by depth maps is worth: networks trained on one synthetic world are fine-tuned on another one.

    python -m benchmarks.weak_supervision --out runs/weak
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks.experiment import (
    fitting_options,
    keep_same_settings,
    read_scores,
    run_experiment,
    running,
    train_to_end,
)
from benchmarks.mesh_pictures import write_meshes
from benchmarks.weak_plan import Plan, read_plan
from benchmarks.weak_rows import ROWS, SOURCES
from benchmarks.weak_table import Result, write_tables

#: Of rendered sets, by world and split; of stage 1.
_SEEDS = {("source", "train"): 0, ("source", "validation"): 1, ("target", "train"): 2, ("target", "validation"): 3}
_SOURCE_SEED = 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""

    def run() -> None:
        plan = read_plan(arguments)
        keep_same_settings(plan.out / "weak.json", settings(plan))
        render_sets(plan)
        run_all(plan)
        draw_pictures(plan)
        print((plan.out / "weak.md").read_text(encoding="utf-8"))
        print(f"{len(plan.runs)} runs; tables, curves and pictures in {plan.out}")

    return run_experiment("weak_supervision", run)


def settings(plan: Plan) -> dict[str, Any]:
    """What all runs have in common: sizes, and every config as it is with the options given."""
    from trainers.config import TrainConfig
    from trainers.config_file import config_to_dict, load_config
    from trainers.weak_config import WeakConfig

    rows = list(ROWS.values())
    kinds = [(config, TrainConfig, _options(plan, config, plan.source_options)) for config, _ in SOURCES.values()]
    kinds += [(row.first, TrainConfig, _options(plan, row.first, plan.weak_options)) for row in rows if row.first is not None]
    kinds += [
        (row.config, WeakConfig, _options(plan, row.config, plan.weak_options)) for row in rows if row.config is not None
    ]
    trainings = {
        name: config_to_dict(load_config(kind, plan.configs / f"{name}.yaml", list(options)))
        for name, kind, options in kinds
    }
    sizes = {key: getattr(plan, key) for key in ("num_source", "num_target", "num_validation", "size")}
    return {**sizes, "trainings": trainings}


def render_sets(plan: Plan) -> None:
    """Renders what is missing of the two worlds."""
    from tfhand.synthetic.generate import generate
    from tfhand.synthetic.generator import SyntheticConfig

    counts = {"train": {"source": plan.num_source, "target": plan.num_target}}
    counts["validation"] = {"source": min(64, plan.num_validation), "target": plan.num_validation}
    for (world, split), seed in _SEEDS.items():
        config = SyntheticConfig(
            size=plan.size, backgrounds=plan.backgrounds, split=split, world=world, without=("objects",)
        )
        print(f"rendering {plan.data(world, split)}: {counts[split][world]} hands")
        generate(plan.data(world, split), counts[split][world], plan.workers, config, seed)


def run_all(plan: Plan) -> None:
    """Trains and scores what is missing.

    Raises:
        ChildProcessError: a training or an evaluation failed.
    """
    wanted = {ROWS[row].start for row in plan.names}
    wanted |= {SOURCES[name][1] for name in wanted & set(SOURCES)}
    sources = [name for name in SOURCES if name in wanted]
    with tqdm(total=len(sources) + len(plan.runs), unit="run", smoothing=0) as bar:
        for name in sources:
            bar.set_description(name)
            train_source(plan, name, bar)
            bar.update()
        for name, supervision, seed in plan.runs:
            bar.set_description(f"{name}, {supervision}, seed {seed}")
            if not plan.metrics(name, supervision, seed).is_file():
                train_row(plan, name, supervision, seed, bar)
                evaluate(plan, name, supervision, seed)
                write_tables(results(plan), plan.out, describe(plan))
            bar.update()
    write_tables(results(plan), plan.out, describe(plan))


def train_source(plan: Plan, name: str, bar: tqdm) -> None:
    """Stage 1 of a network, or what is left of it."""
    config, start = SOURCES[name]
    options = [*_source_data(plan), f"--seed={_SOURCE_SEED}", *_options(plan, config, plan.source_options)]
    if start is not None:
        options.append(f"--weights={plan.source_folder(start) / 'weights.safetensors'}")
    _train(plan, "fully_supervised", config, plan.source_folder(name), options, bar)


def train_row(plan: Plan, name: str, supervision: str, seed: int, bar: tqdm) -> None:
    """The trainings of a row, or what is left of them; nothing for a row that is stage 1 itself."""
    row, folder = ROWS[name], plan.run_folder(name, supervision, seed)
    if row.config is None:
        return
    start = plan.source_folder(row.start) if row.start in SOURCES else plan.run_folder(row.start, supervision, seed)
    is_last = supervision == "2d" and row.only_3d
    if row.first is not None:
        first = folder if is_last else plan.run_folder(name, supervision, seed, "_source")
        options = [*_source_data(plan), f"--seed={seed}", f"--weights={start / 'weights.safetensors'}"]
        _train(plan, "fully_supervised", row.first, first, [*options, *_options(plan, row.first, plan.weak_options)], bar)
        start = first
    if not is_last:
        options = [f"--data_dir={plan.out / 'data' / 'target'}", f"--pseudo_meshes={plan.out / 'data' / 'pseudo_meshes'}",
                   f"--weights={start / 'weights.safetensors'}", f"--seed={seed}",
                   *(["--with_3d_pose=true"] if supervision == "3d" else []), *_options(plan, row.config, plan.weak_options),
                   *row.options]  # fmt: skip
        _train(plan, "weak", row.config, folder, options, bar)


def evaluate(plan: Plan, name: str, supervision: str, seed: int) -> None:
    """Scores a run on the hidden ground truth of the target's validation split."""
    folder = plan.run_folder(name, supervision, seed)
    command = ["trainers.evaluate", "--dataset", "synthetic", "--data-dir", plan.data("target", "validation"),
               "--out", plan.metrics(name, supervision, seed).parent, "--preset", ROWS[name].preset,
               "--weights", folder / "weights.safetensors", "--pictures", 0]  # fmt: skip
    for _ in running(command, plan.log(folder)):
        pass


def draw_pictures(plan: Plan) -> None:
    """Draws hands with and without the pseudo-mesh loss, where both rows are there."""
    pair = {"with pseudo meshes": "full", "without": "without_pseudo_meshes"}
    seed = plan.seeds[0]
    if set(pair.values()) <= set(plan.names):
        networks = {
            title: (ROWS[name].preset, plan.run_folder(name, "2d", seed) / "weights.safetensors")
            for title, name in pair.items()
        }
        write_meshes(networks, plan.data("target", "validation"), plan.pictures, plan.out / "pseudo_meshes.png")


def results(plan: Plan) -> list[Result]:
    """The scores that are there, in the order of the table."""
    found = []
    for name, supervision, seed in sorted(plan.runs, key=lambda run: (list(ROWS).index(run[0]), run[1:])):
        scores = read_scores(plan.metrics(name, supervision, seed))
        if scores is not None:
            found.append(Result(**vars(scores), name=name, supervision=supervision, seed=seed))
    return found


def describe(plan: Plan) -> str:
    """What the table was made with."""
    changed = [*plan.source_options, *plan.weak_options]
    return (
        f"{plan.num_source} source hands for stage 1, {plan.num_target} target hands to fine-tune on, {plan.size} x "
        f"{plan.size}; `configs/{plan.configs.name}`" + (f" with {' '.join(changed)}" if changed else "")
    )


def _train(plan: Plan, trainer: str, config: str, folder: Path, options: Sequence[str], bar: tqdm) -> None:
    """Trains a run to its end, unless it is there; the bar tells of its steps."""
    path, log = plan.configs / f"{config}.yaml", plan.log(folder)
    train_to_end(trainer, path, folder, options, log, lambda steps: bar.set_postfix_str(f"step {steps}"))


def _source_data(plan: Plan) -> list[str]:
    return [f"--data.{split}={plan.data('source', split)}" for split in ("train", "validation")]


def _options(plan: Plan, config: str, options: Sequence[str]) -> list[str]:
    """Those of the options that a config has a stage for."""
    return fitting_options(plan.configs / f"{config}.yaml", options)


if __name__ == "__main__":
    sys.exit(main())

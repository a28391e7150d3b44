"""What each ingredient of the renders is worth: the same training on sets that each lack one of them.

    python -m benchmarks.ablation --out runs/ablation
"""

from __future__ import annotations

import csv
import functools
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from benchmarks.ablation_plan import Plan, read_plan
from benchmarks.ablation_table import EVERYTHING, Result, write_tables
from tfhand.io import atomic_path, make_folder
from tfhand.synthetic.ingredients import INGREDIENTS

_POLL_SECONDS = 2.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    from tfhand.rendering.kernel import KernelError

    try:
        plan = read_plan(__doc__, arguments)
        keep_settings(plan)
        render_sets(plan)
        steps = run_all(plan)
    except (ValueError, OSError, KernelError) as error:
        print(f"benchmarks.ablation: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; give the same command again to go on", file=sys.stderr)
        return 130
    print((plan.out / "ablation.md").read_text(encoding="utf-8"))
    print(f"{len(plan.runs)} runs, {steps} of their steps now; tables in {plan.out}")
    return 0


def keep_settings(plan: Plan) -> None:
    """Writes down what all runs have in common, or compares it with what a stopped run had.

    Raises:
        ValueError: they differ, or the folder holds something else.
    """
    from trainers.config import TrainConfig
    from trainers.config_file import config_to_dict, load_config

    training = config_to_dict(load_config(TrainConfig, plan.config, list(plan.overrides)))
    settings = {"num": plan.num, "num_validation": plan.num_validation, "size": plan.size, "training": training}
    path = plan.out / "ablation.json"
    make_folder(plan.out)
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))
        differing = [name for name, value in settings.items() if found.get(name) != value]
        if differing:
            raise ValueError(
                f"--out: {plan.out} was begun with other settings ({', '.join(differing)}); give the same ones to go "
                "on, or another folder."
            )
    elif any(plan.out.iterdir()):
        raise ValueError(f"--out: expected a new or empty folder, got {plan.out}, which holds other files.")
    else:
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")


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
    begun = sum(per_run if plan.is_scored(*run) else steps_done(plan.run_folder(*run)) for run in plan.runs)
    with tqdm(total=per_run * len(plan.runs), initial=begun, unit="step", smoothing=0) as bar:
        for number, (name, seed) in enumerate(plan.runs, start=1):
            if plan.is_scored(name, seed):
                continue
            bar.set_description(f"run {number} of {len(plan.runs)}: {title(name)}, seed {seed}")
            folder = plan.run_folder(name, seed)
            before = steps_done(folder)
            for reached in train(plan, name, seed):
                bar.update(reached - before)
                before = reached
            bar.update(per_run - before)
            for kind, data in plan.evaluations().items():
                evaluate(plan, name, seed, kind, data)
            shutil.rmtree(folder / "checkpoints", ignore_errors=True)  # a hundred megabytes that no one asks for now
            write_tables(results(plan), plan.out, describe(plan))
        done = bar.n
    write_tables(results(plan), plan.out, describe(plan))
    return done - begun


def train(plan: Plan, name: str, seed: int) -> Iterator[int]:
    """Trains a run from where it stands; yields the steps it has done, now and then."""
    folder, data = plan.run_folder(name, seed), plan.out / "data"
    command = ["trainers.fully_supervised", "--config", plan.config, *plan.overrides, f"--data.train={data / name}",
               f"--data.validation={data / 'validation'}", f"--seed={seed}", f"--out={folder}"]  # fmt: skip
    for _ in _running(command, plan.log(name, seed)):
        yield steps_done(folder)


def evaluate(plan: Plan, name: str, seed: int, kind: str, data: Path) -> None:
    """Scores a run on one set."""
    preset = json.loads((plan.out / "ablation.json").read_text(encoding="utf-8"))["training"]["preset"]
    folder = plan.run_folder(name, seed)
    command = ["trainers.evaluate", "--dataset", kind, "--data-dir", data, "--out", folder / "evaluation" / kind,
               "--preset", preset, "--weights", folder / "weights.safetensors", "--pictures", 0]  # fmt: skip
    for _ in _running(command, plan.log(name, seed)):
        pass


def steps_of(plan: Plan) -> int:
    """Optimisation steps of one run."""
    training = json.loads((plan.out / "ablation.json").read_text(encoding="utf-8"))["training"]
    return sum(stage["steps"] for stage in training["stages"].values())


def steps_done(folder: Path) -> int:
    """Optimisation steps that a run's log tells of."""
    log = folder / "log.csv"
    if not log.is_file():
        return 0
    with open(log, newline="", encoding="utf-8") as file:
        return max((int(row["total_step"]) for row in csv.DictReader(file) if row["total_step"]), default=0)


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


def _running(command: Sequence[object], log: Path) -> Iterator[None]:
    """Runs a module of the project, what it prints going to `log`; yields while it runs.

    Raises:
        KeyboardInterrupt: it was asked to stop.
        ChildProcessError: it failed; the message ends with its last lines.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-m", *map(str, command)]
    with open(log, "a", encoding="utf-8") as file:
        process = subprocess.Popen(words, stdout=file, stderr=subprocess.STDOUT)
        wait = functools.partial(process.wait, _POLL_SECONDS)
        try:
            while True:
                try:
                    wait()
                    break
                except subprocess.TimeoutExpired:
                    yield
        finally:
            if process.poll() is None:
                process.terminate()  # a training writes a checkpoint before it ends
                process.wait()
    if process.returncode == 130:
        raise KeyboardInterrupt
    if process.returncode:
        last = log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:]
        raise ChildProcessError(f"{' '.join(words)} failed; {log} ends with\n" + "\n".join(last))


if __name__ == "__main__":
    sys.exit(main())

"""What experiments of many trainings share: their settings, their processes, their figures."""

from __future__ import annotations

import csv
import functools
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from tqdm import tqdm

from tfhand.io import atomic_path, make_folder

ROOT = Path(__file__).resolve().parents[1]
_POLL_SECONDS = 2.0
#: Scores in the tables by their key in metrics.json: heading, digits.
SCORES: dict[str, tuple[str, int]] = {
    "pose_error_mm": ("pose error, mm", 2),
    "procrustes_pose_error_mm": ("Procrustes-aligned, mm", 2),
    "mesh_error_mm": ("mesh error, mm", 2),
    "auc_0_50": ("AUC 0-50 mm", 3),
}


@dataclass(frozen=True)
class Scores:
    """What an evaluation found.

    Attributes:
        metrics: what `trainers.evaluate` wrote.
        thresholds_mm, pck: (T,) the PCK curve of the joints.
    """

    metrics: dict[str, Any]
    thresholds_mm: np.ndarray
    pck: np.ndarray


def run_experiment(name: str, run: Callable[[], None]) -> int:
    """Runs an experiment's command and says in a line what went wrong; returns its exit status, 130 if it was stopped."""
    from tfhand.compiled import KernelError

    try:
        run()
    except (ValueError, OSError, KernelError) as error:
        print(f"benchmarks.{name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; give the same command again to go on", file=sys.stderr)
        return 130
    return 0


def keep_same_settings(path: Path, settings: dict[str, Any]) -> None:
    """Writes down what all runs of an experiment have in common, presets too, or compares it with what a stopped one had.

    Args:
        path: JSON file in the experiment's folder, which is made.
        settings: JSON-like.

    Raises:
        ValueError: they differ, or the folder holds something else.
    """
    from tfhand.models import PRESETS

    settings = {**settings, "presets": {name: preset.to_config() for name, preset in PRESETS.items()}}
    settings = json.loads(json.dumps(settings))  # lists, as in the file
    make_folder(path.parent)
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))
        differing = [name for name, value in settings.items() if found.get(name) != value]
        if differing:
            raise ValueError(
                f"--out: {path.parent} was begun with other settings ({', '.join(differing)}); give the same ones to go "
                "on, or another folder."
            )
    elif any(path.parent.iterdir()):
        raise ValueError(f"--out: expected a new or empty folder, got {path.parent}, which holds other files.")
    else:
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")


def running(command: Sequence[object], log: Path) -> Iterator[None]:
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


def train_to_end(
    trainer: str, config: Path, folder: Path, options: Sequence[str], log: Path, each: Callable[[int], None]
) -> None:
    """Trains a run from where it stands, unless it is at its end; its checkpoints are gone then.

    Args:
        trainer: module in `trainers`.
        config: YAML file.
        folder: of the run.
        options: more ones of the command line.
        log: file that gets what is printed.
        each: called now and then with the steps done.

    Raises:
        KeyboardInterrupt, ChildProcessError: see `running`.
    """
    done = folder / "done"
    if done.is_file():
        return
    for _ in running([f"trainers.{trainer}", "--config", config, *options, f"--out={folder}"], log):
        each(steps_done(folder))
    done.touch()
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)  # a hundred megabytes that no one asks for now


def train_with_bar(
    trainer: str, config: Path, folder: Path, options: Sequence[str], log: Path, steps: int, bar: tqdm
) -> None:
    """`train_to_end` of a run of so many steps; a bar that counts those of many runs follows."""
    before = [steps_of_run(folder, steps)]

    def advance(reached: int) -> None:
        bar.update(reached - before[0])
        before[0] = reached

    train_to_end(trainer, config, folder, options, log, advance)
    advance(steps)


def steps_of_run(folder: Path, steps: int) -> int:
    """Optimisation steps done of a run that has so many."""
    return steps if (folder / "done").is_file() else min(steps_done(folder), steps)


def fitting_options(config: Path, options: Sequence[str]) -> list[str]:
    """Those of the options that a config has a stage for."""
    stages = yaml.safe_load(config.read_text(encoding="utf-8"))["stages"]
    return [one for one in options if not one.startswith("--stages.") or one.split(".")[1] in stages]


def read_scores(path: Path) -> Scores | None:
    """What an evaluation wrote as `path`, a metrics.json, and beside it; None where it isn't done."""
    if not path.is_file():
        return None
    with open(path.with_name("pck.csv"), newline="", encoding="utf-8") as file:
        curve = np.array([[float(row["threshold_mm"]), float(row["pck"])] for row in csv.DictReader(file)])
    return Scores(json.loads(path.read_text(encoding="utf-8")), curve[:, 0], curve[:, 1])


def steps_done(folder: Path) -> int:
    """Optimisation steps that the log of a run folder tells of."""
    log = folder / "log.csv"
    if not log.is_file():
        return 0
    with open(log, newline="", encoding="utf-8") as file:
        return max((int(row["total_step"]) for row in csv.DictReader(file) if row["total_step"]), default=0)


def write_scores(path: Path, names: Sequence[str], runs: Sequence[tuple[Sequence[object], dict[str, Any]]]) -> None:
    """Writes a CSV file with a line for each run: what tells it from the others, samples, and its `SCORES`.

    Args:
        path: of the file.
        names: columns of what tells runs apart.
        runs: values of these columns, and what `trainers.evaluate` wrote; a score that is None is left empty.

    Raises:
        OSError: it can't be written.
    """
    with atomic_path(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*names, "samples", *SCORES])
        for values, metrics in runs:
            scores = ["" if metrics[key] is None else metrics[key] for key in SCORES]
            writer.writerow([*values, metrics["num_samples"], *scores])


def mean_and_spread(values: np.ndarray, digits: int, sign: bool = False) -> str:
    """Mean and, of several, the sample standard deviation."""
    mean = f"{values.mean():{'+' if sign else ''}.{digits}f}"
    return mean if len(values) < 2 else f"{mean} ± {values.std(ddof=1):.{digits}f}"


def score(runs: Sequence[Scores], key: str, digits: int) -> str:
    """Mean and spread of one of the metrics, a dash where there is none, as of a network without a mesh."""
    values = [one.metrics[key] for one in runs]
    return "-" if not values or None in values else mean_and_spread(np.array(values), digits)


def markdown_table(heading: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(line)} |" for line in (heading, ["---"] * len(heading), *lines)) + "\n"


def draw_curve(axes: Any, title: str, runs: Sequence[Scores], colour: str) -> None:
    """Draws a row's mean PCK curve, what its runs span, and its mean pose error in the legend, on matplotlib's axes."""
    error = np.mean([one.metrics["pose_error_mm"] for one in runs])
    thresholds, curves = runs[0].thresholds_mm, np.stack([one.pck for one in runs])
    axes.plot(thresholds, curves.mean(axis=0), color=colour, linewidth=2, label=f"{title} ({error:.2f} mm)")
    axes.fill_between(thresholds, curves.min(axis=0), curves.max(axis=0), color=colour, alpha=0.15, linewidth=0)


def label_curves(axes: Any, title: str) -> None:
    """Limits, names and legend of axes with PCK curves."""
    axes.set(xlim=(0, 50), ylim=(0, 1), xlabel="error threshold, mm", title=title)
    axes.grid(alpha=0.3)
    if axes.get_lines():
        axes.legend(loc="lower right", fontsize=9)

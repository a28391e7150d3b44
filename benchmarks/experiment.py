"""What experiments of many trainings share: their settings, their processes, their figures."""

from __future__ import annotations

import csv
import functools
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfhand.io import atomic_path, make_folder

_POLL_SECONDS = 2.0
#: Scores in the tables by their key in metrics.json: heading, digits.
SCORES: dict[str, tuple[str, int]] = {
    "pose_error_mm": ("pose error, mm", 2),
    "procrustes_pose_error_mm": ("Procrustes-aligned, mm", 2),
    "mesh_error_mm": ("mesh error, mm", 2),
    "auc_0_50": ("AUC 0-50 mm", 3),
}


def keep_same_settings(path: Path, settings: dict[str, Any]) -> None:
    """Writes down what all runs of an experiment have in common, or compares it with what a stopped one had.

    Args:
        path: JSON file in the experiment's folder, which is made.
        settings: JSON-like.

    Raises:
        ValueError: they differ, or the folder holds something else.
    """
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

"""Draws a run's log as curves; `curves.png` in the run folder, anew at every validation.

    python -m trainers.curves runs/mobile
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tfhand.io import atomic_path

#: What the panels below the loss show: columns of log.csv and the label of their axis.
_PANELS = (
    (("val_mesh_error_mm", "val_pose_error_mm", "val_pose_from_true_mesh_error_mm"), "validation error, mm"),
    (("val_joint_uv_error_px",), "validation error of 2D joints, px"),
)


def read_log(log: Path) -> dict[str, np.ndarray]:
    """The columns of a log.csv that hold numbers.

    Args:
        log: the file.

    Returns:
        (N,) float64 for each column, NaN where a line has no value.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no log of a training, or has no lines yet.
    """
    if not log.is_file():
        raise FileNotFoundError(f"expected the log of a training run, got {log}, which does not exist.")
    with open(log, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or "total_step" not in rows[0] or "loss" not in rows[0]:
        raise ValueError(f"{log}: expected lines with total_step and loss, got {'other columns' if rows else 'none'}.")
    names = [name for name in rows[0] if name != "stage"]
    return {name: np.array([float(row[name] or "nan") for row in rows]) for name in names}


def draw_curves(log: Path, picture: Path) -> None:
    """Draws loss and validation errors over steps.

    Args:
        log: log.csv of a run.
        picture: PNG to write.

    Raises:
        FileNotFoundError, ValueError: see `read_log`.
        OSError: the picture can't be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = read_log(log)
    panels = [(names, label) for names, label in _PANELS if any(name in columns for name in names)]
    figure = Figure(figsize=(4.6 * (1 + len(panels)), 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, 1 + len(panels), squeeze=False)[0]
    axes[0].plot(columns["total_step"], columns["loss"], linewidth=1.2)
    axes[0].set(yscale="log", ylabel="training loss")
    axes[0].yaxis.set_major_formatter("{x:g}")
    axes[0].yaxis.set_minor_formatter("{x:g}")
    for axis, (names, label) in zip(axes[1:], panels, strict=True):
        for name in names:
            seen = np.isfinite(columns.get(name, np.empty(0)))
            if seen.any():
                values = columns[name][seen]
                label_text = f"{name.removeprefix('val_').replace('_', ' ')}: {values[-1]:.2f}"
                axis.plot(columns["total_step"][seen], values, marker=".", linewidth=1.2, label=label_text)
        axis.set(ylabel=label, ylim=(0, None))
        if axis.lines:
            axis.legend(fontsize=8)
    for axis in axes:
        axis.set(xlabel="step")
        axis.grid(alpha=0.3)
    with atomic_path(picture) as temporary:
        figure.savefig(temporary, format="png", dpi=120)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m trainers.curves", description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path, help="run folder; curves.png is written into it")
    parser.add_argument("--out", type=Path, help="another place for the picture")
    options = parser.parse_args(arguments)
    picture = options.out or options.run / "curves.png"
    try:
        draw_curves(options.run / "log.csv", picture)
    except (ValueError, OSError) as error:
        raise SystemExit(f"error: {error}") from None
    print(picture)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

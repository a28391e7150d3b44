"""The files of an evaluation: metrics.json, the PCK curve as CSV and picture, and the table for people."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from tfhand.io import atomic_path
from tfhand.metrics import Evaluation, Protocol
from trainers.evaluation.published import published_figure

METRICS_FILE = "metrics.json"
CURVE_CSV = "pck.csv"
CURVE_PICTURE = "pck.png"

_ROWS = (
    ("pose_error_mm", "pose error, root included", "mm"),
    ("pose_error_without_root_mm", "pose error, 20 other joints", "mm"),
    ("procrustes_pose_error_mm", "pose error, Procrustes-aligned", "mm"),
    ("pose_error_at_true_depth_mm", "pose error, were depths right", "mm"),
    ("pose_error_at_true_uv_mm", "pose error, were u, v right", "mm"),
    ("auc_20_50", "AUC of PCK, 20-50 mm", ""),
    ("auc_0_50", "AUC of PCK, 0-50 mm", ""),
    ("mesh_error_mm", "mesh error", "mm"),
    ("f_score_5", "F-score of aligned meshes, 5 mm", ""),
    ("f_score_15", "F-score of aligned meshes, 15 mm", ""),
    ("presence_accuracy", "hand or none, accuracy", ""),
    ("presence_auc", "hand or none, area under the ROC", ""),
    ("handedness_accuracy", "known side or other, accuracy", ""),
    ("handedness_auc", "known side or other, area u. ROC", ""),
    ("handedness_accuracy_two_looks", "side by hand and mirror image", ""),
)


def table(evaluation: Evaluation, protocol: Protocol, split: str | None = None) -> str:
    """The figures as lines of text, under the protocol's name, with what the paper has of the split beside them."""
    metrics = evaluation.metrics
    where = "" if split is None else f", split {split!r}"
    lines = [
        f"{metrics['dataset']}{where}: {metrics['num_samples']} samples, protocol {metrics['protocol']!r}",
        f"({protocol.summary})",
    ]
    for key, label, unit in _ROWS:
        if key not in metrics:
            continue
        value = metrics[key]
        text = "no meshes in this set" if value is None else f"{value:8.2f} mm" if unit else f"{value:8.3f}"
        paper = None if split is None else published_figure(str(metrics["dataset"]), split, str(metrics["protocol"]), key)
        if paper is not None:
            figure = f"{paper.value:.2f} mm" if unit else f"{paper.value:.3f}"
            text += f"   (published: {figure}; {paper.source})"
        lines.append(f"  {label:<34}{text}")
    return "\n".join(lines)


def write_report(evaluation: Evaluation, out: Path) -> None:
    """Writes pck.csv, pck.png and metrics.json into the folder `out`, in this order: where the last is, all are.

    Raises:
        OSError: a file can't be written.
    """
    with atomic_path(out / CURVE_CSV) as temporary, open(temporary, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["threshold_mm", "pck"])
        writer.writerows(zip(evaluation.thresholds_mm.tolist(), evaluation.pck.tolist()))
    with atomic_path(out / CURVE_PICTURE) as temporary:
        _draw_curve(evaluation, temporary)
    with atomic_path(out / METRICS_FILE) as temporary:
        temporary.write_text(json.dumps(evaluation.metrics, indent=1) + "\n")


def _draw_curve(evaluation: Evaluation, path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    metrics = evaluation.metrics
    figure = Figure(figsize=(5.6, 4.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot(evaluation.thresholds_mm, evaluation.pck, color="#2f6fb7", linewidth=2)
    axes.axvspan(20, 50, color="#2f6fb7", alpha=0.07, linewidth=0)
    axes.set(xlim=(0, 50), ylim=(0, 1), xlabel="error threshold, mm", ylabel="3D PCK")
    axes.set_title(
        f"{metrics['dataset']}, {metrics['num_samples']} samples, protocol {metrics['protocol']}\n"
        f"AUC 0-50 mm {metrics['auc_0_50']:.3f}, 20-50 mm {metrics['auc_20_50']:.3f}",
        fontsize=10,
    )
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=130)

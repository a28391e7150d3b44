"""The worst and the best samples of an evaluation, and the worst of each cause, as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from tfhand.data import HandSample, crop
from tfhand.inference.drawing import draw_mesh, draw_skeleton, draw_view
from tfhand.io import atomic_path
from trainers.evaluation.causes import CAUSES
from trainers.evaluation.runner import Run

CELL = 256


def write_extremes(
    run: Run,
    errors_mm: np.ndarray,
    causes: Sequence[str],
    dataset: Sequence[HandSample],
    faces: np.ndarray,
    out: Path,
    count: int = 8,
) -> list[Path]:
    """Writes worst.png, best.png and causes.png: photograph, ground truth, prediction, mesh, and all of it from the side.

    Args:
        run: what the network said.
        errors_mm: (N,) mean joint error of each sample; NaN where no joint counts.
        causes: what each error comes from, written beside it.
        dataset: the samples.
        faces: (F, 3) triangles of the network mesh.
        out: folder to write to.
        count: samples in worst.png and best.png; causes.png has the two worst of every cause.

    Returns:
        The files.
    """
    order = [int(index) for index in np.argsort(errors_mm, kind="stable") if np.isfinite(errors_mm[index])]
    written = []
    by_cause = [[index for index in order[::-1] if causes[index] == cause][:2] for cause in CAUSES]
    for name, chosen in (("worst", order[::-1][:count]), ("best", order[:count]), ("causes", sum(by_cause, []))):
        rows = [_row(run, index, errors_mm[index], causes[index], dataset[index], faces) for index in chosen]
        with atomic_path(out / f"{name}.png") as temporary:
            if not cv2.imwrite(str(temporary), np.concatenate(rows)[..., ::-1]):
                raise OSError(f"can't write {out / name}.png")
        written.append(out / f"{name}.png")
    return written


def _row(run: Run, index: int, error_mm: float, cause: str, sample: HandSample, faces: np.ndarray) -> np.ndarray:
    """One sample, (CELL, 6 * CELL, 3) uint8 RGB, turned back to how the photograph was."""
    photo = crop(sample, CELL, hand_side=sample.side)["image"]
    camera = run.camera[index].astype(np.float64)
    intrinsics = camera[:4] * CELL
    true, ours = (joints[index] for joints in (run.predictions.joints_true, run.predictions.joints_pred))
    vertices = run.vertices_mm[index]
    if run.mirrored[index]:
        flip = np.array([-1, 1, 1])
        intrinsics[2] = CELL - intrinsics[2]
        true, ours, vertices, faces = true * flip, ours * flip, vertices * flip, faces[:, ::-1]
    frame = true.mean(axis=0), 1.1 * np.linalg.norm(true - true.mean(axis=0), axis=1).max()
    cells = [
        photo,
        draw_skeleton(photo, _project(true, intrinsics), true[:, 2]),
        draw_skeleton(photo, _project(ours, intrinsics), ours[:, 2]),
        draw_mesh(photo, vertices, faces, intrinsics),
        draw_view(None, faces, CELL, 90.0, true, frame),
        draw_view(vertices, faces, CELL, 90.0, ours, frame),
    ]
    labels = ("ground truth", f"ours, {error_mm:.1f} mm", cause, "ground truth from the side", "ours from the side")
    for number, (cell, label) in enumerate(zip(cells, (run.names[index], *labels), strict=True)):
        # White with a dark rim over photographs, plain dark over the light views.
        strokes = [((20, 20, 20), 1)] if number >= 4 else [((20, 20, 20), 3), ((255, 255, 255), 1)]
        for colour, width in strokes:
            cv2.putText(cell, label, (8, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.48, colour, width, cv2.LINE_AA)
    return np.concatenate(cells, axis=1)


def _project(joints: np.ndarray, intrinsics: np.ndarray) -> np.ndarray:
    return joints[:, :2] / np.maximum(joints[:, 2:], 1.0) * intrinsics[:2] + intrinsics[2:]

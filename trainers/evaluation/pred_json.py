"""FreiHAND's file of predictions: `[xyz, verts]`, metres, camera frame, one entry an image, in the images' order."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tfhand.io import atomic_path
from trainers.evaluation.runner import Run

PRED_FILE = "pred.json"
_MM_PER_M = 1000.0
#: A hundredth of a millimetre.
_DECIMALS = 5


def write_pred_json(run: Run, out: Path) -> Path:
    """Writes pred.json into the folder `out`; returns its path.

    Joints are in FreiHAND's order, which is this project's. Meshes are the network's own, of another topology than
    MANO's: the benchmark's script has to align them by keypoints, and its F-scores are what counts.

    Raises:
        OSError: the file can't be written.
    """
    sides = np.where(run.mirrored[:, None, None], -1.0, 1.0)  # the network's hands back to the photographs'
    lists = []
    for points in (run.predictions.joints_pred, run.vertices_mm):
        metres = np.asarray(points, np.float64) / _MM_PER_M
        metres[..., :1] *= sides
        lists.append(np.round(metres, _DECIMALS).tolist())
    with atomic_path(out / PRED_FILE) as temporary:
        temporary.write_text(json.dumps(lists))
    return out / PRED_FILE

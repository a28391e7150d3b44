"""What Ge et al. publish of the same figures, to be printed beside ours."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """One figure.

    Attributes:
        value: mm, or a share of 1 for AUC.
        source: where it stands and under which conditions, in words.
    """

    value: float
    source: str


#: Dataset, split and protocol, then the key of `Evaluation.metrics`. Reference: Ge et al., 3D Hand Shape and Pose Estimation from a
#: Single RGB Image, CVPR 2019.
PUBLISHED: dict[tuple[str, str, str], dict[str, Published]] = {
    ("ge_synthetic", "validation", "ge"): {
        "pose_error_mm": Published(8.03, "Table 1, full loss"),
        "mesh_error_mm": Published(7.95, "Table 1, full loss"),
    },
    ("real_world", "test", "ge"): {
        "pose_error_mm": Published(11.93, "the authors' released model, all 583 photographs"),
    },
    ("stb", "test", "ge"): {"auc_20_50": Published(0.998, "Figure 9, full model with 3D pose supervision")},
    ("rhd", "test", "zimmermann-brox"): {"auc_20_50": Published(0.920, "Figure 9, full model with 3D pose supervision")},
}


def published_figure(dataset: str, split: str, protocol: str, metric: str) -> Published | None:
    """The published figure of a metric, None where there is none of that protocol."""
    return PUBLISHED.get((dataset, split, protocol), {}).get(metric)

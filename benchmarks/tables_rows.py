"""The rows of the paper's tables 1 and 2: what each is trained by, and what the paper found."""

from __future__ import annotations

from dataclasses import dataclass

#: Config of what all rows start from.
START = "start"
#: What rows are compared with, seed by seed.
REFERENCE = "full"


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        title: in tables and legends.
        config: of `trainers.fully_supervised`, in configs/tables.
        preset: of the network.
        direct_lbs: whether its mesh is made of its joints.
    """

    title: str
    config: str
    preset: str = "mobile"
    direct_lbs: bool = False


ROWS: dict[str, Row] = {
    "full": Row("full model", "full"),
    "without_normal": Row("without normal loss", "without_normal"),
    "without_edge": Row("without edge loss", "without_edge"),
    "without_laplacian": Row("without Laplacian loss", "without_laplacian"),
    "without_pose": Row("without 3D pose loss", "without_pose"),
    "parametric": Row("parametric regression", "parametric", "mobile-parametric"),
    "direct_lbs": Row("direct LBS", "joints", "mobile-joints", direct_lbs=True),
}
#: Rows of the two tables, in the paper's order, with the paper's own figures, mm: table 1 has mesh and pose error on synthetic
#: validation, table 2 mesh errors on synthetic validation and on real photographs.
TABLES: dict[int, dict[str, tuple[float, float]]] = {
    1: {
        "without_normal": (8.34, 8.30),
        "without_edge": (9.09, 9.06),
        "without_laplacian": (8.63, 8.55),
        "without_pose": (9.04, 9.24),
        "full": (7.95, 8.03),
    },
    2: {"parametric": (12.12, 20.86), "direct_lbs": (10.32, 13.33), "full": (8.01, 12.72)},
}

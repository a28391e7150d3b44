"""The rows of the experiment on weak supervision: which trainings, one after the other, each consists of."""

from __future__ import annotations

from dataclasses import dataclass

#: Stage 1, once for each network: config in configs/weak, and which one's weights it starts from.
SOURCES: dict[str, tuple[str, str | None]] = {
    "source_full": ("source_full", None),
    "source_joints": ("source_joints", "source_full"),
}


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        title: in the table and the legend.
        config: of `trainers.weak`, in configs/weak; None where the row is stage 1 itself.
        start: whose weights training starts from: one of `SOURCES`, or another row of the same supervision and seed.
        preset: of the network.
        options: what differs from the config, as on the command line.
        first: config of `trainers.fully_supervised` that comes before, on the source; None for none.
        only_3d: whether `config` is for the row with 3D pose supervision alone (the other one ends after `first`).
        main: whether it is trained with every seed and both supervisions, or with the first seed and without 3D poses alone.
        curve: whether it is drawn among the PCK curves.
    """

    title: str
    config: str | None
    start: str
    preset: str
    options: tuple[str, ...] = ()
    first: str | None = None
    only_3d: bool = False
    main: bool = True
    curve: bool = True


ROWS: dict[str, Row] = {
    "before_baseline_1": Row("Baseline 1, before fine-tuning", None, "source_joints", "mobile-joints", curve=False),
    "before_full": Row("full model, before fine-tuning", None, "source_full", "mobile", curve=False),
    "baseline_1": Row("Baseline 1", "baseline_1", "source_joints", "mobile-joints"),
    "baseline_2": Row("Baseline 2", "baseline_2", "source_full", "mobile"),
    "full": Row("full model", "full", "source_full", "mobile"),
    "task_transfer": Row(
        "full model, task transfer", "task_transfer", "full", "mobile-joints", first="task_transfer_source", only_3d=True
    ),
    "without_pseudo_meshes": Row(
        "full model without pseudo meshes", "full_without_pseudo_meshes", "source_full", "mobile", main=False, curve=False
    ),
    "depth_16": Row(
        "full model, depth maps 16 x 16", "full", "source_full", "mobile", ("--data.depth_size=16",), main=False, curve=False
    ),
    "depth_64": Row(
        "full model, depth maps 64 x 64", "full", "source_full", "mobile", ("--data.depth_size=64",), main=False, curve=False
    ),
    "silhouette": Row(
        "full model with silhouette loss", "full", "source_full", "mobile", ("--stages.weak.losses.silhouette=0.03",),
        main=False, curve=False
    ),
}  # fmt: skip
#: Without and with 3D pose supervision, in the order of the table.
SUPERVISIONS: dict[str, str] = {"2d": "without 3D pose supervision", "3d": "with 3D pose supervision"}


def in_order(names: tuple[str, ...]) -> tuple[str, ...]:
    """The rows of those names and the ones they start from, each after what it starts from."""
    wanted = set(names) | {ROWS[name].start for name in names if ROWS[name].start in ROWS}
    return tuple(name for name in ROWS if name in wanted)

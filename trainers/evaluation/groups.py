"""Errors by what a hand and its picture are like: which side and skin, seen from where, with what about it."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfhand.data import HandSample
from tfhand.io import atomic_path

GROUPS_FILE = "groups.csv"
#: Bounds between skins by melanin, and between hands by how many of their 21 joints are seen, with the groups' names.
_MELANIN = ((0.15, "light"), (0.4, "medium"), (np.inf, "dark"))
_SEEN = ((10, "0-9"), (14, "10-13"), (17, "14-16"), (np.inf, "17-21"))
#: Kinds that are printed; groups.csv has all.
_PRINTED = ("side", "view", "skin", "joints seen", "things", "cause")


@dataclass(frozen=True)
class Group:
    """Mean errors of the samples that have something in common.

    Attributes:
        kind, name: "view", "palm".
        count: of samples.
        pose_error_mm, mesh_error_mm: means over them; the latter None for a set without meshes.
    """

    kind: str
    name: str
    count: int
    pose_error_mm: float
    mesh_error_mm: float | None


def _fact(key: str) -> Callable[[HandSample], list[str]]:
    return lambda sample: [str(sample.extras[key])] if key in sample.extras else []


def _skin(sample: HandSample) -> list[str]:
    return [_between(_MELANIN, sample.extras["melanin"])] if "melanin" in sample.extras else []


def _seen(sample: HandSample) -> list[str]:
    return [] if sample.joint_visible is None else [_between(_SEEN, int(sample.joint_visible.sum()))]


def _things(sample: HandSample) -> list[str]:
    return (list(sample.extras["things"]) or ["none"]) if "things" in sample.extras else []


def _between(bounds: Sequence[tuple[float, str]], value: float) -> str:
    return next(name for bound, name in bounds if value < bound)


#: Kinds of groups by name, each with the names of a sample's groups: several for things, none where it isn't known.
KINDS: dict[str, Callable[[HandSample], list[str]]] = {
    "side": lambda sample: [sample.side],
    "view": _fact("view"),
    "skin": _skin,
    "joints seen": _seen,
    "things": _things,
    "crop": _fact("crop"),
    "lighting": _fact("lighting"),
    "camera": _fact("camera"),
}


#: Kind of the groups of one cause (`trainers.evaluation.causes`), after all others: predictions tell them, not samples.
CAUSE = "cause"


def groups_of(sample: HandSample) -> dict[str, list[str]]:
    """The groups that a sample is in, by kind."""
    return {kind: names for kind, find in KINDS.items() if (names := find(sample))}


def group_errors(
    groups: Sequence[Mapping[str, Sequence[str]]], pose_error_mm: np.ndarray, mesh_error_mm: np.ndarray | None = None
) -> list[Group]:
    """Mean errors by group.

    Args:
        groups: of N samples, see `groups_of`.
        pose_error_mm, mesh_error_mm: (N,) of each sample; samples with a NaN in the first are left out.

    Returns:
        By kind in the order of `KINDS`, causes last, the largest error first.
    """
    members: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, found in enumerate(groups):
        if np.isnan(pose_error_mm[number]):
            continue
        for kind, names in found.items():
            for name in names:
                members[kind, name].append(number)
    made, order = [], [*KINDS, CAUSE]
    for (kind, name), of in members.items():
        mesh = None if mesh_error_mm is None else float(mesh_error_mm[of].mean())
        made.append(Group(kind, name, len(of), float(pose_error_mm[of].mean()), mesh))
    return sorted(made, key=lambda one: (order.index(one.kind), -one.pose_error_mm))


def write_groups(groups: Sequence[Group], out: Path) -> None:
    """Writes groups.csv into the folder `out`.

    Raises:
        OSError: it can't be written.
    """
    with atomic_path(out / GROUPS_FILE) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["kind", "group", "samples", "pose_error_mm", "mesh_error_mm"])
        for one in groups:
            mesh = "" if one.mesh_error_mm is None else f"{one.mesh_error_mm:.3f}"
            writer.writerow([one.kind, one.name, one.count, f"{one.pose_error_mm:.3f}", mesh])


def group_lines(groups: Sequence[Group]) -> Iterator[str]:
    """The groups that people look at first as lines of text; kinds with one group alone say nothing and are left out."""
    for kind in _PRINTED:
        of = [one for one in groups if one.kind == kind]
        if len(of) > 1:
            yield f"  by {kind}: " + ", ".join(f"{one.name} {one.pose_error_mm:.1f} mm ({one.count})" for one in of)

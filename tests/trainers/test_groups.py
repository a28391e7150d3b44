"""Errors by what a hand and its picture are like."""

from __future__ import annotations

import csv
import dataclasses

import numpy as np
import pytest

from tests.data.conftest import make_sample
from trainers.evaluation.groups import group_errors, group_lines, groups_of, write_groups


@pytest.fixture
def samples():
    facts = [
        {"view": "palm", "melanin": 0.1, "things": []},
        {"view": "palm", "melanin": 0.8, "things": ["ring", "held"]},
        {"view": "back", "melanin": 0.2, "things": ["ring"]},
        {},
    ]
    made = [make_sample(i, side="left" if i == 2 else "right") for i in range(4)]
    made = [dataclasses.replace(sample, extras=extras, joint_visible=None) for sample, extras in zip(made, facts, strict=True)]
    made[0].joint_visible = np.arange(21) < 9
    return made


def test_means_of_those_that_have_it_in_common(samples) -> None:
    pose, mesh = np.array([4.0, 8.0, 10.0, 2.0]), np.array([1.0, 3.0, 5.0, 7.0])
    groups = group_errors([groups_of(sample) for sample in samples], pose, mesh)
    found = {(one.kind, one.name): (one.count, one.pose_error_mm, one.mesh_error_mm) for one in groups}
    assert found == {
        ("side", "left"): (1, 10.0, 5.0),
        ("side", "right"): (3, pytest.approx(14 / 3), pytest.approx(11 / 3)),
        ("view", "back"): (1, 10.0, 5.0),
        ("view", "palm"): (2, 6.0, 2.0),
        ("skin", "dark"): (1, 8.0, 3.0),
        ("skin", "medium"): (1, 10.0, 5.0),
        ("skin", "light"): (1, 4.0, 1.0),
        ("joints seen", "0-9"): (1, 4.0, 1.0),
        ("things", "ring"): (2, 9.0, 4.0),
        ("things", "held"): (1, 8.0, 3.0),
        ("things", "none"): (1, 4.0, 1.0),
    }
    assert [name for kind, name in found if kind == "skin"] == ["medium", "dark", "light"]


def test_what_is_written_and_printed(samples, tmp_path) -> None:
    """A sample without a joint that counts is in no group, nor is a kind of one group printed."""
    pose = np.array([4.0, np.nan, 10.0, 2.0])
    groups = group_errors([groups_of(sample) for sample in samples], pose)
    lines = list(group_lines(groups))
    assert lines[0] == "  by side: left 10.0 mm (1), right 3.0 mm (2)"
    assert "  by view: back 10.0 mm (1), palm 4.0 mm (1)" in lines and not any("joints seen" in line for line in lines)
    write_groups(groups, tmp_path)
    with open(tmp_path / "groups.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {"kind": "side", "group": "left", "samples": "1", "pose_error_mm": "10.000", "mesh_error_mm": ""}
    assert len(rows) == len(groups)

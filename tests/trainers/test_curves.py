"""Curves of a run's log."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from trainers.curves import draw_curves, main, read_log

HEADER = "total_step,stage,step,seconds,loss,val_mesh_error_mm,val_pose_error_mm"


def write_log(folder, lines):
    (folder / "log.csv").write_text("\n".join([HEADER, *lines]) + "\n")
    return folder / "log.csv"


def test_log_with_gaps(tmp_path):
    log = write_log(tmp_path, ["10,full,10,1.5,4.0,,", "20,full,20,3.0,2.0,12.5,13.0"])
    columns = read_log(log)
    assert "stage" not in columns
    np.testing.assert_array_equal(columns["loss"], [4.0, 2.0])
    np.testing.assert_array_equal(columns["val_mesh_error_mm"], [np.nan, 12.5])


def test_picture_follows_the_log(tmp_path):
    pictures = []
    for loss in (2.6, 3.4):  # neither changes the range of the axis
        log = write_log(tmp_path, ["10,full,10,1.5,4.0,,", f"20,full,20,3.0,{loss},12.5,13.0", "30,full,30,4,2.0,9,9"])
        draw_curves(log, tmp_path / "curves.png")
        pictures.append(cv2.imread(str(tmp_path / "curves.png")))
    third = pictures[0].shape[1] // 2
    assert pictures[0].shape == pictures[1].shape
    assert (pictures[0][:, :third] != pictures[1][:, :third]).any()  # the loss
    np.testing.assert_array_equal(pictures[0][:, -third:], pictures[1][:, -third:])  # the errors


def test_command_and_its_mistakes(tmp_path, capsys):
    with pytest.raises(SystemExit, match="log.csv, which does not exist"):
        main([str(tmp_path)])
    write_log(tmp_path, [])
    with pytest.raises(SystemExit, match="expected lines with total_step and loss, got none"):
        main([str(tmp_path)])
    write_log(tmp_path, ["10,full,10,1.5,4.0,,"])
    assert main([str(tmp_path), "--out", str(tmp_path / "other.png")]) == 0
    assert capsys.readouterr().out.strip().endswith("other.png")
    assert (tmp_path / "other.png").is_file() and not (tmp_path / "curves.png").exists()

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest

from tfhand.inference.drawing import BACKGROUND
from tfhand.synthetic.__main__ import main
from tfhand.synthetic.gestures import GESTURES
from tfhand.synthetic.gestures.sheet import gesture_sheet, select


def test_sheet_shows_every_gesture_under_its_family():
    names = ["fist_thumb_over", "grasp_14_tripod", "fist_thumb_up"]
    sheet = gesture_sheet(names, tile_size=48, columns=2)
    assert sheet.shape == (2 * (22 + 48 + 20), 96, 3)
    drawn = np.abs(sheet.astype(int) - BACKGROUND).sum(axis=2) > 60
    fists, grasp, blank = drawn[22:70, :48], drawn[112:160, :48], drawn[112:160, 48:]
    assert fists.mean() > 0.1 and drawn[22:70, 48:].mean() > 0.1 and grasp.mean() > 0.1 and blank.mean() == 0
    assert (fists != drawn[22:70, 48:]).any()


def test_command_names_and_draws(tmp_path, capsys):
    assert main(["gestures"]) == 0
    assert capsys.readouterr().out.split() == list(GESTURES)
    out = tmp_path / "sheet.png"
    assert main(["gestures", "--name", "grasp_2", "--tile-size", "32", "--out", str(out)]) == 0
    assert "10 gestures" in capsys.readouterr().out
    assert cv2.imread(str(out)).shape[1] == 32 * round(1.15 * 10**0.5)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--family", "feet"], "family: expected one of open hands, .*'feet'"),
        (["--name", "zz"], "name: expected part"),
        (["--tile-size", "0", "--out", "x.png"], "tile_size: expected at least 1, got 0"),
    ],
)
def test_mistakes_are_explained(arguments, message, capsys):
    assert main(["gestures", *arguments]) == 2
    assert re.search(message, capsys.readouterr().err)


def test_select():
    assert set(select("fists", "hook")) == {name for name in GESTURES if name.startswith(("hook_", "loose_hook_"))}

"""What goes wrong at the start of a training is told in one line, without a traceback."""

from __future__ import annotations

import pytest

from trainers.fully_supervised import main


def test_out_that_is_a_file(tmp_path):
    (tmp_path / "run").write_text("kept")
    for out in (tmp_path / "run", tmp_path / "run" / "deeper"):
        with pytest.raises(SystemExit, match=f"error: .*{out}"):
            main([f"--out={out}"])
    assert (tmp_path / "run").read_text() == "kept"


def test_unknown_preset_and_loss_list_the_known(tmp_path):
    with pytest.raises(SystemExit, match=r"error: .*'hourglass-small', .*'mobile', .*'paper'.*got 'huge'"):
        main([f"--out={tmp_path / 'run'}", "--preset=huge"])
    with pytest.raises(SystemExit, match="error: unknown loss 'taste'; expected one of depth, edge, handedness, heatmap, .*vertex_l1"):
        main([f"--out={tmp_path / 'run'}", "--stages.full.losses.taste=1"])


@pytest.mark.parametrize("where", ["train", "validation", "backgrounds"])
def test_missing_and_empty_folders_are_found_before_anything_is_made(tmp_path, where):
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "absent", tmp_path / "empty"):
        with pytest.raises(SystemExit, match=f"error: .*{folder}"):
            main([f"--out={tmp_path / 'run'}", f"--data.{where}={folder}"])
    assert not (tmp_path / "run").exists()


def test_without_a_compiler_rendering_says_what_to_install(tmp_path, without_compiler):
    with pytest.raises(SystemExit, match=r"error: .*no C\+\+ compiler was found .*apt install g\+\+"):
        main([f"--out={tmp_path / 'run'}", "--preset=hourglass-small", "--weights=null", "--data.num_samples=8"])

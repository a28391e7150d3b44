"""The ablation's table, its order and resumption; a whole one is marked slow."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from benchmarks import ablation, experiment
from benchmarks.ablation_plan import ROOT, read_plan
from benchmarks.ablation_table import EVERYTHING, Result, markdown, write_tables
from benchmarks.experiment import running


def metrics(pose: float, mesh: float | None = 9.0) -> dict:
    return {"num_samples": 7, "pose_error_mm": pose, "procrustes_pose_error_mm": pose / 2, "mesh_error_mm": mesh,
            "auc_0_50": 0.5}  # fmt: skip


def rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def test_table_has_means_spreads_and_paired_differences(tmp_path):
    results = [
        Result(EVERYTHING, 0, "synthetic", metrics(20.0)),
        Result(EVERYTHING, 1, "synthetic", metrics(24.0)),
        Result("shadows", 0, "synthetic", metrics(23.0)),
        Result("shadows", 1, "synthetic", metrics(25.0)),
        Result("skins", 0, "synthetic", metrics(30.0)),
        Result(EVERYTHING, 0, "real_world", metrics(40.0, mesh=None)),
    ]
    write_tables(results, tmp_path, "A line")
    text = (tmp_path / "ablation.md").read_text()
    assert text == markdown(results, "A line") and "A line." in text and "Real photographs: 7 samples" in text
    lines = rows(text)
    # 20 and 24: deviation sqrt(8) = 2.83; pairs 3 and 1: mean 2, deviation sqrt(2) = 1.41
    assert ["nothing", "2", "22.00 ± 2.83", "11.00 ± 1.41", "9.00 ± 0.00", "0.500 ± 0.000", ""] in lines
    assert ["shadows", "2", "24.00 ± 1.41", "12.00 ± 0.71", "9.00 ± 0.00", "0.500 ± 0.000", "+2.00 ± 1.41"] in lines
    assert ["skins", "1", "30.00", "15.00", "9.00", "0.500", "+10.00"] in lines
    assert ["nothing", "1", "40.00", "20.00", "0.500", ""] in lines
    with open(tmp_path / "ablation.csv", newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["left_out"] for row in table] == ["", "", "shadows", "shadows", "skins", ""]
    assert table[2]["pose_error_mm"] == "23.0" and table[-1]["mesh_error_mm"] == "" and table[-1]["samples"] == "7"


@pytest.fixture
def faked(monkeypatch):
    """Rendering, training and evaluation that only note what they were asked; `kill_at` stops a run half-way."""
    noted = {"calls": [], "kill_at": None}

    def training(command, log):
        folder = Path(command[-1].removeprefix("--out="))
        name, seed = folder.name.rsplit("-seed-")[0], int(folder.name.rsplit("-")[-1])
        folder.mkdir(parents=True, exist_ok=True)
        noted["calls"].append((name, seed))
        for step in (400, 800):
            (folder / "log.csv").write_text(f"total_step,loss\n{step},1.0\n")
            yield
            if noted["kill_at"] == (name, seed):
                raise KeyboardInterrupt

    def evaluate(plan, name, seed, kind, data):
        path = plan.metrics(name, seed, kind)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(metrics(20.0 + seed + 5 * (name == "skins"))))

    monkeypatch.setattr(ablation, "render_sets", lambda plan: None)
    monkeypatch.setattr(experiment, "running", training)
    monkeypatch.setattr(ablation, "evaluate", evaluate)
    return noted


def test_stopped_runs_go_on(tmp_path, faked, capsys):
    command = ["--out", str(tmp_path / "out"), "--real-world", "none", "--only", "skins", "--seeds", "0"]
    faked["kill_at"] = ("skins", 0)
    assert ablation.main(command) == 130
    assert "go on" in capsys.readouterr().err
    assert faked["calls"] == [(EVERYTHING, 0), ("skins", 0)]
    faked["kill_at"] = None
    assert ablation.main(command) == 0
    assert faked["calls"][2:] == [("skins", 0)]
    assert "2 runs, 400 of their steps now" in capsys.readouterr().out
    assert ablation.main([*command, "1"]) == 0  # another seed
    assert faked["calls"][3:] == [(EVERYTHING, 1), ("skins", 1)]
    lines = rows((tmp_path / "out" / "ablation.md").read_text())
    assert [line[0] for line in lines[2:]] == ["nothing", "skins"] and lines[3][-1] == "+5.00 ± 0.00"
    assert ablation.main([*command, "1"]) == 0
    assert len(faked["calls"]) == 5 and "0 of their steps now" in capsys.readouterr().out


def test_another_set_to_score_on_trains_nothing_anew(tmp_path, faked, capsys):
    command = ["--out", str(tmp_path / "out"), "--only", "skins", "--seeds", "0", "--real-world"]
    assert ablation.main([*command, "none"]) == 0
    assert len(faked["calls"]) == 2
    (tmp_path / "photographs").mkdir()
    assert ablation.main([*command, str(tmp_path / "photographs")]) == 0
    assert len(faked["calls"]) == 2 and "0 of their steps now" in capsys.readouterr().out
    assert "Real photographs" in (tmp_path / "out" / "ablation.md").read_text()


def test_other_settings_need_another_folder(tmp_path, faked, capsys):
    command = ["--out", str(tmp_path / "out"), "--real-world", "none", "--only", "skins", "--seeds", "0"]
    assert ablation.main(command) == 0
    assert ablation.main([*command, "--num", "5"]) == 1
    assert "begun with other settings (num)" in capsys.readouterr().err
    assert ablation.main([*command, "--", "--stages.full.steps=70"]) == 1
    assert "begun with other settings (training)" in capsys.readouterr().err
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    assert ablation.main(["--out", str(tmp_path / "other")]) == 1
    assert "expected a new or empty folder" in capsys.readouterr().err
    assert ablation.main(["--out", str(tmp_path / "none"), "--num", "0"]) == 1
    assert "--num: expected at least 1, got 0" in capsys.readouterr().err and not (tmp_path / "none").exists()


def test_help_teaches(capsys):
    with pytest.raises(SystemExit) as stopped:
        ablation.main(["--help"])
    printed = capsys.readouterr().out
    assert stopped.value.code == 0 and "ablation.md" in printed and "--only shadows skins" in printed
    assert "each lack one of them" in printed and str(ROOT.parent) not in "".join(printed.split())


def test_real_photographs_are_left_out_where_there_are_none(tmp_path):
    command = ["--out", str(tmp_path / "out"), "--real-world"]
    assert list(read_plan("", [*command, str(tmp_path / "none")]).evaluations()) == ["synthetic"]
    assert read_plan("", [*command, str(tmp_path)]).evaluations()["real_world"] == tmp_path


def test_a_failing_step_is_told_with_its_last_lines(tmp_path):
    with pytest.raises(ChildProcessError, match="(?s)trainers.evaluate .*failed; .*log.txt ends with.*required"):
        list(running(["trainers.evaluate", "--nothing"], tmp_path / "log.txt"))


@pytest.mark.slow
def test_whole(tmp_path, capsys):
    out = tmp_path / "out"
    command = ["--out", str(out), "--num", "6", "--num-validation", "4", "--size", "64", "--only", "camera", "--seeds", "0",
               "--workers", "1", "--real-world", "none", "--"]  # fmt: skip
    for stage in ("heatmap", "full"):
        command += [f"--stages.{stage}.{key}" for key in ("steps=1", "batch_size=2", "optimizer.warmup_steps=0")]
    assert ablation.main([*command, "--log_every=1", "--data.num_validation=2"]) == 0
    lines = rows((out / "ablation.md").read_text())
    assert [line[0] for line in lines[2:4]] == ["nothing", "camera"]
    assert not list(out.glob("runs/*/checkpoints")) and len(list(out.glob("runs/*/weights.safetensors"))) == 2

"""The experiment of the paper's tables: its rows, tables, curves and resumption; a whole one is marked slow."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import experiment, paper_tables
from benchmarks.experiment import ROOT, keep_same_settings
from benchmarks.tables_plan import read_plan
from benchmarks.tables_report import Result, markdown, write_tables
from benchmarks.tables_rows import ROWS, TABLES
from tests.test_ablation import rows as table_rows
from tfhand.models import PRESETS, get_preset
from trainers.config import TrainConfig
from trainers.config_file import load_config

CONFIGS = {path.stem: path for path in sorted((ROOT / "configs" / "tables").glob("*.yaml"))}


def load(name: str) -> TrainConfig:
    return load_config(TrainConfig, CONFIGS[name], [])


def metrics(pose: float, mesh: float | None = 9.0) -> dict:
    return {"num_samples": 7, "pose_error_mm": pose, "procrustes_pose_error_mm": pose / 2, "mesh_error_mm": mesh,
            "auc_0_50": 0.5}  # fmt: skip


def result(name: str, seed: int, pose: float, mesh: float | None = 9.0, dataset: str = "synthetic") -> Result:
    thresholds = np.linspace(0, 50, 6)
    return Result(metrics(pose, mesh), thresholds, thresholds / 100, name, seed, dataset)


@pytest.mark.parametrize("name", CONFIGS)
def test_configs_have_a_header_and_whole_pieces(name):
    header = "".join(line for line in CONFIGS[name].read_text().splitlines(keepends=True) if line.startswith("#"))
    for words in ("python -m trainers.", f"configs/tables/{name}.yaml", "Cost:", "Score to expect:"):
        assert words in header
    for stage in load(name).stages.values():
        assert stage.steps % load(name).log_every == 0


def test_rows_differ_by_what_they_say_alone():
    assert {row.config for row in ROWS.values()} | {"start"} == set(CONFIGS)
    assert set(ROWS) == set(TABLES[1]) | set(TABLES[2])
    recipe = load_config(TrainConfig, ROOT / "configs" / "mobile.yaml", []).stages["full"].losses
    full = load("full")
    assert full.stages["full"].losses == {term: w for term, w in recipe.items() if term not in ("presence", "handedness")}
    left_out = {"without_normal": "normal", "without_edge": "edge", "without_laplacian": "laplacian", "without_pose": "pose_l1"}
    for name, row in ROWS.items():
        config = load(row.config)
        assert config.preset == row.preset == get_preset(row.preset).name
        for field in ("weights", "data", "ema_decay", "precision"):
            assert getattr(config, field) == getattr(full, field), name
        ours, theirs = config.stages["full"], full.stages["full"]
        assert (ours.steps, ours.batch_size, ours.optimizer) == (theirs.steps, theirs.batch_size, theirs.optimizer)
        gone = {left_out[name]} if name in left_out else set()
        if row.direct_lbs:
            gone = {"vertex_l1", "normal", "edge", "laplacian"}
        assert ours.losses == {term: weight for term, weight in theirs.losses.items() if term not in gone}
        assert ("pose" in ours.parts) == (name != "without_pose")


def test_an_experiment_begun_with_another_network_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "out" / "settings.json"
    keep_same_settings(path, {"seeds": [0]})
    keep_same_settings(path, {"seeds": [0]})
    mobile = dataclasses.replace(PRESETS["mobile"], depth_axis="camera")
    monkeypatch.setitem(PRESETS, "mobile", mobile)
    with pytest.raises(ValueError, match=r"--out: .*out was begun with other settings \(presets\)"):
        keep_same_settings(path, {"seeds": [0]})


def test_tables_have_means_spreads_paired_differences_and_the_papers_figures(tmp_path):
    results = [
        result("full", 0, 20.0, 10.0), result("full", 1, 24.0, 11.0),
        result("without_edge", 0, 30.0, 12.0), result("without_edge", 1, 32.0, 15.0),
        result("direct_lbs", 0, 21.0, 19.0), result("full", 0, 40.0, None, "real_world"),
        result("direct_lbs", 0, 44.0, None, "real_world"),
    ]  # fmt: skip
    write_tables(results, tmp_path, "A line")
    first, second = (table_rows((tmp_path / f"table{number}.md").read_text()) for number in (1, 2))
    assert (tmp_path / "table2.md").read_text() == markdown(2, results, "A line")
    # 12 and 15: deviation 2.12; pairs 2 and 4 (mesh), 10 and 8 (pose): deviation 1.41
    expected = ["without edge loss", "2", "13.50 ± 2.12", "31.00 ± 1.41", "+3.00 ± 1.41", "+9.00 ± 1.41", "9.09", "9.06"]
    assert first[2:] == [expected, ["full model", "2", "10.50 ± 0.71", "22.00 ± 2.83", "", "", "7.95", "8.03"]]
    assert second[2:] == [
        ["direct LBS", "1", "19.00", "21.00", "+9.00", "+1.00", "44.00", "10.32", "13.33"],
        ["full model", "2", "10.50 ± 0.71", "22.00 ± 2.83", "", "", "40.00", "8.01", "12.72"],
    ]
    assert len(first[0]) == len(first[2]) and len(second[0]) == len(second[2])
    with open(tmp_path / "tables.csv", newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == 7 and table[5]["dataset"] == "real_world" and table[5]["mesh_error_mm"] == ""
    assert cv2.imread(str(tmp_path / "pck.png")).std() > 5


@pytest.fixture
def faked(monkeypatch, tmp_path):
    """Trainings and evaluations that only note what they were asked; `fail_at` lets one be stopped."""
    noted = {"trained": [], "evaluated": [], "fail_at": None}

    def running(command, log):
        words = [str(word) for word in command]
        if words[0] == "trainers.evaluate":
            out = Path(words[words.index("--out") + 1])
            out.mkdir(parents=True)
            (out / "metrics.json").write_text(json.dumps(metrics(20.0)))
            (out / "pck.csv").write_text("threshold_mm,pck\n0,0\n50,1\n")
            noted["evaluated"].append(words)
            return
        folder = Path(next(word.partition("=")[2] for word in words if word.startswith("--out=")))
        noted["trained"].append(words)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "log.csv").write_text("total_step\n100\n")
        yield
        if noted["fail_at"] == folder.name:
            raise KeyboardInterrupt

    monkeypatch.setattr(paper_tables, "render_sets", lambda plan: None)
    monkeypatch.setattr(paper_tables, "draw_pictures", lambda plan: None)
    monkeypatch.setattr(paper_tables, "running", running)
    monkeypatch.setattr(experiment, "running", running)
    noted["command"] = ["--out", str(tmp_path / "out"), "--real-world", str(tmp_path / "nowhere"), "--only", "full",
                        "direct_lbs", "without_pose", "--seeds", "0", "1"]  # fmt: skip
    return noted


def folders(noted) -> list[str]:
    return [next(word for word in words if word.startswith("--out=")).rsplit("/", 1)[1] for words in noted["trained"]]


def test_stopped_runs_go_on_from_one_start(tmp_path, faked, capsys):
    faked["fail_at"] = "direct_lbs-seed-0"
    command = [*faked["command"], "--train=--stages.heatmap.steps=300"]
    assert paper_tables.main(command) == 130
    printed = capsys.readouterr().err
    assert "go on" in printed
    # 500 steps of the start, six runs of 2,000; stopped at 500 + 2 * 2,000 + 100.
    assert "4600/12500" in printed
    begun = ["start", "full-seed-0", "without_pose-seed-0", "direct_lbs-seed-0"]
    assert folders(faked) == begun
    faked["fail_at"] = None
    assert paper_tables.main(command) == 0
    assert folders(faked)[4:] == ["direct_lbs-seed-0", "full-seed-1", "without_pose-seed-1", "direct_lbs-seed-1"]
    start, full = faked["trained"][:2]
    weights = f"--weights={tmp_path}/out/runs/start/weights.safetensors"
    assert "--stages.heatmap.steps=300" in start and weights not in start and "--seed=0" in start
    assert "--stages.heatmap.steps=300" not in full and weights in full
    assert all(weights in words for words in faked["trained"][1:]) and "--seed=1" in faked["trained"][-1]
    assert f"--data.train={tmp_path}/out/data/train" in full
    direct = [words for words in faked["evaluated"] if "--direct-lbs" in words]
    assert len(faked["evaluated"]) == 6 and len(direct) == 2 and all("mobile-joints" in words for words in direct)
    count = len(faked["trained"])
    assert paper_tables.main(command) == 0 and len(faked["trained"]) == count
    assert "without 3D pose loss" in (tmp_path / "out" / "table1.md").read_text()


def test_other_settings_need_another_folder(tmp_path, faked, capsys):
    assert paper_tables.main(faked["command"]) == 0
    assert paper_tables.main([*faked["command"], "--num", "5"]) == 1
    assert "begun with other settings (num)" in capsys.readouterr().err
    assert paper_tables.main([*faked["command"], "--train=--stages.full.steps=75"]) == 1
    assert "begun with other settings (trainings)" in capsys.readouterr().err
    assert paper_tables.main(["--out", str(tmp_path / "none"), "--data", str(tmp_path)]) == 1
    assert "--data, --validation: expected both or neither" in capsys.readouterr().err and not (tmp_path / "none").exists()


def test_help_teaches(capsys):
    with pytest.raises(SystemExit) as stopped:
        read_plan(["--help"])
    printed = capsys.readouterr().out
    assert stopped.value.code == 0 and "table2.md" in printed and "--only full direct_lbs" in printed


@pytest.mark.slow
def test_whole(tmp_path, capsys):
    out = tmp_path / "out"
    command = ["--out", str(out), "--num", "4", "--num-validation", "3", "--size", "64", "--workers", "1", "--seeds", "0",
               "--pictures", "2", "--real-world", str(tmp_path / "nowhere")]  # fmt: skip
    for stage in ("pose", "heatmap", "full"):
        settings = ("steps=1", "batch_size=2", "optimizer.warmup_steps=0")
        command += [f"--train=--stages.{stage}.{setting}" for setting in settings]
    command += [f"--train=--{option}" for option in ("log_every=1", "data.num_validation=2", "num_pictures=1")]
    assert paper_tables.main(command) == 0
    for number, rows in TABLES.items():
        lines = {line[0]: line for line in table_rows((out / f"table{number}.md").read_text())[2:]}
        assert set(lines) == {ROWS[name].title for name in rows}
        assert all(float(line[2]) > 0 and float(line[3]) > 0 for line in lines.values())
    assert not list(out.glob("runs/*/checkpoints")) and cv2.imread(str(out / "meshes.png")).std() > 5
    assert cv2.imread(str(out / "meshes.png")).shape == (2 * 224, (1 + 2 * 4) * 224, 3)

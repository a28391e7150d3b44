"""The weak supervision experiment: its rows, table, curves and resumption; a whole one is marked slow."""

from __future__ import annotations

import csv
import json

import cv2
import numpy as np
import pytest

from benchmarks import experiment, weak_supervision
from benchmarks.weak_plan import ROOT, read_plan
from benchmarks.weak_rows import ROWS, SOURCES, in_order
from benchmarks.weak_table import Result, markdown, write_tables
from tests.test_ablation import rows as table_rows
from trainers.config import TrainConfig
from trainers.config_file import load_config
from trainers.weak_config import WeakConfig


def metrics(pose: float, mesh: float | None = 9.0) -> dict:
    return {"num_samples": 7, "pose_error_mm": pose, "procrustes_pose_error_mm": pose / 2, "mesh_error_mm": mesh,
            "auc_0_50": 0.5}  # fmt: skip


def result(name: str, supervision: str, seed: int, pose: float, mesh: float | None = 9.0) -> Result:
    thresholds = np.linspace(0, 50, 6)
    return Result(metrics(pose, mesh), thresholds, thresholds / 100, name, supervision, seed)


def test_rows_name_configs_that_are_there():
    for config in {row.config for row in ROWS.values()} | {row.first for row in ROWS.values()} | set(SOURCES):
        assert config is None or (ROOT / "configs" / "weak" / f"{config}.yaml").is_file()
    for row in ROWS.values():
        assert row.start in SOURCES or row.start in ROWS
    assert in_order(("task_transfer", "baseline_1")) == ("baseline_1", "full", "task_transfer")


@pytest.mark.parametrize("path", sorted((ROOT / "configs" / "weak").glob("*.yaml")), ids=lambda path: path.stem)
def test_configs_have_a_header_and_teach_nothing_of_the_target(path):
    header = "".join(line for line in path.read_text().splitlines(keepends=True) if line.startswith("#"))
    for words in ("python -m trainers.", "Cost:", "Score to expect:"):
        assert words in header
    kind = TrainConfig if path.stem.endswith(("full", "joints", "_source")) and path.stem != "full" else WeakConfig
    config = load_config(kind, path, [])
    for stage in config.stages.values():
        assert stage.steps % config.log_every == 0
    augmentation = config.data.augmentation
    assert augmentation.background_probability == 0 == augmentation.photometric.noise_probability
    assert augmentation.photometric.hue_deg == 0 == augmentation.photometric.brightness_spread


def test_table_has_means_spreads_and_paired_differences(tmp_path):
    results = [
        result("full", "2d", 0, 20.0), result("full", "2d", 1, 24.0),
        result("baseline_1", "2d", 0, 30.0, None), result("baseline_1", "2d", 1, 32.0, None),
        result("full", "3d", 0, 10.0),
    ]  # fmt: skip
    write_tables(results, tmp_path, "A line")
    text = (tmp_path / "weak.md").read_text()
    assert text == markdown(results, "A line") and text.index("Without 3D pose") < text.index("With 3D pose")
    lines = table_rows(text)
    # 20 and 24: deviation sqrt(8) = 2.83; pairs 10 and 8: mean 9, deviation sqrt(2) = 1.41
    assert ["full model", "2", "22.00 ± 2.83", "11.00 ± 1.41", "9.00 ± 0.00", "0.500 ± 0.000", ""] in lines
    assert ["Baseline 1", "2", "31.00 ± 1.41", "15.50 ± 0.71", "-", "0.500 ± 0.000", "+9.00 ± 1.41"] in lines
    assert ["full model", "1", "10.00", "5.00", "9.00", "0.500", ""] in lines
    with open(tmp_path / "weak.csv", newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == 5 and table[2]["mesh_error_mm"] == "" and table[4]["supervision"] == "3d"
    assert cv2.imread(str(tmp_path / "pck.png")).std() > 5


@pytest.fixture
def faked(monkeypatch):
    """Trainings and evaluations that only note what they were asked; `fail_at` lets one be stopped."""
    noted = {"trained": [], "fail_at": None}

    def running(command, log):
        words = [str(word) for word in command]
        folder = next(word.partition("=")[2] for word in words if word.startswith("--out="))
        noted["trained"].append(words)
        if noted["fail_at"] and noted["fail_at"] in folder:
            raise KeyboardInterrupt
        weak_supervision.Path(folder).mkdir(parents=True, exist_ok=True)
        yield

    def evaluate(plan, name, supervision, seed):
        path = plan.metrics(name, supervision, seed)
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(metrics(20.0 + seed)))
        path.with_name("pck.csv").write_text("threshold_mm,pck\n0,0\n50,1\n")

    monkeypatch.setattr(weak_supervision, "render_sets", lambda plan: None)
    monkeypatch.setattr(weak_supervision, "draw_pictures", lambda plan: None)
    monkeypatch.setattr(experiment, "running", running)
    monkeypatch.setattr(weak_supervision, "evaluate", evaluate)
    return noted


def folders(noted) -> list[str]:
    return [next(word for word in words if word.startswith("--out=")).rsplit("/", 1)[1] for words in noted["trained"]]


def test_stopped_runs_go_on_and_rows_build_on_each_other(tmp_path, faked, capsys):
    command = ["--out", str(tmp_path / "out"), "--only", "full", "task_transfer", "depth_16", "--seeds", "0", "1"]
    faked["fail_at"] = "full-3d-seed-0"
    assert weak_supervision.main(command) == 130
    assert "go on" in capsys.readouterr().err
    begun = ["source_full", "full-2d-seed-0", "task_transfer-2d-seed-0", "depth_16-2d-seed-0", "full-3d-seed-0"]
    assert folders(faked) == begun
    faked["fail_at"] = None
    assert weak_supervision.main(command) == 0
    # Depth sizes have the first seed and no 3D poses; task transfer with 3D poses is taught on the source first.
    rest = ["full-3d-seed-0", "task_transfer_source-3d-seed-0", "task_transfer-3d-seed-0"]
    rest += ["full-2d-seed-1", "task_transfer-2d-seed-1"]
    rest += ["full-3d-seed-1", "task_transfer_source-3d-seed-1", "task_transfer-3d-seed-1"]
    assert folders(faked)[5:] == rest
    by_folder = dict(zip(folders(faked), faked["trained"], strict=True))
    transfer = by_folder["task_transfer-2d-seed-1"]
    assert transfer[0] == "trainers.fully_supervised"
    assert f"--weights={tmp_path}/out/runs/full-2d-seed-1/weights.safetensors" in transfer
    assert "--with_3d_pose=true" in by_folder["full-3d-seed-1"] and "--with_3d_pose=true" not in by_folder["full-2d-seed-1"]
    assert "--data.depth_size=16" in by_folder["depth_16-2d-seed-0"]
    count = len(faked["trained"])
    assert weak_supervision.main(command) == 0 and len(faked["trained"]) == count
    assert "full model, task transfer" in (tmp_path / "out" / "weak.md").read_text()


def test_other_settings_need_another_folder(tmp_path, faked, capsys):
    command = ["--out", str(tmp_path / "out"), "--only", "full", "--seeds", "0"]
    assert weak_supervision.main(command) == 0
    assert weak_supervision.main([*command, "--num-target", "5"]) == 1
    assert "begun with other settings (num_target)" in capsys.readouterr().err
    assert weak_supervision.main([*command, "--weak=--stages.weak.steps=70"]) == 1
    assert "begun with other settings (trainings)" in capsys.readouterr().err
    assert weak_supervision.main(["--out", str(tmp_path / "none"), "--num-source", "0"]) == 1
    assert "--num-source: expected at least 1, got 0" in capsys.readouterr().err and not (tmp_path / "none").exists()


def test_help_teaches(capsys):
    with pytest.raises(SystemExit) as stopped:
        read_plan(["--help"])
    printed = capsys.readouterr().out
    assert stopped.value.code == 0 and "weak.md" in printed and "--only full baseline_2" in printed


@pytest.mark.slow
def test_whole(tmp_path, capsys):
    out = tmp_path / "out"
    command = ["--out", str(out), "--num-source", "4", "--num-target", "4", "--num-validation", "3", "--size", "64",
               "--workers", "1", "--seeds", "0", "--pictures", "2"]  # fmt: skip
    for kind, stages in (("source", ("heatmap", "full")), ("weak", ("heatmap", "weak", "transfer"))):
        for stage in stages:
            settings = ("steps=1", "batch_size=2", "optimizer.warmup_steps=0")
            command += [f"--{kind}=--stages.{stage}.{setting}" for setting in settings]
        command += [f"--{kind}=--{option}" for option in ("log_every=1", "data.num_validation=2", "num_pictures=1")]
    assert weak_supervision.main(command) == 0
    lines = table_rows((out / "weak.md").read_text())
    titles = [line[0] for line in lines]
    assert all(titles.count(row.title) == (2 if row.config and row.main else 1) for row in ROWS.values())
    assert next(line for line in lines if line[0] == "Baseline 1")[4] == "-"
    assert float(next(line for line in lines if line[0] == "full model")[4]) > 0
    assert not list(out.glob("runs/*/checkpoints")) and cv2.imread(str(out / "pseudo_meshes.png")).std() > 5

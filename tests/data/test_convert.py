"""Conversion of datasets to shards: what is in them, what is left out, interruptions and damage."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.data import stb_set
from tfhand.data import convert
from tfhand.data.__main__ import main
from tfhand.data.around_hand import around_hand
from tfhand.data.augment import AugmentConfig, crop
from tfhand.data.convert import check_shards, convert_dataset
from tfhand.data.datasets import open_dataset
from tfhand.data.shards import ShardedDataset, read_info
from tfhand.data.stb import StbDataset


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """STB's test split; nothing was measured in the second frame of B1Random."""
    folder = stb_set.write(tmp_path_factory.mktemp("stb"), cameras=("sk",))
    stb_set.write_depth(folder / "images" / "B1Random" / "SK_depth_1.png", np.zeros(stb_set.SIZE))
    return folder


@pytest.fixture(scope="module")
def converted(source) -> Path:
    return convert_dataset("stb", source, "test", workers=2, shard_size=2, progress=False)


def test_shards_have_the_samples_of_the_files(source, converted) -> None:
    assert converted == source / "shards" / "test" and len(list(converted.glob("*.array_record"))) == 2
    assert sorted(path.suffix for path in converted.iterdir()) == [".array_record"] * 2 + [".json"] * 2
    shards, files = open_dataset("stb", source, "test", with_depth=True), StbDataset(source)
    assert isinstance(shards, ShardedDataset) and len(shards) == 3
    assert min(sample.image.shape[0] for sample in shards) < 480  # what lies far from a hand is cut off
    for number, sample in enumerate(shards):
        expected = files[number]
        assert (sample.name, sample.side, sample.extras) == (expected.name, expected.side, expected.extras)
        np.testing.assert_array_equal(sample.joints_mm, expected.joints_mm)
        for mine, theirs in ((crop(sample, 64, depth_size=32), crop(expected, 64, depth_size=32)),):
            np.testing.assert_allclose(mine["joints_uvd"], theirs["joints_uvd"], atol=1e-5)
            np.testing.assert_allclose(mine["camera"], theirs["camera"], rtol=1e-5, atol=1e-5)
            np.testing.assert_allclose(mine["depth_map"], theirs["depth_map"], atol=0.06)
            assert np.abs(mine["image"].astype(int) - theirs["image"]).mean() < 1


def test_what_is_of_no_use_is_counted_with_its_reason(converted) -> None:
    info = read_info(converted)
    reason = "expected a depth map, got one in which nothing was measured (with_depth=False reads pictures without)."
    assert info["skipped"] == {"count": 1, "reasons": {reason: 1}, "first": [f"B1Random/SK_depth_1: {reason}"]}
    assert (info["source_samples"], info["num_samples"], info["shard_lengths"]) == (4, 3, [2, 1])
    assert info["config"]["dataset"] == "stb" and info["config"]["split"] == "test"


def test_reasons_are_counted_whatever_their_numbers() -> None:
    messages = ["a/1: 3 of the 7 joints lie off", "a/2: 12 of the 21 joints lie off", "b: z = -1.5 mm."]
    assert convert._reasons(messages) == {"# of the # joints lie off": 2, "z = # mm.": 1}


def test_finished_shards_are_left_alone_and_lost_ones_made_again(source, tmp_path) -> None:
    out = tmp_path / "out"
    convert_dataset("stb", source, "test", out, 1, 2, False)
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in out.glob("*.array_record")}
    assert convert_dataset("stb", source / "gone", "test", out, 1, 2, False) == out  # needs the files no more
    # As an interrupted run leaves it: one shard with its report, no dataset.json.
    facts = read_info(out)
    (out / "dataset.json").unlink()
    (out / facts["shards"][0]).unlink()
    report = {"length": 1, "crc32": facts["crc32"][1], "skipped": facts["skipped"]["first"]}
    (out / facts["shards"][1]).with_suffix(".json").write_text(json.dumps(report))
    convert_dataset("stb", source, "test", out, 1, 2, False)
    after = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in out.glob("*.array_record")}
    assert {name: data for name, (data, _) in after.items()} == {name: data for name, (data, _) in before.items()}
    assert after[facts["shards"][1]][1] == before[facts["shards"][1]][1]
    assert read_info(out) == facts
    (out / "dataset.json").unlink()
    with pytest.raises(ValueError, match="shard_size: 2 there, 3 asked for"):
        convert_dataset("stb", source, "test", out, 1, 3, False)


def test_a_set_that_has_grown_is_not_what_its_shards_hold(source, converted, tmp_path) -> None:
    assert convert_dataset("stb", source, "test", progress=False) == converted
    out = shutil.copytree(converted, tmp_path / "out")
    facts = json.loads((out / "dataset.json").read_text())
    (out / "dataset.json").write_text(json.dumps({**facts, "source_samples": 3}))
    with pytest.raises(ValueError, match="out: expected shards of the 4 samples that stb has, got shards made of 3 in .*remove"):
        convert_dataset("stb", source, "test", out, progress=False)


def test_killed_conversion_leaves_nothing_that_looks_whole(source, tmp_path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "tfhand.data", "convert", "stb", "--data-dir", str(source), "--split", "test",
               "--out", str(out), "--workers", "1", "--shard-size", "3", "--quiet"]  # fmt: skip
    process = subprocess.Popen(command, start_new_session=True)
    try:
        started = time.monotonic()
        while not list(out.glob("test/.hands-*")) and time.monotonic() < started + 60:
            time.sleep(0.005)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    with pytest.raises(FileNotFoundError, match="half-generated|does not exist"):
        ShardedDataset(out / "test")
    assert main(command[3:]) == 0
    assert len(open_dataset("stb", out, "test")) == 3 and not list((out / "test").glob(".*"))


def test_damage_is_found(source, tmp_path, capsys) -> None:
    out = convert_dataset("stb", source, "test", tmp_path / "out", 1, 2, False)
    assert check_shards(out, progress=False) == 3
    assert main(["check", str(out), "--quiet"]) == 0 and "3 samples, all whole" in capsys.readouterr().out
    info = json.loads((out / "dataset.json").read_text())
    (out / "dataset.json").write_text(json.dumps({**info, "crc32": [info["crc32"][0], 1]}))
    with pytest.raises(ValueError, match="00001-of-00002.*checksum 1, got"):
        check_shards(out, progress=False)
    path = out / info["shards"][0]
    data = bytearray(path.read_bytes())
    written = np.flatnonzero(np.frombuffer(data, np.uint8))  # not what fills a block up
    middle = int(written[len(written) // 2])
    data[middle : middle + 64] = bytes(64)
    path.write_bytes(data)
    with pytest.raises(ValueError, match="00000-of-00002"):
        check_shards(out, progress=False)
    assert main(["check", str(out), "--quiet"]) == 1


def test_command_tells_what_it_did_and_what_there_is(source, converted, tmp_path, capsys, monkeypatch) -> None:
    assert main(["convert", "stb", "--data-dir", str(source), "--split", "test", "--quiet"]) == 0
    printed = capsys.readouterr().out
    assert f"{converted}: 3 samples in 2 shards, 1 left out (1 x expected a depth map" in printed
    assert main(["info", "stb", "--data-dir", str(source)]) == 0
    printed = capsys.readouterr().out
    assert "labels.zip" in printed and f"{converted}: 3 samples" in printed and "Zimmermann and Brox" in printed
    monkeypatch.setenv("TFHAND_DATA", str(tmp_path))
    assert main(["info"]) == 0
    printed = capsys.readouterr().out
    assert all(f"{name}: " in printed for name in ("stb", "rhd", "freihand", "ge_synthetic")) and "(not there)" in printed


def test_mistakes_are_told_in_one_line(source, tmp_path, capsys) -> None:
    assert main(["convert", "rhd", "--data-dir", str(tmp_path / "nowhere"), "--quiet"]) == 1
    assert "RHD_v1-1.zip" in capsys.readouterr().err and not (tmp_path / "nowhere").exists()
    assert main(["convert", "stb", "--data-dir", str(source), "--split", "validation"]) == 1
    assert "split: expected one of train, test" in capsys.readouterr().err
    for name in ("synthetic", "real_world"):
        with pytest.raises(ValueError, match="expected one with files to convert"):
            convert_dataset(name, tmp_path)
    with pytest.raises(ValueError, match="workers: expected at least 1, got 0"):
        convert_dataset("stb", source, "test", tmp_path / "out", 0)


def test_a_set_without_one_usable_sample_and_damaged_files_are_errors(tmp_path) -> None:
    folder = stb_set.write(tmp_path / "stb", cameras=("sk",))
    for path in folder.glob("images/*/SK_depth_*.png"):
        stb_set.write_depth(path, np.zeros(stb_set.SIZE))
    with pytest.raises(ValueError, match="expected usable samples, got none of 4: B1Counting/SK_depth_0"):
        convert_dataset("stb", folder, "test", workers=1, progress=False)
    assert not (folder / "shards" / "test" / "dataset.json").exists()
    stb_set.write_depth(folder / "images" / "B1Random" / "SK_depth_0.png", stb_set.hands()[0].seen("sk_depth"))
    cv2.imwrite(str(folder / "images" / "B1Random" / "SK_color_0.png"), np.zeros((240, 320, 3), np.uint8))
    with pytest.raises(ValueError, match=r"SK_color_0\.png: expected 640 x 480 pixels"):
        convert_dataset("stb", folder, "test", tmp_path / "other", 1, progress=False)
    assert not list((tmp_path / "other").glob("*.array_record"))


def test_what_is_cut_off_is_beyond_every_crop(sample_factory) -> None:
    sample = sample_factory(0)
    sample.box = np.array([130.0, 90.0, 50.0, 40.0], np.float32)
    smaller = around_hand(sample)
    assert smaller.image.shape[:2] == (100, 100) and smaller.depth_mm.shape == (100, 100)
    config = AugmentConfig(reflect_probability=0.0)
    for seed in range(40):
        one, other = (crop(part, 48, config, np.random.default_rng(seed)) for part in (sample, smaller))
        np.testing.assert_allclose(one["joints_uvd"], other["joints_uvd"], atol=1e-3)
        assert np.abs(one["image"].astype(int) - other["image"]).max() <= 2
    assert around_hand(smaller) is smaller

from __future__ import annotations

import dataclasses
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from tfhand.data.batches import BatchSource
from tfhand.data.sample import decode, encode
from tfhand.data.shards import ShardedDataset
from tfhand.synthetic.__main__ import main
from tfhand.synthetic.generate import generate
from tfhand.synthetic.generator import SyntheticConfig, render_sample, sample_seed
from tfhand.synthetic.inspect import contact_sheet, coverage, draw_tile
from tfhand.synthetic.jobs import default_shard_size, plan
from tfhand.synthetic.source import SyntheticSource

CONFIG = SyntheticConfig(size=64)


@pytest.fixture(scope="module")
def dataset_dir(tmp_path_factory):
    """Six samples by two workers."""
    folder = tmp_path_factory.mktemp("hands") / "set"
    assert generate(folder, 6, workers=2, config=CONFIG, seed=7, shard_size=2, progress=False) == 6
    return folder


def test_workers_write_what_one_process_renders(dataset_dir):
    dataset = ShardedDataset(dataset_dir, with_depth=True)
    assert len(dataset) == 6
    for index in range(6):
        assert dataset.raw(index) == encode(render_sample(sample_seed(7, index), CONFIG))


def test_finished_dataset_is_left_alone_and_a_lost_shard_made_again(dataset_dir):
    lost = dataset_dir / "hands-00001-of-00003.array_record"
    before = {path: path.read_bytes() for path in dataset_dir.glob("*.array_record")}
    assert generate(dataset_dir, 6, config=CONFIG, seed=7, shard_size=2, progress=False) == 0
    lost.unlink()
    assert generate(dataset_dir, 6, config=CONFIG, seed=7, shard_size=2, progress=False) == 2
    assert {path: path.read_bytes() for path in dataset_dir.glob("*.array_record")} == before
    with pytest.raises(ValueError, match="seed"):
        generate(dataset_dir, 6, config=CONFIG, seed=8, shard_size=2, progress=False)


def test_photographs_of_the_same_number_are_other_photographs(tmp_path):
    for folder, seed in (("one", 0), ("other", 1)):
        (tmp_path / folder).mkdir()
        for number in range(40):  # every split has some of them
            picture = np.random.default_rng([seed, number]).integers(0, 255, (32, 32, 3), np.uint8)
            cv2.imwrite(str(tmp_path / folder / f"{number}.png"), picture[: 32 - seed])
    config = dataclasses.replace(CONFIG, backgrounds=str(tmp_path / "one"))
    plan(tmp_path / "set", 4, config, 0, 2)
    plan(tmp_path / "set", 4, config, 0, 2)
    with pytest.raises(ValueError, match="backgrounds"):
        plan(tmp_path / "set", 4, dataclasses.replace(config, backgrounds=str(tmp_path / "other")), 0, 2)


def test_a_seed_below_0_is_refused_before_a_folder_is_begun(tmp_path, capsys):
    assert main(["generate", "--num", "2", "--size", "64", "--seed", "-1", "--out", str(tmp_path / "set")]) != 0
    assert "seed: expected at least 0, got -1" in capsys.readouterr().err and not (tmp_path / "set").exists()
    with pytest.raises(ValueError, match="seed >= 0"):
        SyntheticSource(2, CONFIG, seed=-1)


def test_killed_run_leaves_no_shard_that_looks_whole_and_resumes(tmp_path):
    out = tmp_path / "set"
    command = [sys.executable, "-m", "tfhand.synthetic", "generate", "--num", "40", "--size", "64", "--workers", "1",
               "--shard-size", "20", "--quiet", "--out", str(out)]  # fmt: skip
    process = subprocess.Popen(command, start_new_session=True)
    try:
        started = time.monotonic()
        while not list(out.glob(".hands-*")) and time.monotonic() < started + 60:
            time.sleep(0.02)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert not (out / "dataset.json").exists()
    with pytest.raises(FileNotFoundError, match="half-generated"):
        ShardedDataset(out)
    assert len(list(out.glob("hands-*"))) < 2
    assert main(command[3:]) == 0
    assert len(ShardedDataset(out)) == 40 and not list(out.glob(".*"))
    assert [sample.seed for sample in ShardedDataset(out)] == [sample_seed(0, index) for index in range(40)]


def test_on_the_fly_source_equals_the_folder(dataset_dir):
    source = SyntheticSource(6, CONFIG, seed=7)
    folder = ShardedDataset(dataset_dir, with_depth=True)
    for one, other in zip(source.__getitems__([4, 1]), (folder[4], folder[1]), strict=True):
        assert encode(one) == encode(render_sample(one.seed, CONFIG))
        np.testing.assert_array_equal(decode(encode(one)).image, other.image)
    images, targets = BatchSource(source, 2, 32, shuffle=False)[2]
    np.testing.assert_array_equal(targets["joints_uvd"], BatchSource(folder, 2, 32, shuffle=False)[2][1]["joints_uvd"])
    with pytest.raises(IndexError):
        source[6]
    with pytest.raises(ValueError, match="num_samples"):
        SyntheticSource(0)


def test_on_the_fly_source_with_processes():
    source = SyntheticSource(4, CONFIG, seed=7, workers=1)
    try:
        for index, sample in enumerate(source.__getitems__([0, 3])):
            assert encode(sample) == encode(render_sample(sample_seed(7, 3 * index), CONFIG))
    finally:
        source.close()


def test_inspect_draws_every_tile(dataset_dir, tmp_path, capsys, generator):
    sheet = tmp_path / "sheet.png"
    assert main(["inspect", "--data-dir", str(dataset_dir), "--out", str(sheet), "--num", "4", "--tile-size", "64"]) == 0
    printed = capsys.readouterr().out
    assert "towards the camera" in printed and "middle MCP-PIP" in printed
    picture = cv2.imread(str(sheet))
    assert picture.shape == (4 * 64, 4 * 64, 3)
    sample = ShardedDataset(dataset_dir, with_depth=True)[0]
    photo = draw_tile(sample, "photo", 64)
    np.testing.assert_array_equal(photo, sample.image)
    for tile in ("joints", "mesh", "depth"):
        assert (draw_tile(sample, tile, 64, generator.template.edges) != photo).any()
    assert str(coverage([sample])).count("\n") > 5


def test_inspect_plots_and_turns_around(dataset_dir, tmp_path, capsys):
    names = [tmp_path / name for name in ("coverage.png", "hand.html")]
    command = ["inspect", "--data-dir", str(dataset_dir), "--sample", "5"]
    assert main([*command, "--plots", str(names[0]), "--view", str(names[1])]) == 0
    printed = capsys.readouterr().out
    assert "sample 5 in" in printed and "what 6 samples cover" in printed and all(name.stat().st_size for name in names)
    assert main([*command, "--view", str(tmp_path / "hand.glb")]) == 0
    assert "towards the camera" not in capsys.readouterr().out
    assert main(command) == 0
    assert "towards the camera" in capsys.readouterr().out


def test_mistakes_are_told_in_one_line(tmp_path, capsys):
    assert main(["inspect", "--data-dir", str(tmp_path / "none"), "--out", "x.png"]) == 2
    assert "does not exist" in capsys.readouterr().err
    assert main(["generate", "--num", "0", "--size", "64", "--out", str(tmp_path / "a")]) == 2
    assert "num_samples: expected at least 1" in capsys.readouterr().err
    assert main(["generate", "--num", "5", "--workers", "0", "--out", str(tmp_path / "b")]) == 2
    assert "workers: expected at least 1" in capsys.readouterr().err
    with pytest.raises(ValueError, match="samples: expected at least one"):
        contact_sheet([])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--columns", "0"], "columns: expected at least 1, got 0"),
        (["--tile-size", "0"], "tile_size: expected at least 1, got 0"),
        (["--tiles", "photo", "smell"], r"tiles: expected some of photo, joints, mesh, depth, got \['smell'\]"),
        (["--out", "sheet.text"], "out: expected a picture's name such as sheet.png, got sheet.text"),
        (["--sample", "6", "--view", "hand.html"], "--sample: expected 0..5, got 6"),
        (["--view", "hand.obj"], "view: expected a name that ends in .html or .glb, got hand.obj"),
        (["--plots", "plots.text"], "plots: expected a picture's name such as coverage.png, got plots.text"),
        (["--out", "."], "out: expected a picture's name such as sheet.png, got ."),
    ],
)
def test_mistakes_of_inspect_are_told_in_one_line(dataset_dir, tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main(["inspect", "--data-dir", str(dataset_dir.resolve()), "--out", "a.png", "--num", "1", *arguments]) == 2
    assert re.search(message, capsys.readouterr().err) and not list(tmp_path.iterdir())


def test_without_a_compiler_generate_says_what_to_install(tmp_path, capsys, without_compiler):
    assert main(["generate", "--num", "4", "--size", "64", "--out", str(tmp_path / "out")]) == 2
    message = capsys.readouterr().err
    assert "no C++ compiler was found" in message and "apt install g++" in message
    assert not (tmp_path / "out").exists()


FULL_DISK = """
import resource, sys
from tfhand.rendering.kernel import load_library
from tfhand.synthetic.__main__ import main
if __name__ == "__main__":  # the workers import this file too
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))  # writing more bytes to a file fails as on a full disk
    sys.exit(main(["generate", "--num", "16", "--workers", "1", "--size", "64", "--quiet", "--out", sys.argv[1]]))
"""


def test_a_disk_that_fills_up_is_told_in_one_line(tmp_path):
    script, out = tmp_path / "full.py", tmp_path / "out"
    script.write_text(FULL_DISK)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    result = subprocess.run([sys.executable, script, out], env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 2 and "Traceback" not in result.stderr
    assert re.search(r"generate: .*hands-00000-of-00001.array_record can't be written: .*File too large", result.stderr)
    assert [path.name for path in out.iterdir()] == ["plan.json"]


def test_help_teaches(capsys):
    for arguments, taught in (
        (["--help"], "generate --num 20000 --workers 2"),
        (["generate", "--help"], "--backgrounds FOLDER"),
        (["inspect", "--help"], "--data-dir"),
    ):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 0 and taught in capsys.readouterr().out


def test_shard_sizes():
    assert [default_shard_size(count) for count in (1, 1000, 6400, 10**6)] == [16, 16, 100, 1000]


def test_without_beam_the_command_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["beam", "--num", "4", "--out", str(tmp_path / "out")]) == 2
    assert "pip install 'tfhand[beam]'" in capsys.readouterr().err and not (tmp_path / "out").exists()

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tfhand.data.sample import encode
from tfhand.data.shards import ShardedDataset, ShardSetWriter, read_info, shard_name, write_shard


@pytest.fixture
def finished(tmp_path, sample_factory):
    """Seven samples in shards of three."""
    writer = ShardSetWriter(tmp_path / "set", 7, 3, {"kind": "test"})
    for index in writer.missing_shards():
        write_shard(writer.shard_path(index), (encode(sample_factory(i)) for i in writer.shard_range(index)))
    writer.finish()
    return tmp_path / "set"


def test_random_access(finished, sample_factory):
    dataset = ShardedDataset(finished, with_depth=True)
    assert len(dataset) == 7 and read_info(finished)["shard_lengths"] == [3, 3, 1]
    for index in (6, 0, 3, 2, 5, 0):
        assert dataset[index].seed == index
        np.testing.assert_array_equal(dataset[index].joints_mm, sample_factory(index).joints_mm)
    assert [sample.seed for sample in dataset] == list(range(7))
    with pytest.raises(IndexError):
        dataset[7]
    assert pickle.loads(pickle.dumps(dataset))[4].seed == 4


def test_whole_shards_are_kept_when_resuming(tmp_path, sample_factory):
    def new():
        return ShardSetWriter(tmp_path, 4, 2, {"seed": 1})

    writer = new()
    write_shard(writer.shard_path(1), (encode(sample_factory(i)) for i in writer.shard_range(1)))
    before = writer.shard_path(1).stat().st_mtime_ns
    writer = new()
    assert writer.missing_shards() == [0]
    with pytest.raises(ValueError, match="1 are missing"):
        writer.finish()
    write_shard(writer.shard_path(0), (encode(sample_factory(i)) for i in writer.shard_range(0)))
    writer.finish()
    assert writer.shard_path(1).stat().st_mtime_ns == before
    assert [sample.seed for sample in ShardedDataset(tmp_path)] == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="seed: 1 there, 2 asked for"):
        ShardSetWriter(tmp_path, 4, 2, {"seed": 2})


def test_generator_that_dies_leaves_no_shard(tmp_path, sample_factory):
    def dying():
        yield encode(sample_factory(0))
        raise KeyboardInterrupt

    writer = ShardSetWriter(tmp_path, 4, 2, {})
    with pytest.raises(KeyboardInterrupt):
        write_shard(writer.shard_path(0), dying())
    assert writer.missing_shards() == [0, 1]
    assert not list(tmp_path.glob("*.array_record*")) and not list(tmp_path.glob(".*"))
    with pytest.raises(FileNotFoundError, match=r"half-generated \(0 of 2 shards\)"):
        ShardedDataset(tmp_path)


def test_leftovers_of_a_killed_run_are_removed(tmp_path):
    writer = ShardSetWriter(tmp_path, 4, 2, {})
    leftover = tmp_path / f".{writer.shard_path(0).stem}.0123456789abcdef0123456789abcdef.tmp.array_record"
    leftover.write_bytes(b"half")
    ShardSetWriter(tmp_path, 4, 2, {})
    assert not leftover.exists()


def test_short_shard_is_noticed(tmp_path, sample_factory):
    writer = ShardSetWriter(tmp_path, 2, 2, {})
    write_shard(writer.shard_path(0), [encode(sample_factory(0))])
    with pytest.raises(ValueError, match="expected 2 samples"):
        writer.finish()


def test_folders_that_are_no_dataset(tmp_path, finished):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        ShardedDataset(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="is empty"):
        ShardedDataset(tmp_path / "empty")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("hello")
    with pytest.raises(FileNotFoundError, match="holds no dataset.json"):
        ShardedDataset(tmp_path / "other")
    with pytest.raises(ValueError, match="holds other files"):
        ShardSetWriter(tmp_path / "other", 2, 2, {})
    (finished / shard_name("hands", 1, 3)).unlink()
    with pytest.raises(FileNotFoundError, match="lacks 1 of its 3 shards"):
        ShardedDataset(finished)
    with pytest.raises(ValueError, match="num_samples: expected at least 1"):
        ShardSetWriter(tmp_path / "new", 0, 2, {})


@pytest.mark.parametrize("keep", [0, 100, 0.5], ids=["nothing", "a few bytes", "half"])
def test_truncated_shards_are_named_before_any_work(finished, keep):
    path = finished / shard_name("hands", 1, 3)
    content = path.read_bytes()
    path.write_bytes(content[: keep if isinstance(keep, int) else int(len(content) * keep)])
    with pytest.raises(ValueError, match="hands-00001-of-00003.array_record is truncated or damaged; remove it"):
        ShardedDataset(finished)


def test_shards_damaged_inside_are_named_when_read(finished):
    path = finished / shard_name("hands", 1, 3)
    content = bytearray(path.read_bytes())
    start = content.find(b"joints_mm")
    content[start : start + 2000] = bytes(2000)
    path.write_bytes(content)
    dataset = ShardedDataset(finished)
    assert dataset[0].seed == 0
    with pytest.raises(ValueError, match="hands-00001-of-00003.array_record is truncated or damaged"):
        list(dataset)


def test_shards_of_another_length_are_named(finished, sample_factory):
    path = finished / shard_name("hands", 1, 3)
    write_shard(path, [encode(sample_factory(0))])
    with pytest.raises(ValueError, match=r"expected 3 samples in .*hands-00001-of-00003.array_record, got 1"):
        ShardedDataset(finished)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("dataset.json", "{", "dataset.json is damaged, not JSON"),
        ("dataset.json", "{}", "dataset.json is damaged: it lacks num_samples, shards, shard_lengths"),
        ("dataset.json", "[]", "dataset.json is damaged: it lacks"),
        ("plan.json", "", "plan.json is damaged, not JSON"),
    ],
)
def test_damaged_descriptions_are_named(finished, name, content, message):
    (finished / name).write_text(content)
    if name == "plan.json":
        (finished / "dataset.json").unlink()
        with pytest.raises(ValueError, match=message):
            ShardSetWriter(finished, 7, 3, {"kind": "test"})
    with pytest.raises(ValueError, match=message):
        ShardedDataset(finished)


def test_a_file_in_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "set").write_text("a file")
    for path in (tmp_path / "set", tmp_path / "set" / "deeper"):
        with pytest.raises(NotADirectoryError, match="data_dir: expected a folder or a new name, got .*set.* is a file"):
            ShardSetWriter(path, 2, 2, {})


FULL_DISK = """
import resource, sys
from tfhand.data.shards import write_shard
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # bytes in a file; writing more fails as on a full disk
try:
    write_shard(sys.argv[1], (bytes([number]) * 30_000 for number in range(9)))
except OSError as error:
    print(error)
"""


def test_a_disk_that_fills_up_is_named_and_leaves_no_shard(tmp_path):
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path / "a.array_record")]
    result = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    assert "a.array_record can't be written: " in result.stdout and "File too large" in result.stdout
    assert list(tmp_path.iterdir()) == []

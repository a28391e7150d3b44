"""The table of datasets, and opening them by name."""

from __future__ import annotations

import json

import pytest

from tfhand.data.convert import convert_dataset
from tfhand.data.datasets import CONVERSION_VERSION, DATASETS, get_dataset, open_dataset
from tfhand.data.sample import encode
from tfhand.data.shards import ShardSetWriter, write_shard
from tfhand.data.sources import SOURCES
from tfhand.metrics.protocols import PROTOCOLS


def write_shards(folder, samples, config):
    writer = ShardSetWriter(folder, len(samples), 4, config)
    write_shard(writer.shard_path(0), (encode(sample) for sample in samples))
    writer.finish()


def converted(name):
    return {"dataset": name, "split": "test", "version": CONVERSION_VERSION}


@pytest.mark.parametrize("name", DATASETS)
def test_every_dataset_has_a_source_known_protocols_and_says_what_to_get(name, tmp_path, monkeypatch) -> None:
    info = get_dataset(name)
    assert info.name == name and info.source is SOURCES[name]
    assert info.evaluation_split in info.splits and set(info.protocols) <= set(PROTOCOLS)
    assert info.train_split in (None, *info.splits)
    monkeypatch.setenv("TFHAND_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError) as caught:
        open_dataset(name, split=info.evaluation_split)
    for told in (str(tmp_path / name), info.source.page, *info.source.files):
        assert told in str(caught.value)
    with pytest.raises(ValueError, match=f"split: expected one of .* of {name}, got 'other'"):
        open_dataset(name, tmp_path, "other")


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="dataset: expected one of synthetic, .*stb.*, got 'nyu'"):
        open_dataset("nyu")


def test_shards_lie_in_the_folder_its_split_or_its_shards(tmp_path, sample_factory, monkeypatch) -> None:
    write_shards(tmp_path / "one", [sample_factory(1)], {})
    write_shards(tmp_path / "data" / "synthetic" / "validation", [sample_factory(2)], {})
    write_shards(tmp_path / "stb" / "shards" / "test", [sample_factory(3)], converted("stb"))
    monkeypatch.setenv("TFHAND_DATA", str(tmp_path / "data"))
    sample = open_dataset("synthetic", tmp_path / "one", with_depth=True)[0]
    assert sample.seed == 1 and sample.depth_mm is not None
    sample = open_dataset("synthetic", split="validation", with_alpha=False)[0]
    assert sample.seed == 2 and sample.depth_mm is None and sample.alpha is None
    assert open_dataset("stb", tmp_path / "stb", "test")[0].seed == 3
    with pytest.raises(FileNotFoundError, match="data/synthetic holds no train/"):
        open_dataset("synthetic", split="train")
    ShardSetWriter(tmp_path / "half", 4, 2, {})
    with pytest.raises(FileNotFoundError, match="half is half-generated"):
        open_dataset("synthetic", tmp_path / "half")


def test_hands_rendered_for_one_split_are_refused_as_another(tmp_path, sample_factory) -> None:
    for split in ("train", "all"):
        write_shards(tmp_path / split, [sample_factory(0)], {"split": split})
    assert len(open_dataset("synthetic", tmp_path / "train", "train")) == 1
    assert len(open_dataset("synthetic", tmp_path / "all", "validation")) == 1
    with pytest.raises(ValueError, match=r"data_dir: .* --split validation, or all, in .*train, got 'train'"):
        open_dataset("synthetic", tmp_path / "train", "validation")


def test_only_rendered_hands_pass_for_rendered_ones_and_those_of_a_world_for_its_own(tmp_path, sample_factory) -> None:
    write_shards(tmp_path / "stb", [sample_factory(0)], converted("stb"))
    with pytest.raises(ValueError, match="data_dir: expected rendered hands in .*stb, got shards of stb"):
        open_dataset("synthetic", tmp_path / "stb", "train")
    for world in ("source", "target"):
        write_shards(tmp_path / world, [sample_factory(0)], {"split": "train", "world": world})
        assert len(open_dataset("synthetic", tmp_path / world, "train")) == 1
    assert len(open_dataset("synthetic_target", tmp_path / "target", "train")) == 1
    with pytest.raises(ValueError, match="data_dir: expected hands of world 'target' in .*source, got 'source'"):
        open_dataset("synthetic_target", tmp_path / "source", "train")
    write_shards(tmp_path / "any", [sample_factory(0)], {"split": "train"})
    for name, message in (("synthetic_target", "world 'target' in .*any, got 'any'"), ("rhd", "shards of rhd, .*got dataset None")):
        with pytest.raises(ValueError, match=message):
            open_dataset(name, tmp_path / "any", "train")


def test_shards_of_another_version_are_refused(tmp_path, sample_factory) -> None:
    write_shards(tmp_path, [sample_factory(0)], {"dataset": "rhd", "split": "test", "version": 0})
    with pytest.raises(ValueError, match=rf"data_dir: .* shards of version {CONVERSION_VERSION} in .*, got 0; remove the folder"):
        open_dataset("rhd", tmp_path, "test")


def test_shards_of_another_set_or_split_are_refused(tmp_path, sample_factory) -> None:
    write_shards(tmp_path, [sample_factory(0)], converted("rhd"))
    with pytest.raises(ValueError, match="expected shards of stb, split 'test', in .*, got dataset 'rhd'"):
        open_dataset("stb", tmp_path, "test")
    with pytest.raises(ValueError, match="got split 'test'"):
        open_dataset("rhd", tmp_path, "train")
    with pytest.raises(ValueError, match="out: expected shards of stb, split 'test', in .*, got dataset 'rhd'"):
        convert_dataset("stb", tmp_path / "files", "test", tmp_path)
    assert convert_dataset("rhd", tmp_path / "files", "test", tmp_path) == tmp_path  # is there already
    info = json.loads((tmp_path / "dataset.json").read_text())
    assert info["config"] == converted("rhd")

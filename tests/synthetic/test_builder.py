from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("apache_beam", reason="the extra [beam] is not installed")
tfds = pytest.importorskip("tensorflow_datasets", reason="the extra [beam] is not installed")

from apache_beam.options.pipeline_options import PipelineOptions

from tfhand.constants import SIDES
from tfhand.data import AugmentConfig, BatchSource, encode
from tfhand.data.tfds_source import TfdsSource, batches
from tfhand.synthetic.beam import run_jobs
from tfhand.synthetic.generator import GENERATOR_VERSION, SyntheticConfig, render_sample, sample_seed
from tfhand.synthetic.hand_synthetic import Builder, HandSyntheticConfig
from tfhand.synthetic.hand_synthetic import hand_synthetic_dataset_builder as module
from tfhand.synthetic.hand_synthetic.hand_synthetic_dataset_builder import ExampleFile
from tfhand.synthetic.jobs import ShardJob

SMALL = HandSyntheticConfig(
    name="small", num_train=3, num_validation=2, render=SyntheticConfig(size=64, left_share=0.3), seed=5, shard_size=2
)


def prepare(builder, **settings):
    options = PipelineOptions(["--runner=FnApiRunner"])  # in this process
    builder.download_and_prepare(download_config=tfds.download.DownloadConfig(beam_options=options, **settings))
    return builder


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    """A few samples of `mini`, as array_record files."""
    folder = tmp_path_factory.mktemp("tfds")
    builder = tfds.builder("hand_synthetic/mini", data_dir=folder, file_format="array_record")
    return prepare(builder, max_examples_per_split=3)


def test_samples_are_those_of_the_generator(mini):
    for split in ("train", "validation"):
        config = SyntheticConfig(size=128, split=split)
        source = TfdsSource(mini, split, with_depth=True)
        assert len(source) == 3 == mini.info.splits[split].num_examples
        for index in (0, 2):
            record = encode(render_sample(sample_seed(0, index, split), config))
            assert source.raw(index) == record
    with pytest.raises(IndexError, match="expected 0..2, got 3"):
        source[3]


def test_features_read_by_tfds_alone(mini):
    sample = render_sample(sample_seed(0, 1, "train"), SyntheticConfig(size=128, split="train"))
    example = mini.as_data_source("train")[1]
    for name in ("joints_mm", "vertices_mm", "intrinsics", "box"):
        np.testing.assert_array_equal(example[name], getattr(sample, name))
    assert (SIDES[example["side"]], int(example["seed"])) == (sample.side, sample.seed)
    for name in ("alpha", "hand_alpha"):
        np.testing.assert_array_equal(example[name][..., 0], getattr(sample, name))
    np.testing.assert_array_equal(example["joint_visible"], sample.joint_visible)
    depth_mm = example["depth"][..., 0] * mini.info.metadata["depth_step_mm"]
    np.testing.assert_allclose(depth_mm, sample.depth_mm, atol=0.051)
    scene_mm = depth_mm + example["other_depth"][..., 0] * mini.info.metadata["other_depth_step_mm"]
    np.testing.assert_allclose(scene_mm, sample.scene_depth_mm, atol=0.251)
    assert np.abs(example["image"].astype(int) - sample.image).mean() < 4


def test_dataset_is_versioned_and_found_again(mini):
    assert str(mini.version) == f"{GENERATOR_VERSION}.0" == mini.data_path.name
    again = tfds.builder("hand_synthetic/mini", data_dir=mini.data_path.parents[2])
    assert again.is_prepared() and again.info.splits["train"].num_examples == 3
    assert not [path for path in mini.data_path.parent.iterdir() if path.name.startswith(".shards")]


def test_stream_and_random_access_give_the_same_batches(tmp_path, mini):
    records = prepare(tfds.builder("hand_synthetic/mini", data_dir=tmp_path), max_examples_per_split=3)
    augment = AugmentConfig()
    options = {"seed": 4, "depth_size": 8, "depth_axis": "crop"}
    expected = BatchSource(TfdsSource(mini, "train", with_depth=True), 2, 32, augment, shuffle=False, **options)
    streamed = list(batches(records, 2, 32, augment, **options))
    assert len(streamed) == len(expected) == 2
    for (images, targets), (wanted_images, wanted) in zip(streamed, expected, strict=True):
        np.testing.assert_array_equal(images, wanted_images)
        assert targets.keys() == wanted.keys()
        for name in wanted:
            np.testing.assert_array_equal(targets[name], wanted[name])
    endless = batches(records, 2, 32, augment, seed=4, shuffle=3)
    assert endless.element_spec[0].shape == (2, 32, 32, 3)
    assert len({images.numpy().tobytes() for images, _ in endless.take(5)}) == 5
    with pytest.raises(NotImplementedError):
        TfdsSource(records)


def test_interrupted_run_leaves_no_dataset_and_resumes(tmp_path, monkeypatch):
    builder = Builder(config=SMALL, data_dir=tmp_path, file_format="array_record")

    def interrupted(jobs, *arguments):
        run_jobs([job for job in jobs if "-train" in job.path], *arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "run_jobs", interrupted)
    with pytest.raises(KeyboardInterrupt):
        prepare(builder)
    assert not builder.data_path.exists()
    (staging,) = builder.data_path.parent.glob(".shards-*")
    kept = {path.name: os.stat(path).st_ino for path in staging.iterdir()}
    assert sorted(kept) == [f"hand_synthetic-train.array_record-0000{index}-of-00002" for index in range(2)]
    (staging / ".killed.hand_synthetic").write_bytes(b"half a file")

    monkeypatch.setattr(module, "run_jobs", lambda *arguments: None)  # workers that write to disks of their own
    with pytest.raises(FileNotFoundError, match="1 files, .*-validation.* must be a place that all of them share"):
        prepare(Builder(config=SMALL, data_dir=tmp_path, file_format="array_record"))
    monkeypatch.undo()
    prepare(Builder(config=SMALL, data_dir=tmp_path, file_format="array_record"))
    inodes = {path.name: os.stat(path).st_ino for path in builder.data_path.iterdir()}
    assert kept.items() <= inodes.items() and not staging.exists()
    for split, count in (("train", 3), ("validation", 2)):
        source = TfdsSource(Builder(config=SMALL, data_dir=tmp_path), split)
        config = SyntheticConfig(size=64, left_share=0.3, split=split)
        assert [sample.seed for sample in source] == [sample_seed(5, index, split) for index in range(count)]
        assert source.raw(count - 1) == encode(render_sample(sample_seed(5, count - 1, split), config))


def test_a_file_that_fails_halfway_leaves_nothing(mini, tmp_path):
    record = TfdsSource(mini, "train").raw(0)
    job = ShardJob(str(tmp_path / "file"), 0, 2, SyntheticConfig(), 0, 0)
    write = ExampleFile(mini.info.features, mini.info.file_format)
    with pytest.raises(ZeroDivisionError):
        write(job, (record if number == 0 else 1 / 0 for number in range(2)))
    assert not list(tmp_path.iterdir())
    write(job, iter([record]))
    before = (tmp_path / "file").read_bytes()
    write(job, iter([]))  # there already
    assert (tmp_path / "file").read_bytes() == before


def test_configs():
    full = Builder.builder_configs["full_375k"]
    assert (full.num_train, full.num_validation) == (315_000, 60_000)
    assert set(Builder.builder_configs) == {"mini", "standard", "full_375k"}


@pytest.mark.parametrize("name", ["hand_synthetic/tiny", "hand_synthetic/tiny:1.0.0"])
def test_unknown_config_lists_the_valid_ones(tmp_path, name):
    with pytest.raises(ValueError, match="config: expected one of mini, standard, full_375k, got 'tiny"):
        tfds.builder(name, data_dir=tmp_path)


def test_folder_of_photographs_is_checked_before_rendering(tmp_path):
    builder = Builder(config=SMALL, data_dir=tmp_path / "tfds")
    with pytest.raises(FileNotFoundError, match="backgrounds"):
        prepare(builder, manual_dir=tmp_path / "none")
    assert not builder.data_path.exists() and os.listdir(Path(builder.data_path).parent) == []

"""Synthetic hands as a versioned tensorflow-datasets dataset, rendered through Apache Beam.

TFDS's own Beam writer gathers all examples in the engine and begins anew after an interruption. Here one element of
the pipeline is one file, as in `tfhand.synthetic.beam`. Whole files wait in a folder beside the dataset's,
`.shards-VERSION-SETTINGS`, where the next run finds them; TFDS gets them all at once at the end.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import tensorflow_datasets as tfds
from tensorflow_datasets.core.dataset_builder import FileReaderBuilder

from tfhand.data.tfds_features import hand_features, hand_metadata
from tfhand.data.tfds_records import ARRAYS, IMAGES, to_example
from tfhand.mesh import HandTemplate
from tfhand.rendering.kernel import load_library
from tfhand.synthetic.beam import run_jobs
from tfhand.synthetic.generator import GENERATOR_VERSION, HandGenerator, SyntheticConfig
from tfhand.synthetic.jobs import ShardJob, default_shard_size

_DESCRIPTION = """
Rendered hands with exact labels: image; mask of all that hides the background (alpha) and of the hand where it is seen
(hand_alpha); depth of the hand in steps of 0.1 mm and, where the hand is not, of forearm, sleeve and things in steps of
0.5 mm (other_depth); mesh and 21 joints in the camera frame (mm; x right, y down, z forward), which joints are visible,
intrinsics and crop box in pixels. The validation split has viewpoints, hand shapes and photographs behind the hands
that the training split has not.
"""


@dataclasses.dataclass(eq=False, kw_only=True)
class HandSyntheticConfig(tfds.core.BuilderConfig):
    """How much to render, and what.

    Attributes:
        num_train, num_validation: samples of the splits.
        render: what to render; its `split` is set by the builder.
        seed: another one gives other hands.
        shard_size: samples in a file; None for about 64 files a split, of 16 to 1,000 samples.
    """

    num_train: int
    num_validation: int
    render: SyntheticConfig = dataclasses.field(default_factory=SyntheticConfig)
    seed: int = 0
    shard_size: int | None = None


class Builder(FileReaderBuilder):
    """Builder of `hand_synthetic`; for other sizes or settings, pass a `HandSyntheticConfig` with a name of its own.

    `DownloadConfig.manual_dir` (`tfds build --manual_dir`) names a folder of photographs to put behind the hands.

    Raises:
        ValueError: no such config.
    """

    VERSION = tfds.core.Version(f"{GENERATOR_VERSION}.0")
    BUILDER_CONFIGS = [
        HandSyntheticConfig(
            name="mini", description="A look at it: 128 x 128, seconds to render.", num_train=96, num_validation=32,
            render=SyntheticConfig(size=128),
        ),
        HandSyntheticConfig(
            name="standard", description="Enough to train the mobile network: 256 x 256.", num_train=50_000,
            num_validation=2_000,
        ),
        HandSyntheticConfig(
            name="full_375k", description="The paper's scale and split: 256 x 256.", num_train=315_000,
            num_validation=60_000,
        ),
    ]  # fmt: skip

    def __init__(self, *, config: str | HandSyntheticConfig | None = None, **kwargs: Any):
        names = [one.name for one in self.BUILDER_CONFIGS]
        if isinstance(config, str) and config.split(":")[0] not in names:
            raise ValueError(f"config: expected one of {', '.join(names)}, got {config!r}.")
        super().__init__(config=config, **kwargs)

    def _info(self) -> tfds.core.DatasetInfo:
        size = self.builder_config.render.size
        features = hand_features((*IMAGES, *ARRAYS, "seed"), (size, size), HandTemplate.load().num_vertices)
        return tfds.core.DatasetInfo(
            builder=self,
            description=_DESCRIPTION,
            features=features,
            metadata=hand_metadata(generator_version=GENERATOR_VERSION),
        )

    def _download_and_prepare(
        self, dl_manager: tfds.download.DownloadManager, download_config: tfds.download.DownloadConfig | None = None
    ) -> None:
        """Renders what is missing, then hands all files to TFDS."""
        del dl_manager
        given = tfds.download.DownloadConfig() if download_config is None else download_config
        load_library()  # compiled here once, or the lack of a compiler told, and not by every worker
        jobs = self._plan(given)
        staging = tfds.core.Path(jobs["train"][0].path).parent
        staging.mkdir(parents=True, exist_ok=True)
        writer = ExampleFile(self.info.features, self.info.file_format)
        run_jobs(_missing(jobs), writer, given.beam_options, given.beam_runner)
        if missing := _missing(jobs):
            raise FileNotFoundError(
                f"data_dir: {len(missing)} files, {missing[0].path} among them, are not there though workers wrote them; "
                "it must be a place that all of them share."
            )
        self.info.set_splits(tfds.core.SplitDict([self._adopt(split, files) for split, files in jobs.items()]))
        with suppress(OSError):  # what is left in it is not worth the files that TFDS removes after any error
            staging.rmtree()

    def _plan(self, given: tfds.download.DownloadConfig) -> dict[str, list[ShardJob]]:
        """The files of each split, in the folder where they wait until all are whole."""
        config = self.builder_config
        counts = {"train": config.num_train, "validation": config.num_validation}
        if given.max_examples_per_split:
            counts = {split: min(count, given.max_examples_per_split) for split, count in counts.items()}
        backgrounds = config.render.backgrounds if given.manual_dir is None else str(given.manual_dir)
        renders = {split: dataclasses.replace(config.render, split=split, backgrounds=backgrounds) for split in counts}
        facts = {split: HandGenerator(render).describe() for split, render in renders.items()}
        # A folder for exactly these settings: with other ones, none of its files could be used again.
        settings = [facts, counts, config.seed, config.shard_size, str(self.info.file_format)]
        digest = hashlib.blake2b(json.dumps(settings, sort_keys=True).encode(), digest_size=4).hexdigest()
        staging = self.data_path.parent / f".shards-{self.version}-{digest}"
        jobs: dict[str, list[ShardJob]] = {split: [] for split in counts}
        for split, count in counts.items():
            size = config.shard_size or default_shard_size(count)
            template = self._get_filename_template(split).replace(data_dir=staging)
            paths = template.sharded_filepaths(-(-count // size))
            photographs = facts[split]["backgrounds"]
            for path, start in zip(paths, range(0, count, size), strict=True):
                stop = min(start + size, count)
                jobs[split].append(ShardJob(str(path), start, stop, renders[split], config.seed, photographs))
        return jobs

    def _adopt(self, split: str, jobs: list[ShardJob]) -> tfds.core.SplitInfo:
        """Moves the files of a split to where TFDS expects them."""
        num_bytes = 0
        for job in jobs:
            path = tfds.core.Path(job.path)
            num_bytes += path.stat().length
            path.replace(self.data_path / path.name)
        return tfds.core.SplitInfo(
            name=split,
            shard_lengths=[len(job) for job in jobs],
            num_bytes=num_bytes,
            filename_template=self._get_filename_template(split),
        )


def _missing(jobs: dict[str, list[ShardJob]]) -> list[ShardJob]:
    return [job for split in jobs.values() for job in split if not tfds.core.Path(job.path).exists()]


@dataclasses.dataclass(frozen=True)
class ExampleFile:
    """Writes a file of TFDS's examples under a temporary name and renames it when it is whole.

    Attributes:
        features: of the dataset.
        file_format: of the files.
    """

    features: tfds.features.FeaturesDict
    file_format: tfds.core.FileFormat

    def __call__(self, job: ShardJob, records: Iterator[bytes]) -> None:
        path = tfds.core.Path(job.path)
        if path.exists():
            return
        temporary = path.parent / f".{uuid.uuid4().hex}.{path.name}"
        examples = (self.features.serialize_example(to_example(record)) for record in records)
        try:
            tfds.core.ExampleWriter(self.file_format).write(temporary, enumerate(examples))
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

"""What the builders of public datasets share: `manual_dir` holds the files that a person has to get."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds

from tfhand.data.datasets import CONVERSION_VERSION, get_dataset, open_dataset
from tfhand.data.shards import ShardedDataset
from tfhand.data.tfds_features import hand_features, hand_metadata
from tfhand.data.tfds_records import to_example


class PublicBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """Base of the builders: the samples that `open_dataset` gives, with the labels that all of the set's samples have.

    The set's own files are converted to shards within `manual_dir` first (`tfhand.data.convert`), so that samples of no use
    are left out for stated reasons, and an interrupted build loses little.

    Attributes:
        DATASET: name in `tfhand.data.datasets.DATASETS`.
        LABELS: features beyond image, joints and camera, of `tfds_records.IMAGES` and `ARRAYS`. What a set has beside
            them is in `rest`.
    """

    VERSION = tfds.core.Version(f"{CONVERSION_VERSION}.0.0")
    DATASET: str
    LABELS: tuple[str, ...]

    def _info(self) -> tfds.core.DatasetInfo:
        source = get_dataset(self.DATASET).source
        return tfds.core.DatasetInfo(
            builder=self,
            description=f"{source.title[0].upper()}{source.title[1:]}. Licence: {source.licence}.",
            features=hand_features(("image", "intrinsics", "box", "joints_mm", *self.LABELS)),
            homepage=source.page.split()[0],
            metadata=hand_metadata(),
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
        folder = Path(dl_manager.manual_dir)
        # STB's Bumblebee images have no depth; they would be a dataset of their own.
        splits = [split for split in get_dataset(self.DATASET).splits if not split.endswith("_bb")]
        opened = {split: open_dataset(self.DATASET, folder, split) for split in splits}
        return {split: self._generate_examples(samples) for split, samples in opened.items()}

    def _generate_examples(self, samples: ShardedDataset) -> Iterator[tuple[int, dict[str, Any]]]:
        for index in range(len(samples)):
            yield index, to_example(samples.raw(index), self.info.features.keys())

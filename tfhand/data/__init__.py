"""Samples, shards on disk, augmentation and batches. TensorFlow is imported only by `tfhand.data.pipeline`."""
from tfhand.data.augment import AugmentConfig, crop, mirror
from tfhand.data.batches import BatchSource, iterate
from tfhand.data.datasets import DATASETS, DatasetInfo, get_dataset, open_dataset
from tfhand.data.hand_in_view import UnusableSampleError
from tfhand.data.sample import HandSample, decode, encode
from tfhand.data.shards import ShardedDataset, ShardSetWriter

__all__ = [
    "DATASETS",
    "AugmentConfig",
    "BatchSource",
    "DatasetInfo",
    "HandSample",
    "ShardSetWriter",
    "ShardedDataset",
    "UnusableSampleError",
    "crop",
    "decode",
    "encode",
    "get_dataset",
    "iterate",
    "mirror",
    "open_dataset",
]

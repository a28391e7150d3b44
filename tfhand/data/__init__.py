"""Samples, shards on disk, augmentation and batches. TensorFlow is imported only by `tfhand.data.pipeline`."""
from tfhand.data.augment import AugmentConfig, crop, mirror
from tfhand.data.batches import BatchSource, iterate
from tfhand.data.sample import HandSample, decode, encode
from tfhand.data.shards import ShardedDataset, ShardSetWriter

__all__ = [
    "AugmentConfig",
    "BatchSource",
    "HandSample",
    "ShardSetWriter",
    "ShardedDataset",
    "crop",
    "decode",
    "encode",
    "iterate",
    "mirror",
]

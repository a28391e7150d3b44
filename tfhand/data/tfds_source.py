"""Reading this package's TFDS datasets: any sample by its number, or a stream of batches, both with the same augmentation."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from tfhand.constants import DEPTH_AXES, NUM_JOINTS
from tfhand.data.augment import AugmentConfig, Backgrounds, crop
from tfhand.data.depth_noise import DepthNoiseConfig
from tfhand.data.sample import HandSample, decode
from tfhand.data.tfds_records import IMAGES, STORED, to_record
from tfhand.geometry import CAMERA_SIZE


class TfdsSource:
    """Random access to the samples of a split whose files are array_record; feeds `tfhand.data.BatchSource`.

    Args:
        builder: from `tfds.builder("hand_synthetic/...", data_dir=..., file_format="array_record")` or another one of this
            package (`hand_stb`, ...), prepared.
        split: such as "train" or "validation[:100]".
        with_depth: decode depth maps too.
        with_alpha: decode alpha masks too.

    Raises:
        NotImplementedError: the files are tfrecords, which have no random access; see `batches`.
    """

    def __init__(
        self, builder: tfds.core.DatasetBuilder, split: str = "train", with_depth: bool = False, with_alpha: bool = True
    ):
        self.with_depth = with_depth
        self.with_alpha = with_alpha
        self._examples = builder.as_data_source(split, decoders=_as_stored(builder))

    def __len__(self) -> int:
        return len(self._examples)

    def raw(self, index: int) -> bytes:
        """The encoded sample `index`, 0 <= index < len: the same bytes as in a folder of shards."""
        if not 0 <= index < len(self):
            raise IndexError(f"index: expected 0..{len(self) - 1}, got {index}.")
        return to_record(self._examples[index])

    def __getitem__(self, index: int) -> HandSample:
        return decode(self.raw(int(index)), self.with_depth, self.with_alpha)


def batches(
    builder: tfds.core.DatasetBuilder,
    batch_size: int,
    size: int,
    augment: AugmentConfig | None = None,
    seed: int = 0,
    split: str = "train",
    shuffle: int = 0,
    backgrounds: Backgrounds | None = None,
    depth_size: int | None = None,
    depth_noise: DepthNoiseConfig | None = None,
    depth_axis: str = DEPTH_AXES[0],
) -> tf.data.Dataset:
    """Batches of augmented crops as a `tf.data.Dataset` over tfrecord files, which are read in sequence.

    Without `shuffle`, and where both read the same samples, these are the batches of
    `BatchSource(TfdsSource(builder, split), batch_size, size, augment, seed, shuffle=False)`.

    Args:
        builder: from `tfds.builder("hand_synthetic/...", data_dir=...)`, prepared.
        batch_size: samples in a batch.
        size: side of the crops, pixels.
        augment: how to augment, or None for plain crops.
        seed: decides order and augmentation.
        split: such as "train" or "validation[:100]".
        shuffle: samples held to draw the next one from, files being mixed too; the stream never ends then. 0 goes
            through the split once, in order.
        backgrounds: where other backgrounds for augmented crops come from; see `tfhand.data.augment.crop`.
        depth_size: side of the depth maps, pixels; None leaves them out and saves decoding depth.
        depth_noise: the sensor that depth maps come from; None for exact depth.
        depth_axis: what `d` runs along, "camera" or "crop"; a network's own is its `depth_axis`.

    Returns:
        Dataset of `(images (B, S, S, 3) uint8, targets)`; the targets are those of `BatchSource`, float32.
    """
    num_vertices = builder.info.features["vertices_mm"].shape[0]
    shapes = {"vertices_uvd": (num_vertices, 3), "joints_uvd": (NUM_JOINTS, 3), "camera": (CAMERA_SIZE,)}
    if depth_size is not None:
        shapes["depth_map"] = (depth_size, depth_size)
    drawn = augment is not None or depth_noise is not None
    # One file after the other where the order counts, otherwise several at a time.
    read = tfds.ReadConfig(shuffle_seed=seed) if shuffle else tfds.ReadConfig(interleave_cycle_length=1)
    examples = builder.as_dataset(split=split, decoders=_as_stored(builder), shuffle_files=shuffle > 0, read_config=read)
    if shuffle:
        examples = examples.shuffle(shuffle, seed, reshuffle_each_iteration=True).repeat()

    def load(place: np.ndarray, *stored: np.ndarray) -> list[np.ndarray]:
        sample = decode(to_record(dict(zip(STORED, stored, strict=True))), with_depth=depth_size is not None)
        rng = np.random.default_rng([seed, int(place)]) if drawn else None
        view = crop(
            sample, size, augment, rng, backgrounds,
            depth_size=depth_size, depth_noise=depth_noise, depth_axis=depth_axis,
        )  # fmt: skip
        return [view["image"], *(view[name] for name in shapes)]

    def prepare(place: tf.Tensor, example: dict[str, tf.Tensor]):
        stored = [place, *(example[name] for name in STORED)]
        image, *targets = tf.numpy_function(load, stored, [tf.uint8] + [tf.float32] * len(shapes), stateful=False)
        image.set_shape((size, size, 3))
        for target, shape in zip(targets, shapes.values(), strict=True):
            target.set_shape(shape)
        return image, dict(zip(shapes, targets, strict=True))

    prepared = examples.enumerate().map(prepare, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return prepared.batch(batch_size, drop_remainder=shuffle > 0).prefetch(tf.data.AUTOTUNE)


def _as_stored(builder: tfds.core.DatasetBuilder) -> dict[str, tfds.decode.Decoder]:
    return {name: tfds.decode.SkipDecoding() for name in IMAGES if name in builder.info.features}

"""A dataset cut into files that can be rendered anywhere, in any order, by whatever spreads the work."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from tfhand.data.sample import encode
from tfhand.data.shards import ShardSetWriter
from tfhand.rendering.kernel import load_library
from tfhand.synthetic.generator import GENERATOR_VERSION, HandGenerator, SyntheticConfig, sample_seed


@dataclasses.dataclass(frozen=True)
class ShardJob:
    """One file of a dataset: everything a process needs to know to render it.

    Attributes:
        path: where the file lies once it is whole.
        start, stop: numbers of the samples that it holds, the last one not.
        config: what to render.
        seed: of the whole dataset.
        photographs: what tells the backgrounds that the dataset was planned with from others
            (`BackgroundSource.fingerprint`); with others it would have other samples.
    """

    path: str
    start: int
    stop: int
    config: SyntheticConfig
    seed: int
    photographs: str

    def __len__(self) -> int:
        return self.stop - self.start

    def records(self, generator: HandGenerator) -> Iterator[bytes]:
        """Renders the encoded samples with a generator of `config`.

        Raises:
            ValueError: this machine has other photographs.
        """
        found = generator.backgrounds.fingerprint
        if found != self.photographs:
            raise ValueError(
                f"backgrounds: expected the photographs that the work was planned with ({self.photographs}), got {found}."
            )
        for number in range(self.start, self.stop):
            yield encode(generator.render(sample_seed(self.seed, number, self.config.split, self.config.world)))


def default_shard_size(num_samples: int) -> int:
    """Samples in a shard: about 64 shards, of 16 to 1,000 samples. A killed run loses what its shards in work held."""
    return min(max(-(-num_samples // 64), 16), 1000)


def plan(
    out: str | Path, num_samples: int, config: SyntheticConfig | None, seed: int, shard_size: int | None
) -> tuple[ShardSetWriter, list[ShardJob]]:
    """Begins or resumes a folder of shards.

    Args:
        out: folder; new, empty, or begun with the same settings.
        num_samples: samples of the whole dataset.
        config: what to render; None for the defaults.
        seed: another one gives other hands.
        shard_size: samples in a file; None for `default_shard_size`.

    Returns:
        The folder's writer, whose `finish` declares it whole, and the files still missing.

    Raises:
        ValueError: impossible numbers, or a folder with something else in it.
        KernelError: the rasteriser can't be compiled; the message says what to install.
    """
    if seed < 0:
        raise ValueError(f"seed: expected at least 0, got {seed}.")
    config = SyntheticConfig() if config is None else config
    load_library()  # compiled here once, or the lack of a compiler told, and not by every process
    # Before any process starts: mistakes in the settings are reported once.
    generator = HandGenerator(config)
    facts = {**generator.describe(), "seed": seed, "generator_version": GENERATOR_VERSION}
    shard_size = default_shard_size(num_samples) if shard_size is None else shard_size
    writer = ShardSetWriter(out, num_samples, shard_size, facts)
    photographs = generator.backgrounds.fingerprint
    jobs = []
    for index in writer.missing_shards():
        numbers = writer.shard_range(index)
        path = str(writer.shard_path(index).absolute())
        jobs.append(ShardJob(path, numbers.start, numbers.stop, config, seed, photographs))
    return writer, jobs

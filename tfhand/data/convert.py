"""A dataset's own files to shards, once: whole from the moment `dataset.json` is there, resumable, on all cores.

    DIR/plan.json, DIR/hands-*.array_record, DIR/dataset.json   as in `tfhand.data.shards`
    DIR/hands-*.json                                            what was left out of a shard; gone at the end

`dataset.json` also has `source_samples`, `skipped` (how many, for which reasons, which) and `crc32` of every shard.
"""

from __future__ import annotations

import collections
import contextlib
import fcntl
import json
import logging
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tfhand.data.around_hand import KEPT_SIDES, around_hand
from tfhand.data.dataset_dir import dataset_dir
from tfhand.data.datasets import CONVERSION_VERSION, SHARDS_FOLDER, DatasetInfo, check_converted, get_dataset
from tfhand.data.hand_in_view import UnusableSampleError
from tfhand.data.sample import decode, encode
from tfhand.data.shards import INFO_FILE, ShardedDataset, ShardSetWriter, read_info, read_shard, write_shard
from tfhand.io import atomic_path, make_folder
from tfhand.parallel import run_in_processes

_LOGGER = logging.getLogger(__name__)
#: Samples that `dataset.json` names among the skipped ones.
_NAMED = 100
_worker: dict[str, Any] = {}


def convert_dataset(
    name: str,
    data_dir: str | Path | None = None,
    split: str = "train",
    out: str | Path | None = None,
    workers: int | None = None,
    shard_size: int = 500,
    progress: bool = True,
) -> Path:
    """Converts a split, or what is missing of it.

    Large photographs are cut to what surrounds the hand (`around_hand`); pictures become JPEG of quality 95. Samples that
    are of no use are left out, counted and named in `dataset.json`. Every shard is read back and compared.

    Args:
        name: of the dataset.
        data_dir: its folder; None for `$TFHAND_DATA/NAME`, or else `~/tfhand_data/NAME`.
        split: which part.
        out: folder for the shards, new, empty, or begun with the same settings; None for `DATA_DIR/shards/SPLIT`.
        workers: processes, 1 for this one; None for as many as there are cores.
        shard_size: samples of the source in a file.
        progress: show a bar.

    Returns:
        The folder of the shards.

    Raises:
        ValueError: an unknown dataset or split, a dataset that needs no conversion, damaged files, no usable sample, a
            folder with something else in it, or shards of so many samples as the dataset's files no longer have.
        FileNotFoundError: the data are not there; the one message says what to download and where to put it.
        OSError: the folder can't be written to, or a process was killed; whole shards are kept.
    """
    info = get_dataset(name)
    if info.read is None or not info.converts:
        names = "its samples are read as they are" if info.read else "it consists of shards already"
        raise ValueError(f"dataset: expected one with files to convert, got {name}: {names}.")
    info.check_split(split)
    for key, value in (("workers", workers), ("shard_size", shard_size)):
        if value is not None and value < 1:
            raise ValueError(f"{key}: expected at least 1, got {value}.")
    folder = dataset_dir(name, data_dir) / SHARDS_FOLDER / split if out is None else Path(out).expanduser()
    if (folder / INFO_FILE).is_file():
        check_converted(info, folder, split, "out")
        _check_same_source(info, folder, data_dir, split)
        return folder
    dataset = info.read(data_dir, split)
    with _locked(folder):
        if not (folder / INFO_FILE).is_file():
            settings = {"dataset": name, "split": split, "version": CONVERSION_VERSION, "kept_sides": KEPT_SIDES}
            writer = ShardSetWriter(folder, len(dataset), shard_size, settings)
            _write_missing(writer, dataset, workers or os.cpu_count() or 1, f"{name} {split}", progress)
            _finish(writer)
    return folder


def check_shards(data_dir: str | Path, progress: bool = True) -> int:
    """Reads and decodes every sample of a folder of shards, and compares checksums where the folder has them.

    Args:
        data_dir: the folder.
        progress: show a bar.

    Returns:
        The number of samples.

    Raises:
        FileNotFoundError: the folder is missing, unfinished or lacks a shard.
        ValueError: a shard is damaged, or holds other samples than were written; the message names it.
    """
    from tqdm import tqdm

    dataset = ShardedDataset(data_dir, with_depth=True)
    sums = dataset.info.get("crc32") or [None] * len(dataset.info["shards"])
    number = 0
    with tqdm(total=len(dataset), unit="image", desc="checking", disable=not progress) as bar:
        for shard, length, wanted in zip(dataset.info["shards"], dataset.info["shard_lengths"], sums, strict=True):
            total = 0
            for _ in range(length):
                total = _checked(dataset, number, total, Path(data_dir) / shard)
                number += 1
                bar.update()
            if wanted is not None and total != wanted:
                path = Path(data_dir) / shard
                raise ValueError(f"{path}: expected samples of checksum {wanted}, got {total}; make it again.")
    return number


def _check_same_source(info: DatasetInfo, folder: Path, data_dir: str | Path | None, split: str) -> None:
    """A dataset that has grown since is not what its shards hold. Its files may be gone: then there is nothing to see."""
    try:
        count = len(info.read(data_dir, split))
    except FileNotFoundError:
        return
    converted = read_info(folder).get("source_samples", count)
    if count != converted:
        raise ValueError(
            f"out: expected shards of the {count} samples that {info.name} has, got shards made of {converted} in {folder}; "
            "remove the folder to have them made again."
        )


def _checked(dataset: Any, index: int, total: int, path: Path) -> int:
    """The checksum `total` continued with sample `index`, which must be whole."""
    record = dataset.raw(index)
    try:
        decode(record)
    except Exception as error:  # whatever a damaged byte leads the decoders to
        raise ValueError(f"{path}: sample {index} is damaged ({error}); make the shard again.") from error
    return zlib.crc32(record, total)


def _write_missing(writer: ShardSetWriter, dataset: Any, workers: int, title: str, progress: bool) -> None:
    from tqdm import tqdm

    missing = writer.missing_shards()
    if not missing:
        return
    whole = len(dataset) - sum(len(writer.shard_range(index)) for index in missing)
    bar = tqdm(total=len(dataset), initial=whole, unit="image", desc=f"converting {title}", disable=not progress)
    if workers == 1:
        with bar:
            _worker.update(writer=writer, dataset=dataset, done=None)
            for index in missing:
                _convert_shard(index)
                bar.update(len(writer.shard_range(index)))
        _worker.clear()
        return
    run_in_processes(_convert_shard, missing, min(workers, len(missing)), _start_worker, (writer, dataset), bar)


def _start_worker(writer: ShardSetWriter, dataset: Any, done: Any) -> None:
    import cv2

    cv2.setNumThreads(1)
    _worker.update(writer=writer, dataset=dataset, done=done)


def _convert_shard(index: int) -> None:
    writer, dataset, done = (_worker[key] for key in ("writer", "dataset", "done"))
    path = writer.shard_path(index)
    skipped: list[str] = []
    written = [0, 0]  # samples, checksum

    def records() -> Iterator[bytes]:
        for number in writer.shard_range(index):
            try:
                record = encode(around_hand(dataset[number]))
            except UnusableSampleError as error:
                skipped.append(str(error))
            else:
                written[:] = written[0] + 1, zlib.crc32(record, written[1])
                yield record
            if done is not None:
                with done.get_lock():
                    done.value += 1
        # Before the shard gets its name, so that every shard has its report.
        with atomic_path(_report_path(path)) as temporary:
            temporary.write_text(json.dumps({"length": written[0], "crc32": written[1], "skipped": skipped}))

    write_shard(path, records())
    found = 0
    for record in read_shard(path):
        decode(record)
        found = zlib.crc32(record, found)
    if found != written[1]:
        path.unlink()
        raise OSError(f"{path}: read back other samples than were written; is the disk in order?")


def _report_path(shard: Path) -> Path:
    return shard.with_suffix(".json")


def _finish(writer: ShardSetWriter) -> None:
    """Writes `dataset.json` from the shards' reports, and removes these."""
    reports = [json.loads(_report_path(writer.shard_path(index)).read_text()) for index in range(writer.num_shards)]
    skipped = [message for report in reports for message in report["skipped"]]
    if len(skipped) == writer.num_samples:
        raise ValueError(f"dataset: expected usable samples, got none of {writer.num_samples}: {skipped[0]}")
    facts = {
        "source_samples": writer.num_samples,
        "skipped": {"count": len(skipped), "reasons": _reasons(skipped), "first": skipped[:_NAMED]},
        "crc32": [report["crc32"] for report in reports],
    }
    writer.finish([report["length"] for report in reports], facts)
    for index in range(writer.num_shards):
        _report_path(writer.shard_path(index)).unlink()
    if skipped:
        _LOGGER.warning(
            "%s: %d of %d samples were of no use and are left out: %s",
            writer.data_dir, len(skipped), writer.num_samples,
            "; ".join(f"{count} x {reason}" for reason, count in _reasons(skipped).items()),
        )  # fmt: skip


def _reasons(messages: Sequence[str]) -> dict[str, int]:
    """How many samples each reason was given for, most frequent first; names and numbers don't count."""
    kinds = (re.sub(r"-?\d+(\.\d+)?", "#", message.split(": ", 1)[-1]) for message in messages)
    return dict(collections.Counter(kinds).most_common())


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process at a time converts to a folder; the others wait and find it done."""
    make_folder(folder.parent, "out")
    with open(folder.parent / f".{folder.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

"""A dataset as a folder of array_record shards, and reading any sample of it by number.

    DIR/plan.json                          what is being generated; written first
    DIR/hands-00003-of-00010.array_record  whole from the moment it has this name
    DIR/dataset.json                       written last: a folder without it is not a dataset yet
"""
from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from array_record.python.array_record_module import ArrayRecordReader, ArrayRecordWriter

from tfhand.data.sample import HandSample, decode
from tfhand.io import atomic_path, make_folder

INFO_FILE = "dataset.json"
PLAN_FILE = "plan.json"
# One record a group: reading one sample never unpacks its neighbours. Images are compressed already.
_WRITER_OPTIONS = "group_size:1,uncompressed"
_READER_OPTIONS = "readahead_buffer_size:0"


def shard_name(name: str, index: int, count: int) -> str:
    """The file name of shard `index` of `count`, such as `hands-00003-of-00010.array_record`."""
    return f"{name}-{index:05d}-of-{count:05d}.array_record"


def write_shard(path: str | Path, records: Iterable[bytes]) -> int:
    """Writes records under a temporary name and renames the closed file to `path`; returns how many there were.

    Raises:
        OSError: the file can't be written (a full disk, say).
    """
    with atomic_path(path) as temporary:
        with _writing(path):
            writer = ArrayRecordWriter(str(temporary), _WRITER_OPTIONS)
        count = 0
        try:
            for record in records:
                with _writing(path):
                    writer.write(record)
                count += 1
        except BaseException:
            # A writer that failed can only say so again, and the file is removed anyway.
            with contextlib.suppress(RuntimeError):
                writer.close()
            raise
        with _writing(path):
            writer.close()
    return count


@contextlib.contextmanager
def _writing(path: str | Path) -> Iterator[None]:
    """The library tells of a full disk by a RuntimeError."""
    try:
        yield
    except RuntimeError as error:
        raise OSError(f"{path} can't be written: {error}.") from error


def read_shard(path: str | Path) -> Iterator[bytes]:
    """The records of a shard, in order.

    Raises:
        ValueError: the file is truncated or damaged.
    """
    try:
        reader = _open(Path(path))
        yield from (reader.read([number])[0] for number in range(reader.num_records()))
    except RuntimeError as error:
        raise _damaged(Path(path), error) from error


class ShardSetWriter:
    """Writes a dataset shard by shard, in any order, over any number of runs and processes.

    Args:
        data_dir: the folder; made where it is missing.
        num_samples: samples in the whole dataset.
        shard_size: samples in a shard; the last one may hold fewer.
        config: what decides the samples' content (JSON-like); a second run must give the same.
        name: first part of the shards' names.
    Raises:
        ValueError: counts that are not positive, or the folder holds shards of another plan.
    """

    def __init__(
        self, data_dir: str | Path, num_samples: int, shard_size: int, config: dict[str, Any], name: str = "hands"
    ):
        for key, value in (("num_samples", num_samples), ("shard_size", shard_size)):
            if value < 1:
                raise ValueError(f"{key}: expected at least 1, got {value}.")
        self.data_dir = Path(data_dir)
        self.name = name
        self.num_samples = num_samples
        self.shard_size = shard_size
        self.num_shards = -(-num_samples // shard_size)
        self.plan = {"name": name, "num_samples": num_samples, "shard_size": shard_size, "config": config}
        self._start()

    def _start(self) -> None:
        make_folder(self.data_dir, "data_dir")
        plan_path = self.data_dir / PLAN_FILE
        wanted = json.loads(json.dumps(self.plan))
        if plan_path.exists():
            found = _read_json(plan_path, wanted)
            if found != wanted:
                differing = sorted(_differences(found, wanted))
                raise ValueError(
                    f"data_dir: {self.data_dir} was begun with other settings ({', '.join(differing)}); "
                    "give the same ones to resume, or another folder."
                )
            # What a killed run was writing; a writer at work elsewhere would fail loudly, not silently.
            for leftover in self.data_dir.glob(f".{self.name}-*.tmp.array_record"):
                leftover.unlink()
        elif any(self.data_dir.iterdir()):
            raise ValueError(f"data_dir: expected a new or empty folder, got {self.data_dir}, which holds other files.")
        else:
            _write_json(plan_path, wanted)

    def shard_path(self, index: int) -> Path:
        """Where shard `index` lies once it is whole."""
        return self.data_dir / shard_name(self.name, index, self.num_shards)

    def shard_range(self, index: int) -> range:
        """The numbers of the samples that shard `index` holds."""
        return range(index * self.shard_size, min((index + 1) * self.shard_size, self.num_samples))

    def missing_shards(self) -> list[int]:
        """Numbers of the shards still to write; the others are kept as they are."""
        return [index for index in range(self.num_shards) if not self.shard_path(index).exists()]

    def finish(self, lengths: Sequence[int] | None = None, facts: dict[str, Any] | None = None) -> None:
        """Declares the dataset whole by writing `dataset.json`.

        Args:
            lengths: samples in each shard where some were left out; None where all are there.
            facts: further entries of `dataset.json` (JSON-like).

        Raises:
            ValueError: shards are missing or of the wrong length.
        """
        missing = self.missing_shards()
        if missing:
            raise ValueError(f"expected {self.num_shards} shards, {len(missing)} are missing: {missing[:5]}...")
        if lengths is None:
            lengths = [len(self.shard_range(index)) for index in range(self.num_shards)]
        for index, length in enumerate(lengths):
            _check_shard(self.shard_path(index), length)
        shards = [self.shard_path(index).name for index in range(self.num_shards)]
        found = {"num_samples": sum(lengths), "shards": shards, "shard_lengths": list(lengths)}
        _write_json(self.data_dir / INFO_FILE, {**self.plan, **(facts or {}), **found})


class ShardedDataset:
    """Random access to the samples of a finished folder of shards; safe to share between threads, picklable.

    Args:
        data_dir: folder with `dataset.json`.
        with_depth: decode depth maps too (they are the slowest part of a sample).
        with_alpha: decode alpha masks too.
        with_hand_alpha: decode the hands' own masks, also without depth.
    Raises:
        FileNotFoundError: the folder is missing, empty, unfinished or lacks a shard.
        ValueError: a file of it is damaged.
    """

    def __init__(
        self, data_dir: str | Path, with_depth: bool = False, with_alpha: bool = True, with_hand_alpha: bool = False
    ):
        self.data_dir = Path(data_dir)
        self.with_depth, self.with_alpha, self.with_hand_alpha = with_depth, with_alpha, with_hand_alpha
        self.info = read_info(self.data_dir)
        self._paths = [self.data_dir / name for name in self.info["shards"]]
        absent = [path.name for path in self._paths if not path.is_file()]
        if absent:
            raise FileNotFoundError(
                f"data_dir: {self.data_dir} lacks {len(absent)} of its {len(self._paths)} shards: {absent[0]} ..."
            )
        for path, length in zip(self._paths, self.info["shard_lengths"], strict=True):
            _check_shard(path, length)
        self._ends = np.cumsum(self.info["shard_lengths"])
        self._forget_readers()

    def _forget_readers(self) -> None:
        self._readers: dict[int, ArrayRecordReader] = {}
        self._locks = [threading.Lock() for _ in self._paths]

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        del state["_readers"], state["_locks"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget_readers()

    def __len__(self) -> int:
        return int(self._ends[-1])

    def raw(self, index: int) -> bytes:
        """The encoded sample `index`, 0 <= index < len."""
        if not 0 <= index < len(self):
            raise IndexError(f"index: expected 0..{len(self) - 1}, got {index}.")
        shard = int(np.searchsorted(self._ends, index, side="right"))
        place = index - (int(self._ends[shard - 1]) if shard else 0)
        with self._locks[shard]:
            if shard not in self._readers:
                self._readers[shard] = _open(self._paths[shard])
            try:
                return self._readers[shard].read([place])[0]
            except RuntimeError as error:
                raise _damaged(self._paths[shard], error) from error

    def __getitem__(self, index: int) -> HandSample:
        return decode(self.raw(int(index)), self.with_depth, self.with_alpha, self.with_hand_alpha)

    def __iter__(self) -> Iterator[HandSample]:
        return (self[index] for index in range(len(self)))


def read_info(data_dir: str | Path) -> dict[str, Any]:
    """The contents of `dataset.json`: name, num_samples, shard_size, config, shards, shard_lengths.

    Raises:
        FileNotFoundError: the folder is missing, empty, unfinished, or something else.
        ValueError: the file is damaged.
    """
    data_dir = Path(data_dir)
    if not data_dir.is_dir():
        raise FileNotFoundError(f"data_dir: expected a folder, got {data_dir}, which does not exist.")
    info_path = data_dir / INFO_FILE
    if info_path.is_file():
        return _read_json(info_path, ("num_samples", "shards", "shard_lengths"))
    if not any(data_dir.iterdir()):
        raise FileNotFoundError(
            f"data_dir: {data_dir} is empty; fill it with `python -m tfhand.synthetic generate --out {data_dir}`."
        )
    if (data_dir / PLAN_FILE).is_file():
        plan = _read_json(data_dir / PLAN_FILE, ("name", "num_samples", "shard_size"))
        wanted = -(-plan["num_samples"] // plan["shard_size"])
        whole = len(list(data_dir.glob(f"{plan['name']}-*.array_record")))
        raise FileNotFoundError(
            f"data_dir: {data_dir} is half-generated ({whole} of {wanted} shards); "
            "run the command that generates it again to finish."
        )
    raise FileNotFoundError(f"data_dir: {data_dir} holds no {INFO_FILE}: it is not a dataset of this project.")


def _open(path: Path) -> ArrayRecordReader:
    return ArrayRecordReader(str(path), _READER_OPTIONS)


def _check_shard(path: Path, length: int) -> None:
    try:
        reader = _open(path)
        found = reader.num_records()
        reader.close()
    except RuntimeError as error:
        raise _damaged(path, error) from error
    if found != length:
        raise ValueError(f"data_dir: expected {length} samples in {path}, got {found}; remove it and generate it again.")


def _damaged(path: Path, error: Exception) -> ValueError:
    return ValueError(f"data_dir: {path} is truncated or damaged; remove it and generate it again ({error}).")


def _read_json(path: Path, keys: Iterable[str]) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"data_dir: {path} is damaged, not JSON: {error}.") from error
    absent = [key for key in keys if not isinstance(content, dict) or key not in content]
    if absent:
        raise ValueError(f"data_dir: {path} is damaged: it lacks {', '.join(absent)}.")
    return content


def _write_json(path: Path, content: dict[str, Any]) -> None:
    with atomic_path(path) as temporary:
        Path(temporary).write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


def _differences(found: dict[str, Any], wanted: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key in found.keys() | wanted.keys():
        one, other = found.get(key), wanted.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _differences(one, other, f"{prefix}{key}.")
        elif one != other:
            yield f"{prefix}{key}: {one} there, {other} asked for"

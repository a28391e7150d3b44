"""Reads PyTorch's state dicts without PyTorch: tensors as arrays, nothing else.

Both of PyTorch's formats are known: the archive (since 1.6) and the pickles in a row before it, which the authors'
files of 2019 are in. A file with tensors of a rarer kind is left to PyTorch's own weights-only loader.

References:
    torch/serialization.py of PyTorch: `_save` and `_legacy_save`.
"""

from __future__ import annotations

import dataclasses
import pickle
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from export.release.unpickling import restricted_load

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_DTYPES = {
    "DoubleStorage": "<f8", "FloatStorage": "<f4", "HalfStorage": "<f2", "LongStorage": "<i8", "IntStorage": "<i4",
    "ShortStorage": "<i2", "CharStorage": "<i1", "ByteStorage": "<u1", "BoolStorage": "?",
}  # fmt: skip
#: What reading a damaged file raises.
_DAMAGE = (
    pickle.UnpicklingError, zipfile.BadZipFile, struct.error,
    ValueError, KeyError, TypeError, AttributeError, EOFError, RuntimeError, MemoryError,
)  # fmt: skip
_INSTALL = "pip install 'tfhand[pytorch]'"


def read_state_dict(path: Path) -> dict[str, np.ndarray]:
    """Reads the file that `torch.save(network.state_dict(), path)` wrote.

    Args:
        path: of the file.

    Returns:
        Arrays by name, in the file's order.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is damaged, holds something else than tensors by name, or names anything that has no business in
            a state dict.
        ModuleNotFoundError: only PyTorch can read it, and it is not installed; the message says how to install it.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no file at {path}.")
    try:
        with open(path, "rb") as file:
            is_archive = file.read(4) == b"PK\x03\x04"
            content, storages = (_read_archive if is_archive else _read_legacy)(file)
        if not isinstance(content, dict) or not all(isinstance(value, _Tensor) for value in content.values()):
            raise ValueError("it must hold tensors by name and nothing else")
        return {str(name): tensor.array(storages) for name, tensor in content.items()}
    except _OnlyPyTorch as error:
        return _read_with_pytorch(path, str(error))
    except _DAMAGE as error:
        raise ValueError(f"{path} can't be read as a PyTorch state dict: {error}.") from error


class _OnlyPyTorch(pickle.UnpicklingError):
    """The file holds something of PyTorch's that is not known here."""


@dataclasses.dataclass(frozen=True)
class _Storage:
    """Reference to a row of numbers elsewhere in the file."""

    key: str
    dtype: str


@dataclasses.dataclass(frozen=True)
class _Tensor:
    """A view of a storage: `offset`, `shape` and `strides` in elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self, storages: dict[str, np.ndarray]) -> np.ndarray:
        """The numbers, as an array of their own."""
        values = storages[self.storage.key]
        if 0 in self.shape:
            return np.zeros(self.shape, values.dtype)
        last = self.offset + sum((size - 1) * stride for size, stride in zip(self.shape, self.strides, strict=True))
        if min(self.offset, *self.shape, *self.strides, 0) < 0 or last >= len(values):
            raise ValueError(f"a tensor of shape {self.shape} reaches beyond its {len(values)} numbers")
        strides = tuple(stride * values.itemsize for stride in self.strides)
        return np.lib.stride_tricks.as_strided(values[self.offset :], self.shape, strides).copy()


def _read_archive(file: BinaryIO) -> tuple[Any, dict[str, np.ndarray]]:
    with zipfile.ZipFile(file) as archive:
        names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        if len(names) != 1:
            raise ValueError("it is an archive without tensors")
        root = names[0].removesuffix("data.pkl")
        order = f"{root}byteorder"
        if order in archive.namelist() and archive.read(order) != b"little":
            raise _OnlyPyTorch("numbers of another byte order")
        found: dict[str, _Storage] = {}
        with archive.open(names[0]) as pickled:
            content = restricted_load(pickled, _find, lambda reference: _remember(reference, found))
        storages = {key: np.frombuffer(archive.read(f"{root}data/{key}"), one.dtype) for key, one in found.items()}
    return content, storages


def _read_legacy(file: BinaryIO) -> tuple[Any, dict[str, np.ndarray]]:
    file.seek(0)
    if restricted_load(file, _find) != _LEGACY_MAGIC:
        raise ValueError("it is in none of PyTorch's formats")
    restricted_load(file, _find)  # the protocol's version
    if not restricted_load(file, _find).get("little_endian", True):
        raise _OnlyPyTorch("numbers of another byte order")
    found: dict[str, _Storage] = {}
    content = restricted_load(file, _find, lambda reference: _remember(reference, found))
    storages = {}
    for key in restricted_load(file, _find):
        (count,) = struct.unpack("<q", file.read(8))
        dtype = np.dtype(found[key].dtype)
        data = file.read(count * dtype.itemsize)
        storages[key] = np.frombuffer(data, dtype)
        if len(storages[key]) != count:
            raise ValueError("it is truncated")
    return content, storages


def _remember(reference: Any, found: dict[str, _Storage]) -> _Storage:
    kind, storage_type, key, *_ = reference
    view = reference[5] if len(reference) > 5 else None
    if kind != "storage" or view is not None:
        raise _OnlyPyTorch("storages that are views of others")
    return found.setdefault(key, _Storage(key, storage_type))


def _find(module: str, name: str) -> Any:
    if module.startswith("torch"):
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        if module == "torch._utils" and name in _REBUILD:
            return _REBUILD[name]
        raise _OnlyPyTorch(f"{module}.{name}")
    return OrderedDict if (module, name) == ("collections", "OrderedDict") else None


def _tensor(storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


_REBUILD = {
    "_rebuild_tensor": _tensor,
    "_rebuild_tensor_v2": _tensor,
    "_rebuild_parameter": lambda tensor, *_: tensor,
}


def _read_with_pytorch(path: Path, reason: str) -> dict[str, np.ndarray]:
    try:
        import torch
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"{path} holds {reason}, which only PyTorch reads: {_INSTALL}") from error

    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        return {name: tensor.detach().to(torch.float32).numpy() for name, tensor in content.items()}
    except _DAMAGE as error:
        raise ValueError(
            f"{path} can't be read as a PyTorch state dict: PyTorch's weights-only loader refuses it ({reason})."
        ) from error

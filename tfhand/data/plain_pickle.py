"""Reading pickles that anybody may have made: numbers, text, containers and numeric arrays, and nothing else.

No object of numpy or of any other module is called while a file is read. Stand-ins note what an array is said to be
made of; arrays are built from checked facts afterwards.
"""
from __future__ import annotations

import math
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np

_DTYPE = re.compile(r"[biuf][1248]$|\?$")
_ORDERS = ("<", ">", "=", "|")


def load_plain_pickle(path: str | Path) -> Any:
    """Reads a pickle of any protocol, of Python 2 or 3 and numpy 1 or 2.

    Args:
        path: of the file.

    Returns:
        Numbers, strings, bytes, None, dicts, lists, tuples, sets of them, and arrays of integers, floating-point
        numbers or booleans (writable copies). Byte strings of Python 2 come as text, decoded as Latin-1.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is truncated or damaged, or names anything beyond that; the message says what.
    """
    path = Path(path)
    try:
        with open(path, "rb") as file:
            return _built(_PlainUnpickler(file, encoding="latin1").load(), {})
    except _Refused as error:
        raise ValueError(f"{path}: expected a pickle of arrays and plain containers, {error}; not read.") from None
    except OSError:
        raise
    except Exception as error:  # a damaged pickle raises whatever its bytes lead the unpickler to
        raise ValueError(f"{path} is a truncated or damaged pickle ({type(error).__name__}: {error}).") from error


class _Refused(Exception):
    """The pickle asks for something that doesn't belong into it."""


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        found = _GLOBALS.get((module, name))
        if found is None:
            raise _Refused(f"but it names {module}.{name}")
        return found

    def persistent_load(self, pid: Any) -> Any:
        raise _Refused("but it refers to objects outside of the file")


class _DType:
    """What a pickle says about a dtype; `__setstate__` is what the pickle's BUILD calls."""

    __slots__ = ("code", "order")

    def __init__(self, code: str) -> None:
        if not (isinstance(code, str) and _DTYPE.match(code)):
            raise _Refused(f"but it holds an array of dtype {code!r}, which isn't numeric")
        self.code, self.order = code, "="

    def __setstate__(self, state: Any) -> None:
        if not (isinstance(state, tuple) and len(state) > 1 and state[1] in _ORDERS):
            raise _Refused(f"but it holds a dtype of unknown state {str(state)[:80]}")
        self.order = state[1]

    def build(self) -> np.dtype:
        return np.dtype(self.code).newbyteorder(self.order)


class _Array:
    """What a pickle says about an array or, with `shape` None, a scalar."""

    __slots__ = ("data", "dtype", "fortran", "shape")

    def __init__(self, shape: Any = (0,), dtype: Any = None, fortran: Any = False, data: Any = b"") -> None:
        self.shape, self.dtype, self.fortran, self.data = shape, dtype, fortran, data

    def __setstate__(self, state: Any) -> None:
        if not (isinstance(state, tuple) and len(state) == 5):
            raise _Refused("but it holds an array of unknown state")
        self.shape, self.dtype, self.fortran, self.data = state[1:]

    def build(self) -> Any:
        if not isinstance(self.dtype, _DType):
            raise _Refused("but it holds an array without a dtype")
        dtype = self.dtype.build()
        data = self.data.encode("latin1") if isinstance(self.data, str) else self.data
        if not isinstance(data, bytes | bytearray):
            raise _Refused(f"but it holds an array whose values are {type(data).__name__}, not bytes")
        shape = () if self.shape is None else self.shape
        if not (isinstance(shape, tuple) and all(type(size) is int and size >= 0 for size in shape)):
            raise _Refused(f"but it holds an array of shape {str(shape)[:80]}")
        if math.prod(shape) * dtype.itemsize != len(data):
            raise ValueError(f"{len(data)} bytes for an array of shape {shape} and dtype {dtype}")
        values = np.frombuffer(data, dtype).astype(dtype.newbyteorder("="))
        return values[0].item() if self.shape is None else values.reshape(shape, order="F" if self.fortran else "C")


class _Call:
    """A stand-in for a function or a class: callable, and with nothing that a pickle could set."""

    __slots__ = ("_function",)

    def __init__(self, function: Any) -> None:
        object.__setattr__(self, "_function", function)

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)

    def __setattr__(self, name: str, value: Any) -> None:
        raise _Refused("but it changes what it was given")

    def __setstate__(self, state: Any) -> None:
        raise _Refused("but it changes what it was given")


def _encode(text: Any, encoding: Any) -> bytes:
    """How protocols 0 to 2 write the bytes of Python 3."""
    if not isinstance(text, str) or encoding != "latin1":
        raise _Refused("but it calls _codecs.encode on something other than Latin-1 text")
    return text.encode("latin1")


def _ndarray(*_: Any) -> None:
    raise _Refused("but it calls numpy.ndarray")


def _globals() -> dict[tuple[str, str], _Call]:
    """What numpy's own pickles name, and `_codecs.encode`: stand-ins by (module, name)."""
    reconstruct = _Call(lambda *_: _Array())
    scalar = _Call(lambda dtype, data: _Array(None, dtype, False, data))
    from_buffer = _Call(lambda data, dtype, shape, order: _Array(shape, dtype, order == "F", data))
    known = {
        ("numpy", "ndarray"): _Call(_ndarray),
        ("numpy", "dtype"): _Call(lambda code, *_: _DType(code)),
        ("_codecs", "encode"): _Call(_encode),
        ("__builtin__", "bytes"): _Call(lambda: b""),  # what protocols 0 to 2 write for no bytes
    }
    for core in ("numpy.core", "numpy._core"):
        known[f"{core}.multiarray", "_reconstruct"] = reconstruct
        known[f"{core}.multiarray", "scalar"] = scalar
        known[f"{core}.numeric", "_frombuffer"] = from_buffer
    return known


_GLOBALS = _globals()


def _built(value: Any, done: dict[int, Any]) -> Any:
    """`value` with arrays in place of stand-ins; each object once, so that shared ones cost nothing."""
    if id(value) in done:
        return done[id(value)][1]
    if isinstance(value, dict):
        result: Any = {}
        done[id(value)] = value, result
        result.update((_built(key, done), _built(entry, done)) for key, entry in value.items())
    elif isinstance(value, list):
        result = []
        done[id(value)] = value, result
        result.extend(_built(entry, done) for entry in value)
    elif isinstance(value, tuple | set | frozenset):
        result = type(value)(_built(entry, done) for entry in value)
    elif isinstance(value, _Array):
        result = value.build()
    elif value is None or isinstance(value, bool | int | float | complex | str | bytes | bytearray):
        return value
    else:
        raise _Refused("but it holds a function or a dtype by itself")
    done[id(value)] = value, result
    return result

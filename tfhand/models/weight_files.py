"""Weight files: safetensors that carry the name of their preset.

Matrices and kernels may be stored in half precision; vectors (biases, batch norms) are always float32,
as running variances do not fit into half precision.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfhand.constants import DEPTH_AXES
from tfhand.io import atomic_path

SUFFIX = ".safetensors"
FORMAT = "tfhand-weights-1"
STORED_DTYPES = ("float32", "float16")
ASSETS = Path(__file__).resolve().parents[1] / "assets" / "weights"


def shipped_weights(name: str, kind: str = "default") -> Path:
    """Where the package keeps the weights `kind` of the preset or trunk `name`; the file need not exist."""
    return ASSETS / name / f"{kind}{SUFFIX}"


def save_weights(
    weights: Sequence[Any],
    path: str | os.PathLike[str],
    preset: str,
    dtype: str = "float32",
    depth_axis: str = DEPTH_AXES[0],
) -> None:
    """Writes Keras variables to a safetensors file, whole or not at all.

    Args:
        weights: Keras variables with distinct paths.
        path: file to write, ending in `.safetensors`.
        preset: name that the file carries.
        dtype: "float32" or "float16", of everything with two or more axes.
        depth_axis: what the depths run along that the network was trained to give; the file carries it too.

    Raises:
        ValueError: another suffix or dtype, or weights that are not finite.
    """
    from safetensors.numpy import save

    if Path(path).suffix != SUFFIX:
        raise ValueError(f"path must end in {SUFFIX}, got {os.fspath(path)!r}.")
    if dtype not in STORED_DTYPES:
        raise ValueError(f"dtype must be one of {STORED_DTYPES}, got {dtype!r}.")
    arrays: dict[str, np.ndarray] = {}
    for name, variable in _by_path(weights).items():
        value = np.ascontiguousarray(keras.ops.convert_to_numpy(variable.value), dtype=np.float32)
        with np.errstate(over="ignore"):  # an overflow is reported below
            stored = value.astype(dtype) if value.ndim > 1 else value
        if not np.isfinite(stored).all():
            raise ValueError(f"weights must be finite in {stored.dtype}; {name} is not.")
        arrays[name] = stored
    with atomic_path(path) as temporary:
        # Not `save_file`: its files can be read by their owner only.
        temporary.write_bytes(save(arrays, metadata={"format": FORMAT, "preset": preset, "depth_axis": depth_axis}))


def holds_weights(path: str | os.PathLike[str], prefix: str) -> bool:
    """Whether a weight file has weights whose paths begin with `prefix`; reads no array.

    Raises:
        FileNotFoundError, ValueError: see `read_weights`.
    """
    with _opened(path) as file:
        return any(name.startswith(prefix) for name in file.keys())  # noqa: SIM118


def read_weights(path: str | os.PathLike[str]) -> tuple[str, dict[str, np.ndarray]]:
    """Reads a weight file: the name of its preset, and its arrays by the paths of their variables.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a weight file of this package, or is damaged.
    """
    metadata, arrays = _read(path)
    return metadata["preset"], arrays


def load_weights(
    weights: Sequence[Any],
    path: str | os.PathLike[str],
    preset: str,
    allow_extra: bool = False,
    optional: str | None = None,
    depth_axis: str | None = None,
) -> None:
    """Sets Keras variables from a file that `save_weights` wrote; changes nothing unless all of them fit.

    Args:
        weights: Keras variables.
        path: of the file.
        preset: name that the file must carry.
        allow_extra: whether the file may hold weights of layers that are not there.
        optional: how the paths of weights begin that only one of file and variables may have; those variables then stay
            as they are.
        depth_axis: what depths must run along in the file; None if no matter. Files that don't say have "camera".

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is of another preset or axis, or its weights differ in name or shape.
    """
    metadata, arrays = _read(path)
    if metadata["preset"] != preset:
        raise ValueError(f"weights must be of preset {preset!r}, got those of preset {metadata['preset']!r}: {path}.")
    along = metadata.get("depth_axis", DEPTH_AXES[0])
    if depth_axis not in (None, along):
        raise ValueError(f"weights must give depths along the axis {depth_axis!r}, got {along!r}: {path}.")
    variables = _by_path(weights)
    if optional is not None and not all(any(name.startswith(optional) for name in names) for names in (variables, arrays)):
        variables, arrays = (
            {name: value for name, value in named.items() if not name.startswith(optional)} for named in (variables, arrays)
        )
    wrong = [f"{name}: missing" for name in variables if name not in arrays]
    if not allow_extra:
        wrong += [f"{name}: not part of the network" for name in arrays if name not in variables]
    wrong += [
        f"{name}: expected shape {tuple(variable.shape)}, got {arrays[name].shape}"
        for name, variable in variables.items()
        if name in arrays and arrays[name].shape != tuple(variable.shape)
    ]
    if wrong:
        listed = "; ".join(wrong[:5]) + (f"; and {len(wrong) - 5} more" if len(wrong) > 5 else "")
        raise ValueError(f"weights of {path} do not fit the network of preset {preset!r}: {listed}.")
    for name, variable in variables.items():
        variable.assign(arrays[name].astype("float32"))


def _read(path: str | os.PathLike[str]) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """Metadata and arrays of a weight file."""
    with _opened(path) as file:
        return file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


@contextlib.contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[Any]:
    """An open file of this package's format; what is wrong with it is said as `read_weights` says it."""
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no weight file at {path}.")
    if path.suffix != SUFFIX:
        raise ValueError(f"weight files end in {SUFFIX}, got {str(path)!r}.")
    try:
        with safe_open(path, framework="numpy") as file:
            found = (file.metadata() or {}).get("format")
            if found != FORMAT:
                raise ValueError(f"{path} must be of format {FORMAT!r}, got {found!r}.")
            yield file
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path} can't be read as safetensors; it may be truncated: {error}") from error


def _by_path(weights: Sequence[Any]) -> dict[str, Any]:
    variables = {variable.path: variable for variable in weights}
    if len(variables) != len(weights):
        raise ValueError(f"weights must have distinct paths; {len(weights) - len(variables)} are repeated.")
    return variables

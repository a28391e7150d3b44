"""numpy arrays inside JSON configs: compressed, and exactly the same when read back."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np


def encode_array(array: np.ndarray) -> dict[str, Any]:
    """Returns `array` as a JSON-able dict of its dtype, shape and zlib-compressed bytes (base64)."""
    array = np.ascontiguousarray(array)
    data = array.astype(array.dtype.newbyteorder("<")).tobytes()
    return {
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        "zlib": base64.b64encode(zlib.compress(data, 9)).decode("ascii"),
    }


def decode_array(config: dict[str, Any]) -> np.ndarray:
    """Returns the array that `encode_array` encoded.

    Raises:
        ValueError: `config` is not such a dict.
    """
    missing = {"dtype", "shape", "zlib"} - set(config)
    if missing:
        raise ValueError(f"config must have the keys dtype, shape and zlib; {sorted(missing)} are missing.")
    dtype = np.dtype(config["dtype"])
    data = zlib.decompress(base64.b64decode(config["zlib"]))
    return np.frombuffer(data, dtype.newbyteorder("<")).astype(dtype).reshape(config["shape"])

"""An encoded sample as the features of a tensorflow-datasets example, and back, bit by bit.

Whatever a record holds beyond the features with names of their own travels in `rest`, so records may grow without
the features changing.
"""

from __future__ import annotations

import io
import json
from collections.abc import Collection
from typing import Any

import numpy as np
from safetensors.numpy import load, save

#: Images of a record, stored as they are.
IMAGES = ("image", "alpha", "hand_alpha", "depth", "other_depth")
#: Arrays of a record that are features of their own.
ARRAYS = {
    "intrinsics": np.float32,
    "box": np.float32,
    "joints_mm": np.float32,
    "joint_visible": np.uint8,
    "vertices_mm": np.float32,
}
#: What `to_record` needs.
STORED = (*IMAGES, *ARRAYS, "rest")


def to_example(record: bytes, features: Collection[str] | None = None) -> dict[str, Any]:
    """The features of an encoded sample.

    Args:
        record: from `tfhand.data.encode`.
        features: names of those to make; what else the record holds goes to `rest`. None for all.

    Returns:
        Images as open files and arrays, those that the sample has; `side`, `name` and, for renders, `seed`; and `rest`,
        `(N,)` uint8.
    """
    metadata = _metadata(record)
    tensors = load(record)
    wanted = set(tensors) if features is None else set(tensors) & set(features)
    example: dict[str, Any] = {name: io.BytesIO(tensors.pop(name).tobytes()) for name in IMAGES if name in wanted}
    example.update({name: tensors.pop(name) for name in ARRAYS if name in wanted})
    header = json.loads(metadata["sample"])["header"]
    example.update({key: value for key, value in header.items() if value is not None})
    example["rest"] = np.frombuffer(save(tensors, metadata), np.uint8)
    return example


def to_record(example: dict[str, Any]) -> bytes:
    """The encoded sample that features were made from; `tfhand.data.decode` reads it.

    Args:
        example: features `STORED`, those that there are, images still encoded.

    Returns:
        The very bytes that `to_example` was given.
    """
    rest = np.asarray(example["rest"]).tobytes()
    tensors = load(rest)
    tensors.update({name: np.frombuffer(bytes(example[name]), np.uint8) for name in IMAGES if name in example})
    tensors.update({name: np.ascontiguousarray(example[name], dtype) for name, dtype in ARRAYS.items() if name in example})
    return save(tensors, _metadata(rest))


def _metadata(record: bytes) -> dict[str, str]:
    size = int.from_bytes(record[:8], "little")
    return json.loads(record[8 : 8 + size])["__metadata__"]

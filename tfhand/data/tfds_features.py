"""Features and metadata of this package's tensorflow-datasets datasets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from tfhand.constants import JOINT_NAMES, SIDES
from tfhand.data.sample import DEPTH_STEP_MM, OTHER_DEPTH_STEP_MM
from tfhand.data.tfds_records import ARRAYS, IMAGES


def hand_features(
    labels: Sequence[str], size: tuple[int | None, int | None] = (None, None), num_vertices: int | None = None
) -> tfds.features.FeaturesDict:
    """Features of a sample: the labels, and `side`, `name` and `rest` (further labels, as `tfhand.data` reads them).

    Args:
        labels: of `tfds_records.IMAGES`, `ARRAYS` and "seed".
        size: height and width of the images, None where they vary.
        num_vertices: of the meshes, where `labels` have "vertices_mm".
    """
    joints = len(JOINT_NAMES)
    shapes = {"intrinsics": (4,), "box": (4,), "joints_mm": (joints, 3), "joint_visible": (joints,)}
    shapes["vertices_mm"] = (num_vertices, 3)
    features: dict[str, Any] = {}
    for name in (*IMAGES, *ARRAYS):
        if name not in labels:
            continue
        if name == "image":
            features[name] = tfds.features.Image(shape=(*size, 3), encoding_format="jpeg")
        elif name in IMAGES:
            dtype = np.uint16 if name.endswith("depth") else np.uint8
            features[name] = tfds.features.Image(shape=(*size, 1), dtype=dtype, encoding_format="png")
        else:
            features[name] = tfds.features.Tensor(shape=shapes[name], dtype=ARRAYS[name])
    features["side"] = tfds.features.ClassLabel(names=list(SIDES))
    if "seed" in labels:
        features["seed"] = tfds.features.Scalar(dtype=np.int64)
    features["name"] = tfds.features.Text()
    features["rest"] = tfds.features.Tensor(shape=(None,), dtype=np.uint8, encoding="bytes")
    return tfds.features.FeaturesDict(features)


def hand_metadata(**further: Any) -> tfds.core.MetadataDict:
    """Names of the joints and the depth maps' steps, and whatever else is given."""
    return tfds.core.MetadataDict(
        **further, joint_names=list(JOINT_NAMES), depth_step_mm=DEPTH_STEP_MM, other_depth_step_mm=OTHER_DEPTH_STEP_MM
    )

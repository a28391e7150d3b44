"""Rounds trained weights so that files of 16-bit weights lose nothing.

    python -m export.round_weights --weights runs/mobile/weights.safetensors --out default.safetensors
    python -m export.round_weights --weights runs/first/weights.safetensors runs/further/weights.safetensors --out default.safetensors

Of several files the mean is rounded: weights before and after further training lie on either side of better ones
(Wortsman et al.: Model soups, ICML 2022).

Exporting folds batch norms into the kernels before them; rounding these to 16 bits afterwards moves vertices by up to a
millimetre where the network is unsure. Here the folded kernels are rounded once, and each batch norm is left with a power
of two for a factor: the network is another one by that rounding, and the same in 32 and in 16 bits.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np

from export.folding import foldable_norms, norm_scale_shift
from tfhand.layers import ChebConv, Hourglass, ResidualModule

if TYPE_CHECKING:
    from tfhand.models import HandMeshNet


def round_weights(model: HandMeshNet) -> None:
    """Rounds a network's kernels in place.

    Args:
        model: the trained network.
    """
    stages = (model.heatmap_stage, model.mesh_stage, model.pose_stage, model.sign_stage)
    for stage in (one for one in stages if one is not None):
        norms = foldable_norms(stage)
        for layer in stage.layers:
            if isinstance(layer, ChebConv) and any(one.name == f"{layer.name}_bn" for one in stage.layers):
                norms[layer.name] = stage.get_layer(f"{layer.name}_bn")
        folded = {norm.name for norm in norms.values()}
        for layer in stage.layers:
            if layer.name in norms:
                _round_folded(layer, norms[layer.name])
            elif isinstance(layer, keras.layers.BatchNormalization):
                if layer.name not in folded:
                    _set_norm(layer, *(_half(value) for value in norm_scale_shift(layer)))
            elif modules := _residual_modules(layer):
                for module in modules:
                    _round_module(module)
            else:
                layer.set_weights([_half(value) for value in layer.get_weights()])


def _residual_modules(layer: keras.layers.Layer) -> list[ResidualModule]:
    if isinstance(layer, Hourglass):
        return [module for chain in (*layer.skips, *layer.downs, layer.bottom, *layer.ups) for module in chain]
    return [layer] if isinstance(layer, ResidualModule) else []


def _round_module(module: ResidualModule) -> None:
    """As converters fold it: its second and third norm into the convolutions before them."""
    _set_norm(module.bn1, *(_half(value) for value in norm_scale_shift(module.bn1)))
    _round_folded(module.conv1, module.bn2)
    _round_folded(module.conv2, module.bn3)
    for layer in (module.conv3, module.skip):
        if layer is not None:
            layer.set_weights([_half(value) for value in layer.get_weights()])


def mean_network(preset: str | None, weights: Sequence[str]) -> HandMeshNet:
    """The network whose weights are the mean of those in some files.

    Args:
        preset: its name; None for `mobile`.
        weights: files, or `default`.

    Raises:
        ValueError, OSError: a file can't be read, or is of another network or depth axis.
    """
    from tfhand.models import load_network

    model, *others = (load_network(preset, one) for one in weights)
    axes = {one.depth_axis for one in (model, *others)}
    if len(axes) > 1:
        raise ValueError(f"--weights: expected files whose depths run along one axis, got {sorted(axes)}.")
    for path, other in zip(weights[1:], others):
        if [(one.path, one.shape) for one in other.weights] != [(one.path, one.shape) for one in model.weights]:
            raise ValueError(f"--weights: expected {path} to be of the same network as {weights[0]}, stages for presence and side too.")
    for variable, *same in zip(model.weights, *(other.weights for other in others), strict=True):
        variable.assign(np.mean([np.asarray(one, np.float64) for one in (variable, *same)], axis=0).astype(np.float32))
    return model


def _round_folded(layer: keras.layers.Layer, norm: keras.layers.BatchNormalization) -> None:
    scale, shift = norm_scale_shift(norm)
    factor = np.where(scale == 0, 0.0, 2.0 ** np.round(np.log2(np.maximum(np.abs(scale), 1e-30))))
    rest = np.where(scale == 0, 1.0, scale / np.where(scale == 0, 1.0, factor))  # between 0.7 and 1.42, or minus that
    weights = [np.asarray(value, np.float64) for value in layer.get_weights()]
    depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
    kernel = _half(weights[0] * (rest.reshape(weights[0].shape[2:]) if depthwise else rest))
    biases = [value * rest for value in weights[1:]]
    layer.set_weights([kernel, *biases])
    offset = sum(biases, np.zeros(len(scale))) * factor  # of the layer's own bias
    _set_norm(norm, factor, _half(shift + sum(weights[1:], np.zeros(len(scale))) * scale) - offset, rest)


def _set_norm(
    norm: keras.layers.BatchNormalization, scale: np.ndarray, shift: np.ndarray, rest: np.ndarray | float = 1.0
) -> None:
    """Has a batch norm compute `x * scale + shift` of inputs that are `rest` times what they were."""
    _, _, mean, variance = (np.asarray(value, np.float64) for value in norm.get_weights())
    mean, variance = (mean * rest).astype(np.float32), (variance * np.square(rest)).astype(np.float32)
    gamma = scale * np.sqrt(variance.astype(np.float64) + norm.epsilon)
    beta = shift + mean.astype(np.float64) * scale
    norm.set_weights([gamma.astype(np.float32), beta.astype(np.float32), mean, variance])


def _half(values: np.ndarray) -> np.ndarray:
    return np.asarray(values).astype(np.float16).astype(np.float32)


def main(argv: Sequence[str] | None = None) -> int:
    """Rounds a weight file; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m export.round_weights", description=__doc__.split("\n")[0])
    parser.add_argument("--preset", help="network (default: mobile)")
    parser.add_argument(
        "--weights", nargs="+", default=["default"], help=".safetensors, several for their mean (default: those in the package)"
    )
    parser.add_argument("--out", required=True, type=Path, help=".safetensors file to write, of 16-bit kernels")
    arguments = parser.parse_args(argv)
    try:
        model = mean_network(arguments.preset, arguments.weights)
        round_weights(model)
        model.save_preset_weights(arguments.out, "float16")
    except (ValueError, OSError) as error:
        print(f"export.round_weights: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())

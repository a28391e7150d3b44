"""Rounds trained weights so that files of 16-bit weights lose nothing.

    python -m export.round_weights --weights runs/mobile/weights.safetensors --out default.safetensors

Exporting folds batch norms into the kernels before them; rounding these to 16 bits afterwards moves vertices by up to a
millimetre where the network is unsure. Here the folded kernels are rounded once, and each batch norm is left with a power
of two for a factor. The network is then another one by that rounding, and the same in 32 and in 16 bits.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from export.folding import foldable_norms, norm_scale_shift
from tfhand.layers import ChebConv

if TYPE_CHECKING:
    import keras

    from tfhand.models import HandMeshNet


def round_weights(model: HandMeshNet) -> None:
    """Rounds a network's kernels in place.

    Args:
        model: the trained network.
    """
    import keras

    for stage in (model.heatmap_stage, model.mesh_stage, model.pose_stage):
        norms = foldable_norms(stage)
        for layer in stage.layers:
            if isinstance(layer, ChebConv) and any(one.name == f"{layer.name}_bn" for one in stage.layers):
                norms[layer.name] = stage.get_layer(f"{layer.name}_bn")
        for layer in stage.layers:
            if layer.name in norms:
                _round_folded(layer, norms[layer.name])
            elif not isinstance(layer, keras.layers.BatchNormalization):
                for weight in layer.weights:
                    if len(weight.shape) > 1:
                        weight.assign(_half(np.asarray(weight)))


def _round_folded(layer: keras.layers.Layer, norm: keras.layers.BatchNormalization) -> None:
    scale, _ = norm_scale_shift(norm)
    factor = np.where(scale == 0, 1.0, 2.0 ** np.round(np.log2(np.maximum(np.abs(scale), 1e-30))))
    rest = np.where(scale == 0, 1.0, scale / factor)  # goes into the kernel; between 0.7 and 1.42, or minus that
    kernel = np.asarray(layer.get_weights()[0], np.float64)
    shape = kernel.shape[2:] if "Depthwise" in type(layer).__name__ else rest.shape
    weights = [_half(kernel * rest.reshape(shape))]
    if layer.use_bias:
        weights.append((np.asarray(layer.get_weights()[1], np.float64) * rest).astype(np.float32))
    layer.set_weights(weights)
    _, beta, mean, variance = (np.asarray(value, np.float64) for value in norm.get_weights())
    variance = (variance * rest**2).astype(np.float32)
    gamma = np.where(scale == 0, 0.0, factor * np.sqrt(variance.astype(np.float64) + norm.epsilon))
    norm.set_weights([gamma.astype(np.float32), beta.astype(np.float32), (mean * rest).astype(np.float32), variance])


def _half(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float16).astype(np.float32)


def main(argv: Sequence[str] | None = None) -> int:
    """Rounds a weight file; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m export.round_weights", description=__doc__.split("\n")[0])
    parser.add_argument("--preset", help="network (default: mobile)")
    parser.add_argument("--weights", default="default", help=".safetensors (default: those in the package)")
    parser.add_argument("--out", required=True, type=Path, help=".safetensors file to write, of 16-bit kernels")
    arguments = parser.parse_args(argv)
    try:
        from tfhand.models import load_network

        model = load_network(arguments.preset, arguments.weights)
        round_weights(model)
        model.save_preset_weights(arguments.out, "float16")
    except (ValueError, OSError) as error:
        print(f"export.round_weights: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())

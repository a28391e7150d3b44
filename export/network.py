"""What every exporter shares: the command line, the network, and its computation as a named signature."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tfhand.models import HandMeshNet

SIGNATURE = "serving_default"
INPUT = "image"


def run(
    program: str,
    description: str,
    out_help: str,
    check_out: Callable[[Path], None],
    export: Callable[..., str],
    argv: Sequence[str] | None,
) -> int:
    """Parses an exporter's arguments, exports, prints what was written.

    Args:
        program: name of the module.
        description: first line of its help.
        out_help: what `--out` is.
        check_out: called with the path before any work; raises ValueError where nothing may be written there.
        export: called with model and path, returns a line on what was written.
        argv: arguments without the program's name; None takes the process's.

    Returns:
        Exit status: 0, or 1 with a message where something given is wrong or the file is not equal to Keras.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=description)
    parser.add_argument("--preset", help="network (default: mobile, or what a .keras file holds)")
    parser.add_argument("--weights", default="default", help=".safetensors or .keras (default: those in the package)")
    parser.add_argument("--joint-readout", choices=("mesh", "heatmap"), help="default: the preset's")
    parser.add_argument("--out", required=True, type=Path, help=out_help)
    arguments = parser.parse_args(argv)
    try:
        check_out(arguments.out)
        from tfhand.models import load_network

        model = load_network(arguments.preset, arguments.weights, joint_readout=arguments.joint_readout)
        print(export(model, arguments.out))
    except (ValueError, OSError, ModuleNotFoundError, ExportError) as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    return 0


class ExportError(Exception):
    """An exported file does not compute what the network computes, or can't be made from it."""


def write_signature(model: HandMeshNet, folder: Path, batch: int | None) -> None:
    """Writes the network as a SavedModel of one signature: `image` (batch, S, S, 3) float32 0..1 -> dict by name.

    Args:
        model: the network.
        folder: to write to; must not exist.
        batch: fixed batch size, or None for any.

    Raises:
        OSError: the folder can't be written (a full disk, say).
    """
    import keras
    import tensorflow as tf

    size = model.input_size
    spec = tf.TensorSpec((batch, size, size, 3), tf.float32, name=INPUT)

    def serve(image: Any) -> dict[str, Any]:
        # The name of the argument is the name of the signature's input.
        return {name: tf.identity(value, name=name) for name, value in model(image, training=False).items()}

    archive = keras.export.ExportArchive()
    archive.add_endpoint(SIGNATURE, serve, input_signature=[spec])
    try:
        archive.write_out(str(folder), verbose=False)
    except tf.errors.OpError as error:  # what TensorFlow makes of a write that fails
        raise OSError(f"the SavedModel can't be written: {error.message}") from error

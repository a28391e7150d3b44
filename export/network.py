"""What every exporter shares: the command line, the network, and its computation as a named signature."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export.contract import GRAPH_FORMS, INPUT, QUANTIZATIONS, SIGNATURE, ExportError
from tfhand.compiled import KernelError

if TYPE_CHECKING:
    from export.served import ServedNetwork
    from tfhand.models import HandMeshNet


@dataclass(frozen=True)
class ExportOptions:
    """How a file is made, beside the network.

    Attributes:
        quantize: one of `export.contract.QUANTIZATIONS`.
        calibration: folder of pictures or of rendered hands that int8's ranges are measured on; None renders some.
        graph_form: of graph convolutions, one of `export.contract.GRAPH_FORMS`.
    """

    quantize: str = "none"
    calibration: Path | None = None
    graph_form: str = "windows"


def run(
    program: str,
    description: str,
    out_help: str,
    quantizations: Sequence[str],
    check_out: Callable[[Path], None],
    export: Callable[[HandMeshNet, Path, ExportOptions], str],
    argv: Sequence[str] | None,
) -> int:
    """Parses an exporter's arguments, exports, prints what was written.

    Args:
        program: name of the module.
        description: first line of its help.
        out_help: what `--out` is.
        quantizations: those of `QUANTIZATIONS` that the format has.
        check_out: called with the path before any work; raises ValueError where nothing may be written there.
        export: called with model, path and options, returns a line on what was written.
        argv: arguments without the program's name; None takes the process's.

    Returns:
        Exit status: 0, or 1 with a message where something given is wrong or the file is not equal to Keras.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=description)
    parser.add_argument("--preset", help="network (default: mobile, or what a .keras file holds)")
    parser.add_argument("--weights", default="default", help=".safetensors or .keras (default: those in the package)")
    parser.add_argument("--joint-readout", choices=("mesh", "heatmap"), help="default: the preset's")
    parser.add_argument("--out", required=True, type=Path, help=out_help)
    parser.add_argument(
        "--quantize",
        choices=QUANTIZATIONS,
        default="none",
        help=f"how weights are stored; this format has {', '.join(quantizations)} (default: %(default)s)",
    )
    parser.add_argument(
        "--calibration", type=Path, metavar="DIR", help="pictures or rendered hands to calibrate int8 on (default: renders some)"
    )
    parser.add_argument(
        "--graph-form", choices=GRAPH_FORMS, default="windows", help="of graph convolutions (default: %(default)s)"
    )
    arguments = parser.parse_args(argv)
    try:
        check_backend()
        check_quantization(arguments.quantize, quantizations, program.rpartition(".")[2])
        check_out(arguments.out)
        if arguments.calibration is not None:
            from export.pictures import calibration_images

            calibration_images(32, calibration=arguments.calibration, count=1)
        from tfhand.models import load_network

        model = load_network(arguments.preset, arguments.weights, joint_readout=arguments.joint_readout)
        options = ExportOptions(arguments.quantize, arguments.calibration, arguments.graph_form)
        print(export(model, arguments.out, options))
    except (ValueError, OSError, ModuleNotFoundError, ExportError, KernelError) as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    return 0


def check_backend() -> None:
    """Raises ValueError where Keras runs on another backend than TensorFlow, which converters take."""
    import keras

    if (backend := keras.backend.backend()) != "tensorflow":
        raise ValueError(f"KERAS_BACKEND: files are written with tensorflow, got {backend}; set KERAS_BACKEND=tensorflow.")


def check_quantization(quantize: str, known: Sequence[str], format_name: str) -> None:
    """Raises ValueError where a format does not have a quantisation."""
    if quantize not in known:
        raise ValueError(f"--quantize: {format_name} files have {', '.join(known)}, got {quantize!r}.")


def write_signature(served: ServedNetwork, folder: Path, batch: int | None) -> None:
    """Writes a SavedModel of one signature, `image` (batch, S, S, 3) uint8 -> dict by name, with constants for weights.

    Args:
        served: the network.
        folder: to write to; must not exist.
        batch: fixed batch size, or None for any.

    Raises:
        OSError: the folder can't be written (a full disk, say).
    """
    import tensorflow as tf

    frozen = frozen_function(served, batch)
    module = tf.Module()
    module.frozen = frozen

    @tf.function(input_signature=[_spec(served, batch)], autograph=False)
    def serve(image: Any) -> dict[str, Any]:
        # The name of the argument is the name of the signature's input. Frozen functions have a list of outputs, by name.
        names = sorted(served.outputs)
        return {name: tf.identity(value, name=name) for name, value in zip(names, frozen(image), strict=True)}

    try:
        tf.saved_model.save(module, str(folder), signatures={SIGNATURE: serve})
    except tf.errors.OpError as error:  # what TensorFlow makes of a write that fails
        raise OSError(f"the SavedModel can't be written: {error.message}") from error


def frozen_function(served: ServedNetwork, batch: int | None) -> Any:
    """The network as a concrete function without variables; outputs are a list in the order of their sorted names."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    function = tf.function(served, input_signature=[_spec(served, batch)], autograph=False)
    return convert_variables_to_constants_v2(function.get_concrete_function())


def _spec(served: ServedNetwork, batch: int | None) -> Any:
    import tensorflow as tf

    size = served.model.input_size
    return tf.TensorSpec((batch, size, size, 3), tf.uint8, name=INPUT)

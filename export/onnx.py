"""Writes a network as an ONNX file.

    python -m export.onnx --preset mobile --out hand.onnx

Input `image` (B, S, S, 3) uint8 RGB, outputs `vertices_uvd`, `joints_uvd`, `joint_confidence`, `confidence`, and
`presence`, `known_side` of weights that tell, float32;
what else an app needs is in `metadata_props`. The file is run in ONNX Runtime and compared with Keras before it is put
in place.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from export.contract import INPUT, ExportError
from export.metadata import NAME, describe, encode
from export.network import ExportOptions, check_quantization, frozen_function, run
from export.runners import onnx_runtime
from export.served import ServedNetwork
from export.verify import verify
from tfhand.io import atomic_path, make_folder

if TYPE_CHECKING:
    from tfhand.models import HandMeshNet

SUFFIX = ".onnx"
QUANTIZATIONS = ("none", "fp16", "dynamic")
#: ONNX operators of this version: the oldest with all that the network needs, so that old runtimes read the file.
OPSET = 17
#: Constants with fewer numbers stay in 32 bits: shapes, factors, biases.
_LARGE = 256


def export_onnx(model: HandMeshNet, out: Path, options: ExportOptions | None = None) -> str:
    """Writes and verifies an ONNX file.

    Args:
        model: the network.
        out: file to write, ending in `.onnx`.
        options: None for float32. "fp16" stores weights in 16 bits and computes in 32; "dynamic" has the matrix products
            of fully connected layers in 8 bits.

    Returns:
        A line on what was written.

    Raises:
        ValueError: `out` has another ending or is a folder, or a quantisation that these files do not have.
        ExportError: the network can't be converted, or the file does not compute what it does; nothing is left behind.
        ModuleNotFoundError: tf2onnx or ONNX Runtime is not installed; the message says what to install.
        OSError: it can't be written.
    """
    options = options or ExportOptions()
    check_quantization(options.quantize, QUANTIZATIONS, "onnx")
    check_out(out)
    proto = _convert(ServedNetwork(model, options.graph_form))
    if options.quantize == "fp16":
        _store_in_16_bits(proto)
    with atomic_path(out) as temporary:
        if options.quantize == "dynamic":
            proto = _products_in_8_bits(proto, temporary)
        entry = proto.metadata_props.add()
        entry.key, entry.value = NAME, encode(describe(model, options.quantize, options.graph_form))
        temporary.write_bytes(proto.SerializeToString())
        agreement = verify(model, temporary, options.quantize)
    return f"{out}: {out.stat().st_size / 1e6:.1f} MB, {agreement}"


def check_out(out: Path) -> None:
    """Makes the parents of `out`, and asks for the converter and the runtime.

    Raises:
        ValueError: `out` has another ending or is a folder.
        ModuleNotFoundError: tf2onnx or ONNX Runtime is not installed; the message says what to install.
        OSError: the parents can't be made.
    """
    if out.suffix != SUFFIX or out.is_dir():
        raise ValueError(f"--out: expected a file ending in {SUFFIX}, got {out}{' (a folder)' if out.is_dir() else ''}.")
    make_folder(out.parent, "--out")
    onnx_runtime()
    _tf2onnx()


def _tf2onnx() -> Any:
    try:
        import tf2onnx
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("tf2onnx is not installed: pip install 'tfhand[export]'") from error
    return tf2onnx


def _convert(served: ServedNetwork) -> Any:
    tf2onnx = _tf2onnx()
    frozen = frozen_function(served, None)
    graph = frozen.graph
    names = dict(zip(sorted(served.outputs), (tensor.name for tensor in frozen.outputs), strict=True))
    inputs = [tensor.name for tensor in frozen.inputs]
    try:
        proto, _ = tf2onnx.convert.from_graph_def(
            graph.as_graph_def(), name="tfhand", input_names=inputs, output_names=list(names.values()), opset=OPSET
        )
    except Exception as error:  # tf2onnx raises whatever its handlers do
        raise ExportError(f"the network can't be converted to ONNX: {error}") from error
    _rename(proto, {inputs[0]: INPUT} | {old: new for new, old in names.items()})
    return proto


def _rename(proto: Any, new_names: dict[str, str]) -> None:
    graph = proto.graph
    for value in (*graph.input, *graph.output, *graph.value_info):
        value.name = new_names.get(value.name, value.name)
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [new_names.get(name, name) for name in names]


def _store_in_16_bits(proto: Any) -> None:
    """Large float constants become 16-bit ones with a cast behind them, which runtimes fold when they load the file."""
    from onnx import TensorProto, helper, numpy_helper

    graph, casts = proto.graph, []
    for constant in graph.initializer:
        values = numpy_helper.to_array(constant)
        if values.dtype == np.float32 and values.size >= _LARGE:
            name = constant.name
            constant.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_16"))
            casts.append(helper.make_node("Cast", [f"{name}_16"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _products_in_8_bits(proto: Any, path: Path) -> Any:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # Convolutions stay: ONNX Runtime's ConvInteger is slower than Conv.
    quantize_dynamic(
        proto, str(path), op_types_to_quantize=["MatMul"], per_channel=True, weight_type=QuantType.QInt8
    )
    return onnx.load(str(path))


def main(argv: Sequence[str] | None = None) -> int:
    """Exports; returns the exit status."""
    out_help = "file to write, ending in .onnx"
    return run("export.onnx", __doc__.split("\n")[0], out_help, QUANTIZATIONS, check_out, export_onnx, argv)


if __name__ == "__main__":
    sys.exit(main())

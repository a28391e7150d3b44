"""Quantises a calibrated TFLite file to 8 bits, but for what has to stay in float."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from export import flatbuffer
from export.contract import ExportError
from export.mesh_head import READOUT

#: Ops that 8-bit files compute in float, by their names: soft-max, and sums and products of coordinates. In 8 bits u, v, d
#: come in steps of one to two millimetres; all of the rest in float changes nothing more (docs/export.md).
_IN_FLOAT = re.compile(f"{READOUT}|joints_uv|joint_depth|mesh_joints|sign_cues|Softmax")
#: XNNPACK refuses layers whose sums have to be multiplied with this or more to become their 8-bit output, and LiteRT then
#: ends the whole process. Such are layers that gave zeros alone (or almost) for all pictures of the calibration.
_STEEPEST = 256.0
_ROUNDS = 4


def in_8_bits(calibrated: bytes) -> bytes:
    """The file with 8-bit weights and activations; layers that LiteRT can't run so are left in float.

    Args:
        calibrated: a file whose tensors have the ranges that calibration found.

    Raises:
        ExportError: layers remain that LiteRT can't run.
    """
    from tensorflow.lite.python import convert

    graph = flatbuffer.read_model(calibrated).subgraphs[0]
    names = {graph.tensors[output].name.decode() for operator in graph.operators for output in operator.outputs}
    in_float = {name for name in names if _IN_FLOAT.search(name)}
    for _ in range(_ROUNDS):
        content = convert.mlir_quantize(calibrated, denylisted_nodes=in_float)
        steep = steep_layers(content)
        if not steep:
            return content
        in_float |= steep
    raise ExportError(f"LiteRT can't run these layers in 8 bits: {', '.join(sorted(steep))}")


def steep_layers(content: bytes) -> set[str]:
    """Names of the outputs of an 8-bit file's layers that XNNPACK refuses (`_STEEPEST`)."""
    from tensorflow.lite.python import schema_py_generated as schema

    model = flatbuffer.read_model(content)
    codes = schema.BuiltinOperator
    layers = (codes.CONV_2D, codes.DEPTHWISE_CONV_2D, codes.FULLY_CONNECTED)
    steep = set()
    for graph in model.subgraphs:
        for operator in graph.operators:
            if flatbuffer.code_of(model, operator) not in layers:
                continue
            ends = [graph.tensors[place] for place in (*operator.inputs[:2], operator.outputs[0])]
            if any(tensor.type != schema.TensorType.INT8 for tensor in ends):
                continue
            seen, weights, given = (np.asarray(tensor.quantization.scale, np.float64) for tensor in ends)
            if (seen * weights / given).max() >= _STEEPEST:
                steep.add(ends[-1].name.decode())
    return steep

"""Counts the multiply-adds of a TFLite file, anybody's, so that networks can be compared."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from export import flatbuffer


def tflite_multiply_adds(path: Path) -> int:
    """Products, each with its addition, of one run: convolutions, fully connected layers, products of matrices.

    Raises:
        ValueError: no TFLite file, or not whole.
    """
    from tensorflow.lite.python import schema_py_generated as schema

    try:
        model = flatbuffer.read_model(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path}: {error}.") from error
    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
    total = 0
    for graph in model.subgraphs:
        for operator in graph.operators:
            code = model.operatorCodes[operator.opcodeIndex]
            name = names[max(code.builtinCode, code.deprecatedBuiltinCode)]
            shapes = [graph.tensors[number].shape for number in operator.inputs if number >= 0]
            total += _of(name, shapes, graph.tensors[operator.outputs[0]].shape, operator)
    return total


def _of(name: str, inputs: list[Any], output: Any, operator: Any) -> int:
    size = math.prod(int(side) for side in output)
    if name == "CONV_2D":
        return size * math.prod(int(side) for side in inputs[1][1:])
    if name == "DEPTHWISE_CONV_2D":
        return size * int(inputs[1][1]) * int(inputs[1][2])
    if name == "TRANSPOSE_CONV":  # output shape, kernel, picture
        return math.prod(int(side) for side in inputs[2]) * int(math.prod(inputs[1][:3]))
    if name == "FULLY_CONNECTED":
        return size * int(inputs[1][-1])
    if name == "BATCH_MATMUL":
        return size * int(inputs[0][-2 if operator.builtinOptions.adjX else -1])
    return 0

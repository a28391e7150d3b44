"""Changes to a converted TFLite file that the converter has no option for."""

from __future__ import annotations

from typing import Any

import numpy as np


def read_model(content: bytes) -> Any:
    """The file as objects of TensorFlow's own schema.

    Raises:
        ValueError: it is no TFLite file, or not whole.
    """
    from tensorflow.lite.python import schema_py_generated as schema

    if content[4:8] != b"TFL3":
        raise ValueError("no TFLite file")
    try:
        return schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    except Exception as error:  # struct.error, IndexError, MemoryError, ...: whatever a cut-off buffer leads to
        raise ValueError(f"no whole TFLite file ({error})") from error


def write_model(model: Any) -> bytes:
    """The file of `read_model`'s objects."""
    import flatbuffers

    class Builder(flatbuffers.Builder):
        """Writes equal arrays once: the zero points of weights, eight zero bytes a channel, were a tenth of a file."""

        def __init__(self) -> None:
            super().__init__(1 << 20)
            self.written: dict[tuple[str, bytes], int] = {}

        def CreateNumpyVector(self, x: np.ndarray) -> int:  # noqa: N802 (the base class's name)
            key = (x.dtype.str, x.tobytes())
            if key not in self.written:
                self.written[key] = super().CreateNumpyVector(x)
            return self.written[key]

    builder = Builder()
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def finish(content: bytes, name: str, metadata: bytes) -> bytes:
    """Adds metadata to a converted file and brings its operators into the order that delegates like.

    A uint8 image has to be cast, which XNNPACK does not do. An interpreter cuts the graph greedily from the first
    operator on, so casts that need nothing but the input stand first: after the DEQUANTIZE of 16-bit weights they would
    split the graph in two and have every weight unpacked at every call.

    Args:
        content: the file.
        name: of the metadata.
        metadata: its bytes.
    """
    from tensorflow.lite.python import schema_py_generated as schema

    model = read_model(content)
    for graph in model.subgraphs:
        inputs, named = set(graph.inputs), {*graph.inputs, *graph.outputs}
        for number, tensor in enumerate(graph.tensors):
            if number not in named:
                tensor.name = ""  # paths in the training code
        first = [
            op
            for op in graph.operators
            if code_of(model, op) == schema.BuiltinOperator.CAST and set(op.inputs) <= inputs
        ]
        graph.operators = first + [op for op in graph.operators if not any(op is one for one in first)]
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(metadata, np.uint8)
    model.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name, entry.buffer = name, len(model.buffers) - 1
    model.metadata = [*(model.metadata or []), entry]
    return write_model(model)


def metadata_of(content: bytes, name: str) -> bytes | None:
    """The metadata of that name in a TFLite file, or None.

    Raises:
        ValueError: it is no TFLite file, or not whole.
    """
    model = read_model(content)
    for entry in model.metadata or []:
        if entry.name in (name, name.encode()):
            return bytes(bytearray(model.buffers[entry.buffer].data))
    return None


def code_of(model: Any, operator: Any) -> int:
    """The number of an operator's kind, of the schema's `BuiltinOperator`."""
    code = model.operatorCodes[operator.opcodeIndex]
    return max(code.builtinCode, code.deprecatedBuiltinCode)

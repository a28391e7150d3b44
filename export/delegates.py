"""How much of a TFLite file accelerators take: its ops, XNNPACK's partitions, what TFLite's GPU delegate refuses.

    python -m export.delegates hand.tflite
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from export import flatbuffer
from export.contract import ExportError
from export.runners import interpreter_class

_DELEGATE = "DELEGATE"


@dataclass(frozen=True)
class DelegateReport:
    """What runs where.

    Attributes:
        operators: how many of each builtin op the file has.
        custom: names of ops that are not builtin.
        partitions: pieces that XNNPACK takes; each further one costs a hand-over of tensors.
        outside: ops that XNNPACK leaves to the interpreter, in order.
        gpu_problems: what TFLite's own checker says the GPU delegates do not run.
    """

    operators: dict[str, int]
    custom: tuple[str, ...]
    partitions: int
    outside: tuple[str, ...]
    gpu_problems: tuple[str, ...]

    def __str__(self) -> str:
        operators = ", ".join(f"{name} {count}" for name, count in sorted(self.operators.items()))
        return (
            f"ops: {operators}\nnot builtin: {', '.join(self.custom) or 'none'}\nXNNPACK: {self.partitions} partition(s), "
            f"outside: {', '.join(self.outside) or 'nothing'}\nGPU delegates: {'; '.join(self.gpu_problems) or 'all ops known'}"
        )


def inspect(path: Path) -> DelegateReport:
    """Reads a file's ops and loads it with XNNPACK on the CPU.

    Raises:
        FileNotFoundError: no such file.
        ValueError: no TFLite file, or not whole.
        ExportError: LiteRT can't load it.
        ModuleNotFoundError: LiteRT is not installed.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no TFLite file at {path}.")
    content = path.read_bytes()
    try:
        names, custom = _operators(content)
    except ValueError as error:
        raise ValueError(f"{path}: {error}.") from error
    partitions, outside = _partitions(path)
    return DelegateReport(dict(Counter(names)), tuple(custom), partitions, outside, _gpu_problems(content))


def _operators(content: bytes) -> tuple[list[str], list[str]]:
    from tensorflow.lite.python import schema_py_generated as schema

    model = flatbuffer.read_model(content)
    known = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
    names, custom = [], []
    for graph in model.subgraphs:
        for operator in graph.operators:
            code = model.operatorCodes[operator.opcodeIndex]
            if code.builtinCode == schema.BuiltinOperator.CUSTOM:
                custom.append(code.customCode.decode())
            else:
                names.append(known[max(code.builtinCode, code.deprecatedBuiltinCode)])
    return names, custom


def _partitions(path: Path) -> tuple[int, tuple[str, ...]]:
    try:
        interpreter = interpreter_class()(str(path), num_threads=1)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ExportError(f"LiteRT can't load {path}: {error}") from error
    # The list still has the ops that a delegate took over.
    operators = interpreter._get_ops_details()
    taken = [op for op in operators if op["op_name"] == _DELEGATE]
    inside = set().union(*(_members(one, operators) for one in taken))
    outside = [op["op_name"] for op in operators if op["op_name"] != _DELEGATE and op["index"] not in inside]
    return len(taken), tuple(outside)


def _members(delegate: dict, operators: list[dict]) -> set[int]:
    """Ops between a delegate's inputs and outputs."""
    maker = {output: op for op in operators if op["op_name"] != _DELEGATE for output in op["outputs"]}
    inputs, members = set(delegate["inputs"]), set()
    pending = [output for output in delegate["outputs"] if output in maker]
    while pending:
        op = maker[pending.pop()]
        if op["index"] not in members:
            members.add(op["index"])
            pending += [name for name in op["inputs"] if name in maker and name not in inputs]
    return members


def _gpu_problems(content: bytes) -> tuple[str, ...]:
    import tensorflow as tf

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        tf.lite.experimental.Analyzer.analyze(model_content=content, gpu_compatibility=True)
    marks = ("GPU COMPATIBILITY WARNING:", "Not supported")
    lines = [line.strip() for line in printed.getvalue().splitlines() if any(mark in line for mark in marks)]
    return tuple(dict.fromkeys(line.removeprefix(marks[0]).strip() for line in lines))


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the report; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m export.delegates", description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path, help=".tflite")
    arguments = parser.parse_args(argv)
    try:
        print(inspect(arguments.file))
    except (ValueError, OSError, ModuleNotFoundError, ExportError) as error:
        print(f"export.delegates: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Exported files as functions: uint8 images in, outputs by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from export import flatbuffer
from export.contract import INPUT, OUTPUTS, SIGN_OUTPUTS, SIGNATURE, ExportError
from export.metadata import NAME, SAVED_MODEL_FILE, foreign, parse

Runner = Callable[[np.ndarray], dict[str, np.ndarray]]
TFLITE, ONNX, SAVED_MODEL = "tflite", "onnx", "saved_model"


def format_of(path: Path) -> str:
    """Which of the formats a path has, by its ending, or by being a folder.

    Raises:
        FileNotFoundError: nothing is there.
        ValueError: none of them.
    """
    if not path.exists():
        raise FileNotFoundError(f"no exported file at {path}.")
    if path.is_dir():
        return SAVED_MODEL
    if path.suffix not in (".tflite", ".onnx"):
        raise ValueError(f"expected a .tflite or .onnx file or the folder of a SavedModel, got {path}.")
    return path.suffix[1:]


def open_runner(path: Path, num_threads: int = 2) -> Runner:
    """An exported file, loaded: images (B, S, S, 3) uint8 -> outputs by name.

    Args:
        path: .tflite, .onnx or the folder of a SavedModel.
        num_threads: of LiteRT and ONNX Runtime.

    Raises:
        FileNotFoundError, ValueError: nothing is there, or something else.
        ExportError: the runtime can't load the file, or it has other inputs and outputs.
        ModuleNotFoundError: the runtime is not installed; the message says what to install.
    """
    openers = {TFLITE: _open_tflite, ONNX: _open_onnx, SAVED_MODEL: _open_saved_model}
    return openers[format_of(path)](path, num_threads)


def read_metadata(path: Path) -> dict[str, Any]:
    """What an exported file says of itself (`export.metadata.describe`).

    Raises:
        FileNotFoundError, ValueError: nothing is there, or no file of this package's exporters.
        ModuleNotFoundError: a package that reads it is not installed.
    """
    kind = format_of(path)
    if kind == SAVED_MODEL:
        file = path / "assets.extra" / SAVED_MODEL_FILE
        if not file.is_file():
            raise foreign(path)
        return parse(file.read_text(encoding="utf-8"), path)
    if kind == TFLITE:
        try:
            text = flatbuffer.metadata_of(path.read_bytes(), NAME)
        except ValueError as error:
            raise ValueError(f"{path}: {error}.") from error
    else:
        text = _onnx_metadata(path).get(NAME)
    if text is None:
        raise foreign(path)
    return parse(text, path)


def interpreter_class() -> Any:
    """LiteRT's interpreter.

    Raises:
        ModuleNotFoundError: LiteRT is not installed; the message says what to install.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("LiteRT is not installed: pip install 'tfhand[export]'") from error
    return Interpreter


def onnx_runtime() -> Any:
    """The module `onnxruntime`.

    Raises:
        ModuleNotFoundError: it is not installed; the message says what to install.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("ONNX Runtime is not installed: pip install 'tfhand[export]'") from error
    return onnxruntime


def onnx_session(path: Path, num_threads: int) -> Any:
    """An `onnxruntime.InferenceSession` on the CPU.

    Raises:
        ExportError: ONNX Runtime can't load the file.
        ModuleNotFoundError: it is not installed.
    """
    onnxruntime = onnx_runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = num_threads, 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # a class for each kind of failure, in a private module
        raise ExportError(f"ONNX Runtime can't load {path}: {str(error).splitlines()[0]}") from error


def _open_tflite(path: Path, num_threads: int) -> Runner:
    interpreter_type = interpreter_class()
    try:
        interpreter = interpreter_type(str(path), num_threads=num_threads)
        signature = interpreter.get_signature_runner(SIGNATURE)
        inputs = signature.get_input_details()
    except (ValueError, RuntimeError) as error:
        raise ExportError(f"LiteRT can't load {path}: {error}") from error
    names = _checked_names(path, inputs, signature.get_output_details())

    def run(images: np.ndarray) -> dict[str, np.ndarray]:
        # Copied: the arrays that LiteRT gives are its own memory.
        answers = [{name: np.array(value) for name, value in signature(image=image[None]).items()} for image in images]
        return {name: np.concatenate([answer[name] for answer in answers]) for name in names}

    return run


def _open_onnx(path: Path, num_threads: int) -> Runner:
    session = onnx_session(path, num_threads)
    inputs, outputs = ([one.name for one in ends] for ends in (session.get_inputs(), session.get_outputs()))
    names = _checked_names(path, inputs, outputs)
    return lambda images: dict(zip(names, session.run(list(names), {INPUT: images}), strict=True))


def _open_saved_model(path: Path, num_threads: int) -> Runner:
    import tensorflow as tf

    try:
        loaded = tf.saved_model.load(str(path))
        serve = loaded.signatures[SIGNATURE]
    except (OSError, KeyError, tf.errors.OpError) as error:
        raise ExportError(f"TensorFlow can't load {path} as a SavedModel with signature {SIGNATURE!r}: {error}") from error
    _checked_names(path, serve.structured_input_signature[1], serve.structured_outputs)

    def run(images: np.ndarray, _keep: Any = loaded) -> dict[str, np.ndarray]:  # the functions need the object they are of
        return {name: value.numpy() for name, value in serve(image=tf.constant(images)).items()}

    return run


def _checked_names(path: Path, inputs: Any, outputs: Any) -> tuple[str, ...]:
    """Names of a file's outputs, in the order of `export.contract`."""
    for known in (OUTPUTS, OUTPUTS + SIGN_OUTPUTS):
        if set(inputs) == {INPUT} and set(outputs) == set(known):
            return known
    raise ExportError(
        f"{path}: expected input {INPUT} and outputs {', '.join(sorted(OUTPUTS))}, "
        f"got {', '.join(sorted(inputs))} and {', '.join(sorted(outputs))}."
    )


def _onnx_metadata(path: Path) -> dict[str, str]:
    try:
        import onnx
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("onnx is not installed: pip install 'tfhand[export]'") from error
    try:
        model = onnx.load(str(path))
    except Exception as error:  # protobuf's own class
        raise ValueError(f"{path}: no whole ONNX file ({error}).") from error
    return {entry.key: entry.value for entry in model.metadata_props}

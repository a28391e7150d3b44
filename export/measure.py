"""Latency and memory of one exported file, in a process of its own: what `export.benchmark` starts.

    python -m export.measure hand.tflite --threads 1 --repeats 50
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from export.contract import SIGNATURE, ExportError
from export.runners import ONNX, SAVED_MODEL, format_of, interpreter_class, onnx_session

KERAS_PREFIX = "keras:"
_WARM_UP = 5


def measure(target: str, threads: int, repeats: int) -> dict[str, Any]:
    """Times one image at a time.

    Args:
        target: an exported file, any other .tflite file, or "keras:PRESET" for the network as trained.
        threads: of the runtime.
        repeats: runs that are timed.

    Returns:
        `milliseconds` (repeats,) of each run; `peak_mb`, by how much the process's largest memory grew while the file
        was loaded and run (None where the system does not tell).

    Raises:
        FileNotFoundError, ValueError, ExportError, ModuleNotFoundError: see `export.runners.open_runner`.
    """
    prepare = _opener(target, threads)  # imports the runtime, which is not the file's memory
    before = _memory_mb("VmRSS")
    call = prepare()
    for _ in range(_WARM_UP):
        call()
    milliseconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        milliseconds.append(1000 * (time.perf_counter() - start))
    peak = _memory_mb("VmHWM")
    return {"milliseconds": milliseconds, "peak_mb": None if peak is None else max(peak - before, 0.0)}


def _opener(target: str, threads: int) -> Callable[[], Callable[[], Any]]:
    if target.startswith(KERAS_PREFIX):
        return _keras(target.removeprefix(KERAS_PREFIX), threads)
    path = Path(target)
    kind = format_of(path)
    if kind == SAVED_MODEL:
        return _saved_model(path, threads)
    if kind == ONNX:
        from export.runners import onnx_runtime

        onnx_runtime()
        return lambda: _onnx(path, threads)
    interpreter_class()
    return lambda: _tflite(path, threads)


def _tflite(path: Path, threads: int) -> Callable[[], Any]:
    try:
        interpreter = interpreter_class()(str(path), num_threads=threads)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ExportError(f"LiteRT can't load {path}: {error}") from error
    inputs = [(details["index"], _noise(details["shape"], details["dtype"])) for details in interpreter.get_input_details()]
    outputs = [details["index"] for details in interpreter.get_output_details()]

    def call() -> list[np.ndarray]:
        for index, value in inputs:
            interpreter.set_tensor(index, value)
        interpreter.invoke()
        return [interpreter.get_tensor(index) for index in outputs]

    return call


def _onnx(path: Path, threads: int) -> Callable[[], Any]:
    session = onnx_session(path, threads)
    (image,) = session.get_inputs()
    feed = {image.name: _noise([1, *image.shape[1:]], np.uint8)}
    return lambda: session.run(None, feed)


def _saved_model(path: Path, threads: int) -> Callable[[], Callable[[], Any]]:
    tf = _tensorflow(threads)

    def prepare() -> Callable[[], Any]:
        loaded = tf.saved_model.load(str(path))
        serve = loaded.signatures[SIGNATURE]
        spec = serve.structured_input_signature[1]["image"]
        image = tf.constant(_noise([1, *spec.shape[1:]], np.uint8))
        return lambda _keep=loaded: [value.numpy() for value in serve(image=image).values()]

    return prepare


def _keras(preset: str, threads: int) -> Callable[[], Callable[[], Any]]:
    _tensorflow(threads)
    from tfhand.models import HandMeshNet, get_preset

    def prepare() -> Callable[[], Any]:
        model = HandMeshNet.from_preset(preset, signs=True if get_preset(preset).signs is not None else None)
        image = _noise([1, model.input_size, model.input_size, 3], np.float32)
        return lambda: model.predict(image, verbose=0)

    return prepare


def _tensorflow(threads: int) -> Any:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    return tf


def _noise(shape: Sequence[int], dtype: Any) -> np.ndarray:
    values = np.random.default_rng(0).random([int(side) for side in shape])
    return (values * 255 if np.issubdtype(dtype, np.integer) else values).astype(dtype)


def _memory_mb(entry: str) -> float | None:
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(f"{entry}:")), None)


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the figures as JSON; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m export.measure", description=__doc__.split("\n")[0])
    parser.add_argument("target", help=f"exported file, or {KERAS_PREFIX}PRESET")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=50)
    arguments = parser.parse_args(argv)
    try:
        print(json.dumps(measure(arguments.target, arguments.threads, arguments.repeats)))
    except (ValueError, OSError, ModuleNotFoundError, ExportError) as error:
        print(f"export.measure: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

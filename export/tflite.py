"""Writes a network as a TFLite file for LiteRT.

    python -m export.tflite --preset mobile --out hand.tflite

Signature `serving_default`: `image` (1, S, S, 3) float32 RGB in 0..1 -> outputs by the names of `HandMeshNet`. Float32,
builtin ops only. The file is run in LiteRT and compared with Keras on the sample photographs before it is put in place.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from export.network import INPUT, SIGNATURE, ExportError, run, write_signature
from export.verify import verify
from tfhand.io import atomic_path, make_folder

if TYPE_CHECKING:
    from tfhand.models import HandMeshNet

SUFFIX = ".tflite"


def export_tflite(model: HandMeshNet, out: Path) -> str:
    """Writes and verifies a TFLite file.

    Args:
        model: the network.
        out: file to write, ending in `.tflite`.

    Returns:
        A line on what was written.

    Raises:
        ValueError: `out` has another ending or is a folder.
        ExportError: the network can't be converted with builtin ops, or the file does not compute what the
            network does; nothing is left behind.
        ModuleNotFoundError: LiteRT is not installed; the message says what to install.
        OSError: it can't be written.
    """
    check_out(out)
    content = _convert(model)
    with atomic_path(out) as temporary:
        temporary.write_bytes(content)
        agreement = verify(model, load(temporary), batch=1)
    return f"{out}: {len(content) / 1e6:.1f} MB, {agreement}"


def check_out(out: Path) -> None:
    """Makes the parents of `out`, and asks for LiteRT: without it no file can be compared with Keras.

    Raises:
        ValueError: `out` has another ending or is a folder.
        ModuleNotFoundError: LiteRT is not installed; the message says what to install.
        OSError: the parents can't be made.
    """
    if out.suffix != SUFFIX or out.is_dir():
        raise ValueError(f"--out: expected a file ending in {SUFFIX}, got {out}{' (a folder)' if out.is_dir() else ''}.")
    make_folder(out.parent, "--out")
    _interpreter_class()


def load(path: Path, num_threads: int = 2) -> Any:
    """The signature of a TFLite file: images (1, S, S, 3) float32 -> outputs by name.

    Raises:
        ExportError: LiteRT can't load the file.
        ModuleNotFoundError: LiteRT is not installed.
    """
    interpreter_class = _interpreter_class()
    try:
        interpreter = interpreter_class(str(path), num_threads=num_threads)
        signature = interpreter.get_signature_runner(SIGNATURE)
    except (ValueError, RuntimeError) as error:
        raise ExportError(f"LiteRT can't load {path}: {error}") from error

    def exported(images: np.ndarray) -> dict[str, np.ndarray]:
        # Copied: the arrays that LiteRT gives are its own memory.
        return {name: np.array(value) for name, value in signature(**{INPUT: images}).items()}

    return exported


def _interpreter_class() -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("LiteRT is not installed: pip install 'tfhand[export]'") from error
    return Interpreter


def _convert(model: HandMeshNet) -> bytes:
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "model"
        write_signature(model, saved, batch=1)
        converter = tf.lite.TFLiteConverter.from_saved_model(str(saved), signature_keys=[SIGNATURE])
        # Without this an op that LiteRT lacks would be left to TensorFlow and fail on the phone.
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        try:
            return converter.convert()
        except Exception as error:  # the converter raises classes of its own that it does not export
            raise ExportError(f"the network can't be converted to builtin TFLite ops: {error}") from error


def main(argv: Sequence[str] | None = None) -> int:
    """Exports; returns the exit status."""
    return run("export.tflite", __doc__.split("\n")[0], "file to write, ending in .tflite", check_out, export_tflite, argv)


if __name__ == "__main__":
    sys.exit(main())

"""Writes a network as a TFLite file for LiteRT.

    python -m export.tflite --preset mobile --quantize fp16 --out hand.tflite

Signature `serving_default`: `image` (1, S, S, 3) uint8 RGB -> `vertices_uvd`, `joints_uvd`, `joint_confidence`,
`confidence`, where the network has them `presence` and `known_side`, float32. Builtin ops only; `python -m
export.metadata` reads what else an app needs. The file is run in LiteRT and compared with Keras before it is put in place.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from export import flatbuffer
from export.contract import INPUT, QUANTIZATIONS, SIGNATURE, ExportError
from export.eight_bits import in_8_bits
from export.metadata import NAME, describe, encode
from export.network import ExportOptions, check_quantization, run, write_signature
from export.pictures import calibration_images
from export.runners import interpreter_class
from export.served import ServedNetwork
from export.verify import verify
from tfhand.io import atomic_path, make_folder

if TYPE_CHECKING:
    from tfhand.models import HandMeshNet

SUFFIX = ".tflite"


def export_tflite(model: HandMeshNet, out: Path, options: ExportOptions | None = None) -> str:
    """Writes and verifies a TFLite file.

    Args:
        model: the network.
        out: file to write, ending in `.tflite`.
        options: None for float32.

    Returns:
        A line on what was written.

    Raises:
        ValueError: `out` has another ending or is a folder, an unknown quantisation, a folder without pictures.
        ExportError: the network can't be converted with builtin ops, or the file does not compute what the
            network does; nothing is left behind.
        ModuleNotFoundError: LiteRT is not installed; the message says what to install.
        OSError: it can't be written.
    """
    options = options or ExportOptions()
    check_quantization(options.quantize, QUANTIZATIONS, "tflite")
    check_out(out)
    images = None
    if options.quantize == "int8":
        images = calibration_images(model.input_size, model.hand_side, options.calibration)
    content = _convert(ServedNetwork(model, options.graph_form), options.quantize, images)
    metadata = encode(describe(model, options.quantize, options.graph_form)).encode()
    content = flatbuffer.finish(content, NAME, metadata)
    with atomic_path(out) as temporary:
        temporary.write_bytes(content)
        agreement = verify(model, temporary, options.quantize)
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
    interpreter_class()


def _convert(served: ServedNetwork, quantize: str, images: np.ndarray | None) -> bytes:
    import tensorflow as tf

    def representative() -> Any:
        for image in images:
            yield {INPUT: image[None]}

    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "model"
        write_signature(served, saved, batch=1)
        converter = tf.lite.TFLiteConverter.from_saved_model(str(saved), signature_keys=[SIGNATURE])
        # Without this an op that LiteRT lacks would be left to TensorFlow and fail on the phone.
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if quantize != "none":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if quantize == "fp16":
            converter.target_spec.supported_types = [tf.float16]
        if quantize == "int8":
            converter.representative_dataset = representative
            converter._experimental_calibrate_only = True
        try:
            content = converter.convert()
            return in_8_bits(content) if quantize == "int8" else content
        except ExportError:
            raise
        except Exception as error:  # the converter raises classes of its own that it does not export
            raise ExportError(f"the network can't be converted to builtin TFLite ops: {error}") from error


def main(argv: Sequence[str] | None = None) -> int:
    """Exports; returns the exit status."""
    out_help = "file to write, ending in .tflite"
    return run("export.tflite", __doc__.split("\n")[0], out_help, QUANTIZATIONS, check_out, export_tflite, argv)


if __name__ == "__main__":
    sys.exit(main())

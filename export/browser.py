"""Writes what the browser demo runs: the network as a TFLite file, and beside it what the page must know of the hand.

    python -m export.browser --preset mobile --quantize fp16 --out web/public/model

`hand.tflite` is `export.tflite`'s. `hand.json` holds faces, joints, bones and the constants with which `HandEstimator`
turns the network's answers into millimetres.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from export.contract import QUANTIZATIONS
from export.metadata import describe, encode
from export.network import ExportOptions, run
from export.tflite import check_out as check_tflite
from export.tflite import export_tflite
from tfhand.constants import FINGER_COLOURS, FINGER_JOINTS, JOINT_NAMES
from tfhand.io import atomic_path, make_folder

if TYPE_CHECKING:
    from tfhand.models import HandMeshNet

MODEL_FILE, HAND_FILE = "hand.tflite", "hand.json"
_WHITE = (255, 255, 255)


def export_browser(model: HandMeshNet, out: Path, options: ExportOptions | None = None) -> str:
    """Writes both files into a folder.

    Args:
        model: the network.
        out: folder to write to; made if missing.
        options: of the TFLite file; None for float32.

    Returns:
        A line on what was written.

    Raises:
        ExportError: the network can't be converted, or the file does not compute what the network does.
        ModuleNotFoundError: LiteRT is not installed; the message says what to install.
        OSError: a file can't be written.
    """
    check_out(out)
    line = export_tflite(model, out / MODEL_FILE, options)
    with atomic_path(out / HAND_FILE) as temporary:
        temporary.write_text(encode(describe_hand(model, options)) + "\n", encoding="utf-8")
    return line


def describe_hand(model: HandMeshNet, options: ExportOptions | None = None) -> dict[str, Any]:
    """What the page must know of a network's hand, as JSON: the file's metadata in lists that the page draws from, and
    colours 0..255 RGB."""
    options = options or ExportOptions()
    colours = [_WHITE] * len(JOINT_NAMES)
    for finger, joints in FINGER_JOINTS.items():
        for joint in joints:
            colours[joint] = FINGER_COLOURS[finger]
    return {
        **describe(model, options.quantize, options.graph_form),
        "input_size": model.input_size,
        "faces": np.asarray(model.faces).ravel().tolist(),
        "joint_colours": colours,
    }


def check_out(out: Path) -> None:
    """Makes the folder `out`, and asks for LiteRT.

    Raises:
        ValueError: `out` is a file.
        ModuleNotFoundError: LiteRT is not installed; the message says what to install.
        OSError: the folder can't be made.
    """
    make_folder(out, "--out")
    check_tflite(out / MODEL_FILE)


def main(argv: Sequence[str] | None = None) -> int:
    """Exports; returns the exit status."""
    description, out_help = __doc__.split("\n")[0], "folder to write to"
    return run("export.browser", description, out_help, QUANTIZATIONS, check_out, export_browser, argv)


if __name__ == "__main__":
    sys.exit(main())

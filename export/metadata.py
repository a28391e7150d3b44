"""What a file says of itself: mesh, joints, side, frames, licence.

    python -m export.metadata hand.tflite --out hand.json
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfhand.constants import BONES, DEFAULT_FIELD_OF_VIEW_DEG, JOINT_NAMES, SCALE_BONE
from tfhand.io import atomic_path
from tfhand.version import __version__

if TYPE_CHECKING:
    from tfhand.models import HandMeshNet

#: Name of the metadata in a file; the number is that of its layout.
NAME = "tfhand-export-2"
SAVED_MODEL_FILE = "tfhand.json"
_SHIPPED_LICENCE = "Apache-2.0"


def describe(model: HandMeshNet, quantize: str, graph_form: str) -> dict[str, Any]:
    """What an app has to know of a network, JSON-able: lengths in mm, angles in degrees.

    Args:
        model: the network.
        quantize: one of `export.contract.QUANTIZATIONS`.
        graph_form: one of `export.contract.GRAPH_FORMS`.
    """
    from tfhand.inference import HandEstimator

    estimator = HandEstimator(model)
    return {
        "format": NAME,
        "tfhand_version": __version__,
        "preset": model.preset.name,
        "joint_readout": model.joint_readout,
        "weights_sha256": fingerprint(model),
        "quantize": quantize,
        "graph_form": graph_form,
        "licence": _SHIPPED_LICENCE if _is_shipped(model) else "that of the weights it was made from",
        "hand_side": model.hand_side,
        "input": {
            "name": "image",
            "shape": [1, model.input_size, model.input_size, 3],
            "dtype": "uint8",
            "meaning": f"RGB crop of a {model.hand_side} hand; mirror hands of the other side, and u of the answer back",
        },
        "outputs": {
            "vertices_uvd": "u, v in 0..1 across the crop; d = depth behind the wrist along depth_axis / hand scale",
            "joints_uvd": "the same, in the order of joint_names",
            "joint_confidence": "0..1, how sharply each joint was seen",
            "confidence": "0..1, their mean",
            **({} if model.sign_stage is None else _signs(model.hand_side)),
        },
        # "crop": the ray through the crop's middle; "camera": the optical axis.
        "depth_axis": model.depth_axis,
        "joint_definition": model.joint_definition,
        "joint_names": list(JOINT_NAMES),
        "bones": [list(bone) for bone in BONES],
        "scale_bone": list(SCALE_BONE),
        "bone_proportions": estimator.bone_proportions.tolist(),
        "default_scale_mm": estimator.default_scale_mm,
        "field_of_view_deg": DEFAULT_FIELD_OF_VIEW_DEG,
        "num_vertices": model.num_vertices,
        "faces": model.faces.tolist(),
    }


def _signs(side: str) -> dict[str, str]:
    """Outputs of networks that say whether there is a hand and of which side."""
    return {
        "presence": "0..1, a hand of either side is in the crop",
        "known_side": f"0..1, it is a {side} hand as the crop shows it, if there is one",
    }


def fingerprint(model: HandMeshNet) -> str:
    """SHA-256 of a network's weights, in order."""
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(weight.tobytes())
    return digest.hexdigest()


def encode(content: dict[str, Any]) -> str:
    """The metadata as text, without blanks: faces are most of it."""
    return json.dumps(content, separators=(",", ":"))


def parse(text: str | bytes, source: Path) -> dict[str, Any]:
    """The metadata of a file out of its text.

    Raises:
        ValueError: it is not of this layout.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{source}: its metadata is no JSON ({error}).") from error
    if not isinstance(content, dict) or content.get("format") != NAME:
        raise foreign(source)
    return content


def foreign(source: Path) -> ValueError:
    """The error for a file that no exporter of this package wrote."""
    writers = "export.tflite, export.onnx or export.saved_model"
    return ValueError(f"{source}: expected a file of {writers}, it has no {NAME!r} metadata.")


def _is_shipped(model: HandMeshNet) -> bool:
    """Whether the network has the weights that come with the package."""
    from tfhand.models.weight_files import read_weights, shipped_weights

    path = shipped_weights(model.preset.name)
    if not path.is_file():
        return False
    _, arrays = read_weights(path)
    weights = {weight.path: weight for weight in model.weights}
    if weights.keys() != arrays.keys():
        return False
    return all((array.astype("float32") == weights[name].numpy()).all() for name, array in arrays.items())


def main(argv: Sequence[str] | None = None) -> int:
    """Prints or writes a file's metadata; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m export.metadata", description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path, help=".tflite, .onnx or the folder of a SavedModel")
    parser.add_argument("--out", type=Path, help="JSON file to write (default: prints)")
    arguments = parser.parse_args(argv)
    from export.contract import ExportError
    from export.runners import read_metadata

    try:
        text = encode(read_metadata(arguments.file)) + "\n"
        if arguments.out is None:
            sys.stdout.write(text)
        else:
            with atomic_path(arguments.out) as temporary:
                temporary.write_text(text, encoding="utf-8")
    except (ValueError, OSError, ModuleNotFoundError, ExportError) as error:
        print(f"export.metadata: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

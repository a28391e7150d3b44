"""Writes a network as a TensorFlow SavedModel.

    python -m export.saved_model --preset mobile --out hand_saved_model

Signature `serving_default`: `image` (B, S, S, 3) uint8 RGB -> `vertices_uvd`, `joints_uvd`, `joint_confidence`,
`confidence`, and `presence`, `known_side` of weights that tell, float32. What else a server needs lies in
`assets.extra/tfhand.json`. The folder is compared with Keras before it is put in place.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from export.metadata import SAVED_MODEL_FILE, describe, encode
from export.network import ExportOptions, check_quantization, run, write_signature
from export.served import ServedNetwork
from export.verify import verify
from tfhand.io import atomic_path, make_folder

if TYPE_CHECKING:
    from tfhand.models import HandMeshNet

#: TensorFlow computes with what it stores, and on CPUs it has fast kernels for float32 only.
QUANTIZATIONS = ("none",)
#: What a SavedModel's folder holds.
_CONTENT = frozenset({"saved_model.pb", "fingerprint.pb", "variables", "assets", "assets.extra"})


def export_saved_model(model: HandMeshNet, out: Path, options: ExportOptions | None = None) -> str:
    """Writes and verifies a SavedModel.

    Args:
        model: the network.
        out: folder; an older SavedModel there is replaced.
        options: None for float32.

    Returns:
        A line on what was written.

    Raises:
        ValueError: `out` is something else than a SavedModel, or a quantisation that SavedModels do not have.
        ExportError: the folder does not compute what the network does; nothing is left behind.
        OSError: it can't be written.
    """
    options = options or ExportOptions()
    check_quantization(options.quantize, QUANTIZATIONS, "saved_model")
    check_out(out)
    with atomic_path(out) as temporary:
        write_signature(ServedNetwork(model, options.graph_form), temporary, batch=None)
        file = temporary / "assets.extra" / SAVED_MODEL_FILE
        file.parent.mkdir()
        file.write_text(encode(describe(model, options.quantize, options.graph_form)), encoding="utf-8")
        agreement = verify(model, temporary, options.quantize)
    megabytes = sum(file.stat().st_size for file in out.rglob("*") if file.is_file()) / 1e6
    return f"{out}: {megabytes:.1f} MB, {agreement}"


def check_out(out: Path) -> None:
    """Makes the parents of `out`; an older SavedModel there may be replaced, nothing else.

    Raises:
        ValueError: something else is there.
        OSError: the parents can't be made.
    """
    make_folder(out.parent, "--out")
    if not os.path.lexists(out):
        return
    names = {path.name for path in out.iterdir()} if out.is_dir() else {out.name}
    if names and not ("saved_model.pb" in names <= _CONTENT):
        raise ValueError(
            f"--out: expected a new folder or an older SavedModel, got {out}, which "
            + (f"holds {', '.join(sorted(names - _CONTENT)[:3] or sorted(names)[:3])}." if out.is_dir() else "is a file.")
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Exports; returns the exit status."""
    summary = __doc__.split("\n")[0]
    return run("export.saved_model", summary, "folder to write", QUANTIZATIONS, check_out, export_saved_model, argv)


if __name__ == "__main__":
    sys.exit(main())

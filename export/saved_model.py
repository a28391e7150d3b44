"""Writes a network as a TensorFlow SavedModel.

    python -m export.saved_model --preset mobile --out hand_saved_model

Signature `serving_default`: `image` (B, S, S, 3) float32 RGB in 0..1 -> outputs by the names of `HandMeshNet`.
The folder is compared with Keras on the sample photographs before it is put in place.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from export.network import INPUT, SIGNATURE, run, write_signature
from export.verify import verify
from tfhand.io import atomic_path, make_folder

if TYPE_CHECKING:
    from tfhand.models import HandMeshNet

#: What a SavedModel's folder holds.
_CONTENT = frozenset({"saved_model.pb", "fingerprint.pb", "variables", "assets", "assets.extra"})


def export_saved_model(model: HandMeshNet, out: Path) -> str:
    """Writes and verifies a SavedModel.

    Args:
        model: the network.
        out: folder; an older SavedModel there is replaced.

    Returns:
        A line on what was written.

    Raises:
        ValueError: `out` is something else than a SavedModel.
        ExportError: the folder does not compute what the network does; nothing is left behind.
        OSError: it can't be written.
    """
    import tensorflow as tf

    check_out(out)
    with atomic_path(out) as temporary:
        write_signature(model, temporary, batch=None)
        serve = tf.saved_model.load(str(temporary)).signatures[SIGNATURE]

        def exported(images: np.ndarray) -> dict[str, Any]:
            return {name: value.numpy() for name, value in serve(**{INPUT: tf.constant(images)}).items()}

        agreement = verify(model, exported, batch=None)
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
    return run("export.saved_model", __doc__.split("\n")[0], "folder to write", check_out, export_saved_model, argv)


if __name__ == "__main__":
    sys.exit(main())

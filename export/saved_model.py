"""Writes a network as a TensorFlow SavedModel.

    python -m export.saved_model --preset mobile --out hand_saved_model

Signature `serving_default`: `image` (B, S, S, 3) float32 RGB in 0..1 -> outputs by the names of `HandMeshNet`.
The folder is compared with Keras on the sample photographs before it is put in place.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from export.network import INPUT, SIGNATURE, run, write_signature
from export.verify import verify
from tfhand.io import atomic_path

if TYPE_CHECKING:
    from tfhand.models import HandMeshNet


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

    if out.exists() and not (out / "saved_model.pb").is_file() and not (out.is_dir() and not any(out.iterdir())):
        raise ValueError(f"--out: expected a new folder or an older SavedModel, got {out}, which holds something else.")
    with atomic_path(out) as temporary:
        write_signature(model, temporary, batch=None)
        serve = tf.saved_model.load(str(temporary)).signatures[SIGNATURE]

        def exported(images: np.ndarray) -> dict[str, Any]:
            return {name: value.numpy() for name, value in serve(**{INPUT: tf.constant(images)}).items()}

        agreement = verify(model, exported, batch=None)
    megabytes = sum(file.stat().st_size for file in out.rglob("*") if file.is_file()) / 1e6
    return f"{out}: {megabytes:.1f} MB, {agreement}"


def main(argv: Sequence[str] | None = None) -> int:
    """Exports; returns the exit status."""
    return run("export.saved_model", __doc__.split("\n")[0], "folder to write", export_saved_model, argv)


if __name__ == "__main__":
    sys.exit(main())

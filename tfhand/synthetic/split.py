"""Training and validation hands that share no viewpoint, no shape of hand and no photograph.

Directions to the camera, shapes and photographs are sorted into cells, and a hash of the cell's name says for good to
which split it belongs: nothing is listed or stored, and a longer dataset or another machine sorts them the same way.
What lies in cells of the other split is drawn anew. Poses, skin, light and the camera come from the same
distributions in both, from seeds that no two splits share (`sample_seed`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")

#: "all" takes every cell; the number is mixed into the seeds of samples.
SPLITS: dict[str, int] = {"all": 0, "train": 1, "validation": 2}
#: Worlds (`tfhand.synthetic.world`); "any" has all of everything. The number is mixed into the seeds of samples too.
WORLD_NUMBERS: dict[str, int] = {"any": 0, "source": 1, "target": 2}
#: Share of the cells that are validation's: the paper's 60,000 of 375,000.
VALIDATION_SHARE = 0.16
#: Bands of equal height and sectors of equal angle about the palm's normal: cells of equal area, some 12 degrees wide.
VIEW_GRID = (12, 24)
#: The shape keys that cells are told apart by, and the width of a cell. Further keys would make cells so small that
#: every validation hand had training hands right beside it.
SHAPE_KEYS = ("hand_size", "finger_length", "palm_width")
SHAPE_STEP = 0.25
_ATTEMPTS = 10_000


def view_cell(towards: np.ndarray) -> str:
    """The cell of a unit direction `(3,)` from the hand to the camera: radial, distal, palmar."""
    x, y, z = (float(value) for value in np.asarray(towards, np.float32))
    bands, sectors = VIEW_GRID
    band = min(int((z + 1) / 2 * bands), bands - 1)
    sector = int((np.arctan2(y, x) / (2 * np.pi) + 0.5) * sectors) % sectors
    return f"view {band} {sector}"


def shape_cell(shape: np.ndarray, names: Sequence[str]) -> str:
    """The cell of shape weights `(B,)`, which `names` (B) tells apart.

    Raises:
        ValueError: `names` lacks one of `SHAPE_KEYS`.
    """
    missing = [key for key in SHAPE_KEYS if key not in names]
    if missing:
        raise ValueError(f"template: splits need shape keys {', '.join(SHAPE_KEYS)}; it lacks {', '.join(missing)}.")
    values = np.asarray(shape, np.float32)[[names.index(key) for key in SHAPE_KEYS]]
    return "shape " + " ".join(str(int(cell)) for cell in np.floor(values / SHAPE_STEP))


def background_cell(name: str) -> str:
    """The cell of a photograph: its file name without folders, which may be mounted anywhere or moved."""
    return f"background {name}"


def in_split(cell: str, split: str) -> bool:
    """Whether a cell belongs to a split.

    Raises:
        ValueError: no such split.
    """
    if split not in SPLITS:
        raise ValueError(f"split: expected one of {', '.join(SPLITS)}, got {split!r}.")
    if split == "all":
        return True
    number = int.from_bytes(hashlib.blake2b(cell.encode(), digest_size=8).digest(), "big")
    return (number < VALIDATION_SHARE * 2**64) == (split == "validation")


def draw_until(accepts: Callable[[T], bool], draw: Callable[[], T]) -> T:
    """Draws again until a draw is accepted.

    Raises:
        ValueError: nothing was, in thousands of attempts: all that can be drawn belongs to the other split.
    """
    for _ in range(_ATTEMPTS):
        drawn = draw()
        if accepts(drawn):
            return drawn
    raise ValueError(f"split: none of {_ATTEMPTS} draws belongs to it; give the samplers more variety.")

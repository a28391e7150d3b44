"""What stands behind the hand: crops of photographs, or pictures made from nothing.

Photographs come from any folders and from the samples inside scikit-image's, scikit-learn's and matplotlib's
wheels, so there is a default without any download. They are read when first needed, shrunk and kept.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from tfhand.rendering import patterns
from tfhand.rendering.mood import Mood

EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
#: Longer side of the photographs as kept in memory, pixels.
_LONGEST = 640
#: Photographs kept in memory by each process (about 0.9 MB each).
_KEPT = 160
#: Photographs inside wheels: package, path in it. Licences are in ASSETS.md.
BUILT_IN = (
    ("skimage", "data/astronaut.png"),
    ("skimage", "data/chelsea.png"),
    ("skimage", "data/coffee.png"),
    ("skimage", "data/rocket.jpg"),
    ("skimage", "data/motorcycle_left.png"),
    ("skimage", "data/brick.png"),
    ("skimage", "data/grass.png"),
    ("skimage", "data/gravel.png"),
    ("sklearn", "datasets/images/china.jpg"),
    ("sklearn", "datasets/images/flower.jpg"),
    ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
)

_log = logging.getLogger(__name__)


class BackgroundSource:
    """Draws backgrounds from photographs and procedural pictures.

    Args:
        folders: folders of photographs, searched with their subfolders. Without any, the built-in ones are used.
        photograph_share: how many backgrounds are photographs; the rest is procedural.
        accepts: which files may be used; None for all of them.
        names: of the procedural pictures to use, from `PATTERNS`; None for all of them.

    Raises:
        FileNotFoundError: a folder doesn't exist.
        ValueError: a folder holds no picture, or none that is accepted; the share isn't in 0..1; no or unknown names.
    """

    def __init__(
        self,
        folders: Sequence[str | os.PathLike[str]] = (),
        photograph_share: float = 0.8,
        accepts: Callable[[Path], bool] | None = None,
        names: Sequence[str] | None = None,
    ):
        if not 0 <= photograph_share <= 1:
            raise ValueError(f"photograph_share: expected 0..1, got {photograph_share}.")
        names = tuple(PATTERNS) if names is None else tuple(names)
        if not names or not set(names) <= set(PATTERNS):
            raise ValueError(f"names: expected some of {', '.join(PATTERNS)}, got {', '.join(names) or 'none'}.")
        self._patterns = [PATTERNS[name][0] for name in names]
        shares = np.array([PATTERNS[name][1] for name in names])
        self._pattern_shares = shares / shares.sum()
        self._paths = [path for folder in folders for path in _pictures_in(Path(folder))]
        if not folders:
            self._paths = built_in_photographs()
        self._folders = [Path(folder) for folder in folders]
        if accepts is not None:
            self._paths = self._accepted(accepts, folders)
        self._unreadable: set[Path] = set()
        self._share = photograph_share if self._paths else 0.0

    def _accepted(self, accepts: Callable[[Path], bool], folders: Sequence[str | os.PathLike[str]]) -> list[Path]:
        accepted = [path for path in self._paths if accepts(path)]
        if folders and not accepted:
            raise ValueError(
                f"backgrounds: none of the {len(self._paths)} pictures in {', '.join(map(str, folders))} belongs to this "
                "split and world of the dataset; give a folder with more."
            )
        return accepted

    @property
    def num_photographs(self) -> int:
        """How many files photographs are drawn from."""
        return len(self._paths)

    @property
    def fingerprint(self) -> str:
        """What tells these photographs from others: how many, and a hash of their names and sizes in order. Folders may
        have moved."""
        names = (
            (next((path.relative_to(one) for one in self._folders if path.is_relative_to(one)), path.name), path.stat().st_size)
            for path in self._paths
        )
        whole = "\n".join(f"{name} {size}" for name, size in names)
        return f"{len(self._paths)} photographs, {hashlib.sha256(whole.encode()).hexdigest()[:8]}"

    @property
    def num_unreadable(self) -> int:
        """How many of the files drawn so far could not be read; a procedural picture stood in for each."""
        return len(self._unreadable)

    def sample(self, rng: np.random.Generator, size: tuple[int, int], mood: Mood | None = None) -> np.ndarray:
        """Draws one background.

        Args:
            rng: decides everything else.
            size: (height, width), pixels.
            mood: what the light makes of it; None for the light it was taken in.

        Returns:
            (H, W, 3) uint8 sRGB.
        """
        picture = None
        if rng.random() < self._share:
            picture = self._photograph(self._paths[int(rng.integers(len(self._paths)))])
        if picture is None:
            picture = self._patterns[int(rng.choice(len(self._patterns), p=self._pattern_shares))](rng, size)
        return _varied(_random_view(picture, size, rng), mood, rng)

    def _photograph(self, path: Path) -> np.ndarray | None:
        picture = _read_small(path)
        if picture is None and path not in self._unreadable:
            self._unreadable.add(path)
            _log.warning("background %s can't be read; skipped", path)
        return picture


def built_in_photographs() -> list[Path]:
    """Returns the photographs that installed packages carry."""
    found = []
    for package, name in BUILT_IN:
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.submodule_search_locations:
            path = Path(spec.submodule_search_locations[0]) / name
            if path.is_file():
                found.append(path)
    return found


@functools.lru_cache(maxsize=_KEPT)
def _read_small(path: Path) -> np.ndarray | None:
    """Returns the picture as (h, w, 3) uint8 RGB, shrunk; None where it can't be read."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None or min(image.shape[:2]) < 16:
        return None
    factor = _LONGEST / max(image.shape[:2])
    if factor < 1:
        image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(image[..., ::-1])


def _pictures_in(folder: Path) -> list[Path]:
    """Returns the picture files below `folder`, sorted."""
    if not folder.is_dir():
        raise FileNotFoundError(f"folder of backgrounds not found: {folder}")
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in EXTENSIONS and p.is_file())
    if not found:
        raise ValueError(f"folder of backgrounds has no picture ({', '.join(EXTENSIONS)}): {folder}")
    return found


def _random_view(picture: np.ndarray, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Returns a random crop, flipped and sometimes turned, resampled to `size`."""
    height, width = size
    rows, columns = picture.shape[:2]
    side = min(rows / height, columns / width)
    # Blowing a small crop up would look like blur that the rest of the picture doesn't have.
    scale = side * rng.uniform(max(0.35, min(1.0, 0.7 / side)), 1.0)
    angle = rng.normal(0, 0.08) if rng.random() < 0.8 else rng.uniform(-np.pi, np.pi)
    flip = -1.0 if rng.random() < 0.5 else 1.0
    reach = scale * np.array([width, height])
    centre = rng.uniform(0, 1, 2) * ((columns, rows) - reach) + reach / 2
    matrix = scale * np.array([[flip * np.cos(angle), -np.sin(angle)], [flip * np.sin(angle), np.cos(angle)]])
    shift = centre - matrix @ (width / 2, height / 2)
    warp = np.concatenate([matrix, shift[:, None]], axis=1)
    return cv2.warpAffine(
        picture, warp, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT_101
    )


def _varied(picture: np.ndarray, mood: Mood | None, rng: np.random.Generator) -> np.ndarray:
    """Changes colours, brightness and contrast, now and then towards the colour of skin, and blurs."""
    gain = np.exp(rng.normal(0, 0.18) + rng.normal(0, 0.045, 3))
    contrast = rng.uniform(0.75, 1.15)
    mean = picture[::8, ::8].reshape(-1, 3).mean(axis=0)
    if rng.random() < 0.1:
        target = np.array([rng.uniform(90, 225), 0.0, 0.0])
        target[1:] = target[0] * np.array([rng.uniform(0.66, 0.86), rng.uniform(0.5, 0.75)])
        gain = target / np.maximum(mean, 12)
    if rng.random() < 0.1:
        picture = patterns.add_limb(picture, rng)
    values = np.clip((mean + (np.arange(256)[:, None] - mean) * contrast) * gain, 0, 255)
    if mood is not None:
        values = mood.on(values, float((mean * gain).mean()))
    picture = cv2.LUT(picture, values.astype(np.uint8)[None])
    if rng.random() < 0.5:
        radius = int(np.exp(rng.uniform(0, np.log(9))))
        picture = cv2.stackBlur(picture, (2 * radius + 1, 2 * radius + 1))
    return picture


#: Procedural pictures by name, and how often each is drawn, relative to the others.
PATTERNS: dict[str, tuple[Callable[[np.random.Generator, tuple[int, int]], np.ndarray], float]] = {
    "gradient": (patterns.gradient, 0.15),
    "clouds": (patterns.clouds, 0.15),
    "leaves": (patterns.leaves, 0.4),
    "shelves": (patterns.shelves, 0.2),
    "planks": (patterns.planks, 0.1),
}

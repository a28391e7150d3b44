"""Crops of hands that exported files are calibrated on and compared with Keras on: photographs and renders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import tfhand
from tfhand.constants import CANONICAL_SIDE, DEPTH_AXES
from tfhand.data import crop
from tfhand.geometry import default_intrinsics, validate_box, whole_image_box
from tfhand.inference.outputs import read_hint
from tfhand.inference.view import network_view
from tfhand.io import read_image

SAMPLES = Path(tfhand.__file__).resolve().parent / "assets" / "samples"
#: Crops that int8's ranges are measured on.
CALIBRATION_IMAGES = 128
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
_CALIBRATION_SEED = 7
_VERIFICATION_SEED = 8


@dataclass(frozen=True)
class RenderedHands:
    """Crops of rendered hands and what is in them.

    Attributes:
        images: (N, S, S, 3) uint8 RGB.
        vertices_uvd: (N, V, 3) float32 of the package's template, see `tfhand.data.crop`.
        joints_uvd: (N, 21, 3) float32, by the package's definition.
        camera: (N, 7) float32, see `tfhand.geometry`.
    """

    images: np.ndarray
    vertices_uvd: np.ndarray
    joints_uvd: np.ndarray
    camera: np.ndarray


def photograph_crops(size: int, hand_side: str = CANONICAL_SIDE) -> np.ndarray:
    """Crops of the sample photographs as a network sees them, at three scales.

    Args:
        size: side of the crops, pixels.
        hand_side: the side that the network knows, "right" or "left".

    Returns:
        (N, size, size, 3) uint8 RGB.

    Raises:
        FileNotFoundError: the package has no photographs.
    """
    crops = []
    for photo in sorted(SAMPLES.glob("*.jpg")):
        image, hint = read_image(photo), read_hint(photo)
        x, y, w, h = hint["box"]
        for factor in (0.9, 1.0, 1.2):
            box = [x + w * (1 - factor) / 2, y + h * (1 - factor) / 2, w * factor, h * factor]
            intrinsics = default_intrinsics(image.shape[1::-1])
            crops.append(network_view(image, np.array(box), hint["side"], intrinsics, size, hand_side)[0])
    if not crops:
        raise FileNotFoundError(f"no sample photographs in {SAMPLES}; the installation is not whole.")
    return np.stack(crops)


def rendered_hands(
    size: int,
    count: int,
    hand_side: str = CANONICAL_SIDE,
    data_dir: Path | None = None,
    seed: int = _VERIFICATION_SEED,
    depth_axis: str = DEPTH_AXES[0],
) -> RenderedHands:
    """Crops of rendered hands with their labels.

    Args:
        size: side of the crops, pixels.
        count: how many, at most.
        hand_side: the side that the network knows.
        data_dir: folder that `python -m tfhand.synthetic generate` wrote; None renders validation hands.
        seed: of those that are rendered.
        depth_axis: what the network's depths run along, "camera" or "crop".

    Raises:
        ValueError, OSError: the folder is no such folder, or its hands have no meshes.
        tfhand.compiled.KernelError: hands can't be rendered here, for want of a compiler, say.
    """
    dataset = _open(data_dir) if data_dir is not None else _renderer(size, count, seed)
    views = [crop(dataset[i], size, hand_side=hand_side, depth_axis=depth_axis) for i in range(min(count, len(dataset)))]
    if not all("vertices_uvd" in view for view in views):
        raise ValueError(f"data_dir: expected hands with meshes, as renders are, got some without in {data_dir}.")
    return RenderedHands(*(np.stack([view[key] for view in views]) for key in ("image", "vertices_uvd", "joints_uvd", "camera")))


def calibration_images(
    size: int, hand_side: str = CANONICAL_SIDE, calibration: Path | None = None, count: int = CALIBRATION_IMAGES
) -> np.ndarray:
    """Crops to measure the ranges of activations on.

    Args:
        size: side of the crops, pixels.
        hand_side: the side that the network knows.
        calibration: folder of pictures (each a crop of a hand, or beside a `.hint.json` that says where it is), or of
            rendered hands; None renders some.
        count: how many, at most.

    Returns:
        (N, size, size, 3) uint8 RGB.

    Raises:
        ValueError: the folder holds no pictures, or one's hint can't be used; the message names it.
        NotADirectoryError: it is no folder.
        tfhand.compiled.KernelError: hands can't be rendered here.
    """
    if calibration is None:
        return rendered_hands(size, count, hand_side, seed=_CALIBRATION_SEED).images
    if not calibration.is_dir():
        raise NotADirectoryError(f"--calibration: expected a folder, got {calibration}.")
    if (calibration / "dataset.json").is_file():
        dataset = _open(calibration)
        return np.stack([crop(dataset[i], size, hand_side=hand_side)["image"] for i in range(min(count, len(dataset)))])
    files = sorted(file for file in calibration.rglob("*") if file.suffix.lower() in _SUFFIXES)
    if not files:
        raise ValueError(f"--calibration: expected pictures ({' '.join(_SUFFIXES)}) or rendered hands, {calibration} has none.")
    files = [files[i] for i in np.linspace(0, len(files) - 1, min(count, len(files))).round().astype(int)]
    return np.stack([_picture_crop(file, size, hand_side) for file in files])


def _picture_crop(file: Path, size: int, hand_side: str) -> np.ndarray:
    """A picture's crop; one whose hint doesn't say which hand it is counts as one of the network's own side."""
    image, hint = read_image(file), read_hint(file)
    shape = image.shape[1::-1]
    side = hint.get("side", "auto")
    try:
        box = whole_image_box(shape) if hint.get("box") is None else validate_box(np.asarray(hint["box"], np.float64), shape)
        return network_view(image, box, hand_side if side == "auto" else side, default_intrinsics(shape), size, hand_side)[0]
    except (ValueError, TypeError) as error:
        raise ValueError(f"--calibration: {file}: {error}") from None


def _open(folder: Path) -> Any:
    from tfhand.data.shards import ShardedDataset

    return ShardedDataset(folder)


def _renderer(size: int, count: int, seed: int) -> Any:
    from tfhand.synthetic.generator import SyntheticConfig
    from tfhand.synthetic.source import SyntheticSource

    # The box is four fifths of the picture: the crop is neither enlarged nor much reduced.
    config = SyntheticConfig(size=max(round(size * 1.25), 32), split="validation")
    return SyntheticSource(count, config, seed)

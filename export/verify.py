"""Compares an exported network with Keras on crops of the sample photographs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import tfhand
from export.network import ExportError
from tfhand.constants import CANONICAL_SIDE, DEFAULT_HAND_SCALE_MM, DEFAULT_ROOT_DEPTH_MM
from tfhand.geometry import default_intrinsics, uvd_to_xyz
from tfhand.inference.outputs import read_hint
from tfhand.inference.view import network_view
from tfhand.io import read_image

if TYPE_CHECKING:
    from tfhand.models import HandMeshNet

SAMPLES = Path(tfhand.__file__).resolve().parent / "assets" / "samples"
#: Largest difference of a vertex or joint that float32 arithmetic in another order explains.
TOLERANCE_MM = 0.05
#: Largest difference of any output, in units of its largest value on the inputs.
TOLERANCE = 1e-3
#: Such a difference of the worst output is rounding, however many millimetres it makes of a network's wild answers.
_ROUNDING = 1e-5
#: Heights of two pixels of a heat-map that differ by no more than this share of the highest are equal.
_TIE = 1e-5
#: A crop 240 mm wide at an arm's length, where differences are turned into millimetres.
_CAMERA = np.array(
    [DEFAULT_ROOT_DEPTH_MM / 240, DEFAULT_ROOT_DEPTH_MM / 240, 0.5, 0.5, DEFAULT_ROOT_DEPTH_MM, DEFAULT_HAND_SCALE_MM],
    np.float32,
)


@dataclass(frozen=True)
class Agreement:
    """How far an exported network is from Keras.

    Attributes:
        num_images: crops that were compared.
        max_mm: largest distance of a vertex or joint.
        mean_mm: mean distance of vertices and joints.
        worst_output: name of the output that differs most, by `worst_difference` of its largest value.
    """

    num_images: int
    max_mm: float
    mean_mm: float
    worst_output: str
    worst_difference: float

    def __str__(self) -> str:
        return (
            f"equal to Keras on {self.num_images} crops of photographs: vertices and joints within "
            f"{self.max_mm:.2g} mm (mean {self.mean_mm:.2g} mm)"
        )


def sample_crops(size: int, hand_side: str = CANONICAL_SIDE) -> np.ndarray:
    """Crops of the sample photographs as a network sees them, at three scales.

    Args:
        size: side of the crops, pixels.
        hand_side: the side that the network knows, "right" or "left".

    Returns:
        (N, size, size, 3) float32 RGB in 0..1.
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
    return np.stack(crops).astype(np.float32) / np.float32(255)


def verify(model: HandMeshNet, exported: Callable[[np.ndarray], dict[str, np.ndarray]], batch: int | None) -> Agreement:
    """Runs both on the same crops.

    Args:
        model: the network.
        exported: images (B, S, S, 3) float32 0..1 -> outputs by name.
        batch: images at once that `exported` takes; None takes all at once.

    Returns:
        How far they are apart.

    Raises:
        ExportError: names or shapes of the outputs differ, or values by more than float32 explains.
    """
    images = sample_crops(model.input_size, model.hand_side)
    expected = {name: np.asarray(value) for name, value in model.predict_on_batch(images).items()}
    step = len(images) if batch is None else batch
    parts = [exported(images[start : start + step]) for start in range(0, len(images), step)]
    if set(parts[0]) != set(expected):
        raise ExportError(f"expected outputs {', '.join(sorted(expected))}, the file has {', '.join(sorted(parts[0]))}.")
    found = {name: np.concatenate([np.atleast_1d(part[name]) for part in parts]) for name in expected}
    for name, value in expected.items():
        if found[name].shape != value.shape:
            raise ExportError(f"{name}: expected shape {value.shape}, the file gives {found[name].shape}.")
        if not np.isfinite(value).all():
            raise ExportError(f"{name}: the network itself gives NaN or infinity; its weights are broken.")
    if model.heatmap_kind == "gaussian" and model.joint_readout == "heatmap":
        found["joints_uvd"] = _with_ties_settled(model, found["joints_uvd"], expected)
    differences = {}
    for name, value in expected.items():
        # NaN in the file's answer must not pass a comparison.
        gap = np.nan_to_num(np.abs(found[name] - value), nan=np.inf).max()
        differences[name] = float(gap / max(np.abs(value).max(), 1e-6))
    worst = max(differences, key=differences.get)
    mm = np.concatenate(
        [
            np.linalg.norm(uvd_to_xyz(found[name], _CAMERA) - uvd_to_xyz(expected[name], _CAMERA), axis=-1).ravel()
            for name in ("vertices_uvd", "joints_uvd")
        ]
    )
    agreement = Agreement(len(images), float(mm.max()), float(mm.mean()), worst, differences[worst])
    equal = agreement.max_mm <= TOLERANCE_MM and agreement.worst_difference <= TOLERANCE
    if not (equal or agreement.worst_difference <= _ROUNDING):
        raise ExportError(
            f"the exported file is not equal to Keras and was not kept: vertices and joints differ by up to "
            f"{agreement.max_mm:.3g} mm (allowed: {TOLERANCE_MM}), {worst} by {differences[worst]:.3g} of its largest "
            f"value (allowed: {TOLERANCE})."
        )
    return agreement


def _with_ties_settled(model: HandMeshNet, joints: np.ndarray, expected: dict[str, np.ndarray]) -> np.ndarray:
    """Joints (N, 21, 3) with the expected u, v where theirs lie on an equally high pixel of the expected heat-map.

    Where a heat-map, resized to the image, has several such pixels, as at its border, rounding decides which one
    arg-max finds.
    """
    import keras

    size, images, names = model.input_size, np.arange(len(joints))[:, None], np.arange(joints.shape[1])
    maps = expected[max(name for name in expected if name.startswith("heatmaps_"))]
    resized = keras.ops.image.resize(maps, (size, size), interpolation="bilinear", data_format="channels_last")
    resized = keras.ops.convert_to_numpy(resized)

    def heights(uvd: np.ndarray) -> np.ndarray:
        pixels = np.floor(np.nan_to_num(uvd[..., :2]) * size + 1e-3).clip(0, size - 1).astype(int)
        return resized[images, pixels[..., 1], pixels[..., 0], names]

    tied = heights(expected["joints_uvd"]) - heights(joints) <= _TIE * np.abs(maps).max()
    tied &= np.isfinite(joints).all(axis=-1)
    return np.where(tied[..., None] & [True, True, False], expected["joints_uvd"], joints)

"""Compares an exported file with Keras, on photographs and on rendered hands, in millimetres.

    python -m export.verify hand.tflite
    python -m export.verify hand_int8.tflite --data-dir data/validation --num 2000

The exporters do the same before they put a file in place. A file that is not equal makes the exit status 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from export.contract import SIGN_OUTPUTS, ExportError
from export.pictures import RenderedHands, photograph_crops, rendered_hands
from export.runners import open_runner, read_metadata
from tfhand.compiled import KernelError
from tfhand.constants import DEFAULT_HAND_SCALE_MM, DEFAULT_ROOT_DEPTH_MM, SIGN_LOGITS
from tfhand.geometry import uvd_to_xyz
from tfhand.inference.confidence import joint_confidence
from tfhand.metrics import mesh_error_mm, pose_error_mm

if TYPE_CHECKING:
    from tfhand.models import HandMeshNet

#: Largest difference of a vertex or joint, mm: what float32 in another order explains, and weights of 16 bits.
TOLERANCE_MM = {"none": 0.05, "fp16": 0.1}
#: Largest change of the mean pose and mesh error that 8 bits may make, mm.
ERROR_TOLERANCE_MM = 1.0
#: Largest difference of a confidence.
CONFIDENCE_TOLERANCE = {"none": 1e-3, "fp16": 1e-2}
#: Largest mean difference of a kind of confidence in 8 bits.
MEAN_CONFIDENCE_TOLERANCE = 0.1
#: Rendered hands to compare on, by quantisation: errors need more of them than differences.
RENDERED = {"none": 16, "fp16": 16, "dynamic": 64, "int8": 64}
#: A difference below this share of the largest value is rounding, however many millimetres it makes of wild answers.
_ROUNDING = 1e-5
#: Heights of two pixels of a heat-map that differ by no more than this share of the highest are equal.
_TIE = 1e-5
_BATCH = 16
#: A crop 240 mm wide at an arm's length, where differences are turned into millimetres.
_CAMERA = np.array(
    [DEFAULT_ROOT_DEPTH_MM / 240, DEFAULT_ROOT_DEPTH_MM / 240, 0.5, 0.5, DEFAULT_ROOT_DEPTH_MM, DEFAULT_HAND_SCALE_MM, 0],
    np.float32,
)


@dataclass(frozen=True)
class Agreement:
    """How far an exported network is from Keras.

    Attributes:
        photographs, rendered: crops of each that were compared.
        vertices_max_mm, vertices_mean_mm, joints_max_mm, joints_mean_mm: distances of corresponding points.
        confidence_max: largest difference of a joint's confidence, or of `presence` and `known_side`.
        confidence_mean: the mean difference of that of these outputs which differs most.
        errors_mm: {"pose": (Keras's, the file's), "mesh": ...}, mean errors on the rendered hands; empty where the network's
            joints or vertices are not the package's, or nothing was rendered.
    """

    photographs: int
    rendered: int
    vertices_max_mm: float
    vertices_mean_mm: float
    joints_max_mm: float
    joints_mean_mm: float
    confidence_max: float
    confidence_mean: float
    errors_mm: dict[str, tuple[float, float]]

    def __str__(self) -> str:
        text = (
            f"{self.photographs} photographs and {self.rendered} renders against Keras: vertices within "
            f"{self.vertices_max_mm:.2g} mm (mean {self.vertices_mean_mm:.2g}), joints within {self.joints_max_mm:.2g} mm "
            f"(mean {self.joints_mean_mm:.2g}), confidence within {self.confidence_max:.2g} "
            f"(mean {self.confidence_mean:.2g})"
        )
        for name, (keras, file) in self.errors_mm.items():
            text += f"; {name} error {keras:.2f} -> {file:.2f} mm"
        return text


def verify(
    model: HandMeshNet, path: Path, quantize: str = "none", num: int | None = None, data_dir: Path | None = None
) -> Agreement:
    """Runs both on the same crops.

    Args:
        model: the network.
        path: the exported file.
        quantize: how it was made; decides what is allowed.
        num: rendered hands; None takes `RENDERED`. Where this machine can't render, photographs alone are compared.
        data_dir: folder of rendered hands; None renders some.

    Returns:
        How far they are apart.

    Raises:
        ExportError: names or shapes of the outputs differ, or values by more than allowed; the message has the figures.
        ValueError, OSError: `data_dir` is no folder of rendered hands.
    """
    photographs = photograph_crops(model.input_size, model.hand_side)
    hands = _hands(model, RENDERED[quantize] if num is None else num, data_dir)
    images = photographs if hands is None else np.concatenate([photographs, hands.images])
    expected = keras_outputs(model, images)
    found = _run(path, images, expected)
    if model.heatmap_kind == "gaussian" and model.joint_readout == "heatmap":
        found["joints_uvd"] = _with_ties_settled(model, found["joints_uvd"], expected)
    agreement = _compare(found, expected, len(photographs), _errors(model, hands, found, expected, len(photographs)))
    reasons = _reasons(agreement, quantize)
    if reasons and not all(_relative(found[name], expected[name]) <= _ROUNDING for name in found):
        raise ExportError(f"the exported file is not equal to Keras: {'; '.join(reasons)} ({agreement}).")
    return agreement


def keras_outputs(model: HandMeshNet, images: np.ndarray) -> dict[str, np.ndarray]:
    """What a file should answer to images (N, S, S, 3) uint8, and the last `heatmaps` that it came from.

    Raises:
        ExportError: the network itself gives NaN or infinity.
    """
    parts = []
    for start in range(0, len(images), _BATCH):
        outputs = model.predict_on_batch(images[start : start + _BATCH].astype(np.float32) / np.float32(255))
        outputs = {name: np.asarray(value, np.float32) for name, value in outputs.items()}
        heatmaps = outputs[max(name for name in outputs if name.startswith("heatmaps_"))]
        part = {name: outputs[name] for name in ("vertices_uvd", "joints_uvd", SIGN_LOGITS) if name in outputs}
        parts.append(part | {"heatmaps": heatmaps})
    answers = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    for name, value in answers.items():
        if not np.isfinite(value).all():
            raise ExportError(f"{name}: the network itself gives NaN or infinity; its weights are broken.")
    answers["joint_confidence"] = joint_confidence(answers["heatmaps"], model.heatmap_kind)
    answers["confidence"] = answers["joint_confidence"].mean(axis=1)
    if SIGN_LOGITS in answers:
        signs = expit(answers.pop(SIGN_LOGITS))
        answers |= {name: signs[:, column] for column, name in enumerate(SIGN_OUTPUTS)}
    return answers


def _hands(model: HandMeshNet, num: int, data_dir: Path | None) -> RenderedHands | None:
    if num < 1:
        return None
    try:
        return rendered_hands(model.input_size, num, model.hand_side, data_dir, depth_axis=model.depth_axis)
    except KernelError as error:
        if data_dir is not None:
            raise
        print(f"hands can't be rendered here, photographs alone are compared: {error}", file=sys.stderr)
        return None


def _run(path: Path, images: np.ndarray, expected: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    runner = open_runner(path)
    try:
        parts = [runner(images[start : start + _BATCH]) for start in range(0, len(images), _BATCH)]
    except Exception as error:  # whatever a runtime makes of an input it does not like
        raise ExportError(f"{path.name} can't be run on {images.shape[1:]} uint8 images: {error}") from error
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    wanted = set(expected) - {"heatmaps"}
    if set(found) != wanted:
        raise ExportError(f"{path.name}: expected outputs {', '.join(sorted(wanted))}, got {', '.join(sorted(found))}.")
    for name, value in found.items():
        if value.shape != expected[name].shape:
            raise ExportError(f"{name}: expected shape {expected[name].shape}, the file gives {value.shape}.")
    return found


def _compare(
    found: dict[str, np.ndarray], expected: dict[str, np.ndarray], photographs: int, errors: dict[str, tuple[float, float]]
) -> Agreement:
    distances = {}
    for name in ("vertices_uvd", "joints_uvd"):
        gap = np.linalg.norm(uvd_to_xyz(found[name], _CAMERA) - uvd_to_xyz(expected[name], _CAMERA), axis=-1)
        distances[name] = np.nan_to_num(gap, nan=np.inf, posinf=np.inf)  # NaN in the file's answer must not pass a comparison
    vertices, joints = distances["vertices_uvd"], distances["joints_uvd"]
    rest = [np.abs(found[name] - expected[name]) for name in found if name not in distances]
    gaps = [np.nan_to_num(gap, nan=np.inf, posinf=np.inf) for gap in rest]
    confidence = float(max(gap.max() for gap in gaps)), float(max(gap.mean() for gap in gaps))
    sizes = (float(vertices.max()), float(vertices.mean()), float(joints.max()), float(joints.mean()))
    return Agreement(photographs, len(vertices) - photographs, *sizes, *confidence, errors)


def _errors(
    model: HandMeshNet, hands: RenderedHands | None, found: dict[str, np.ndarray], expected: dict[str, np.ndarray], first: int
) -> dict[str, tuple[float, float]]:
    if hands is None or model.joint_definition != "tfhand" or hands.vertices_uvd.shape[1] != model.num_vertices:
        return {}
    errors = {}
    for label, name, true, measure in (
        ("pose", "joints_uvd", hands.joints_uvd, pose_error_mm),
        ("mesh", "vertices_uvd", hands.vertices_uvd, mesh_error_mm),
    ):
        true_mm = uvd_to_xyz(true, hands.camera)
        values = []
        for answers in (expected, found):
            answer = uvd_to_xyz(answers[name][first:], hands.camera)
            values.append(measure(answer, true_mm) if np.isfinite(answer).all() else float("inf"))
        errors[label] = (values[0], values[1])
    return errors


def _reasons(agreement: Agreement, quantize: str) -> list[str]:
    """What makes a file unequal, in words; nothing where it is equal."""
    reasons = []
    if quantize in TOLERANCE_MM:
        allowed = TOLERANCE_MM[quantize]
        for name, value in (("vertices", agreement.vertices_max_mm), ("joints", agreement.joints_max_mm)):
            if not value <= allowed:
                reasons.append(f"{name} differ by up to {value:.3g} mm (allowed: {allowed})")
        if not agreement.confidence_max <= CONFIDENCE_TOLERANCE[quantize]:
            reasons.append(f"confidences by {agreement.confidence_max:.3g} (allowed: {CONFIDENCE_TOLERANCE[quantize]})")
        return reasons
    if not agreement.confidence_mean <= MEAN_CONFIDENCE_TOLERANCE:
        reasons.append(f"confidences by {agreement.confidence_mean:.3g} in the mean (allowed: {MEAN_CONFIDENCE_TOLERANCE})")
    for name, (keras, file) in agreement.errors_mm.items():
        if not file - keras <= ERROR_TOLERANCE_MM:
            reasons.append(f"the mean {name} error grows by {file - keras:.3g} mm (allowed: {ERROR_TOLERANCE_MM})")
    for name, value in (("vertices", agreement.vertices_mean_mm), ("joints", agreement.joints_mean_mm)):
        if not agreement.errors_mm and not value <= ERROR_TOLERANCE_MM:
            reasons.append(f"{name} differ by {value:.3g} mm in the mean (allowed: {ERROR_TOLERANCE_MM})")
        if not np.isfinite(value):
            reasons.append(f"{name} are NaN or infinite")
    return reasons


def _relative(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.nan_to_num(np.abs(found - expected), nan=np.inf, posinf=np.inf).max() / max(np.abs(expected).max(), 1e-6))


def _with_ties_settled(model: HandMeshNet, joints: np.ndarray, expected: dict[str, np.ndarray]) -> np.ndarray:
    """Joints (N, 21, 3) with the expected u, v where theirs lie on an equally high pixel of the expected heat-map.

    Where a heat-map, resized to the image, has several such pixels, as at its border, rounding decides which one
    arg-max finds.
    """
    import keras

    size, images, names = model.input_size, np.arange(len(joints))[:, None], np.arange(joints.shape[1])
    maps = expected["heatmaps"]
    resized = keras.ops.image.resize(maps, (size, size), interpolation="bilinear", data_format="channels_last")
    resized = keras.ops.convert_to_numpy(resized)

    def heights(uvd: np.ndarray) -> np.ndarray:
        pixels = np.floor(np.nan_to_num(uvd[..., :2]) * size + 1e-3).clip(0, size - 1).astype(int)
        return resized[images, pixels[..., 1], pixels[..., 0], names]

    tied = heights(expected["joints_uvd"]) - heights(joints) <= _TIE * np.abs(maps).max()
    tied &= np.isfinite(joints).all(axis=-1)
    return np.where(tied[..., None] & [True, True, False], expected["joints_uvd"], joints)


def main(argv: Sequence[str] | None = None) -> int:
    """Compares; returns the exit status: 1 where the file is not equal to Keras."""
    parser = argparse.ArgumentParser(prog="python -m export.verify", description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path, help=".tflite, .onnx or the folder of a SavedModel")
    parser.add_argument("--weights", default="default", help="that it was made from (default: those in the package)")
    parser.add_argument("--num", type=int, help="rendered hands (default: 16, and 64 for 8 bits)")
    parser.add_argument("--data-dir", type=Path, help="folder of rendered hands (default: renders some)")
    arguments = parser.parse_args(argv)
    try:
        metadata = read_metadata(arguments.file)
        from export.metadata import fingerprint
        from tfhand.models import load_network

        model = load_network(metadata["preset"], arguments.weights, joint_readout=metadata["joint_readout"])
        if fingerprint(model) != metadata["weights_sha256"]:
            raise ValueError(f"--weights: {arguments.file} was made from others than {arguments.weights!r}.")
        print(f"{arguments.file}: {verify(model, arguments.file, metadata['quantize'], arguments.num, arguments.data_dir)}")
    except (ValueError, OSError, ModuleNotFoundError, ExportError, KernelError) as error:
        print(f"export.verify: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""MediaPipe's palm detector and handedness, run from the model files in its package."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tfhand.inference.detector import Detection, check_side

_PALM, _LANDMARKS = "palm_detection/palm_detection_full.tflite", "hand_landmark/hand_landmark_full.tflite"
_INSTALL = (
    "the detector of mediapipe needs the model files in that package's wheels up to 0.10.21; they run without the rest "
    "of it: pip install --no-deps mediapipe==0.10.21. Or take the detector scan."
)
#: Cells a side and anchors in each of the palm detector's two grids.
_GRIDS = ((24, 2), (12, 6))
#: From a palm's box to its hand's square: sides of the square, and its shift towards the fingers, over the palm's side.
_HAND_SIDES, _HAND_SHIFT = 2.6, 0.5
#: Side of the box given to the estimator over that square, which is made for turned crops and has room to spare.
_BOX_SIDES = 0.9
_WRIST, _MIDDLE = 0, 2  # of the palm's seven key points


class MediaPipeDetector:
    """Finds the palm, turns a square around its hand upright, and has the landmark model name the side.

    The model files are run with LiteRT (`ai_edge_litert` where installed, else TensorFlow's own). MediaPipe's Python
    code is not imported, so the versions of numpy and protobuf that it is tied to do not matter.

    Args:
        min_score: a palm needs at least this score.

    Raises:
        ImportError: the model files are not installed; the message says what to install.

    References:
        Zhang et al., "MediaPipe Hands: On-device Real-time Hand Tracking", 2020. Anchors and the square around the
        hand as in the package's `palm_detection_cpu.pbtxt` and `palm_detection_detection_to_roi.pbtxt`.
    """

    def __init__(self, min_score: float = 0.5):
        folder = _models()
        if folder is None:
            raise ImportError(_INSTALL)
        self.min_score = min_score
        self._palm, self._landmarks = (_interpreter(folder / name) for name in (_PALM, _LANDMARKS))
        self._anchors = palm_anchors()

    @staticmethod
    def is_installed() -> bool:
        """Whether the model files are there."""
        return _models() is not None

    def __call__(self, image: np.ndarray, side: str = "auto") -> Detection | None:
        """See `tfhand.inference.detector.HandDetector`."""
        check_side(side)
        found = self._find_palm(image)
        if found is None:
            return None
        score, low, extent, points = found
        up = points[_MIDDLE] - points[_WRIST]
        up = up / max(np.linalg.norm(up), 1e-6)
        palm = extent.max()
        centre, size = low + extent / 2 + _HAND_SHIFT * palm * up, _HAND_SIDES * palm
        if side == "auto":
            side = "right" if self._is_right(image, centre, size, up) else "left"
        half = _BOX_SIDES * size / 2
        return Detection(np.array([*(centre - half), 2 * half, 2 * half], np.float32), side, score)

    def _find_palm(self, image: np.ndarray) -> tuple[float, np.ndarray, np.ndarray, np.ndarray] | None:
        """Score, corner (2,), width and height (2,) and key points (7, 2) in pixels of the likeliest palm."""
        side = self._palm.get_input_details()[0]["shape"][1]
        factor = side / max(image.shape[:2])
        inner = [max(round(length * factor), 1) for length in image.shape[1::-1]]
        pad = [(side - length) // 2 for length in inner]
        square = np.zeros((side, side, 3), np.float32)
        small = cv2.resize(image, inner, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
        square[pad[1] : pad[1] + inner[1], pad[0] : pad[0] + inner[0]] = small / np.float32(255)
        boxes, logits = sorted(_run(self._palm, square[None]), key=lambda output: -output.shape[-1])
        best = int(logits[0, :, 0].argmax())
        score = float(1 / (1 + np.exp(-np.clip(logits[0, best, 0], -100, 100))))
        if score < self.min_score:
            return None
        values = boxes[0, best].reshape(-1, 2) / side
        values[[0, *range(2, len(values))]] += self._anchors[best]
        pixels = (values * side - pad) / factor
        extent = values[1] * side / factor
        return score, pixels[0] - extent / 2, extent, pixels[2:]

    def _is_right(self, image: np.ndarray, centre: np.ndarray, size: float, up: np.ndarray) -> bool:
        side = self._landmarks.get_input_details()[0]["shape"][1]
        across = np.array([-up[1], up[0]])  # of the upright square, in the picture
        linear = np.stack([across, -up]) * (side / size)
        matrix = np.column_stack([linear, side / 2 - linear @ centre])
        crop = cv2.warpAffine(image, matrix, (side, side)).astype(np.float32) / 255
        outputs = _run(self._landmarks, crop[None])
        # Presence and handedness, in this order; near 1 is what MediaPipe calls left in the mirrored pictures that it
        # expects, so a right hand in one that is not mirrored.
        _, handedness = (float(output.ravel()[0]) for output in outputs if output.size == 1)
        return handedness > 0.5


def palm_anchors() -> np.ndarray:
    """Centres (2016, 2) float32, x and y in 0..1, that the palm detector's outputs count from."""
    grids = []
    for cells, repeats in _GRIDS:
        middles = (np.arange(cells) + 0.5) / cells
        y, x = np.meshgrid(middles, middles, indexing="ij")
        grids.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), repeats, axis=0))
    return np.concatenate(grids).astype(np.float32)


def _models() -> Path | None:
    """The folder of MediaPipe's models; None where it is not installed or comes without them."""
    spec = importlib.util.find_spec("mediapipe")
    for place in (spec.submodule_search_locations if spec is not None else None) or ():
        folder = Path(place) / "modules"
        if all((folder / name).is_file() for name in (_PALM, _LANDMARKS)):
            return folder
    return None


def _interpreter(path: Path) -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        from tensorflow.lite import Interpreter
    interpreter = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    return interpreter


def _run(interpreter: Any, values: np.ndarray) -> list[np.ndarray]:
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
    interpreter.invoke()
    return [interpreter.get_tensor(output["index"]) for output in interpreter.get_output_details()]

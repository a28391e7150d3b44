"""Errors of a network on a fixed set of hands, while it trains."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import keras
import numpy as np

from tfhand.constants import SIGN_LOGITS
from tfhand.data.batches import Batch
from tfhand.metrics import SIGN_FIGURES, MeshErrorMM, PoseErrorMM, sign_figures
from trainers.depth_maps import predicted_surface
from trainers.model import forward_of
from trainers.pictures import contact_sheet

#: Figures by what a stage trains: the other outputs of the network mean nothing yet.
FIGURES = {
    "heatmap": ("joint_uv_error_px",),
    "pose": ("pose_from_true_mesh_error_mm",),
    "full": ("mesh_error_mm", "pose_error_mm", "joint_uv_error_px"),
}


def figures_of(kind: str, labels: Iterable[str], outputs: Iterable[str]) -> tuple[str, ...]:
    """Names of the figures that a stage of `kind` can be judged by, with such `labels` and `outputs` of the network."""
    has_meshes = "vertices_uvd" in labels and "vertices_uvd" in outputs
    figures = tuple(name for name in FIGURES[kind] if name != "mesh_error_mm" or has_meshes)
    return figures + SIGN_FIGURES if kind == "full" and SIGN_LOGITS in outputs else figures


class Validator:
    """Runs a network on the validation set.

    Args:
        network: what is validated; only its inference is used.
        batches: plain crops, see `tfhand.data.batches`.
        faces: (F, 3) triangles of the network mesh, for pictures.
        kind: which figures a stage can be judged by: heatmap, pose or full.
        num_pictures: samples to draw; 0 draws none.
        negatives: batches (B, S, S, 3) uint8 of crops without a hand, for a network that tells; None for others.
    """

    def __init__(
        self,
        network: keras.Model,
        batches: Sequence[Batch],
        faces: np.ndarray,
        kind: str,
        num_pictures: int,
        negatives: Sequence[np.ndarray] | None = None,
    ):
        self.network = network
        self.batches = batches
        self.faces = faces
        self.kind = kind
        self.num_pictures = num_pictures
        self.negatives = negatives
        self.true = {key: np.concatenate([labels[key] for _, labels in batches]) for key in batches[0][1]}
        self.model = forward_of(network, kind)

    def run(self) -> tuple[dict[str, float], np.ndarray | None]:
        """Returns the figures by name, and a picture (H, W, 3) uint8 RGB if any is wanted and possible."""
        outputs = [self._predict(images, labels) for images, labels in self.batches]
        pred = {key: np.concatenate([output[key] for output in outputs]) for key in outputs[0]}
        names = figures_of(self.kind, self.true, self.network.output)
        figures = {name: self._figure(name, pred) for name in names if name not in SIGN_FIGURES}
        if SIGN_LOGITS in pred:
            figures |= sign_figures(pred[SIGN_LOGITS], *self._other_signs())
        return figures, self._picture(pred) if self.num_pictures and self.kind != "pose" else None

    def _predict(self, images: np.ndarray, labels: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        if self.kind == "pose":
            return {"joints_uvd": _array(self.model.predict(labels["vertices_uvd"], verbose=0))}
        outputs = self.model.predict(images.astype(np.float32) / 255.0, verbose=0)
        last = max(key for key in outputs if key.startswith("heatmaps_"))
        wanted = {"joints_uv": peaks(_array(outputs[last]))}
        if self.kind == "full":
            wanted |= {key: _array(outputs[key]) for key in ("vertices_uvd", "joints_uvd", SIGN_LOGITS) if key in outputs}
        return wanted

    def _other_signs(self) -> tuple[np.ndarray, np.ndarray]:
        """Logits (N, 2) of the validation crops in a mirror, and of crops without a hand."""
        mirrored = [images[:, :, ::-1] for images, _ in self.batches]
        return tuple(
            np.concatenate([_array(self.model.predict(np.float32(images) / 255, verbose=0)[SIGN_LOGITS]) for images in crops])
            for crops in (mirrored, self.negatives)
        )

    def _figure(self, name: str, pred: dict[str, np.ndarray]) -> float:
        if name == "joint_uv_error_px":
            distances = np.linalg.norm(pred["joints_uv"] - self.true["joints_uvd"][..., :2], axis=-1)
            return float(distances.mean() * self.batches[0][0].shape[1])
        metric = MeshErrorMM() if name == "mesh_error_mm" else PoseErrorMM()
        metric.update_state(self.true, pred)
        return float(metric.result())

    def _picture(self, pred: dict[str, np.ndarray]) -> np.ndarray:
        images = np.concatenate([images for images, _ in self.batches])[: self.num_pictures]
        joints = pred["joints_uvd"][..., :2] if self.kind == "full" else pred["joints_uv"]
        return contact_sheet(
            images,
            true_joints=self.true["joints_uvd"][..., :2],
            true_vertices=self.true.get("vertices_uvd"),
            joints=joints,
            vertices=pred.get("vertices_uvd"),
            faces=self.faces,
            depth_maps=self._depth_maps(pred),
        )

    def _depth_maps(self, pred: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray] | None:
        """Measured and rendered depth maps (N, S, S) of the samples in the picture, where there are both."""
        if "depth_map" not in self.true or "vertices_uvd" not in pred:
            return None
        measured = self.true["depth_map"][: self.num_pictures]
        vertices, camera = (values[: self.num_pictures] for values in (pred["vertices_uvd"], self.true["camera"]))
        return measured, _array(predicted_surface(vertices, camera, self.faces, measured.shape[1])["depth_map"])


def peaks(heatmaps: np.ndarray) -> np.ndarray:
    """Where each heat-map is highest.

    Args:
        heatmaps: (B, h, w, J).

    Returns:
        (B, J, 2) `u, v` in 0..1 across the crop, centres of cells.
    """
    batch, height, width, joints = heatmaps.shape
    places = heatmaps.reshape(batch, height * width, joints).argmax(axis=1)
    return np.stack([(places % width + 0.5) / width, (places // width + 0.5) / height], axis=-1).astype(np.float32)


def _array(value) -> np.ndarray:
    return keras.ops.convert_to_numpy(keras.ops.cast(value, "float32"))

"""A 3D hand from one photograph."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from tfhand.constants import DEFAULT_HAND_SCALE_MM, ROOT_JOINT, SIDES
from tfhand.data.joint_adapters import joint_adapter
from tfhand.geometry import (
    axis_depth,
    default_intrinsics,
    mirror_uvd,
    square_box,
    uvd_to_xyz,
    validate_box,
    validate_intrinsics,
    whole_image_box,
)
from tfhand.inference.confidence import joint_confidence
from tfhand.inference.placement import bone_proportions, root_depth_in_scales
from tfhand.inference.result import HandResult
from tfhand.inference.signs import presence_of, side_shares
from tfhand.inference.view import network_view
from tfhand.io import read_image, to_rgb_uint8

if TYPE_CHECKING:
    from tfhand.mesh import HandTemplate
    from tfhand.models import HandMeshNet


class HandEstimator:
    """Runs a network on photographs and brings its answers to millimetres and pixels.

    Args:
        model: the network, for example `HandMeshNet.from_preset("mobile", weights="default")`.
        template: the hand whose mesh the network predicts. None takes the mesh from the network; what an average hand's
            bones are like always comes from a template with a rig, the package's where this one has none.

    Attributes:
        faces: (F, 3) int32 triangles of the network's mesh.
        bone_proportions: (20,) lengths of an average hand's bones in hand scales, in the order of `tfhand.constants.BONES`.
        default_scale_mm: hand scale of an average hand, as the network's joints define it.

    Raises:
        ValueError: network and template have different numbers of vertices, or the network predicts joints alone.

    Example:
        >>> estimator = HandEstimator.from_preset("mobile")
        >>> hand = estimator("photo.jpg", side="right")
        >>> hand.vertices_mm.shape, hand.joints_uv.shape
    """

    def __init__(self, model: HandMeshNet, template: HandTemplate | None = None):
        if not hasattr(model, "num_vertices"):
            raise ValueError(f"model: expected one that predicts a mesh, got {type(model).__name__}, which has joints alone.")
        if template is not None and model.num_vertices != template.num_vertices:
            raise ValueError(
                f"template: expected one of {model.num_vertices} vertices, as the network predicts, "
                f"got {template.num_vertices}."
            )
        self.model = model
        self.faces = np.asarray((model if template is None else template).faces, np.int32)
        adapter = joint_adapter(model.joint_definition)
        self.bone_proportions = bone_proportions(adapter.to_dataset(_average_joints(template)))
        self.default_scale_mm = DEFAULT_HAND_SCALE_MM / adapter.scale_ratio

    @classmethod
    def from_preset(
        cls,
        name: str | None = None,
        weights: str | os.PathLike[str] | None = "default",
        joint_readout: str | None = None,
        template: HandTemplate | None = None,
    ) -> HandEstimator:
        """Builds the network of a preset and loads its weights, or loads a whole network.

        Args:
            name: preset of `tfhand.models`; None is "mobile", or with a `.keras` file whatever is in it.
            weights: "default" for the ones that come with the package, the path of a weight file, or that of a whole
                network (`.keras`), which holds its own hand.
            joint_readout: "mesh" or "heatmap"; None takes the preset's.
            template: the hand; None takes the one that comes with the package, or with the network.

        Raises:
            ValueError: an unknown preset or read-out, or weights that do not fit.
            FileNotFoundError: the weights are not there.
        """
        from tfhand.models import load_network

        return cls(load_network(name, weights, template, joint_readout), template)

    def __call__(
        self,
        image: np.ndarray | str | os.PathLike[str],
        box: np.ndarray | None = None,
        side: str = "auto",
        camera: np.ndarray | None = None,
        root_depth_mm: float | None = None,
        hand_scale_mm: float | None = None,
    ) -> HandResult:
        """Estimates one hand. Everything but the image is optional, and what was assumed is in the result.

        Args:
            image: (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) uint8, uint16 or float 0..1, RGB; or a file's path.
            box: (4,) `x, y, w, h` around the hand in pixels, best with a margin of about a quarter of the hand
                on every side; made square around its centre. None takes the whole image.
            side: "right", "left", or "auto": the network runs on the photograph and on its mirror image, and
                the side that it takes it for is kept; if it was not trained to tell, the side whose joints are seen
                more sharply.
            camera: (4,) intrinsics `fx, fy, u0, v0` in pixels. None assumes a field of view of 60 degrees.
            root_depth_mm: distance of the wrist along the optical axis. None finds the one at which the bones
                have the proportions of an average hand.
            hand_scale_mm: length of the middle finger's MCP-PIP bone. None takes an average hand's, or, where
                `root_depth_mm` is given, the one that fits.

        Returns:
            The hand in the camera frame.

        Raises:
            ValueError: an image, box, side, camera, depth or scale that can't be used; the message says why.
            OSError: the file can't be read.
        """
        image = read_image(image) if isinstance(image, (str, os.PathLike)) else to_rgb_uint8(image)
        size = image.shape[1::-1]
        given = {"box": box, "camera": camera, "root_depth_mm": root_depth_mm, "hand_scale_mm": hand_scale_mm}
        assumed = {name for name, value in given.items() if value is None}
        check_given(camera, root_depth_mm, hand_scale_mm)
        if side == "auto":
            assumed.add("side")
        elif side not in SIDES:
            raise ValueError(f"side: expected one of {', '.join(SIDES)}, auto, got {side!r}.")
        box = whole_image_box(size) if box is None else square_box(validate_box(_four("box", box), size))
        intrinsics = default_intrinsics(size) if camera is None else _four("camera", camera)
        sides = SIDES if side == "auto" else (side,)
        known = self.model.hand_side
        views = [network_view(image, box, one, intrinsics, self.model.input_size, known, self.model.depth_axis) for one in sides]
        crops, cameras = zip(*views)
        outputs = self.run(np.stack(crops))
        seen = joint_confidence(last_heatmaps(outputs), self.model.heatmap_kind)
        plausible, presence = side_shares(outputs, seen.mean(axis=1)), presence_of(outputs)
        best = int(plausible.argmax())
        side = sides[best]
        vertices, joints = outputs["vertices_uvd"][best], outputs["joints_uvd"][best]
        cam = cameras[best].copy()
        depth, scale = self._depth_and_scale(joints, cam, root_depth_mm, hand_scale_mm)
        cam[4:6] = depth * axis_depth(joints[ROOT_JOINT], cam), scale
        flip = np.array([1 if side == known else -1, 1, 1], np.float32)
        joints_uv = (joints if side == known else mirror_uvd(joints))[:, :2]
        return HandResult(
            vertices_mm=uvd_to_xyz(vertices, cam) * flip,
            faces=self.faces if side == known else np.ascontiguousarray(self.faces[:, ::-1]),
            joints_mm=uvd_to_xyz(joints, cam) * flip,
            joints_uv=(joints_uv * box[2:] + box[:2]).astype(np.float32),
            side=side,
            box=box,
            intrinsics=np.asarray(intrinsics, np.float32),
            root_depth_mm=float(depth),
            hand_scale_mm=float(scale),
            confidence=float(seen[best].mean()),
            joint_confidence=seen[best],
            presence=None if presence is None else float(presence[best]),
            side_confidence={one: float(value) for one, value in zip(sides, plausible)},
            assumed=tuple(sorted(assumed)),
        )

    def run(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """What the network says of crops as it takes them (`tfhand.inference.view.network_view`).

        Args:
            images: (B, S, S, 3) uint8 RGB.

        Returns:
            Its outputs, float32, crop-normalised.

        Raises:
            ValueError: an output is not finite.
        """
        outputs = self.model.predict_on_batch(images.astype(np.float32) / np.float32(255))
        outputs = {name: np.asarray(value, np.float32) for name, value in outputs.items()}
        wrong = [name for name, value in outputs.items() if not np.isfinite(value).all()]
        if wrong:
            raise ValueError(f"weights: expected a network with finite outputs, got NaN or infinity in {', '.join(wrong)}.")
        return outputs

    def _depth_and_scale(
        self, joints: np.ndarray, camera: np.ndarray, root_depth_mm: float | None, hand_scale_mm: float | None
    ) -> tuple[float, float]:
        if root_depth_mm is not None and hand_scale_mm is not None:
            return root_depth_mm, hand_scale_mm
        ratio = root_depth_in_scales(joints, camera, self.bone_proportions) / axis_depth(joints[ROOT_JOINT], camera)
        if root_depth_mm is not None:
            return root_depth_mm, root_depth_mm / ratio
        scale = self.default_scale_mm if hand_scale_mm is None else hand_scale_mm
        return scale * ratio, scale


def check_given(camera: Any = None, root_depth_mm: Any = None, hand_scale_mm: Any = None) -> None:
    """Looks at what may be given beside an image, before long work.

    Raises:
        ValueError: intrinsics or a length that no camera and no hand has; the message names it.
    """
    if camera is not None:
        validate_intrinsics(_four("camera", camera))
    for name, value in (("root_depth_mm", root_depth_mm), ("hand_scale_mm", hand_scale_mm)):
        if value is not None and not _is_length(value):
            raise ValueError(f"{name}: expected a positive length in mm, got {value!r}.")


def _average_joints(template: HandTemplate | None) -> np.ndarray:
    """(21, 3) mm: an average hand's joints, by this package's definition, in the template's frame."""
    from tfhand.mesh import HandTemplate

    if template is None or template.rig is None:
        template = HandTemplate.load()
    return template.pose().joints


def _is_length(value: Any) -> bool:
    try:
        return bool(np.isfinite(value) and value > 0)
    except (TypeError, ValueError):  # no number at all, as a hint's file may have it
        return False


def _four(name: str, values: Any) -> np.ndarray:
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: expected 4 numbers, got {values!r}.") from None
    if array.shape != (4,):
        raise ValueError(f"{name}: expected 4 numbers, got shape {array.shape}.")
    return array


def last_heatmaps(outputs: dict[str, np.ndarray]) -> np.ndarray:
    """The heat-maps (B, h, w, 21) of the last stack among a network's outputs."""
    return outputs[max(name for name in outputs if name.startswith("heatmaps_"))]

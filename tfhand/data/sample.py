"""One annotated hand image, and its form as bytes in a shard.

Pixel coordinates are continuous: the image spans 0..W and 0..H, the centre of the pixel in column i lies at i + 0.5.
"""
from __future__ import annotations

import dataclasses
import json
from typing import Any

import cv2
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from tfhand.constants import NUM_JOINTS, SIDES
from tfhand.geometry import root_depth_and_scale, validate_box, validate_intrinsics

JPEG_QUALITY = 95
DEPTH_STEP_MM = 0.1  # 16 bits reach 6.5 m
#: Steps of the depth of what is not the hand; coarser, since no network is measured on it.
OTHER_DEPTH_STEP_MM = 0.5
_FORMAT = "tfhand.sample.1"
#: Entry of `HandSample.extras`: how many hands the image shows, where it may be more than the one that is labelled.
HANDS_SEEN = "hands_seen"
#: Labels of every pixel.
MASKS = ("alpha", "hand_alpha")
PIXEL_FIELDS = (*MASKS, "depth_mm", "scene_depth_mm")
#: Facts that stand in the record's header.
_HEADER = ("side", "seed", "name")
#: A mask of 0 and 1 whose ones are more than this share of it isn't one with some last traces of a hand.
_LIKELY_MASK = 1e-3
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
#: Fast, and of the fast ways the smallest: masks as they are, depth as what it differs by from the row above.
_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE, cv2.IMWRITE_PNG_FILTER]
_MASK = [*_PNG, cv2.IMWRITE_PNG_FILTER_NONE]
_DEPTH = [*_PNG, cv2.IMWRITE_PNG_FILTER_UP]


@dataclasses.dataclass
class HandSample:
    """One hand in one image.

    Attributes:
        image: `(H, W, 3)` uint8, RGB.
        intrinsics: `(4,)` float32, `fx, fy, u0, v0` in pixels of `image`.
        box: `(4,)` float32, the crop `x, y, w, h` in pixels of `image`; it may reach beyond the image.
        side: which hand the image shows, "right" or "left".
        joints_mm: `(21, 3)` float32, camera frame (x right, y down, z forward), as `constants.JOINT_NAMES`.
        vertices_mm: `(V, 3)` float32 network-mesh vertices in the camera frame, or None where the set has no meshes.
        alpha: `(H, W)` uint8, 255 where the background is hidden: by the hand, its arm, and what is about them; or None.
        hand_alpha: `(H, W)` uint8, 255 where the hand itself is seen, up to a little behind the wrist, or None.
        depth_mm: `(H, W)` float32, z of the hand's surface where it is seen, 0 elsewhere, or None.
        scene_depth_mm: `(H, W)` float32, z of all that is in the scene, 0 where nothing was measured, or None. Equal to
            `depth_mm` where that isn't 0. In renders it holds what hides the background (0 elsewhere), in what a depth
            camera took the background too.
        joint_visible: `(21,)` bool, the skin around the joint is what its pixel shows (`rendering.joint_visibility` has
            the definition), or None.
        seed: the seed the sample was rendered from, or None for photographs.
        name: identifies the sample within its dataset.
        root_depth_mm: z of the wrist that the protocol gives; from `joints_mm` where the dataset gives none.
        hand_scale_mm: length of the middle finger's MCP-PIP bone that the protocol gives; from `joints_mm` likewise.
        extras: further facts (shape weights, joint angles, ...): numpy arrays, numbers, strings.
        pseudo_vertices_mm: like `vertices_mm`, but a network's guess, or None. `encode` doesn't store it.
    """

    image: np.ndarray
    intrinsics: np.ndarray
    box: np.ndarray
    side: str
    joints_mm: np.ndarray
    vertices_mm: np.ndarray | None = None
    alpha: np.ndarray | None = None
    hand_alpha: np.ndarray | None = None
    depth_mm: np.ndarray | None = None
    scene_depth_mm: np.ndarray | None = None
    joint_visible: np.ndarray | None = None
    seed: int | None = None
    name: str = ""
    root_depth_mm: float | None = None
    hand_scale_mm: float | None = None
    extras: dict[str, Any] = dataclasses.field(default_factory=dict)
    pseudo_vertices_mm: np.ndarray | None = None

    def __post_init__(self) -> None:
        image, side = self.image, self.side
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(f"image: expected (H, W, 3) uint8, got {image.shape} {image.dtype}.")
        if side not in SIDES:
            raise ValueError(f"side: expected one of {', '.join(SIDES)}, got {side!r}.")
        self.intrinsics = validate_intrinsics(np.asarray(self.intrinsics, np.float32))
        self.box = validate_box(np.asarray(self.box, np.float32))
        self.joints_mm = np.asarray(self.joints_mm, np.float32)
        if self.joints_mm.shape != (NUM_JOINTS, 3) or not np.isfinite(self.joints_mm).all():
            raise ValueError(f"joints_mm: expected finite ({NUM_JOINTS}, 3), got {self.joints_mm.shape}.")
        for name in ("vertices_mm", "pseudo_vertices_mm"):
            if (vertices := getattr(self, name)) is not None:
                vertices = np.asarray(vertices, np.float32)
                if vertices.ndim != 2 or vertices.shape[1] != 3:
                    raise ValueError(f"{name}: expected (V, 3), got {vertices.shape}.")
                setattr(self, name, vertices)
        if self.joint_visible is not None:
            self.joint_visible = np.asarray(self.joint_visible, bool)
            if self.joint_visible.shape != (NUM_JOINTS,):
                raise ValueError(f"joint_visible: expected ({NUM_JOINTS},), got {self.joint_visible.shape}.")
        for name in PIXEL_FIELDS:
            if (value := getattr(self, name)) is not None:
                if value.shape != image.shape[:2]:
                    raise ValueError(f"{name}: expected the image's size {image.shape[:2]}, got {value.shape}.")
                setattr(self, name, _mask(name, value) if name in MASKS else _depth(name, value))
        root_depth, scale = root_depth_and_scale(self.joints_mm)
        self.root_depth_mm = float(root_depth if self.root_depth_mm is None else self.root_depth_mm)
        self.hand_scale_mm = float(scale if self.hand_scale_mm is None else self.hand_scale_mm)


def _mask(name: str, mask: np.ndarray) -> np.ndarray:
    if mask.dtype != np.uint8:
        raise ValueError(f"{name}: expected uint8, 255 on the hand, got {mask.dtype}.")
    return mask


def _depth(name: str, depth: np.ndarray) -> np.ndarray:
    depth = np.asarray(depth, np.float32)
    if not (depth.min(initial=0) >= 0 and depth.max(initial=0) < np.inf):  # neither holds of NaN
        raise ValueError(f"{name}: expected finite z in mm, 0 where there is none, got NaN, infinity or negative ones.")
    return depth


def encode(sample: HandSample) -> bytes:
    """A sample as safetensors bytes: image as JPEG, masks as PNG, depth as 16-bit PNG.

    Depth of the hand has steps of 0.1 mm, that of what else there is, 0 on the hand, of 0.5 mm.

    Args:
        sample: the sample. `extras` may hold numpy arrays, numbers, strings and lists of them.
    Returns:
        The bytes that `decode` reads back; equal samples give equal bytes.
    Raises:
        ValueError: an entry of `extras` is of another kind, or a mask is 1 where it should be 255.
    """
    tensors = {
        "image": _image_bytes(".jpg", cv2.cvtColor(sample.image, cv2.COLOR_RGB2BGR), _JPEG),
        "intrinsics": sample.intrinsics,
        "box": sample.box,
        "joints_mm": sample.joints_mm,
        "protocol": np.array([sample.root_depth_mm, sample.hand_scale_mm], np.float64),
    }
    if sample.vertices_mm is not None:
        tensors["vertices_mm"] = sample.vertices_mm
    for name in MASKS:
        if (mask := getattr(sample, name)) is not None:
            if mask.max(initial=0) == 1 and mask.mean() > _LIKELY_MASK:
                raise ValueError(f"{name}: expected 255 on the hand, got a mask of 0 and 1; multiply it by 255.")
            tensors[name] = _image_bytes(".png", mask, _MASK)
    depth, scene = sample.depth_mm, sample.scene_depth_mm
    if depth is not None:
        tensors["depth"] = _depth_bytes(depth, DEPTH_STEP_MM)
    if scene is not None:
        # What the hand's own map has isn't stored again.
        other = scene if depth is None else np.where(depth > 0, 0, scene)
        tensors["other_depth"] = _depth_bytes(other, OTHER_DEPTH_STEP_MM)
    if sample.joint_visible is not None:
        tensors["joint_visible"] = sample.joint_visible.astype(np.uint8)
    plain = {}
    for key, value in sample.extras.items():
        if isinstance(value, np.ndarray):
            tensors[f"extras.{key}"] = value
        else:
            plain[key] = value.item() if isinstance(value, np.generic) else value
    try:
        facts = json.dumps(plain, sort_keys=True)
    except TypeError as error:
        raise ValueError(f"extras: expected arrays, numbers, strings and lists of them: {error}.") from None
    header = {key: getattr(sample, key) for key in _HEADER}
    # One metadata key only: safetensors writes several in an order that changes from run to run.
    record = json.dumps({"format": _FORMAT, "header": header, "extras": facts}, sort_keys=True)
    try:
        return save({key: np.ascontiguousarray(value) for key, value in tensors.items()}, metadata={"sample": record})
    except SafetensorError as error:
        raise ValueError(f"extras: expected arrays of numbers: {error}.") from None


def decode(
    data: bytes, with_depth: bool = True, with_alpha: bool = True, with_hand_alpha: bool = False
) -> HandSample:
    """The inverse of `encode`, but for what JPEG and the depth's steps cost. What older files don't have is None.

    Args:
        data: bytes of one sample.
        with_depth: False leaves `depth_mm`, `scene_depth_mm` and `hand_alpha` None and saves their decoding, for
            training that does not use them.
        with_alpha: likewise for `alpha`.
        with_hand_alpha: True decodes `hand_alpha` whatever `with_depth` says.
    Raises:
        ValueError: the bytes are not a sample, or one of its pictures is damaged.
    """
    try:
        size = int.from_bytes(data[:8], "little")
        record = json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["sample"])
        tensors = load(data)
        written, extras, header = record["format"], json.loads(record["extras"]), {key: record["header"][key] for key in _HEADER}
        root_depth, scale = tensors["protocol"].tolist()
        known = {name: tensors[name] for name in ("intrinsics", "box", "joints_mm")}
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"data: expected an encoded sample, got {len(data)} other bytes: {error}.") from None
    if written != _FORMAT:
        raise ValueError(f"data: expected format {_FORMAT}, got {written}.")
    pixels: dict[str, np.ndarray | None] = {}
    for name, wanted in zip(MASKS, (with_alpha, with_depth or with_hand_alpha)):
        if wanted and name in tensors:
            pixels[name] = _picture(tensors, name, cv2.IMREAD_GRAYSCALE)
    if with_depth:
        depth, other = _depth_mm(tensors, "depth", DEPTH_STEP_MM), _depth_mm(tensors, "other_depth", OTHER_DEPTH_STEP_MM)
        pixels["depth_mm"] = depth
        pixels["scene_depth_mm"] = other if depth is None or other is None else depth + other
    visible = tensors.get("joint_visible")
    extras.update({key.removeprefix("extras."): value for key, value in tensors.items() if key.startswith("extras.")})
    return HandSample(
        image=_picture(tensors, "image", cv2.IMREAD_COLOR_RGB),
        **known,
        vertices_mm=tensors.get("vertices_mm"),
        **pixels,
        joint_visible=None if visible is None else visible.astype(bool),
        root_depth_mm=root_depth,
        hand_scale_mm=scale,
        extras=extras,
        **header,
    )


def _depth_bytes(depth_mm: np.ndarray, step_mm: float) -> np.ndarray:
    return _image_bytes(".png", np.clip(np.rint(depth_mm / step_mm), 0, 65535).astype(np.uint16), _DEPTH)


def _depth_mm(tensors: dict[str, np.ndarray], name: str, step_mm: float) -> np.ndarray | None:
    if name not in tensors:
        return None
    return _picture(tensors, name, cv2.IMREAD_UNCHANGED).astype(np.float32) * np.float32(step_mm)


def _picture(tensors: dict[str, np.ndarray], name: str, flags: int) -> np.ndarray:
    """One of a record's pictures. OpenCV gives None for a damaged one, which would pass for a label that is not there."""
    data = tensors.get(name, np.zeros(0, np.uint8))
    picture = cv2.imdecode(data, flags) if data.dtype == np.uint8 and len(data) else None
    if picture is None:
        raise ValueError(f"data: expected {name} as a whole picture, got {len(data)} bytes that OpenCV can't decode.")
    return picture


def _image_bytes(extension: str, image: np.ndarray, options: list[int]) -> np.ndarray:
    done, data = cv2.imencode(extension, image, options)
    if not done:
        raise ValueError(f"image of shape {image.shape} and dtype {image.dtype} cannot be stored as {extension}.")
    return data

"""From an annotated image to what the network sees: crop, mirror, turn, recolour, with labels that follow exactly.

Geometry: turning the crop by an angle about its centre `c` is what the same hand gives in a camera that is
rolled by that angle about its optical axis and whose principal point `p` has moved to `c + R (p - c)`. So the
labels are turned in space, `xyz' = R_z xyz`, the intrinsics' principal point in the image, and every projected
point meets its pixel again. That needs equal focal lengths; where crops are turned, an image with `fx != fy` is stretched to
`fy = fx` first. Plain crops leave it as it is.
"""
from __future__ import annotations

import dataclasses
from typing import Protocol

import cv2
import numpy as np

from tfhand.constants import CANONICAL_SIDE, DEPTH_AXES, ROOT_JOINT
from tfhand.data.cover_arm import cover_arm
from tfhand.data.depth_noise import DepthNoiseConfig, sense_hand
from tfhand.data.photometric import PhotometricConfig, blend_background, check_shares, erase, recolour
from tfhand.data.sample import PIXEL_FIELDS, HandSample
from tfhand.geometry import camera_vector, project, square_box, xyz_to_uvd

#: What fills the part of an evaluation crop that lies beyond the image.
PAD_VALUE = 127


class Backgrounds(Protocol):
    """Where pictures to put behind a hand come from."""

    def sample(self, rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
        """A picture `(height, width, 3)` uint8 RGB of `size` (height, width)."""


@dataclasses.dataclass(frozen=True)
class AugmentConfig:
    """How training crops vary. Ranges are uniform.

    Attributes:
        rotation_deg: largest in-plane turn, either way, degrees. Renders already come at every roll; raise it for
            photographs, which are mostly upright.
        scale: range of the crop's side, in sides of the sample's box. Wider than the boxes at test time vary.
        shift: largest shift of the crop along each axis, in sides of the box.
        background_probability: share of the samples whose background is exchanged (needs `alpha` and a pool).
        reflect_probability: share of the crops that continue an image beyond its border by reflection; the others
            are padded with grey, as at test time.
        erase_probability: share of the crops with a few patches blotted out, so that hidden fingers are inferred.
        cover_arm_probability: share of the crops in which nothing is seen of the arm (`cover_arm`), as where a box is tight.
        photometric: how colours, sharpness and noise vary.
    """

    rotation_deg: float = 45.0
    scale: tuple[float, float] = (0.85, 1.2)
    shift: float = 0.08
    background_probability: float = 0.5
    reflect_probability: float = 0.7
    erase_probability: float = 0.2
    cover_arm_probability: float = 0.0
    photometric: PhotometricConfig = dataclasses.field(default_factory=PhotometricConfig)

    def __post_init__(self) -> None:
        check_shares(self)
        for name in ("rotation_deg", "shift"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ValueError(f"{name}: expected at least 0, got {getattr(self, name)}.")
        if len(self.scale) != 2 or not 0 < self.scale[0] <= self.scale[1] < np.inf:
            raise ValueError(f"scale: expected two numbers above 0, the smaller one first, got {tuple(self.scale)}.")


def mirror(sample: HandSample) -> HandSample:
    """The same scene in a mirror: image, labels, box, intrinsics and side. Twice gives the sample back.

    This is the one place where left hands become right ones (or the other way round, for a network that knows left ones).
    """
    width = sample.image.shape[1]
    x, y, w, h = sample.box
    fx, fy, u0, v0 = sample.intrinsics
    flip = np.array([-1, 1, 1], np.float32)
    return dataclasses.replace(
        sample,
        image=cv2.flip(sample.image, 1),
        intrinsics=np.array([fx, fy, width - u0, v0], np.float32),
        box=np.array([width - x - w, y, w, h], np.float32),
        side="left" if sample.side == "right" else "right",
        joints_mm=sample.joints_mm * flip,
        vertices_mm=None if sample.vertices_mm is None else sample.vertices_mm * flip,
        pseudo_vertices_mm=None if sample.pseudo_vertices_mm is None else sample.pseudo_vertices_mm * flip,
        **{name: cv2.flip(getattr(sample, name), 1) for name in PIXEL_FIELDS if getattr(sample, name) is not None},
    )


def crop(
    sample: HandSample,
    size: int,
    config: AugmentConfig | None = None,
    rng: np.random.Generator | None = None,
    backgrounds: Backgrounds | None = None,
    hand_side: str = CANONICAL_SIDE,
    depth_size: int | None = None,
    depth_noise: DepthNoiseConfig | None = None,
    depth_axis: str = DEPTH_AXES[0],
) -> dict[str, np.ndarray | bool]:
    """What the network sees of a sample: a square crop of the hand side that it knows.

    Args:
        sample: the annotated image. A box that is not square is made so around its centre (its longer side counts).
        size: side of the crop, pixels.
        config: how to augment; None gives the plain crop for evaluation.
        rng: source of the augmentation's randomness; needed with `config`.
        backgrounds: where other backgrounds come from, such as `tfhand.rendering.background.BackgroundSource`.
        hand_side: "right" or "left"; hands of the other side are mirrored.
        depth_size: side of a depth map of the crop, pixels; 32 is what the paper's depth loss compares with. None for
            no map.
        depth_noise: the sensor that this map comes from; None for exact depth. Needs `rng`.
        depth_axis: what `d` runs along, "camera" or "crop" (`tfhand.geometry.camera`).

    Returns:
        Dictionary of `image` `(size, size, 3)` uint8, `joints_uvd` `(21, 3)` float32, `camera` `(7,)` float32 (see
        `tfhand.geometry`), `side_mirrored` bool, and, where the sample has them, `vertices_uvd` and
        `pseudo_vertices_uvd` `(V, 3)` float32,
        `joint_visible` `(21,)` bool (`False` outside of the crop too), `alpha` and `hand_alpha` `(size, size)` uint8,
        `depth_mm` and `scene_depth_mm` `(size, size)` float32, `depth_map` `(depth_size, depth_size)` float32.

        Depth maps take the value of the pixel nearest to each of their own pixels' centres, so hand and background, or
        two fingers, never mix, and a mesh rasterised with the crop's camera at their size gives the same.
        `depth_map` is of the hand alone, mm, 0 where it isn't seen or measured.

    Raises:
        ValueError: `size` or `depth_size` below 1, `config` or `depth_noise` without `rng`, or an unknown axis.
    """
    if size < 1:
        raise ValueError(f"size: expected at least 1 pixel, got {size}.")
    if depth_size is not None and depth_size < 1:
        raise ValueError(f"depth_size: expected at least 1 pixel, got {depth_size}.")
    if (config is not None or depth_noise is not None) and rng is None:
        raise ValueError("rng: expected a numpy Generator to go with config and depth_noise, got None.")
    if depth_axis not in DEPTH_AXES:
        raise ValueError(f"depth_axis: expected one of {DEPTH_AXES}, got {depth_axis!r}.")
    mirrored = sample.side != hand_side
    if mirrored:
        sample = mirror(sample)
    view = _View.plain(sample) if config is None else _View.random(sample, config, rng)
    reflect = config is not None and rng.random() < config.reflect_probability
    matrix = view.matrix(size)
    image = _warp(sample.image, matrix, size, cv2.BORDER_REFLECT_101 if reflect else cv2.BORDER_CONSTANT, PAD_VALUE)
    result = view.labels(sample, depth_axis)
    result["side_mirrored"] = mirrored
    for name in PIXEL_FIELDS:
        if (labels := getattr(sample, name)) is not None:
            method = cv2.INTER_NEAREST if labels.dtype == np.float32 else cv2.INTER_LINEAR
            result[name] = _warp(labels, matrix, size, cv2.BORDER_CONSTANT, 0, method)
    if config is not None:
        if backgrounds and sample.alpha is not None and rng.random() < config.background_probability:
            image = blend_background(image, result["alpha"], backgrounds.sample(rng, (size, size)))
        image = recolour(image, config.photometric, rng)
        if rng.random() < config.erase_probability:
            image = erase(image, rng)
        if config.cover_arm_probability > 0 and rng.random() < config.cover_arm_probability:
            image = cover_arm(image, result["joints_uvd"][:, :2], rng, PAD_VALUE)
    result["image"] = image
    if depth_size is not None and sample.depth_mm is not None:
        # Drawn last: an image is the same with and without its depth.
        depth = sample.depth_mm
        if depth_noise is not None:
            depth, _ = sense_hand(depth, sample.scene_depth_mm, sample.intrinsics, depth_noise, rng)
        matrix = view.matrix(depth_size)
        result["depth_map"] = _warp(depth, matrix, depth_size, cv2.BORDER_CONSTANT, 0, cv2.INTER_NEAREST)
    return result


@dataclasses.dataclass(frozen=True)
class _View:
    """A square crop of an image: `uv = R diag(1, stretch) (point - centre) / side + 0.5`."""

    centre: np.ndarray  # (2,) pixels of the image
    side: float  # pixels of the stretched image
    angle: float  # rad, from the image's x towards its y axis
    stretch: float  # of the v axis

    @classmethod
    def plain(cls, sample: HandSample) -> _View:
        x, y, side, _ = square_box(sample.box.astype(np.float64)).astype(np.float64)
        return cls(np.array([x + side / 2, y + side / 2]), float(side), 0.0, 1.0)

    @classmethod
    def random(cls, sample: HandSample, config: AugmentConfig, rng: np.random.Generator) -> _View:
        x, y, w, h = sample.box.astype(np.float64)
        stretch = float(sample.intrinsics[0]) / float(sample.intrinsics[1])
        side = max(w, h * stretch)
        shift = rng.uniform(-config.shift, config.shift, 2) * side
        centre = np.array([x + w / 2 + shift[0], y + h / 2 + shift[1] / stretch])
        angle = np.deg2rad(rng.uniform(-config.rotation_deg, config.rotation_deg))
        return cls(centre, side * rng.uniform(*config.scale), angle, stretch)

    @property
    def rotation(self) -> np.ndarray:
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        return np.array([[cosine, -sine], [sine, cosine]])

    def matrix(self, size: int) -> np.ndarray:
        """(2, 3) affine map from continuous pixels of the image to those of the crop."""
        linear = self.rotation @ np.diag([1.0, self.stretch]) * (size / self.side)
        return np.column_stack([linear, size / 2 - linear @ self.centre])

    def labels(self, sample: HandSample, depth_axis: str) -> dict[str, np.ndarray]:
        """Joints, vertices and camera of the sample as this view sees them, with depths along one of `DEPTH_AXES`."""
        focal, principal = sample.intrinsics[:2].astype(np.float64), sample.intrinsics[2:].astype(np.float64)
        unit = self.matrix(1)
        principal = unit[:, :2] @ principal + unit[:, 2]
        intrinsics = np.concatenate([focal * [1.0, self.stretch] / self.side, principal])
        unit_box = np.array([0.0, 0.0, 1.0, 1.0])
        turn = np.eye(3)
        turn[:2, :2] = self.rotation
        root = None
        if depth_axis == "crop":
            root = project((turn @ sample.joints_mm[ROOT_JOINT])[None], intrinsics)[0]
        camera = camera_vector(intrinsics, unit_box, sample.root_depth_mm, sample.hand_scale_mm, root)
        result = {"camera": camera}
        for name in ("joints", "vertices", "pseudo_vertices"):
            if (points := getattr(sample, f"{name}_mm")) is not None:
                result[f"{name}_uvd"] = xyz_to_uvd((points @ turn.T).astype(np.float32), camera)
        if sample.joint_visible is not None:
            places = result["joints_uvd"][:, :2]
            result["joint_visible"] = sample.joint_visible & ((places >= 0) & (places < 1)).all(axis=1)
        return result


def _warp(image, matrix, size, border, border_value, interpolation=cv2.INTER_LINEAR) -> np.ndarray:
    """Image under an affine map between continuous pixel coordinates; strong reductions average over areas first."""
    matrix = matrix.copy()
    # No more than the whole image: views may be as large as they like.
    reduction = round(float(1.0 / np.sqrt(abs(np.linalg.det(matrix[:, :2])))), 6)
    reduction = int(min(reduction, max(image.shape[:2])))
    if reduction >= 2 and interpolation == cv2.INTER_LINEAR:
        image, matrix = _shrink(image, matrix, size, reduction)
    # OpenCV counts from the first pixel's centre, the matrix from its corner.
    matrix[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    value = (border_value,) * 3
    return cv2.warpAffine(image, matrix, (size, size), flags=interpolation, borderMode=border, borderValue=value)


def _shrink(image: np.ndarray, matrix: np.ndarray, size: int, reduction: int) -> tuple[np.ndarray, np.ndarray]:
    """The part of `image` that the map needs, `reduction` times smaller, and the map from there."""
    inverse = np.linalg.inv(matrix[:, :2])
    corners = (np.array([[0, 0], [size, 0], [0, size], [size, size]]) - matrix[:, 2]) @ inverse.T
    corners = np.round(corners, 6)  # whole pixels stay whole
    limits = np.array(image.shape[1::-1])
    low = np.clip(np.floor(corners.min(axis=0)) - 2 * reduction, 0, limits - 1).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)) + 2 * reduction, low + 1, limits).astype(int)
    part = image[low[1] : high[1], low[0] : high[0]]
    smaller = np.maximum((high - low) // reduction, 1)
    part = cv2.resize(part, tuple(smaller.tolist()), interpolation=cv2.INTER_AREA)
    linear = matrix[:, :2] @ np.diag((high - low) / smaller)
    return part, np.column_stack([linear, matrix[:, :2] @ low + matrix[:, 2]])

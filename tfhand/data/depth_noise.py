"""What a structured-light sensor makes of an exact depth map: noise, steps, ragged edges, holes.

Such a sensor (Kinect, Xtion, STB's RealSense) projects a pattern from one place and looks from another, a baseline to
the side. Each of these is modelled:

* lateral noise: a pixel reads a place nearby, which shows at edges (Handa et al. 2014, sigma 1/2 pixel; Nguyen et al.
  2012 measured 0.8 pixels);
* axial noise: sigma grows with the square of the distance and with the angle of the surface (Nguyen et al., equation 3);
* disparity comes in steps of an eighth of a pixel (Handa et al., equation of the noise model, after Barron and Malik
  2013: 35130 cm over whole numbers is a focal length of 585 pixels, a baseline of 75 mm and that eighth);
* shadows: no depth where something nearer keeps the pattern away, beside near things on the far ones;
* surfaces at a grazing angle return no pattern.

References:
    Nguyen, Izadi, Lovell, "Modeling Kinect sensor noise for improved 3D reconstruction and tracking", 3DIMPVT 2012.
    Handa, Whelan, McDonald, Davison, "A benchmark for RGB-D visual odometry, 3D reconstruction and SLAM", ICRA 2014.
    Barron, Malik, "Intrinsic scene properties from a single RGB-D image", CVPR 2013.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from tfhand.geometry import validate_intrinsics


#: What lies no farther behind is of the surface that the projector lights.
_SAME_SURFACE_MM = 10.0


@dataclasses.dataclass(frozen=True)
class DepthNoiseConfig:
    """A sensor; the defaults are the first Kinect's.

    Attributes:
        focal_px: its focal length, in its own pixels.
        baseline_mm: from the camera to the projector, along x; negative where it stands to the left; not 0, which has no
            disparity.
        disparity_step_px: steps of the disparity, its pixels; 0 for none.
        lateral_sigma_px: standard deviation of the place that a pixel reads, along each axis, its pixels.
        axial: factor on the measured standard deviation of depth.
        grazing_deg: surfaces turned farther than this from the camera are lost.
        shadows: whether the projector's shadows are lost.
    """

    focal_px: float = 585.0
    baseline_mm: float = 75.0
    disparity_step_px: float = 0.125
    lateral_sigma_px: float = 0.5
    axial: float = 1.0
    grazing_deg: float = 80.0
    shadows: bool = True

    def __post_init__(self) -> None:
        if not self.focal_px > 0:
            raise ValueError(f"focal_px: expected more than 0, got {self.focal_px}.")
        if not 0 < abs(self.baseline_mm) < np.inf:
            raise ValueError(f"baseline_mm: expected a length other than 0, got {self.baseline_mm}.")
        for name in ("disparity_step_px", "lateral_sigma_px", "axial"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name}: expected 0 or more, got {getattr(self, name)}.")
        if not 0 < self.grazing_deg <= 90:
            raise ValueError(f"grazing_deg: expected more than 0, up to 90, got {self.grazing_deg}.")


def sense(
    depth_mm: np.ndarray, intrinsics: np.ndarray, config: DepthNoiseConfig, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """An exact depth map as a sensor would have measured it.

    Args:
        depth_mm: (H, W) float32, 0 where nothing is; of the whole scene, since what stands before the hand casts
            shadows on it. Where the background has no depth, nothing is measured there.
        intrinsics: (4,) fx, fy, u0, v0 of the map, in its pixels. Lengths in the sensor's pixels are brought to these.
        config: the sensor.
        rng: source of randomness.

    Returns:
        measured (H, W) float32 mm, 0 in holes; source (H, W) int64, the flat index of the pixel of `depth_mm` that
        each pixel read.

    Raises:
        ValueError: not a map of two axes, or bad intrinsics.
    """
    depth_mm = np.asarray(depth_mm, np.float32)
    if depth_mm.ndim != 2:
        raise ValueError(f"depth_mm: expected (H, W), got {depth_mm.shape}.")
    intrinsics = validate_intrinsics(np.asarray(intrinsics, np.float32))
    height, width = depth_mm.shape
    shifts = rng.normal(0.0, config.lateral_sigma_px / config.focal_px, (2, height, width)) * intrinsics[:2, None, None]
    columns = np.clip(np.rint(np.arange(width) + shifts[0]), 0, width - 1).astype(np.int64)
    rows = np.clip(np.rint(np.arange(height)[:, None] + shifts[1]), 0, height - 1).astype(np.int64)
    source = rows * width + columns
    angle = surface_angle(depth_mm, intrinsics)
    lost = (depth_mm <= 0) | (angle > np.deg2rad(config.grazing_deg))
    if config.shadows:
        lost |= _shadowed(depth_mm, float(intrinsics[0]), config.baseline_mm)
    # Of the place that is read: beside an edge, a pixel without a surface of its own has no angle to it.
    sigma = config.axial * axial_sigma(depth_mm, angle).ravel()[source]
    measured = depth_mm.ravel()[source] + sigma * rng.standard_normal((height, width), np.float32)
    lost = lost.ravel()[source] | (measured <= 0)
    if config.disparity_step_px > 0:
        # Disparity times its number of steps a pixel: whole.
        total = config.focal_px * abs(config.baseline_mm) / config.disparity_step_px
        measured = total / np.maximum(np.rint(total / np.maximum(measured, 1.0)), 1.0)
    return np.where(lost, 0, measured).astype(np.float32), source


def sense_hand(
    depth_mm: np.ndarray,
    scene_depth_mm: np.ndarray | None,
    intrinsics: np.ndarray,
    config: DepthNoiseConfig,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Exact depth of a hand in a scene as a sensor would have measured it, in the shadows of all that is there.

    Args:
        depth_mm: (H, W) float32 of the hand where it is seen, else 0.
        scene_depth_mm: (H, W) float32 of the hand and all else, else 0; None where there is nothing else.
        intrinsics, config, rng: see `sense`.

    Returns:
        Measured depth (H, W) float32 mm of the hand, and of the scene; 0 in holes and where nothing is.
    """
    scene = depth_mm if scene_depth_mm is None else scene_depth_mm
    measured, source = sense(scene, intrinsics, config, rng)
    return np.where(depth_mm.ravel()[source] > 0, measured, np.float32(0)), measured


def axial_sigma(depth_mm: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Returns the standard deviation of depth, mm, at depths, mm, of surfaces turned by `angle`, rad; any shape."""
    metres = np.maximum(depth_mm, 1.0) / 1000
    turned = np.minimum(angle, np.deg2rad(85.0))
    steep = turned**2 / (np.pi / 2 - turned) ** 2
    return (1.2 + 1.9 * (metres - 0.4) ** 2 + 0.1 / np.sqrt(metres) * steep).astype(np.float32)


def surface_angle(depth_mm: np.ndarray, intrinsics: np.ndarray) -> np.ndarray:
    """Returns the angle (H, W), rad, between a depth map's surface and the image plane; by the flatter side at edges."""
    squared = np.zeros_like(depth_mm)
    for axis, focal in ((1, intrinsics[0]), (0, intrinsics[1])):
        steps = np.abs(np.diff(depth_mm, axis=axis))
        wide = [(0, 0), (0, 0)]
        wide[axis] = (1, 1)
        steps = np.pad(steps, wide, constant_values=np.inf)
        before, after = (np.take(steps, range(i, i + depth_mm.shape[axis]), axis=axis) for i in (0, 1))
        slope = np.minimum(before, after) * (focal / np.maximum(depth_mm, 1.0))
        squared += np.where(np.isfinite(slope), slope, 0) ** 2
    return np.arctan(np.sqrt(squared))


def _shadowed(depth_mm: np.ndarray, focal: float, baseline_mm: float) -> np.ndarray:
    """Returns (H, W) bool: a projector `baseline_mm` to the right lights something nearer instead.

    A pixel in column u lies in the projector's column u - focal * baseline / depth, of the same row. Of what shares a
    column of the projector, the nearest is lit.
    """
    there = depth_mm > 0
    if not there.any():
        return there
    filled = np.where(there, depth_mm, depth_mm[there].max())
    columns = np.arange(depth_mm.shape[1]) + 0.5 - focal * baseline_mm / filled
    places = np.floor(columns - columns.min()).astype(np.int64) + 1
    nearest = np.full((len(depth_mm), int(places.max()) + 2), np.inf, np.float32)
    rows = np.broadcast_to(np.arange(len(depth_mm))[:, None], places.shape)
    np.minimum.at(nearest, (rows[there], places[there]), depth_mm[there])
    # Pixels of slanted surfaces may skip a column of the projector: it has what both its neighbours have.
    closed = nearest.copy()
    closed[:, 1:-1] = np.minimum(nearest[:, 1:-1], np.maximum(nearest[:, :-2], nearest[:, 2:]))
    return there & (depth_mm > np.take_along_axis(closed, places, axis=1) + _SAME_SURFACE_MM)

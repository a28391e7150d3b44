"""Cameras, crop boxes and directions in plain numpy."""

from tfhand.geometry.camera import (
    CAMERA_SIZE,
    axis_depth,
    camera_vector,
    crop_intrinsics,
    default_intrinsics,
    mirror_uvd,
    project,
    root_depth_and_scale,
    uvd_to_xyz,
    validate_intrinsics,
    with_root_at,
    xyz_to_uvd,
)
from tfhand.geometry.crop import DEFAULT_EXPAND, square_box, square_box_around, validate_box, whole_image_box
from tfhand.geometry.unit_vector import unit_vector

__all__ = [
    "CAMERA_SIZE",
    "DEFAULT_EXPAND",
    "axis_depth",
    "camera_vector",
    "crop_intrinsics",
    "default_intrinsics",
    "mirror_uvd",
    "project",
    "root_depth_and_scale",
    "square_box",
    "square_box_around",
    "unit_vector",
    "uvd_to_xyz",
    "validate_box",
    "validate_intrinsics",
    "whole_image_box",
    "with_root_at",
    "xyz_to_uvd",
]

"""Reader of the real-world test set of Ge et al. (2019): photographs with 3D joints, for evaluation only.

On disk (lengths in cm, camera frame x right, y down, z forward, joints in this project's order, left hands):

    DIR/params.mat      image_path N; cam_param N x 4 (fx, fy, u0, v0 of the full photograph);
                        bbox N x 4 (x, y, w, h of the crop in it); pose_root N x 3; pose_scale N
    DIR/pose_gt.mat     pose_gt N x 21 x 3
    DIR/images/*.jpg    the crops themselves, 256 x 256

References:
    Ge et al., 3D Hand Shape and Pose Estimation from a Single RGB Image, CVPR 2019, section 3.
"""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tfhand.constants import NUM_JOINTS
from tfhand.data.dataset_dir import require_dataset
from tfhand.data.hand_in_view import box_in_view
from tfhand.data.hand_reader import HandReader
from tfhand.data.sample import HandSample
from tfhand.geometry import crop_intrinsics
from tfhand.io import read_image

PARAMS_FILE = "params.mat"
POSE_FILE = "pose_gt.mat"
SIDE = "left"
_MM_PER_CM = 10.0
_PARAMS = {"cam_param": (4,), "bbox": (4,), "pose_root": (3,), "pose_scale": ()}


class RealWorldDataset(HandReader):
    """The samples of the set in a folder, in the order of its files.

    Every sample is one 256 x 256 crop: `box` is the whole crop, `intrinsics` are those of the crop, `root_depth_mm`
    and `hand_scale_mm` are what the protocol gives away (`pose_root` and `pose_scale`). Joints stay as the set defines
    them; `tfhand.data.joint_adapters` brings predictions to that definition.

    Args:
        data_dir: folder with `params.mat`, `pose_gt.mat` and `images/`; None for `$TFHAND_DATA/real_world`, or else
            `~/tfhand_data/real_world`.

    Raises:
        FileNotFoundError: the folder or one of its files is missing.
        ValueError: a file is damaged, or the two files don't belong together.
    """

    def __init__(self, data_dir: str | Path | None = None):
        self.data_dir = require_dataset("real_world", data_dir, (PARAMS_FILE, POSE_FILE, "images"))
        params, pose_path = _load(self.data_dir, PARAMS_FILE), self.data_dir / POSE_FILE
        poses = _entry(_load(self.data_dir, POSE_FILE), "pose_gt", pose_path)
        if poses.ndim != 3 or poses.shape[1:] != (NUM_JOINTS, 3) or len(poses) == 0:
            raise ValueError(f"{pose_path}: expected pose_gt of shape (N, {NUM_JOINTS}, 3), N > 0, got {poses.shape}.")
        count = len(poses)
        #: (N, 21, 3) float64 mm, camera frame: the labels of all samples, without reading their images.
        self.joints_mm = poses.astype(np.float64) * _MM_PER_CM
        values = {}
        params_path = self.data_dir / PARAMS_FILE
        for key, shape in _PARAMS.items():
            value = _entry(params, key, params_path)
            if value.size != count * int(np.prod(shape)):
                raise ValueError(f"{params_path}: expected {key} for the {count} poses, got shape {value.shape}.")
            values[key] = value.reshape(count, *shape).astype(np.float64)
        paths = _entry(params, "image_path", params_path).ravel()
        if len(paths) != count:
            raise ValueError(f"{params_path}: expected image_path for the {count} poses, got {len(paths)}.")
        self._image_paths = [_text(path) for path in paths]
        self._intrinsics, self._boxes = values["cam_param"], values["bbox"]
        self._root_depths_mm = values["pose_root"][:, 2] * _MM_PER_CM
        #: (N,) float64 mm: the hand scales that the protocol gives.
        self.hand_scales_mm = values["pose_scale"] * _MM_PER_CM

    def __len__(self) -> int:
        return len(self.joints_mm)

    def read(self, index: int) -> HandSample:
        """Sample `index`, 0 <= index < len.

        Raises:
            UnusableSampleError: its joints are not finite or not before the camera, or the hand lies wholly outside.
            FileNotFoundError: its image is missing.
            ValueError: its image is damaged.
        """
        image = read_image(self.data_dir / self._image_paths[index])
        height, width = image.shape[:2]
        intrinsics = crop_intrinsics(self._intrinsics[index], self._boxes[index], (width, height))
        box_in_view(self._image_paths[index], self.joints_mm[index], intrinsics, (width, height))
        return HandSample(
            image=image,
            intrinsics=intrinsics,
            box=np.array([0, 0, width, height], np.float32),
            side=SIDE,
            joints_mm=self.joints_mm[index],
            name=Path(self._image_paths[index]).stem,
            root_depth_mm=float(self._root_depths_mm[index]),
            hand_scale_mm=float(self.hand_scales_mm[index]),
        )


def _load(data_dir: Path, name: str) -> dict[str, Any]:
    import scipy.io

    path = data_dir / name
    try:
        return scipy.io.loadmat(path, chars_as_strings=True)
    except Exception as error:  # scipy's parser raises whatever a damaged byte leads it to
        raise ValueError(f"{path}: expected a MATLAB 5 file, got one that cannot be read ({error}).") from error


def _entry(content: dict[str, Any], key: str, path: Path) -> np.ndarray:
    if key not in content:
        known = ", ".join(sorted(name for name in content if not name.startswith("__")))
        raise ValueError(f"{path}: expected an entry {key}, got {known or 'none'}.")
    return np.asarray(content[key])


def _text(value: Any) -> str:
    """A path from a character array's row or from a cell."""
    while isinstance(value, np.ndarray):
        value = value.ravel()[0]
    return str(value).strip()

"""Reader of the synthetic hands of Ge et al. (2019): renders with 3D joints, masks and meshes of another topology.

On disk (centimetres, degrees, a world's frame; joints in this project's order, left hands):

    DIR/images/lNN/camNN/NAME_lNN_camNN_.%04d.png  RGBA, alpha the hand's mask; DIR/lNN/camNN/... is fine too; 30 lights,
                                                   25 cameras, 500 gestures from 0001
    DIR/3D_labels/camPosition.txt                  rows `camNN f tx ty tz rx ry rz`, every camera for each gesture
    DIR/3D_labels/handGestures.txt                 rows `name x y z`, 21 for each gesture
    DIR/hand_3D_mesh/*.%04d.obj                    one for each gesture; vertices 473 to 528 are the arm's

World to camera: `(X - t) (Rz Ry Rx) diag(1, -1, -1)` for rows X; the principal point is the image's centre.

References:
    Ge et al., 3D Hand Shape and Pose Estimation from a Single RGB Image, CVPR 2019, section 3.
"""
from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from tfhand.constants import NUM_JOINTS
from tfhand.data.dataset_dir import missing_data, require_dataset
from tfhand.data.hand_in_view import box_in_view, check_joints_on_mask
from tfhand.data.hand_reader import HandReader
from tfhand.data.sample import HandSample
from tfhand.io import read_image

SIDE = "left"
#: Cameras of the validation split; the others are for training.
VALIDATION_CAMERAS = ("cam06", "cam12", "cam20", "cam21")
SPLITS = ("train", "validation")
#: First and last vertex of the arm in a mesh file.
ARM_VERTICES = (473, 528)
NUM_VERTICES = 954
_CAMERAS_FILE, _JOINTS_FILE, _MESHES = "3D_labels/camPosition.txt", "3D_labels/handGestures.txt", "hand_3D_mesh"
_IMAGE_NAME = re.compile(r"_(l\d\d)_(cam\d\d)_\.(\d{4})\.png$")
_MM_PER_CM = 10.0


class GeSyntheticDataset(HandReader):
    """The samples of a split, light by light, camera by camera, gesture by gesture, of the lights that are there.

    The images are crops already: `box` is the whole image, as the authors use it. `alpha` is the hand's mask, its stump
    of an arm included. The meshes are not this project's: `vertices_mm` stays None, and
    `extras["ge_vertices_mm"]` has them, (954, 3) float32, mm, camera frame, in the order of the authors' network.

    Args:
        data_dir: folder with `images`, `3D_labels` and `hand_3D_mesh`, or the folder around it; None for
            `$TFHAND_DATA/ge_synthetic`, or else `~/tfhand_data/ge_synthetic`.
        split: "train" or "validation", by the cameras.

    Raises:
        FileNotFoundError: the folder, a file in it, or every image of the split is missing.
        ValueError: an unknown split, labels that are damaged or not finite, or images and labels out of step.
    """

    def __init__(self, data_dir: str | Path | None = None, split: str = "train"):
        if split not in SPLITS:
            raise ValueError(f"split: expected one of {', '.join(SPLITS)}, got {split!r}.")
        needed = (_CAMERAS_FILE, _JOINTS_FILE, _MESHES)
        self.data_dir = require_dataset("ge_synthetic", data_dir, needed, inner=("synthetic_train_val",))
        names, values = _rows(self.data_dir / _CAMERAS_FILE, 7)
        self._camera_names = list(dict.fromkeys(names))
        self._cameras = _by_gesture(self.data_dir / _CAMERAS_FILE, names, values, len(self._camera_names))
        if (self._cameras[..., 0] <= 0).any():
            raise ValueError(f"{self.data_dir / _CAMERAS_FILE}: expected positive focal lengths, got others.")
        names, values = _rows(self.data_dir / _JOINTS_FILE, 3)
        self._joints = _by_gesture(self.data_dir / _JOINTS_FILE, names, values, NUM_JOINTS)
        if len(self._joints) != len(self._cameras):
            raise ValueError(
                f"{self.data_dir}: labels are out of step: {_CAMERAS_FILE} has {len(self._cameras)} gestures, "
                f"{_JOINTS_FILE} {len(self._joints)}."
            )
        self._meshes = _numbered(self.data_dir / _MESHES, "*.obj")
        #: Path, camera's name and gesture, from 0, of every sample.
        self._images = self._find_images(split)
        if not self._images:
            problem = f"{self.data_dir} holds no images of the {split} cameras"
            raise FileNotFoundError(missing_data("ge_synthetic", data_dir, problem))
        absent = sorted({gesture for _, _, gesture in self._images} - set(self._meshes))
        if absent:
            raise FileNotFoundError(f"{self.data_dir / _MESHES}: no mesh of gesture {absent[0] + 1:04d}.")

    def __len__(self) -> int:
        return len(self._images)

    def read(self, index: int) -> HandSample:
        """Sample `index`, 0 <= index < len.

        Raises:
            UnusableSampleError: the hand lies wholly outside, or its joints beside its mask.
            FileNotFoundError, ValueError: an image or mesh is missing, damaged or of another kind.
        """
        path, camera, gesture = self._images[index]
        name = path.relative_to(self.data_dir).with_suffix("").as_posix().removeprefix("images/")
        values = self._cameras[gesture, self._camera_names.index(camera)]
        joints_mm = to_camera_mm(self._joints[gesture], values)
        image, alpha = _picture(path)
        height, width = alpha.shape
        intrinsics = np.array([values[0], values[0], width / 2, height / 2])
        box_in_view(name, joints_mm, intrinsics, (width, height))
        check_joints_on_mask(name, joints_mm, intrinsics, alpha)
        return HandSample(
            image=image,
            intrinsics=intrinsics,
            box=np.array([0, 0, width, height], np.float32),
            side=SIDE,
            joints_mm=joints_mm,
            alpha=alpha,
            name=name,
            extras={"ge_vertices_mm": to_camera_mm(self._mesh(gesture), values).astype(np.float32)},
        )

    def _find_images(self, split: str) -> list[tuple[Path, str, int]]:
        root = self.data_dir / "images" if (self.data_dir / "images").is_dir() else self.data_dir
        found = []
        for folder in sorted(root.glob("l[0-9][0-9]/cam[0-9][0-9]")):
            light, camera = folder.parts[-2:]
            if (camera in VALIDATION_CAMERAS) != (split == "validation"):
                continue
            if camera not in self._camera_names:
                raise ValueError(f"{folder}: labels and images are out of step: {_CAMERAS_FILE} has no {camera}.")
            for path in sorted(folder.glob("*.png")):
                match = _IMAGE_NAME.search(path.name)
                if match is None or match.group(1, 2) != (light, camera):
                    raise ValueError(f"{path}: expected a name that ends with _{light}_{camera}_.NNNN.png.")
                number = int(match.group(3))
                if not 1 <= number <= len(self._joints):
                    raise ValueError(
                        f"{path}: labels and images are out of step: labels are of gestures 1 to {len(self._joints)}."
                    )
                found.append((path, camera, number - 1))
        return found

    def _mesh(self, gesture: int) -> np.ndarray:
        """(954, 3) float64 cm, world."""
        from tfhand.mesh.obj import read_obj  # brings scipy, which no other reader's import needs

        first, last = ARM_VERTICES
        vertices, _ = read_obj(self._meshes[gesture])
        if len(vertices) != NUM_VERTICES + last - first + 1:
            raise ValueError(
                f"{self._meshes[gesture]}: expected {NUM_VERTICES} vertices of the hand and {last - first + 1} of the arm, "
                f"got {len(vertices)}."
            )
        return np.delete(vertices.astype(np.float64), slice(first, last + 1), axis=0)


def to_camera_mm(points_cm: np.ndarray, camera: np.ndarray) -> np.ndarray:
    """World to camera.

    Args:
        points_cm: (N, 3) cm, world.
        camera: (7,) `f tx ty tz rx ry rz`: pixels, cm, degrees.

    Returns:
        (N, 3) float64 mm, camera frame: x right, y down, z forward.
    """
    (cx, cy, cz), (sx, sy, sz) = np.cos(np.deg2rad(camera[4:])), np.sin(np.deg2rad(camera[4:]))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    rotation = about_z @ about_y @ about_x @ np.diag([1.0, -1.0, -1.0])
    return (points_cm - camera[1:4]) @ rotation * _MM_PER_CM


def _rows(path: Path, count: int) -> tuple[list[str], np.ndarray]:
    """Names and (N, count) float64 finite values of a table's rows."""
    names, values = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if not line.strip():
            continue
        name, *fields = line.split()
        try:
            row = [float(field) for field in fields]
        except ValueError:
            row = []
        if len(row) != count or not np.isfinite(row).all():
            got = line.strip()[:80]
            raise ValueError(f"{path}, line {number}: expected a name and {count} finite numbers, got {got!r}.")
        names.append(name)
        values.append(row)
    return names, np.array(values, np.float64).reshape(-1, count)


def _by_gesture(path: Path, names: list[str], values: np.ndarray, count: int) -> np.ndarray:
    """(gestures, count, K) of rows whose names repeat for each gesture."""
    if not names or len(names) % count or names != names[:count] * (len(names) // count):
        raise ValueError(f"{path}: expected the same {count} names for each gesture, got {len(names)} rows of others.")
    return values.reshape(-1, count, values.shape[1])


def _numbered(folder: Path, pattern: str) -> dict[int, Path]:
    """The files `*.%04d.*` of a folder by their number, from 0."""
    found: dict[int, Path] = {}
    for path in sorted(folder.glob(pattern)):
        number = path.stem.rsplit(".", 1)[-1]
        if number.isdecimal():
            if int(number) - 1 in found:
                raise ValueError(f"{folder}: expected one file of gesture {number}, got {path.name} too.")
            found[int(number) - 1] = path
    return found


def _picture(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """(H, W, 3) uint8 RGB as rendered, (H, W) uint8 mask."""
    from PIL import Image

    read_image(path)  # what is wrong with the file is told here
    with Image.open(path) as file:
        if file.mode != "RGBA":
            raise ValueError(f"{path}: expected RGBA, alpha being the hand's mask, got {file.mode}.")
        pixels = np.array(file)
    return np.ascontiguousarray(pixels[..., :3]), np.ascontiguousarray(pixels[..., 3])

"""The reader of Ge et al.'s synthetic hands on tiny folders in their layout, of rendered hands."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tests.data import stb_set
from tfhand.data.ge_synthetic import NUM_VERTICES, GeSyntheticDataset
from tfhand.data.hand_in_view import UnusableSampleError
from tfhand.geometry import project
from tfhand.rendering.rasterizer import rasterize

SIZE = 360
CAMERAS = {  # focal length, position in cm, angles in degrees
    "cam05": (1400.0, (12.0, -7.0, 61.0), (20.0, -35.0, 50.0)),
    "cam06": (1300.0, (-40.0, 30.0, 5.0), (-75.0, 10.0, 160.0)),
}


def to_world_cm(points_mm: np.ndarray, camera: str) -> np.ndarray:
    """The inverse of the set's formula, by scipy's Euler angles: fixed axes, x first."""
    _, position, angles = CAMERAS[camera]
    return Rotation.from_euler("xyz", angles, degrees=True).apply(points_mm / 10 * [1, -1, -1]) + position


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    """Gesture 1 is the first hand before the first camera, gesture 2 the second hand before the second one."""
    folder = tmp_path_factory.mktemp("ge")
    (folder / "3D_labels").mkdir()
    (folder / "hand_3D_mesh").mkdir()
    cameras, joints = [], []
    for gesture, (hand, camera) in enumerate(zip(stb_set.hands(), CAMERAS, strict=True)):
        for name, (focal, position, angles) in CAMERAS.items():
            cameras.append(" ".join(map(str, (name, focal, *position, *angles))))
        world = to_world_cm(centred(hand.joints_mm), camera)
        joints += [f"joint{number} {x} {y} {z}" for number, (x, y, z) in enumerate(world)]
        mesh = to_world_cm(centred(hand.surface_mm), camera)[:NUM_VERTICES]
        mesh = np.concatenate([mesh[:473], np.full((56, 3), 1e3), mesh[473:]])
        lines = [f"v {x:.8f} {y:.8f} {z:.8f}" for x, y, z in mesh] + ["f 1 2 3"]
        (folder / "hand_3D_mesh" / f"handV2_x.{gesture + 1:04d}.obj").write_text("\n".join(lines))
        images = folder / "images" / "l07" / camera
        images.mkdir(parents=True)
        mask = np.uint8(255) * (seen(hand, camera) > 0)
        pixels = cv2.merge([mask // 3, mask // 2, mask, mask])
        assert cv2.imwrite(str(images / f"handV2_rgt01_l07_{camera}_.{gesture + 1:04d}.png"), pixels)
    (folder / "3D_labels" / "camPosition.txt").write_text("\n".join(cameras) + "\n")
    (folder / "3D_labels" / "handGestures.txt").write_text("\n".join(joints) + "\n")
    return folder


@pytest.fixture
def folder(written, tmp_path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(written, tmp_path / "set"))


def centred(points_mm: np.ndarray) -> np.ndarray:
    """Before the camera, near its axis."""
    return points_mm - [20, -10, 0]


def seen(hand: stb_set.Hand, camera: str) -> np.ndarray:
    intrinsics = (CAMERAS[camera][0], CAMERAS[camera][0], SIZE / 2, SIZE / 2)
    return rasterize(centred(hand.surface_mm).astype(np.float64), hand.faces, intrinsics, (SIZE, SIZE)).depth_mm


@pytest.mark.parametrize(("split", "number", "camera"), [("train", 0, "cam05"), ("validation", 1, "cam06")])
def test_samples_are_the_rendered_hands(written, split, number, camera) -> None:
    dataset, hand = GeSyntheticDataset(written, split), stb_set.hands()[number]
    assert len(dataset) == 1
    sample = dataset[0]
    assert sample.name == f"l07/{camera}/handV2_rgt01_l07_{camera}_.{number + 1:04d}"
    assert sample.side == "left" and sample.vertices_mm is None
    np.testing.assert_allclose(sample.joints_mm, centred(hand.joints_mm), atol=1e-2)
    np.testing.assert_allclose(sample.extras["ge_vertices_mm"], centred(hand.surface_mm)[:NUM_VERTICES], atol=1e-2)
    mask = seen(hand, camera) > 0
    np.testing.assert_array_equal(sample.alpha, np.uint8(255) * mask)
    np.testing.assert_array_equal(sample.image, cv2.merge([sample.alpha, sample.alpha // 2, sample.alpha // 3]))
    near = cv2.dilate(sample.alpha, np.ones((3, 3), np.uint8))
    for points in (sample.joints_mm, sample.extras["ge_vertices_mm"]):
        u, v = project(points, sample.intrinsics).astype(int).T
        inside = (u >= 0) & (u < SIZE) & (v >= 0) & (v < SIZE)
        assert (near[v[inside], u[inside]] > 0).all() and inside.mean() > 0.7
    np.testing.assert_array_equal(sample.box, [0, 0, SIZE, SIZE])


def test_the_archives_folder_and_images_beside_the_labels_are_fine(folder, tmp_path) -> None:
    (folder / "images" / "l07").rename(folder / "l07")
    (folder / "images").rmdir()
    assert len(GeSyntheticDataset(folder)) == 1
    folder.rename(tmp_path / "synthetic_train_val")
    assert GeSyntheticDataset(tmp_path, "validation")[0].name.startswith("l07/cam06/")


def test_missing_parts_are_named(folder) -> None:
    shutil.rmtree(folder / "images" / "l07" / "cam06")
    with pytest.raises(FileNotFoundError, match="holds no images of the validation cameras .*hand-graph-cnn"):
        GeSyntheticDataset(folder, "validation")
    (folder / "hand_3D_mesh" / "handV2_x.0001.obj").unlink()
    with pytest.raises(FileNotFoundError, match="no mesh of gesture 0001"):
        GeSyntheticDataset(folder)
    (folder / "3D_labels" / "handGestures.txt").unlink()
    with pytest.raises(FileNotFoundError, match="lacks 3D_labels/handGestures.txt"):
        GeSyntheticDataset(folder)
    with pytest.raises(ValueError, match="split: expected one of train, validation, got 'test'"):
        GeSyntheticDataset(folder, "test")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("handGestures", "joint4 ", "joint4 x ", "line 5: expected a name and 3 finite numbers"),
        ("handGestures", "joint4 ", "joint4 nan 1 2\njoint4 ", "line 5: expected a name and 3 finite"),
        ("handGestures", "joint20 ", "joint21 ", "same 21 names"),
        ("camPosition", "cam05 1400.0", "cam05 -3", "positive focal lengths"),
        ("camPosition", "cam05", "cam99", "out of step: .* has no cam05"),
    ],
)
def test_wrong_labels_are_named(folder, file, old, new, message) -> None:
    path = folder / "3D_labels" / f"{file}.txt"
    text = path.read_text()
    path.write_text(text.replace(old, new, 1 if file == "handGestures" else -1))
    with pytest.raises(ValueError, match=message):
        GeSyntheticDataset(folder)


def test_labels_and_images_out_of_step_are_refused(folder) -> None:
    joints = folder / "3D_labels" / "handGestures.txt"
    joints.write_text("".join(joints.read_text().splitlines(keepends=True)[:21]))
    with pytest.raises(ValueError, match=r"camPosition\.txt has 2 gestures, .*handGestures\.txt 1"):
        GeSyntheticDataset(folder)
    cameras = folder / "3D_labels" / "camPosition.txt"
    cameras.write_text("".join(cameras.read_text().splitlines(keepends=True)[:2]))
    with pytest.raises(ValueError, match="0002.png: labels and images are out of step: labels are of gestures 1 to 1"):
        GeSyntheticDataset(folder, "validation")
    images = folder / "images" / "l07" / "cam05"
    path = next(images.glob("*.png"))
    path.rename(images / path.name.replace("_cam05_", "_cam04_"))
    with pytest.raises(ValueError, match=r"expected a name that ends with _l07_cam05_\.NNNN\.png"):
        GeSyntheticDataset(folder)


def test_damaged_images_and_meshes_are_named(folder) -> None:
    dataset = GeSyntheticDataset(folder)
    path = next((folder / "images" / "l07" / "cam05").glob("*.png"))
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    cv2.imwrite(str(path), np.roll(pixels, SIZE // 2, axis=(0, 1)))
    with pytest.raises(UnusableSampleError, match="out of step"):
        dataset[0]
    cv2.imwrite(str(path), pixels[..., :3])
    with pytest.raises(ValueError, match="expected RGBA"):
        dataset[0]
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match="is truncated"):
        dataset[0]
    cv2.imwrite(str(path), pixels)
    mesh = folder / "hand_3D_mesh" / "handV2_x.0001.obj"
    mesh.write_text("\n".join(mesh.read_text().splitlines()[1:]))
    with pytest.raises(ValueError, match=r"0001\.obj: expected 954 vertices of the hand and 56 of the arm, got 1009"):
        dataset[0]
    with pytest.raises(IndexError, match=r"0\.\.0"):
        dataset[1]

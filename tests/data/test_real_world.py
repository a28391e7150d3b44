"""The real-world reader on a tiny folder in the set's own layout."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.io

from tfhand.data.augment import crop
from tfhand.data.hand_in_view import UnusableSampleError
from tfhand.data.real_world import RealWorldDataset
from tfhand.geometry import uvd_to_xyz

COUNT = 3


def write_set(folder: Path, rng: np.random.Generator, paths: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """A set of noise pictures; returns what was written."""
    (folder / "images").mkdir(parents=True)
    names = [f"images/{number:05d}.jpg" for number in (4, 13, 22)]
    for name in names:
        assert cv2.imwrite(str(folder / name), rng.integers(0, 255, (256, 256, 3), np.uint8))
    pose = rng.uniform(-8, 8, (COUNT, 21, 3)).astype(np.float32) + np.array([2, 3, 45], np.float32)
    params = {
        "image_path": np.array(names) if paths is None else paths,
        "cam_param": np.tile([923.6, 923.7, 640.0, 362.3], (COUNT, 1)),
        "bbox": np.array([[564, 200, 474, 474], [382, 146, 501, 501], [387, 251, 348, 348]], np.int32),
        "pose_root": pose[:, 0],
        "pose_scale": np.full((1, COUNT), 5, np.uint8),
    }
    scipy.io.savemat(folder / "params.mat", params)
    scipy.io.savemat(folder / "pose_gt.mat", {"pose_gt": pose})
    return {**params, "pose_gt": pose}


def test_samples_are_in_the_projects_conventions(tmp_path, rng) -> None:
    written = write_set(tmp_path, rng)
    dataset = RealWorldDataset(tmp_path)
    assert len(dataset) == COUNT
    for index, sample in enumerate(dataset):
        assert sample.side == "left"
        assert sample.image.shape == (256, 256, 3)
        np.testing.assert_array_equal(sample.box, [0, 0, 256, 256])
        np.testing.assert_allclose(sample.joints_mm, written["pose_gt"][index] * 10, rtol=1e-6)
        assert sample.root_depth_mm == pytest.approx(written["pose_root"][index, 2] * 10)
        assert sample.hand_scale_mm == 50.0
    assert [sample.name for sample in dataset] == ["00004", "00013", "00022"]


def test_joints_project_into_the_crop_as_in_the_full_photograph(tmp_path, rng) -> None:
    written = write_set(tmp_path, rng)
    sample = RealWorldDataset(tmp_path)[1]
    (fx, fy, u0, v0), (x, y, w, h) = written["cam_param"][1], written["bbox"][1]
    for joint, joint_cm in zip(sample.joints_mm, written["pose_gt"][1]):
        u_full, v_full = fx * joint_cm[0] / joint_cm[2] + u0, fy * joint_cm[1] / joint_cm[2] + v0
        u = sample.intrinsics[0] * joint[0] / joint[2] + sample.intrinsics[2]
        v = sample.intrinsics[1] * joint[1] / joint[2] + sample.intrinsics[3]
        np.testing.assert_allclose([u, v], [(u_full - x) * 256 / w, (v_full - y) * 256 / h], rtol=1e-4)


def test_the_networks_view_gives_the_mirrored_joints_back(tmp_path, rng) -> None:
    write_set(tmp_path, rng)
    sample = RealWorldDataset(tmp_path)[0]
    view = crop(sample, 64)
    assert view["side_mirrored"]
    xyz = uvd_to_xyz(view["joints_uvd"], view["camera"])
    np.testing.assert_allclose(xyz, sample.joints_mm * [-1, 1, 1], atol=0.01)


def test_paths_may_be_cells(tmp_path, rng) -> None:
    cells = np.empty((COUNT, 1), object)
    cells[:, 0] = [f"images/{number:05d}.jpg" for number in (4, 13, 22)]
    write_set(tmp_path, rng, paths=cells)
    assert RealWorldDataset(tmp_path)[2].name == "00022"


def test_missing_folder_and_files_are_named(tmp_path, rng) -> None:
    with pytest.raises(FileNotFoundError, match="does not exist"):
        RealWorldDataset(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"lacks params\.mat, pose_gt\.mat, images"):
        RealWorldDataset(tmp_path)
    write_set(tmp_path / "set", rng)
    (tmp_path / "set" / "pose_gt.mat").unlink()
    with pytest.raises(FileNotFoundError, match=r"lacks pose_gt\.mat \(data_dir\)\. Get"):
        RealWorldDataset(tmp_path / "set")


def test_missing_and_damaged_images_are_named(tmp_path, rng) -> None:
    write_set(tmp_path, rng)
    dataset = RealWorldDataset(tmp_path)
    (tmp_path / "images" / "00004.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"00004\.jpg"):
        dataset[0]
    whole = (tmp_path / "images" / "00013.jpg").read_bytes()
    (tmp_path / "images" / "00013.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"00013\.jpg is truncated"):
        dataset[1]
    with pytest.raises(IndexError, match="0..2"):
        dataset[COUNT]


def test_damaged_and_mismatched_mat_files_are_refused(tmp_path, rng) -> None:
    written = write_set(tmp_path, rng)
    scipy.io.savemat(tmp_path / "pose_gt.mat", {"pose_gt": written["pose_gt"][:2]})
    with pytest.raises(ValueError, match="for the 2 poses"):
        RealWorldDataset(tmp_path)
    scipy.io.savemat(tmp_path / "pose_gt.mat", {"poses": written["pose_gt"]})
    with pytest.raises(ValueError, match="expected an entry pose_gt, got poses"):
        RealWorldDataset(tmp_path)
    whole = (tmp_path / "params.mat").read_bytes()
    for damaged in (whole[:100], whole[: len(whole) // 2], b"not a mat file at all" * 20):
        (tmp_path / "params.mat").write_bytes(damaged)
        with pytest.raises(ValueError, match=r"params\.mat"):
            RealWorldDataset(tmp_path)


def test_hands_of_no_use_are_refused_and_skipped_in_order(tmp_path, rng, caplog) -> None:
    written = write_set(tmp_path, rng)
    poses = written["pose_gt"].copy()
    poses[0, :, 0] += 1000
    poses[2, 5, 1] = np.nan
    scipy.io.savemat(tmp_path / "pose_gt.mat", {"pose_gt": poses})
    dataset = RealWorldDataset(tmp_path)
    with pytest.raises(UnusableSampleError, match="00004.jpg: the hand lies wholly outside the image"):
        dataset[0]
    with pytest.raises(UnusableSampleError, match="00022.jpg: expected finite joints"):
        dataset[2]
    assert [sample.name for sample in dataset] == ["00013"]
    assert "skipped 2 of 3 samples" in caplog.text

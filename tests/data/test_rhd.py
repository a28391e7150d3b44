"""The RHD reader on tiny folders in the set's layout, written from rendered hands."""

from __future__ import annotations

import logging
import os
import pickle
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.data.rendered_hands import camera_matrix, rendered_hands
from tfhand.constants import FINGER_JOINTS
from tfhand.data.augment import crop
from tfhand.data.hand_in_view import UnusableSampleError
from tfhand.data.rhd import RHDDataset
from tfhand.data.sample import HandSample
from tfhand.geometry import project

NUMBERS = (0, 7)
SIDES = ("right", "left")
STEP_MM = 5000 / 65535


@pytest.fixture(scope="module")
def hands() -> tuple[HandSample, ...]:
    return rendered_hands(320, SIDES)


@pytest.fixture(scope="module")
def written(tmp_path_factory, hands) -> Path:
    folder = tmp_path_factory.mktemp("rhd")
    write_set(folder, hands)
    return folder


@pytest.fixture
def folder(written, tmp_path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(written, tmp_path / "set"))


def tip_to_base(joints: np.ndarray) -> np.ndarray:
    """Our joints in RHD's order, finger by finger."""
    return np.concatenate([joints[:1], *(joints[list(FINGER_JOINTS[finger])][::-1] for finger in FINGER_JOINTS)])


def write_set(folder: Path, hands: tuple[HandSample, ...], split: str = "training") -> None:
    annotations = {}
    for number, hand in zip(NUMBERS, hands):
        labels = (hand.alpha > 127).astype(np.uint8)
        first = 2 if hand.side == "left" else 18
        rows, columns = np.nonzero(hand.hand_alpha > 127)
        labels[rows, columns] = first + (rows + columns) % 16  # every label of the hand is used
        steps = np.rint(np.where(labels > 0, hand.scene_depth_mm, 4000) / STEP_MM).astype(np.uint16)
        depth = np.dstack([steps >> 8, steps & 255, np.zeros_like(steps)]).astype(np.uint8)
        for name, image in (("color", hand.image), ("mask", labels), ("depth", depth)):
            (folder / split / name).mkdir(parents=True, exist_ok=True)
            image = image if image.ndim == 2 else image[..., ::-1]
            assert cv2.imwrite(str(folder / split / name / f"{number:05d}.png"), image)
        xyz = np.random.default_rng(number).normal(0, 0.1, (42, 3)) + [5, 5, 1]
        uv_vis = np.zeros((42, 3))
        chosen = slice(0, 21) if hand.side == "left" else slice(21, 42)
        xyz[chosen] = tip_to_base(hand.joints_mm) / 1000
        uv_vis[chosen, :2] = tip_to_base(project(hand.joints_mm, hand.intrinsics))
        uv_vis[chosen, 2] = tip_to_base(hand.joint_visible)
        annotations[number] = {"uv_vis": uv_vis, "xyz": xyz, "K": camera_matrix(hand.intrinsics)}
    write_annotations(folder, annotations, split)


def write_annotations(folder: Path, annotations: object, split: str = "training") -> None:
    (folder / split / f"anno_{split}.pickle").write_bytes(pickle.dumps(annotations, 2))


def read_annotations(folder: Path) -> dict:
    return pickle.loads((folder / "training" / "anno_training.pickle").read_bytes())


def edit(folder: Path, name: str, change) -> None:
    """Applies `change` to the labels of image 7."""
    path = folder / "training" / name / "00007.png"
    assert cv2.imwrite(str(path), change(cv2.imread(str(path), cv2.IMREAD_UNCHANGED)))


def test_samples_are_the_rendered_hands(written, hands) -> None:
    dataset = RHDDataset(written)
    assert len(dataset) == len(hands)
    for sample, hand, name in zip(dataset, hands, ("training/00000", "training/00007"), strict=True):
        assert (sample.side, sample.name, sample.vertices_mm) == (hand.side, name, None)
        np.testing.assert_array_equal(sample.image, hand.image)
        np.testing.assert_allclose(sample.joints_mm, hand.joints_mm, atol=1e-3)
        np.testing.assert_allclose(sample.intrinsics, hand.intrinsics, rtol=1e-6)
        np.testing.assert_array_equal(sample.joint_visible, hand.joint_visible)
        np.testing.assert_array_equal(sample.hand_alpha > 0, hand.hand_alpha > 127)
        np.testing.assert_array_equal(sample.alpha > 0, hand.alpha > 127)
        assert sample.extras == {"hands_seen": 1}
        assert sample.root_depth_mm == pytest.approx(hand.joints_mm[0, 2], rel=1e-6)


def test_depth_is_the_hands_within_a_step_of_the_file(written, hands) -> None:
    for sample, hand in zip(RHDDataset(written), hands, strict=True):
        on_hand, on_person = hand.hand_alpha > 127, hand.alpha > 127
        np.testing.assert_allclose(sample.depth_mm[on_hand], hand.scene_depth_mm[on_hand], atol=STEP_MM)
        np.testing.assert_allclose(sample.scene_depth_mm[on_person], hand.scene_depth_mm[on_person], atol=STEP_MM)
        assert not sample.depth_mm[~on_hand].any()
        assert not sample.scene_depth_mm[~on_person].any()


def test_the_box_is_square_around_the_joints(written) -> None:
    for sample in [RHDDataset(written)[index] for index in range(2)]:
        uv = project(sample.joints_mm, sample.intrinsics)
        low, high = uv.min(axis=0), uv.max(axis=0)
        side = 1.5 * (high - low).max()
        np.testing.assert_allclose(sample.box, [*((low + high) / 2 - side / 2), side, side], rtol=1e-4, atol=1e-3)
        assert np.isfinite(crop(sample, 64)["joints_uvd"]).all()


@pytest.mark.parametrize(("more_left", "side"), [(-1, "right"), (0, "right"), (1, "left")])
def test_the_hand_with_more_pixels_is_used_and_a_tie_goes_right(folder, more_left, side) -> None:
    annotations = read_annotations(folder)
    annotations[7]["xyz"][21:] = annotations[7]["xyz"][:21]
    write_annotations(folder, annotations)

    def change(labels: np.ndarray) -> np.ndarray:
        """Left and right share the hand's pixels by turns, as last and first of their labels; left has some more."""
        rows, columns = np.nonzero(labels >= 2)
        count = len(rows) // 2
        result = np.minimum(labels, 1)
        result[rows[: 2 * count : 2], columns[: 2 * count : 2]] = 17
        result[rows[1 : 2 * count : 2], columns[1 : 2 * count : 2]] = 18
        if more_left:  # one pixel of the other hand is nobody's
            lost = 1 if more_left > 0 else 0
            result[rows[lost], columns[lost]] = 1
        return result

    edit(folder, "mask", change)
    sample = RHDDataset(folder)[1]
    assert sample.side == side and sample.extras == {"hands_seen": 2}


def test_folders_come_from_argument_variable_or_default(written, tmp_path, monkeypatch) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rhd").symlink_to(written)
    monkeypatch.setenv("TFHAND_DATA", str(tmp_path / "data"))
    assert len(RHDDataset()) == 2
    with pytest.raises(FileNotFoundError, match=r"nowhere.*\(data_dir\) does not exist"):
        RHDDataset(tmp_path / "nowhere")
    around = tmp_path / "around"
    around.mkdir()
    (around / "RHD_published_v2").symlink_to(written)
    assert len(RHDDataset(around)) == 2
    monkeypatch.delenv("TFHAND_DATA")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="neither data_dir nor") as caught:
        RHDDataset()
    for needed in ("tfhand_data/rhd", "https://lmb.", "RHD_v1-1.zip", "training/ and evaluation/", "$TFHAND_DATA"):
        assert needed in str(caught.value)
    with pytest.raises(FileNotFoundError, match="lacks evaluation/anno_evaluation.pickle, evaluation/color"):
        RHDDataset(written, "evaluation")
    with pytest.raises(ValueError, match="split: expected one of training, evaluation"):
        RHDDataset(written, "test")


class _Code:
    def __reduce__(self):
        return os.mkdir, ("pickle_ran_this",)


def test_damaged_and_malicious_annotations_are_refused(folder, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    path = folder / "training" / "anno_training.pickle"
    whole, annotations = path.read_bytes(), read_annotations(folder)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"anno_training\.pickle is a truncated or damaged pickle"):
        RHDDataset(folder)
    write_annotations(folder, {**annotations, 9: _Code()})
    with pytest.raises(ValueError, match=r"names (posix|nt)\.mkdir"):
        RHDDataset(folder)
    assert not (folder / "pickle_ran_this").exists()
    write_annotations(folder, [annotations[0], annotations[7]])
    with pytest.raises(ValueError, match="expected a dict of annotations by image number, got list"):
        RHDDataset(folder)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("xyz", np.full((42, 3), np.nan), "7: expected finite values of xyz"),
        ("xyz", np.ones((21, 3)), r"xyz as an array of shape \(42, 3\), got \(21, 3\)"),
        ("K", None, "K as an array of shape .*, got NoneType"),
        ("K", -np.eye(3), "expected camera matrices"),
    ],
)
def test_wrong_annotations_are_named(folder, key, value, message) -> None:
    annotations = read_annotations(folder)
    annotations[7][key] = value
    write_annotations(folder, annotations)
    with pytest.raises(ValueError, match=message):
        RHDDataset(folder)


def test_images_and_annotations_out_of_step_are_refused(folder) -> None:
    annotations = read_annotations(folder)
    write_annotations(folder, {0: annotations[0]})
    with pytest.raises(ValueError, match=r"color: labels and images are out of step: 1 images .* 00007\.png"):
        RHDDataset(folder)
    write_annotations(folder, annotations)
    (folder / "training" / "depth" / "00007.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"depth: 1 of 2 annotated images are missing, the first 00007\.png"):
        RHDDataset(folder)


@pytest.mark.parametrize("name", ["color", "mask", "depth"])
def test_images_of_another_size_or_damaged_are_named(folder, name) -> None:
    dataset = RHDDataset(folder)
    edit(folder, name, lambda image: image[:, :300])
    with pytest.raises(ValueError, match=rf"{name}.00007\.png: expected 320 x 320 pixels, got 300 x 320"):
        dataset[1]
    path = folder / "training" / name / "00007.png"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match=r"00007\.png is truncated"):
        dataset[1]
    with pytest.raises(IndexError, match=r"0\.\.1"):
        dataset[2]


def test_unusable_samples_are_refused_by_index_and_skipped_in_order(folder, caplog) -> None:
    annotations = read_annotations(folder)
    for change, message in (
        ([1.0, 0, 0], "wholly outside the image of 320 x 320"),
        ([0, 0, -9.0], "before the camera"),
    ):
        moved = {**annotations[7], "xyz": annotations[7]["xyz"] + change}
        write_annotations(folder, {0: annotations[0], 7: moved})
        with pytest.raises(UnusableSampleError, match=f"training/00007: .*{message}"):
            RHDDataset(folder)[1]
    with caplog.at_level(logging.WARNING):
        assert [sample.name for sample in RHDDataset(folder)] == ["training/00000"]
    assert "skipped 1 of 2 samples" in caplog.text
    write_annotations(folder, annotations)
    edit(folder, "mask", lambda labels: np.roll(labels, 150, axis=1))
    with pytest.raises(UnusableSampleError, match="out of step"):
        RHDDataset(folder)[1]
    edit(folder, "mask", lambda labels: np.minimum(labels, 1))
    with pytest.raises(UnusableSampleError, match="no pixel of the mask is a hand's"):
        RHDDataset(folder)[1]

"""The STB reader on tiny folders of rendered hands, in both of the benchmark's layouts."""
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.io

from tests.data import stb_set
from tfhand.data import stb
from tfhand.data.hand_in_view import UnusableSampleError
from tfhand.data.sample import decode, encode
from tfhand.data.stb import StbDataset
from tfhand.geometry import project


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A test split, only read."""
    return stb_set.write(tmp_path_factory.mktemp("stb"))


@pytest.fixture
def own(tmp_path) -> Path:
    """A test split of SK pictures to damage."""
    return stb_set.write(tmp_path / "stb", cameras=("sk",))


@pytest.mark.parametrize("camera", ["bb_left", "bb_right", "sk"])
def test_joints_are_those_of_the_hand_and_land_on_it(folder, camera) -> None:
    dataset = StbDataset(folder, "test", (camera,))
    assert len(dataset) == 4
    for index in range(4):
        sample = dataset[index]
        hand = stb_set.hands()[index % 2]
        np.testing.assert_allclose(sample.joints_mm, stb_set.to_camera(hand.joints_mm, camera), atol=1e-3)
        assert sample.side == "left"
        pixels = project(sample.joints_mm, sample.intrinsics)
        x, y, w, h = sample.box
        assert ((pixels > [x, y]) & (pixels < [x + w, y + h])).all()
        seen = cv2.dilate(sample.image[..., 0], np.ones((3, 3), np.uint8))
        inside = seen[pixels[:, 1].astype(int), pixels[:, 0].astype(int)] > 0
        assert inside.all()


def test_depth_agrees_with_the_mesh_in_the_colour_camera(folder) -> None:
    dataset = StbDataset(folder, "test", ("sk",))
    for index in range(4):
        sample = dataset[index]
        hand = stb_set.hands()[index % 2]
        true, scene = hand.seen("sk"), sample.scene_depth_mm
        both = (true > 0) & (scene > 0)
        error = np.abs(scene - true)[both]
        # Whole millimetres on disk; the rest is where the depth camera doesn't see what the colour camera does.
        assert np.median(error) < 0.4
        assert np.mean(error < 2) > 0.96
        wall = stb_set.to_camera(np.array([[0.0, 0.0, stb_set.WALL_MM]]), "sk")[0, 2]
        beyond = scene[(scene > 0) & (cv2.dilate((true > 0).astype(np.uint8), np.ones((41, 41))) == 0)]
        assert len(beyond) > 100_000
        assert np.abs(beyond - wall).max() < 12  # the cameras are turned by 0.8 degrees to each other


def test_depth_of_the_hand_is_the_hands(folder) -> None:
    sample = StbDataset(folder, "test", ("sk",))[0]
    true, hand = stb_set.hands()[0].seen("sk"), sample.depth_mm
    assert (hand[hand > 0] == sample.scene_depth_mm[hand > 0]).all()
    assert np.mean(true[hand > 0] > 0) > 0.99
    pixels = project(sample.joints_mm, sample.intrinsics).astype(int)
    palm = cv2.fillConvexPoly(np.zeros(stb_set.SIZE, np.uint8), pixels[[0, 5, 9, 13, 17]], 1) > 0
    assert np.mean(hand[palm & (true > 0)] > 0) > 0.9
    again = decode(encode(sample))
    np.testing.assert_allclose(again.depth_mm, hand, atol=0.051)


def test_bumblebee_pictures_have_no_depth(folder) -> None:
    sample = StbDataset(folder, "test", ("bb_left",))[0]
    assert sample.depth_mm is None and sample.scene_depth_mm is None


def test_cameras_follow_each_other(folder) -> None:
    dataset = StbDataset(folder, "test", ("bb_left", "bb_right"))
    assert [dataset[index].name for index in (0, 1, 2, 4, 7)] == [
        "B1Counting/BB_left_0", "B1Counting/BB_left_1", "B1Random/BB_left_0",
        "B1Counting/BB_right_0", "B1Random/BB_right_1",
    ]  # fmt: skip
    left, right = dataset.joints_mm[:4], dataset.joints_mm[4:]
    np.testing.assert_allclose(left - right, np.broadcast_to([stb.BASELINE_MM, 0, 0], left.shape), atol=1e-9)


def test_other_layout_and_training_split(tmp_path) -> None:
    root = stb_set.write(tmp_path / "stb", "train", nested=False, cameras=("sk",))
    dataset = StbDataset(root, "train", ("sk",))
    assert len(dataset) == 20
    assert dataset[19].name == "B6Random/SK_color_1"


def test_folder_is_argument_then_variable_then_default(folder, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("TFHAND_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match=str(tmp_path / "tfhand_data" / "stb")):
        StbDataset()
    monkeypatch.setenv("TFHAND_DATA", str(tmp_path / "named"))
    with pytest.raises(FileNotFoundError, match="named/stb"):
        StbDataset()
    assert StbDataset(folder).data_dir == folder


def test_missing_data_says_what_to_get_and_where_to_put_it(own) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere \(data_dir\) does not exist\. Get .*\(STB\) at .*labels\.zip"):
        StbDataset(own / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"lacks the pictures of B2Counting, .*, labels/B2Counting_SK\.mat"):
        StbDataset(own, "train")
    (own / "labels" / "B1Random_SK.mat").unlink()
    with pytest.raises(FileNotFoundError, match=r"lacks labels/B1Random_SK\.mat \(data_dir\)\. Get"):
        StbDataset(own)


def test_pictures_out_of_step_with_labels_are_refused(own) -> None:
    sequence = own / "images" / "B1Random"
    (sequence / "SK_depth_1.png").rename(own / "kept.png")
    with pytest.raises(ValueError, match=r"B1Random: .*it lacks SK_depth_1\.png\."):
        StbDataset(own)
    assert StbDataset(own, with_depth=False)[3].depth_mm is None
    (own / "kept.png").rename(sequence / "SK_depth_1.png")
    (sequence / "SK_color_2.png").write_bytes((sequence / "SK_color_1.png").read_bytes())
    with pytest.raises(ValueError, match=r"also has SK_color_2\.png"):
        StbDataset(own)


def test_damaged_pictures_are_named(own) -> None:
    dataset, sequence = StbDataset(own), own / "images" / "B1Counting"
    stb_set.write_depth(sequence / "SK_depth_0.png", np.zeros(stb_set.SIZE))
    with pytest.raises(UnusableSampleError, match=r"B1Counting/SK_depth_0: .*nothing was measured"):
        dataset[0]
    assert [sample.name for sample in dataset][:2] == ["B1Counting/SK_color_1", "B1Random/SK_color_0"]
    stb_set.write_depth(sequence / "SK_depth_0.png", np.full(stb_set.SIZE, stb_set.WALL_MM))
    with pytest.raises(UnusableSampleError, match="nothing but holes where the hand is"):
        dataset[0]
    cv2.imwrite(str(sequence / "SK_depth_0.png"), np.full(stb_set.SIZE, 500, np.uint16))
    with pytest.raises(ValueError, match=r"SK_depth_0\.png: expected depth as three 8-bit channels"):
        dataset[0]
    cv2.imwrite(str(sequence / "SK_color_1.png"), np.zeros((240, 320, 3), np.uint8))
    with pytest.raises(ValueError, match=r"SK_color_1\.png: expected 640 x 480 pixels, got 320 x 240"):
        dataset[1]
    path = own / "images" / "B1Random" / "SK_color_0.png"
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ValueError, match=r"SK_color_0\.png is truncated"):
        dataset[2]
    with pytest.raises(IndexError, match="0..3"):
        dataset[4]


def test_damaged_labels_are_named(own) -> None:
    path = own / "labels" / "B1Counting_SK.mat"
    whole, para = path.read_bytes(), scipy.io.loadmat(path)["handPara"]
    for damaged in (whole[:100], whole[: len(whole) // 2], b""):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"B1Counting_SK\.mat: expected a MATLAB 5 file"):
            StbDataset(own)
    scipy.io.savemat(path, {"hands": para})
    with pytest.raises(ValueError, match="expected an entry handPara, got hands"):
        StbDataset(own)
    scipy.io.savemat(path, {"handPara": para.transpose(2, 1, 0)})
    with pytest.raises(ValueError, match=r"shape \(3, 21, frames\)"):
        StbDataset(own)
    broken = para.copy()
    broken[1, 4, 1] = np.nan
    scipy.io.savemat(path, {"handPara": broken})
    with pytest.raises(ValueError, match="others in 1 frames, first frame 1"):
        StbDataset(own)
    scipy.io.savemat(path, {"handPara": para * [[[1]], [[1]], [[-1]]]})
    with pytest.raises(ValueError, match="in front of the camera"):
        StbDataset(own)
    scipy.io.savemat(path, {"handPara": para + [[[2000]], [[0]], [[0]]]})
    with pytest.raises(UnusableSampleError, match="B1Counting/SK_color_0: the hand lies wholly outside"):
        StbDataset(own)[0]


def test_unknown_names_are_refused(folder) -> None:
    with pytest.raises(ValueError, match="split: expected one of train, test, got 'validation'"):
        StbDataset(folder, "validation")
    for cameras in ("sk", ("kinect",), (), ("sk", "sk")):
        with pytest.raises(ValueError, match="cameras: expected different ones of bb_left, bb_right, sk"):
            StbDataset(folder, "test", cameras)

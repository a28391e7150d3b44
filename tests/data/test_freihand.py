"""The FreiHAND reader on tiny folders in the set's layout, written from rendered hands."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.data.rendered_hands import camera_matrix, rendered_hands
from tfhand.data.freihand import FreiHANDDataset
from tfhand.data.hand_in_view import UnusableSampleError
from tfhand.data.sample import HandSample, decode, encode
from tfhand.geometry import project

VERSIONS = 2


@pytest.fixture(scope="module")
def hands() -> tuple[HandSample, ...]:
    return rendered_hands(224, ("right", "right"))


@pytest.fixture(scope="module")
def written(tmp_path_factory, hands) -> Path:
    folder = tmp_path_factory.mktemp("freihand")
    write_set(folder, hands)
    return folder


@pytest.fixture
def folder(written, tmp_path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(written, tmp_path / "set"))


def write_set(folder: Path, hands: tuple[HandSample, ...]) -> None:
    for split, versions in (("training", VERSIONS), ("evaluation", 1)):
        (folder / split / "rgb").mkdir(parents=True)
        for number, hand in enumerate(hands * versions):
            assert cv2.imwrite(str(folder / split / "rgb" / f"{number:08d}.jpg"), hand.image[..., ::-1])
        metres = [hand.joints_mm / 1000 for hand in hands]
        save(folder / f"{split}_K.json", [camera_matrix(hand.intrinsics) for hand in hands])
        save(folder / f"{split}_xyz.json", metres)
        save(folder / f"{split}_scale.json", [np.linalg.norm(xyz[9] - xyz[10]) for xyz in metres])
        save(folder / f"{split}_verts.json", [xyz[:1] + np.linspace(0, 0.1, 778)[:, None] for xyz in metres])
    (folder / "training" / "mask").mkdir()
    for number, hand in enumerate(hands):
        mask = np.where(hand.alpha > 127, 255, 0).astype(np.uint8)
        assert cv2.imwrite(str(folder / "training" / "mask" / f"{number:08d}.jpg"), mask)


def save(path: Path, values: list) -> None:
    path.write_text(json.dumps([np.asarray(value, np.float64).tolist() for value in values]))


@pytest.mark.parametrize("split", ["training", "evaluation"])
def test_samples_are_the_rendered_hands(written, hands, split) -> None:
    dataset = FreiHANDDataset(written, split)
    assert len(dataset) == len(hands) * (VERSIONS if split == "training" else 1)
    for number in range(len(dataset)):
        sample = dataset[number]  # by its number: going through the set would skip what is of no use
        hand = hands[number % len(hands)]
        assert (sample.side, sample.name, sample.vertices_mm) == ("right", f"{split}/{number:08d}", None)
        np.testing.assert_allclose(sample.joints_mm, hand.joints_mm, atol=1e-3)
        np.testing.assert_allclose(sample.intrinsics, hand.intrinsics, rtol=1e-6)
        assert np.abs(sample.image.astype(int) - hand.image).mean() < 4
        assert sample.hand_scale_mm == pytest.approx(hand.hand_scale_mm, rel=1e-4)
        uv = project(sample.joints_mm, sample.intrinsics)
        np.testing.assert_allclose(sample.box[:2] + sample.box[2:] / 2, (uv.min(axis=0) + uv.max(axis=0)) / 2, atol=1e-2)
        if split == "training":
            np.testing.assert_array_equal(sample.hand_alpha > 0, hand.alpha > 127)
        else:
            assert sample.hand_alpha is None
        assert sample.depth_mm is None


def test_meshes_of_another_topology_stay_apart(written, hands) -> None:
    sample = FreiHANDDataset(written, "evaluation", meshes=True)[1]
    assert sample.vertices_mm is None
    expected = hands[1].joints_mm[:1] + np.linspace(0, 100, 778)[:, None]
    np.testing.assert_allclose(sample.extras["mano_vertices_mm"], expected, atol=1e-3)
    np.testing.assert_array_equal(decode(encode(sample)).extras["mano_vertices_mm"], sample.extras["mano_vertices_mm"])
    assert FreiHANDDataset(written)[1].extras == {}


def test_versions_share_labels(written) -> None:
    dataset = FreiHANDDataset(written)
    np.testing.assert_array_equal(dataset[3].joints_mm, dataset[1].joints_mm)
    assert len(FreiHANDDataset(written, first_version_only=True)) == 2


def test_folders_come_from_argument_variable_or_default(written, tmp_path, monkeypatch) -> None:
    (tmp_path / "freihand").symlink_to(written)
    monkeypatch.setenv("TFHAND_DATA", str(tmp_path))
    assert len(FreiHANDDataset(split="evaluation")) == 2
    monkeypatch.setenv("TFHAND_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match=r"nowhere/freihand \(\$TFHAND_DATA/freihand\) does not exist") as caught:
        FreiHANDDataset()
    for needed in ("https://lmb.", "FreiHAND_pub_v2.zip", "FreiHAND_pub_v2_eval.zip", "training_*.json"):
        assert needed in str(caught.value)
    with pytest.raises(FileNotFoundError, match="lacks training_K.json, .*training/rgb, training/mask"):
        FreiHANDDataset(tmp_path)
    with pytest.raises(ValueError, match="split: expected one of"):
        FreiHANDDataset(written, "test")


@pytest.mark.parametrize(
    ("key", "change", "message"),
    [
        ("xyz", lambda values: values[:1], "K.json: labels are out of step: expected 1.* got 2"),
        ("K", lambda values: values[:1], "K.json: labels are out of step"),
        ("scale", lambda values: [*values, 1], "scale.json: labels are out of step"),
        ("xyz", lambda values: [values[0], np.full((21, 3), np.nan).tolist()], "expected finite values.* in entry 1"),
        ("xyz", lambda values: [values[0], values[1][:20]], "xyz.json: expected a list of numbers"),
        ("xyz", lambda values: [value[:20] for value in values], "xyz.json: expected numbers of shape"),
        ("xyz", lambda values: {"a": 1}, "xyz.json: expected a list of numbers"),
        ("K", lambda values: [values[0], np.ones((3, 3)).tolist()], "expected camera matrices .* in entry 1"),
        ("scale", lambda values: [0, 1], "expected positive lengths"),
    ],
)
def test_wrong_labels_are_named(folder, key, change, message) -> None:
    path = folder / f"training_{key}.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(ValueError, match=message):
        FreiHANDDataset(folder)


def test_truncated_json_is_named(folder) -> None:
    path = folder / "training_xyz.json"
    path.write_text(path.read_text()[:-9])
    with pytest.raises(ValueError, match=r"training_xyz\.json is truncated or damaged JSON"):
        FreiHANDDataset(folder)


def test_images_out_of_step_are_refused(folder) -> None:
    (folder / "training" / "rgb" / "00000003.jpg").unlink()
    with pytest.raises(ValueError, match="rgb: labels and images are out of step: expected 2 images.* got 3"):
        FreiHANDDataset(folder)
    (folder / "training" / "rgb" / "00000001.jpg").unlink()
    with pytest.raises(ValueError, match="got 2, the last of them 00000002"):
        FreiHANDDataset(folder)


def test_images_of_another_size_or_damaged_are_named(folder) -> None:
    dataset, path = FreiHANDDataset(folder), folder / "training" / "rgb" / "00000003.jpg"
    assert cv2.imwrite(str(path), np.zeros((224, 200, 3), np.uint8))
    with pytest.raises(ValueError, match=r"00000003\.jpg: expected 224 x 224 pixels, got 200 x 224"):
        dataset[3]
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"00000003\.jpg"):
        dataset[3]
    with pytest.raises(IndexError, match=r"0\.\.3"):
        dataset[4]


def test_hands_out_of_view_or_beside_their_mask_are_unusable(folder) -> None:
    path = folder / "training_xyz.json"
    labels = np.array(json.loads(path.read_text()))
    save(path, list(labels + [[[0, 0, 0]], [[2, 0, 0]]]))
    dataset = FreiHANDDataset(folder)
    with pytest.raises(UnusableSampleError, match="training/00000003: the hand lies wholly outside"):
        dataset[3]
    assert [sample.name for sample in dataset] == ["training/00000000", "training/00000002"]
    save(path, list(labels))
    assert cv2.imwrite(str(folder / "training" / "mask" / "00000000.jpg"), np.zeros((224, 224), np.uint8))
    with pytest.raises(UnusableSampleError, match="out of step"):
        FreiHANDDataset(folder)[2]

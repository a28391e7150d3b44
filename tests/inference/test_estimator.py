"""The estimator's geometry, sides and assumptions, with a network whose answer is known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.inference.toys import FLAT_HAND, SIZE, VERTICES, ToyNet, toy_template

from tfhand.constants import DEPTH_AXES
from tfhand.data.joint_adapters import REAL_WORLD_ADAPTER
from tfhand.geometry import camera_vector, xyz_to_uvd
from tfhand.inference import HandEstimator
from tfhand.inference.confidence import joint_confidence
from tfhand.inference.placement import bone_proportions, root_depth_in_scales

#: The photograph is a corner of a larger image: the ray through the box lies 25 degrees off the optical axis.
INTRINSICS = np.array([300.0, 300.0, 180.0, -40.0])
BOX = np.array([30.0, 10.0, 100.0, 100.0])
ROOT = np.array([-155.0, 200.0, 480.0])
SCALE = float(np.linalg.norm(FLAT_HAND[9] - FLAT_HAND[10]))


@pytest.fixture
def photo(rng) -> np.ndarray:
    return rng.integers(0, 255, (120, 160, 3), dtype=np.uint8)


def mirrored(intrinsics: np.ndarray, box: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    fx, fy, u0, v0 = intrinsics
    x, y, w, h = box
    return np.array([fx, fy, width - u0, v0]), np.array([width - x - w, y, w, h])


@pytest.mark.parametrize("axis", DEPTH_AXES)
def test_right_hand_comes_back_in_mm_and_pixels(photo, axis) -> None:
    estimator = HandEstimator(ToyNet(ROOT, INTRINSICS, BOX, depth_axis=axis), toy_template())
    hand = estimator(photo, BOX, "right", INTRINSICS, ROOT[2], SCALE)
    np.testing.assert_allclose(hand.joints_mm, FLAT_HAND + ROOT, atol=1e-2)
    np.testing.assert_allclose(hand.vertices_mm, VERTICES + ROOT, atol=1e-2)
    expected = (FLAT_HAND + ROOT)[:, :2] / (FLAT_HAND + ROOT)[:, 2:] * INTRINSICS[:2] + INTRINSICS[2:]
    np.testing.assert_allclose(hand.joints_uv, expected, atol=1e-3)
    assert hand.side == "right" and hand.assumed == ()
    np.testing.assert_array_equal(hand.faces, toy_template().faces)


def test_network_that_knows_left_hands_has_right_ones_mirrored(photo) -> None:
    """Whatever side a network knows, that side's photograph reaches it as it is, and the other one mirrored."""
    usual, other = (ToyNet(ROOT, INTRINSICS, BOX) for _ in range(2))
    other.hand_side = "left"
    given = photo, BOX
    for side, opposite in (("left", "right"), ("right", "left")):
        found = HandEstimator(other, toy_template())(*given, side, INTRINSICS, ROOT[2], SCALE)
        expected = HandEstimator(usual, toy_template())(*given, opposite, INTRINSICS, ROOT[2], SCALE)
        np.testing.assert_array_equal(other.seen[-1], usual.seen[-1])
        for key in ("vertices_mm", "joints_mm", "joints_uv", "faces"):
            np.testing.assert_array_equal(getattr(found, key), getattr(expected, key))
        assert found.side == side


def test_average_hand_is_measured_by_the_networks_own_joints(photo) -> None:
    """A network that was trained with a dataset's joints has that dataset's bones and hand scale."""
    net = ToyNet(ROOT, INTRINSICS, BOX)
    net.joint_definition = "real_world"
    net.joints[:] = 0.5
    hand = HandEstimator(net, toy_template())(photo, BOX, "right", INTRINSICS)
    assert hand.hand_scale_mm == pytest.approx(45.0 / REAL_WORLD_ADAPTER.scale_ratio)
    net.joint_definition = "nobody's"
    with pytest.raises(ValueError, match="expected one of tfhand, real_world, .*got \"nobody's\""):
        HandEstimator(net, toy_template())


def test_mesh_comes_from_the_network_where_no_template_is_given(photo) -> None:
    net = ToyNet(ROOT, INTRINSICS, BOX)
    net.faces = toy_template().faces[:3]
    hand = HandEstimator(net)(photo, BOX, "right", INTRINSICS, ROOT[2], SCALE)
    np.testing.assert_array_equal(hand.faces, net.faces)


def test_left_hand_is_the_mirror_image(photo) -> None:
    """The network sees a right hand in the mirrored photograph; the answer is its mirror image, faces turned."""
    intrinsics, box = mirrored(INTRINSICS, BOX, 160)
    net = ToyNet(ROOT, intrinsics, box)
    hand = HandEstimator(net, toy_template())(photo, BOX, "left", INTRINSICS, ROOT[2], SCALE)
    flip = np.array([-1, 1, 1])
    np.testing.assert_allclose(hand.joints_mm, (FLAT_HAND + ROOT) * flip, atol=1e-2)
    projected = hand.joints_mm[:, :2] / hand.joints_mm[:, 2:] * INTRINSICS[:2] + INTRINSICS[2:]
    np.testing.assert_allclose(hand.joints_uv, projected, atol=1e-2)
    right = HandEstimator(net, toy_template())(photo[:, ::-1], box, "right", intrinsics, ROOT[2], SCALE)
    np.testing.assert_array_equal(net.seen[0], net.seen[1])
    np.testing.assert_allclose(right.vertices_mm * flip, hand.vertices_mm, atol=1e-4)

    def volume(vertices, faces):
        return np.linalg.det(vertices[faces].astype(np.float64)).sum()

    assert np.sign(volume(hand.vertices_mm, hand.faces)) == np.sign(volume(right.vertices_mm, right.faces))


def test_auto_keeps_the_side_that_is_seen_more_sharply(photo) -> None:
    photo[:, :80] //= 8
    for side, sharp_when in (("right", lambda i: i[:, :9].mean() < i[:, -9:].mean()), ("left", lambda i: i[:, :9].mean() > i[:, -9:].mean())):
        hand = HandEstimator(ToyNet(ROOT, INTRINSICS, BOX, sharp_when), toy_template())(photo, BOX)
        assert hand.side == side
        assert hand.side_confidence[side] > 0.6
        assert sum(hand.side_confidence.values()) == pytest.approx(1.0)
        assert "side" in hand.assumed


@pytest.mark.parametrize("axis", DEPTH_AXES)
def test_without_depth_the_bones_keep_their_proportions(photo, axis) -> None:
    estimator = HandEstimator(ToyNet(ROOT, INTRINSICS, BOX, depth_axis=axis), toy_template())
    hand = estimator(photo, BOX, "right", INTRINSICS, hand_scale_mm=SCALE)
    assert hand.root_depth_mm == pytest.approx(ROOT[2], rel=1e-3)
    assert hand.assumed == ("root_depth_mm",)
    hand = estimator(photo, BOX, "right", INTRINSICS, root_depth_mm=2 * ROOT[2])
    assert hand.hand_scale_mm == pytest.approx(2 * SCALE, rel=1e-3)
    np.testing.assert_allclose(hand.joints_root_relative_mm, 2 * FLAT_HAND, atol=0.3)
    hand = estimator(photo)
    assert hand.hand_scale_mm == 45.0
    assert hand.assumed == ("box", "camera", "hand_scale_mm", "root_depth_mm", "side")
    np.testing.assert_array_equal(hand.box, [0, -20, 160, 160])


@pytest.mark.parametrize("axis", DEPTH_AXES)
def test_depth_search_is_exact_for_any_pose(rng, axis) -> None:
    for _ in range(20):
        joints = np.cumsum(rng.normal(0, 25, (21, 3)), axis=0)
        joints -= joints[0]
        scale = np.linalg.norm(joints[10] - joints[9])
        true = rng.uniform(600, 2000)
        points = joints + [rng.uniform(-100, 100), 20, true]
        wrist = points[0, :2] / points[0, 2] * 1.7 - 0.6
        intrinsics, box = np.array([1.7, 1.7, -0.6, -0.6]), np.array([0, 0, 1, 1])
        camera = camera_vector(intrinsics, box, true, scale, wrist if axis == "crop" else None)
        ratio = root_depth_in_scales(xyz_to_uvd(points, camera), camera, bone_proportions(joints))
        assert ratio == pytest.approx(camera[4] / scale, rel=1e-4)


def test_any_image_array_is_taken(photo) -> None:
    net = ToyNet(ROOT, INTRINSICS, BOX)
    estimator = HandEstimator(net, toy_template())
    estimator(photo, side="right")
    for same in (photo.astype(np.uint16) * 257, photo / 255.0, np.dstack([photo, np.full(photo.shape[:2], 255, np.uint8)])):
        estimator(same, side="right")
        np.testing.assert_allclose(net.seen[-1], net.seen[0], atol=1e-6)
    estimator(photo[..., 0], side="right")
    assert net.seen[-1].shape == (1, SIZE, SIZE, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"box": [200, 10, 50, 50]}, "box: expected x, y, w, h that overlap the image"),
        ({"box": [10, 10, 0, 50]}, "box: expected positive width and height"),
        ({"box": [10, np.nan, 5, 50]}, "box: expected finite"),
        ({"box": [10, 10, 5]}, "box: expected 4 numbers"),
        ({"box": {"x": 10, "y": 10}}, "box: expected 4 numbers, got {'x': 10, 'y': 10}"),
        ({"camera": "300 300 80 60"}, "camera: expected 4 numbers, got '300 300 80 60'"),
        ({"camera": [np.nan, 300, 80, 60]}, "intrinsics: expected finite"),
        ({"camera": [0, 300, 80, 60]}, "positive focal"),
        ({"side": "both"}, "side: expected one of right, left, auto, got 'both'"),
        ({"root_depth_mm": -3.0}, "root_depth_mm: expected a positive"),
        ({"root_depth_mm": "500"}, "root_depth_mm: expected a positive length in mm, got '500'"),
        ({"hand_scale_mm": [40]}, r"hand_scale_mm: expected a positive length in mm, got \[40\]"),
        ({"hand_scale_mm": np.inf}, "hand_scale_mm: expected a positive"),
    ],
)
def test_bad_arguments_are_refused(photo, arguments, message) -> None:
    estimator = HandEstimator(ToyNet(ROOT, INTRINSICS, BOX), toy_template())
    with pytest.raises(ValueError, match=message):
        estimator(photo, **arguments)


def test_bad_images_are_refused(tmp_path) -> None:
    estimator = HandEstimator(ToyNet(ROOT, INTRINSICS, BOX), toy_template())
    for image in (np.zeros((0, 10, 3), np.uint8), np.zeros((4, 4, 2), np.uint8), np.full((8, 8, 3), np.nan), np.zeros((8, 8, 3), int)):
        with pytest.raises(ValueError, match="image: expected"):
            estimator(image)
    (tmp_path / "photo.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match="empty"):
        estimator(tmp_path / "photo.jpg")
    with pytest.raises(FileNotFoundError):
        estimator(str(tmp_path / "nothing.jpg"))


def test_network_and_template_must_fit() -> None:
    net = ToyNet(ROOT, INTRINSICS, BOX)
    net.num_vertices = 5
    with pytest.raises(ValueError, match="expected one of 5 vertices"):
        HandEstimator(net, toy_template())


def test_networks_that_answer_nan_are_refused(photo) -> None:
    net = ToyNet(ROOT, INTRINSICS, BOX)
    net.vertices = net.vertices * np.nan
    with pytest.raises(ValueError, match="NaN or infinity in vertices_uvd"):
        HandEstimator(net, toy_template())(photo)


def test_result_is_json(photo) -> None:
    hand = HandEstimator(ToyNet(ROOT, INTRINSICS, BOX), toy_template())(photo)
    content = json.loads(json.dumps(hand.to_dict()))
    assert content["side"] in ("right", "left")
    assert len(content["joints_mm"]) == len(content["joint_names"]) == 21
    assert set(content["assumed"]) == set(hand.assumed)


def test_confidence_of_sharp_flat_and_gaussian_maps() -> None:
    maps = np.zeros((1, 16, 16, 2), np.float32)
    maps[0, 5, 5, 0] = 30.0
    sharp, flat = joint_confidence(maps, "logits")[0]
    assert sharp == pytest.approx(1.0)
    assert flat == pytest.approx(9 / 256)  # any window within, of one cell to each side
    np.testing.assert_allclose(joint_confidence(maps / 60, "gaussian"), [[0.5, 0.0]])
    with pytest.raises(ValueError, match="gaussian or logits"):
        joint_confidence(maps, "other")

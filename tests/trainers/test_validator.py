"""Figures of validation against the numpy metrics of an evaluation."""

from __future__ import annotations

import numpy as np
import pytest
from toy import OCTAHEDRON, SIZE, Hands, ToyNet

from tfhand.data import BatchSource, crop
from tfhand.data.sign_views import negative_crops
from tfhand.geometry import uvd_to_xyz
from tfhand.metrics import SIGN_FIGURES, mesh_error_mm, pose_error_mm
from trainers.validator import FIGURES, Validator, figures_of


@pytest.fixture(scope="module")
def batches() -> list:
    return list(BatchSource(Hands(6), 4, SIZE, shuffle=False))


def expected_figures(network: ToyNet, batches: list, kind: str) -> dict[str, float]:
    true = {key: np.concatenate([labels[key] for _, labels in batches])[:6] for key in batches[0][1]}
    images = np.concatenate([images for images, _ in batches])[:6] / np.float32(255)
    pred = network.predict(images, verbose=0)
    xyz = {key: uvd_to_xyz(true[key], true["camera"]) for key in ("vertices_uvd", "joints_uvd")}
    joints_uvd = network.pose_model().predict(true["vertices_uvd"]) if kind == "pose" else pred["joints_uvd"]
    joints = uvd_to_xyz(joints_uvd, true["camera"])
    joints[:, 0] = xyz["joints_uvd"][:, 0]
    pixels = []
    for maps, points in zip(pred["heatmaps_1"], true["joints_uvd"]):
        for joint, point in enumerate(points):
            row, column = np.unravel_index(maps[..., joint].argmax(), maps.shape[:2])
            centre = (np.array([column, row]) + 0.5) / maps.shape[0]
            pixels.append(np.linalg.norm(centre - point[:2]) * SIZE)
    pose_error = pose_error_mm(joints, xyz["joints_uvd"])
    return {
        "mesh_error_mm": mesh_error_mm(uvd_to_xyz(pred["vertices_uvd"], true["camera"]), xyz["vertices_uvd"]),
        "pose_error_mm": pose_error,
        "pose_from_true_mesh_error_mm": pose_error,
        "joint_uv_error_px": np.mean(pixels),
    }


@pytest.mark.parametrize("kind", ["heatmap", "pose", "full"])
def test_figures_equal_those_of_an_evaluation(batches, kind):
    network = ToyNet()
    figures, picture = Validator(network, batches, OCTAHEDRON.faces, kind, num_pictures=3).run()
    expected = expected_figures(network, batches, kind)
    assert tuple(figures) == FIGURES[kind]
    for name, value in figures.items():
        assert value == pytest.approx(expected[name], rel=1e-4), name
    assert (picture is None) == (kind == "pose")
    if picture is not None:
        assert picture.dtype == np.uint8 and picture.shape == (2 * 256, 2 * 3 * 256, 3)


def test_signs_are_judged_on_hands_mirrored_hands_and_none(batches):
    network = ToyNet(signs=True)
    negatives = list(negative_crops(Hands(6), SIZE, "right", None, batch_size=4))
    assert [len(crops) for crops in negatives] == [4, 2]
    figures, _ = Validator(network, batches, OCTAHEDRON.faces, "full", 0, negatives).run()
    assert tuple(figures) == FIGURES["full"] + SIGN_FIGURES == figures_of("full", batches[0][1], network.output)
    assert figures_of("heatmap", batches[0][1], network.output) == FIGURES["heatmap"]
    right = {"hand": [], "none": [], "side": []}
    for index in range(6):
        for side in ("right", "left"):
            image = crop(Hands()[index], SIZE, hand_side=side)["image"]
            logits = network.predict(image[None] / np.float32(255), verbose=0)["sign_logits"][0]
            right["hand"].append(logits[0] > 0)
            right["side"].append((logits[1] > 0) == (side == "right"))
        image = negatives[index // 4][index % 4]
        right["none"].append(network.predict(image[None] / np.float32(255), verbose=0)["sign_logits"][0, 0] <= 0)
    assert figures["presence_accuracy"] == pytest.approx((np.mean(right["hand"]) + np.mean(right["none"])) / 2)
    assert figures["handedness_accuracy"] == pytest.approx(np.mean(right["side"]))

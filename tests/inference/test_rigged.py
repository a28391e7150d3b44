"""An estimate with the rig's hand in the network's place: sides, pixels, what is kept, what is refused."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from tfhand.geometry import project
from tfhand.inference import HandResult, rigged
from tfhand.mesh import HandTemplate
from tfhand.mesh.rigged_hands import rig_hands


@pytest.fixture(scope="module")
def template() -> HandTemplate:
    return HandTemplate.load()


@pytest.fixture(scope="module")
def estimate(template) -> HandResult:
    """A right hand with noise in joints and vertices."""
    rng = np.random.default_rng(2)
    angles = np.zeros((20, 3))
    angles[5:, 0] = 0.6
    hand = template.pose(template.bone_rotations(angles), None, np.diag([1.0, -1.0, -1.0]), [10, 60, 480])
    joints = (hand.joints + rng.normal(0, 5, (21, 3))).astype(np.float32)
    vertices = (hand.vertices + rng.normal(0, 5, hand.vertices.shape)).astype(np.float32)
    camera, box = np.array([500, 520, 160, 120], np.float32), np.array([0, 0, 240, 240], np.float32)
    seen = project(joints, camera).astype(np.float32)
    return HandResult(
        vertices, template.faces, joints, seen, "right", box, camera, float(joints[0, 2]), 45.0, 0.5, np.full(21, 0.5)
    )


def test_mesh_joints_and_pixels_are_of_one_hand_of_the_rig(template, estimate):
    found = rigged(estimate)
    expected = rig_hands(template, estimate.joints_mm[None])
    np.testing.assert_array_equal(found.vertices_mm, expected.vertices_mm[0])
    np.testing.assert_array_equal(found.joints_mm, expected.joints_mm[0])
    ours = found.joints_mm.astype(np.float64)
    pixels = ours[:, :2] / ours[:, 2:] * [500, 520] + [160, 120]
    np.testing.assert_allclose(found.joints_uv, pixels, atol=1e-3)
    assert found.joints_mm[0, 2] == pytest.approx(estimate.root_depth_mm, abs=1e-3)
    kept = {field.name for field in dataclasses.fields(HandResult)} - {"vertices_mm", "joints_mm", "joints_uv", "rig"}
    assert all(getattr(found, name) is getattr(estimate, name) for name in kept)
    again = template.pose(template.bone_rotations(np.deg2rad(found.rig.angles_deg)), found.rig.shape)
    lengths = [np.linalg.norm(hand[8] - hand[7]) for hand in (again.joints, found.joints_mm)]
    assert lengths[0] == pytest.approx(lengths[1], abs=1e-2)
    content = json.loads(json.dumps(found.to_dict()))["rig"]
    assert list(content["angles_deg"]) == list(template.bone_names) and list(content["shape"]) == list(template.shape_names)
    assert "rig" not in estimate.to_dict()


def test_a_left_hand_is_the_mirror_image(estimate):
    flip = np.array([-1, 1, 1], np.float32)
    mirrored = {"vertices_mm": estimate.vertices_mm * flip, "joints_mm": estimate.joints_mm * flip}
    left = dataclasses.replace(estimate, side="left", **mirrored)
    right, found = rigged(estimate), rigged(left)
    np.testing.assert_array_equal(found.vertices_mm * flip, right.vertices_mm)
    np.testing.assert_array_equal(found.joints_mm * flip, right.joints_mm)
    np.testing.assert_array_equal(found.rig.angles_deg, right.rig.angles_deg)


def test_a_hand_that_would_reach_behind_the_camera_stays_as_it_was(estimate):
    nearest = estimate.joints_mm[:, 2].min()
    near = dataclasses.replace(estimate, joints_mm=estimate.joints_mm - np.array([0, 0, nearest - 1], np.float32))
    turned = dataclasses.replace(near, joints_mm=near.joints_mm - np.array([0, 0, 8], np.float32))
    assert rigged(turned) is turned and turned.rig is None


def test_another_mesh_and_a_bare_one_are_refused(template, estimate):
    with pytest.raises(ValueError, match=f"expected one of 10 vertices, as the estimate has, got {template.num_vertices}"):
        rigged(dataclasses.replace(estimate, vertices_mm=estimate.vertices_mm[:10]))
    with pytest.raises(ValueError, match="template: expected one with a rig"):
        rigged(estimate, dataclasses.replace(template, rig=None))

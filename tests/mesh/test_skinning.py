"""What skinning keeps of a bent hand: rigid turns exactly, and the thickness of knuckles."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tfhand.constants import FINGER_JOINTS
from tfhand.mesh import LABELS, HandTemplate
from tfhand.mesh.skinning import quaternions


@pytest.fixture(scope="module")
def template() -> HandTemplate:
    return HandTemplate.load()


def bent(template: HandTemplate, bone: str, degrees: float):
    angles = np.zeros((20, 3))
    angles[template.bone_names.index(bone), 0] = np.deg2rad(degrees)
    return template.pose(template.bone_rotations(angles))


def blended_linearly(template: HandTemplate, bone: str, degrees: float) -> np.ndarray:
    angles = np.zeros((20, 3))
    angles[template.bone_names.index(bone), 0] = np.deg2rad(degrees)
    rig = template.rig
    turns, shifts = rig.bone_transforms(template.bone_rotations(angles), rig.points)
    matrices = np.tensordot(rig.skin_weights, np.concatenate([turns, shifts[..., None]], axis=2), 1)
    return np.einsum("sab,sb->sa", matrices[..., :3], template.surface_vertices) + matrices[..., 3]


def test_quaternions_against_scipy():
    turns = Rotation.random(200, random_state=0)
    half_turns = Rotation.from_rotvec(np.pi * np.eye(3))
    turns = Rotation.concatenate([turns, half_turns, Rotation.identity()])
    found = quaternions(turns.as_matrix())
    expected = turns.as_quat()[:, [3, 0, 1, 2]]
    np.testing.assert_allclose(np.abs((found * expected).sum(axis=1)), 1, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1)


def test_a_turn_of_the_whole_hand_is_rigid(template):
    turn = Rotation.from_rotvec([2.0, -1.5, 1.0]).as_matrix()
    shift = np.array([20.0, -30.0, 900.0])
    posed = template.pose(rotation=turn, translation_mm=shift).surface_vertices
    np.testing.assert_allclose(posed, template.surface_vertices @ turn.T + shift, atol=1e-3)


@pytest.mark.parametrize("finger", ["index", "middle", "ring", "little"])
@pytest.mark.parametrize("joint, bone", [(0, "proximal"), (1, "middle"), (2, "distal")])
def test_knuckles_keep_their_thickness(template, finger, joint, bone):
    """Skin on the back of a joint bent by 90 degrees stays as far from the joint as at rest, as it does over bone."""
    place = FINGER_JOINTS[finger][joint]
    rest = template.pose()
    offset = rest.surface_vertices - rest.joints[place]
    bone_axis = rest.joints[place + 1] - rest.joints[place]
    along = offset @ bone_axis / np.linalg.norm(bone_axis)
    beside = np.linalg.norm(offset - along[:, None] * bone_axis / np.linalg.norm(bone_axis), axis=1)
    own = np.isin(template.surface_labels, [LABELS.index("back"), LABELS.index(finger)])
    skin = own & (np.abs(along) < 6) & (beside < 16) & (offset[:, 2] > 3)
    assert skin.sum() >= 3

    def thickness(vertices):
        return np.linalg.norm(vertices[skin] - rest.joints[place], axis=1).mean()

    name = f"{finger}_{bone}"
    kept = thickness(bent(template, name, 90).surface_vertices) / thickness(rest.surface_vertices)
    linear = thickness(blended_linearly(template, name, 90)) / thickness(rest.surface_vertices)
    assert 0.96 < kept < 1.06
    assert linear < 0.94, "blending matrices would do"


def test_a_finger_bent_far_keeps_its_volume(template):
    def volume(vertices):
        a, b, c = vertices[template.surface_faces.T].astype(np.float64)
        return np.sum(a * np.cross(b, c)) / 6

    rest = volume(template.surface_vertices)
    lost = rest - volume(bent(template, "middle_proximal", 80).surface_vertices)
    linear = rest - volume(blended_linearly(template, "middle_proximal", 80))
    assert lost < 0.5 * linear


def test_a_shaped_hand_poses_like_its_shape(template):
    rng = np.random.default_rng(3)
    shape = rng.uniform(-0.5, 0.5, len(template.shape_names)).astype(np.float32)
    hand = template.shaped(shape)
    for _ in range(2):
        rotations = template.bone_rotations(rng.uniform(-0.6, 0.6, (len(template.bone_names), 3)))
        one, other = template.pose(rotations, hand), template.pose(rotations, shape)
        np.testing.assert_array_equal(one.surface_vertices, other.surface_vertices)
        np.testing.assert_array_equal(one.joints, other.joints)
    assert template.shaped(hand) is hand
    np.testing.assert_array_equal(template.shaped(None).surface_vertices, template.surface_vertices)
    with pytest.raises(ValueError, match="shape"):
        template.shaped(shape[:-1])

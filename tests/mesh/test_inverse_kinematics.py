"""From joints to a hand of the rig, and its linear skinning: against posed hands, naive loops and finite differences."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tfhand.mesh import HandTemplate
from tfhand.mesh.inverse_kinematics import RigFit, _Problem, fit_rig
from tfhand.mesh.linear_skinning import skin_linearly


@pytest.fixture(scope="module")
def template() -> HandTemplate:
    return HandTemplate.load()


@pytest.fixture(scope="module")
def hands(template) -> RigFit:
    """Eight hands as the fit believes in them, from anywhere."""
    rng = np.random.default_rng(3)
    prior = _Problem(template, 3.0)
    angles = prior.mean + prior.deviation * rng.uniform(-1.2, 1.2, (8, 20, 3))
    shape = np.clip(0.3 * rng.normal(size=(8, 16)), *template.shape_ranges.T)
    place = rng.normal(size=(8, 3)) * 30 + [0, 0, 600]
    return RigFit(angles, shape, Rotation.random(8, random_state=1).as_matrix(), place)


def skinned(template: HandTemplate, hands: RigFit) -> tuple[np.ndarray, np.ndarray]:
    return skin_linearly(template, hands.angles, hands.shape, hands.rotation, hands.translation_mm)


def posed(template: HandTemplate, hands: RigFit, index: int):
    rotations = template.bone_rotations(hands.angles[index])
    return template.pose(rotations, hands.shape[index], hands.rotation[index], hands.translation_mm[index])


def test_linear_skinning_against_one_hand_and_one_vertex_at_a_time(template, hands):
    vertices, joints = skinned(template, hands)
    rig = template.rig
    for index in range(2):
        hand = posed(template, hands, index)
        np.testing.assert_allclose(joints[index], hand.joints, atol=2e-3)
        rest, points = template.shaped(hands.shape[index])
        turns, shifts = rig.bone_transforms(template.bone_rotations(hands.angles[index]), points)
        for vertex in range(0, template.num_vertices, 50):
            place = template.vertex_ids[vertex]
            weights = rig.skin_weights[place]
            moved = sum(w * (turn @ rest[place] + shift) for w, turn, shift in zip(weights, turns, shifts, strict=True))
            expected = hands.rotation[index] @ moved + hands.translation_mm[index]
            np.testing.assert_allclose(vertices[index, vertex], expected, atol=2e-3)


def test_derivatives_against_finite_differences(template, hands):
    problem = _Problem(template, 3.0)
    inside = dataclasses.replace(hands, shape=np.clip(hands.shape, 0.1, 0.9))  # limits have no derivative
    joints = skinned(template, hands)[1] + 2.0
    _, jacobian = problem.linearised(inside, joints)
    for place in range(jacobian.shape[2]):
        step = np.zeros((8, jacobian.shape[2]))
        step[:, place] = 1e-6
        ahead, behind = (problem.linearised(problem.moved(inside, sign * step), joints)[0] for sign in (1, -1))
        np.testing.assert_allclose(jacobian[:, :, place], (ahead - behind) / 2e-6, atol=1e-5)


def test_joints_of_a_hand_give_the_hand_back(template, hands):
    vertices, joints = skinned(template, hands)
    found_vertices, found_joints = skinned(template, fit_rig(template, joints, noise_mm=0.3, steps=30))
    # What joints don't tell (twist, thickness) leaves millimetres in the mesh, nothing in the joints.
    assert np.linalg.norm(found_joints - joints, axis=-1).mean() < 0.25
    assert np.linalg.norm(found_vertices - vertices, axis=-1).mean() < 2.0


def test_start_is_near_and_steps_go_on_from_it(template, hands):
    joints = skinned(template, hands)[1]
    start = np.linalg.norm(skinned(template, _Problem(template, 3.0).start(joints.astype(float)))[1] - joints, axis=-1)
    errors = [start.mean()]
    for steps in (1, 4, 12):
        found = skinned(template, fit_rig(template, joints, steps=steps))[1]
        errors.append(np.linalg.norm(found - joints, axis=-1).mean())
    assert errors == sorted(errors, reverse=True) and errors[0] < 15.0 and errors[-1] < 2.0


def test_fit_turns_and_moves_with_the_hand_and_noise_is_held_back(template, hands):
    joints = skinned(template, hands)[1]
    first = fit_rig(template, joints)
    turn = Rotation.from_rotvec([0.5, -1.0, 2.0]).as_matrix()
    second = fit_rig(template, joints @ turn.T + [5.0, 6.0, 70.0])
    np.testing.assert_allclose(second.angles, first.angles, atol=1e-3)
    np.testing.assert_allclose(second.rotation, turn @ first.rotation, atol=1e-3)
    noisy = joints + np.random.default_rng(0).normal(size=joints.shape) * 8.0
    believed, trusted = (fit_rig(template, noisy, noise_mm=noise) for noise in (8.0, 0.1))
    limits = _Problem(template, 1.0)
    spread = [np.abs((fit.angles - limits.mean)[:, 8:] / limits.deviation[8:]).mean() for fit in (believed, trusted)]
    assert spread[0] < spread[1]
    error = [np.linalg.norm(skinned(template, fit)[1] - joints, axis=-1).mean() for fit in (believed, trusted)]
    assert error[0] < error[1]


def test_bad_input_is_refused(template, tmp_path):
    joints = np.zeros((2, 21, 3))
    with pytest.raises(ValueError, match=r"joints_mm: expected shape \(N, 21, 3\), got \(2, 20, 3\)"):
        fit_rig(template, joints[:, 1:])
    with pytest.raises(ValueError, match="joints_mm: expected finite mm"):
        fit_rig(template, joints + np.nan)
    with pytest.raises(ValueError, match="noise_mm, steps: expected above 0 and at least 1, got 0"):
        fit_rig(template, joints, noise_mm=0)
    bare = dataclasses.replace(template, rig=None)
    for call in (lambda: fit_rig(bare, joints), lambda: skin_linearly(bare, joints, joints, joints, joints)):
        with pytest.raises(ValueError, match="template: expected one with a rig"):
            call()
    assert fit_rig(template, joints[:0]).angles.shape == (0, 20, 3)
    assert np.isfinite(fit_rig(template, joints).angles).all()

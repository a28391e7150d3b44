from __future__ import annotations

import numpy as np
import pytest

from tfhand.synthetic.viewpoint import (
    HABITS,
    KINDS,
    ViewpointSampler,
    hand_frame,
    look_rotation,
    ray_rotation,
    von_mises_fisher,
)


def assert_rotation(matrix):
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(matrix) == pytest.approx(1)


def unit(*values):
    return np.array(values) / np.linalg.norm(values)


def test_hand_frame_of_a_flat_right_hand():
    """Palm to the viewer, fingers up: the thumb's side is on the right, x; up is -y; the palm looks along -z."""
    joints = np.zeros((21, 3))
    joints[5], joints[9], joints[17] = [25, -90, 0], [0, -95, 0], [-50, -80, 0]
    frame = hand_frame(joints)
    assert_rotation(frame)
    np.testing.assert_allclose(frame[1], [0, -1, 0], atol=1e-9)
    np.testing.assert_allclose(frame[2], [0, 0, -1], atol=1e-9)


@pytest.mark.parametrize("towards", [(0, 0, 1), (0, 0, -1), (1, 0, 0), (0, 1, 0), (0, -1, 0), (0.3, -0.5, 0.7)])
def test_look_rotation_faces_the_camera(towards):
    towards = unit(*towards)
    for roll in (0.0, 0.7, -2.0):
        rotation = look_rotation(towards, roll)
        assert_rotation(rotation)
        np.testing.assert_allclose(rotation @ towards, [0, 0, -1], atol=1e-9)


def test_roll_leans_the_fingers_to_the_right():
    upright, leaning = look_rotation(unit(0, 0, 1), 0.0), look_rotation(unit(0, 0, 1), np.deg2rad(30))
    np.testing.assert_allclose(upright @ [0, 1, 0], [0, -1, 0], atol=1e-9)
    np.testing.assert_allclose(upright @ [1, 0, 0], [1, 0, 0], atol=1e-9)
    np.testing.assert_allclose(leaning @ [0, 1, 0], [0.5, -np.cos(np.pi / 6), 0], atol=1e-9)


def test_ray_rotation_is_the_shortest():
    for ray in (unit(0, 0, 1), unit(0.5, -0.2, 1)):
        rotation = ray_rotation(ray)
        assert_rotation(rotation)
        np.testing.assert_allclose(rotation @ [0, 0, 1], ray, atol=1e-9)
        assert (np.trace(rotation) - 1) / 2 == pytest.approx(ray[2])


@pytest.mark.parametrize("concentration", [0.0, 1.0, 5.0, 30.0])
def test_von_mises_fisher_has_its_mean_cosine(concentration):
    rng, mean = np.random.default_rng(0), unit(1, 2, -1)
    draws = np.stack([von_mises_fisher(mean, concentration, rng) for _ in range(3000)])
    np.testing.assert_allclose(np.linalg.norm(draws, axis=1), 1)
    expected = 0.0 if concentration == 0 else 1 / np.tanh(concentration) - 1 / concentration
    assert (draws @ mean).mean() == pytest.approx(expected, abs=0.03)


def test_sampler_covers_the_sphere_and_prefers_palms():
    rng, sampler = np.random.default_rng(0), ViewpointSampler()
    names, rotations = zip(*(sampler.sample(rng) for _ in range(3000)), strict=True)
    for name, habit in HABITS.items():
        assert names.count(name) / 3000 == pytest.approx(habit.share, abs=0.03)
    for rotation in rotations[:20]:
        assert_rotation(rotation)
    towards = np.stack([-rotation[2] for rotation in rotations])
    octants = np.unique((towards > 0) @ [1, 2, 4], return_counts=True)[1]
    assert len(octants) == 8 and octants.min() > 60
    lean = {name: np.mean([drawn[1] for kind, drawn in zip(names, towards, strict=True) if kind == name]) for name in HABITS}
    shown = [name for name, habit in HABITS.items() if habit.kind == "allocentric"]
    assert min(lean[name] for name in shown) > 0.1  # fingers nearer than the wrist: the body is behind the hand
    held_up = towards[[name.endswith("_held_up") for name in names]]
    assert 0.15 < held_up[:, 1].mean() < 0.2 and (np.abs(held_up[:, 2]) > np.cos(np.deg2rad(30))).mean() > 0.85
    assert max(lean[name] for name in HABITS if name.startswith("egocentric")) < -0.2 and abs(lean["anything"]) < 0.1
    assert (towards[:, 2] > 0.7).mean() > 2 * (towards[:, 2] < -0.98).mean() > 0
    up = np.stack([rotation @ [0, 1, 0] for rotation in rotations])
    assert (up[:, 1] < 0).mean() > 0.7
    assert sum(habit.share for habit in HABITS.values()) == pytest.approx(1)


def test_shares_of_kinds_are_those_documented():
    """The table in docs/light_skin_views.md."""
    shares = {kind: sum(habit.share for habit in HABITS.values() if habit.kind == kind) for kind in KINDS}
    assert shares == pytest.approx({"allocentric": 0.70, "egocentric": 0.14, "full sphere": 0.16})
    assert all(habit.concentration == 0 for habit in HABITS.values() if habit.kind == "full sphere")

from __future__ import annotations

import numpy as np
import pytest

from tests.synthetic.naive_overlap import NaiveOverlap, overlaps
from tfhand.synthetic.gestures import INDEX
from tfhand.synthetic.pose_sampler import PoseSampler


def posed(hand, pose, shape=None):
    return hand.template.pose(hand.rig.rotations(pose), shape).surface_vertices


@pytest.fixture(scope="module")
def draws(hand):
    """Poses and shapes of all kinds, as drawn."""
    rng = np.random.default_rng(0)
    return [(PoseSampler().sample(rng), hand.shapes.sample(rng)) for _ in range(24)]


def test_balls_fill_the_hand(hand):
    """All touch the skin from within, and most of the skin is near one."""
    template = hand.template
    centres, radii = hand.collision.balls(template.surface_vertices)
    assert 100 < hand.collision.num_balls < 220
    skin = template.surface_vertices[template.surface_labels != 0]
    gap = np.linalg.norm(skin[:, None] - centres, axis=2) - radii
    assert np.abs(gap.min(axis=0)).max() < 1.2
    assert np.percentile(gap.min(axis=1), 90) < 1.5


def test_balls_follow_shape_and_pose(hand, draws):
    """Moved and bent with the skin, they still touch it from within, but for some where joints fold."""
    sticking_out = []
    for pose, shape in draws[:10]:
        vertices = posed(hand, pose, shape)
        centres, radii = hand.collision.balls(vertices)
        sticking_out.append(radii - np.linalg.norm(vertices[:, None] - centres, axis=2).min(axis=0))
    low, middle, high = np.percentile(sticking_out, [2, 50, 85])
    assert -0.5 < low and abs(middle) < 0.5 and high < 2.5


def test_a_flat_hand_is_free_and_a_finger_through_another_is_not(hand):
    flat = np.zeros(25)
    flat[INDEX["thumb_abduction"]] = 10
    assert hand.collision.penetration_mm(posed(hand, flat)) < 1
    crossing = flat.copy()
    crossing[[INDEX["index_spread"], INDEX["middle_spread"]]] = -20, 15
    assert hand.collision.penetration_mm(posed(hand, crossing)) > 5
    turned = posed(hand, crossing)[:, [2, 0, 1]] + [100.0, -50.0, 700.0]
    expected = hand.collision.penetration_mm(posed(hand, crossing))
    assert hand.collision.penetration_mm(turned) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("above_mm", [0.0, 1.5])
def test_balls_and_contacts_are_those_of_loops(hand, draws, above_mm):
    for pose, shape in draws[:3]:
        surface = posed(hand, pose, shape)
        centres, radii, expected = overlaps(hand.collision, surface, above_mm)
        for fast, slow in zip(hand.collision.balls(surface), (centres, radii), strict=True):
            np.testing.assert_allclose(fast, slow, atol=1e-9)
        contacts = hand.collision.contacts(surface, above_mm)
        assert list(map(tuple, contacts.pairs.tolist())) == list(expected)
        for pair, depth, direction in zip(map(tuple, contacts.pairs.tolist()), contacts.depths_mm, contacts.directions):
            np.testing.assert_allclose([depth, *direction], np.hstack(expected[pair]), atol=1e-9)
    with pytest.raises(ValueError, match="surface_vertices"):
        hand.collision.contacts(surface[:-1])


def test_overlaps_are_those_of_the_mesh(hand, draws):
    """Against brute force on the mesh: free where it is free, tangled where it is tangled, and about as deep."""
    naive = NaiveOverlap(hand.template)
    surfaces = [posed(hand, *draw) for draw in draws]
    fast = np.array([hand.collision.penetration_mm(one) for one in surfaces])
    slow = np.array([naive(one) for one in surfaces])
    assert (slow > 3).sum() >= 4 and (slow < 1).sum() >= 6
    assert ((slow > 3) & (fast < 3)).mean() <= 0.05, np.stack([fast, slow], axis=1).round(1)
    assert ((slow < 1) & (fast > 3)).mean() <= 0.05, np.stack([fast, slow], axis=1).round(1)
    shallow = slow < 5  # deep inside, the way out of a ball and of a mesh differ
    assert np.abs(fast - slow)[shallow].mean() < 0.6


def test_untangling_frees_poses_and_leaves_free_ones_alone(hand, draws):
    naive = NaiveOverlap(hand.template)
    moved, left = [], []
    for pose, shape in draws:
        before = hand.collision.penetration_mm(posed(hand, pose, shape))
        found, result, overlap = hand.untangle(pose, shape)
        np.testing.assert_array_equal(result.surface_vertices, posed(hand, found, shape))
        assert overlap == pytest.approx(hand.collision.penetration_mm(result.surface_vertices))
        if before <= 1.8:
            np.testing.assert_array_equal(found, pose)
        else:
            assert overlap <= before
            moved.append(np.abs(found - pose).max())
            left.append((overlap, naive(result.surface_vertices)))
    assert len(moved) >= 5 and np.median(moved) < 8
    assert (np.array(left) > 4).mean(axis=0).max() < 0.2, left


def test_axes_of_angles_against_finite_differences(hand):
    rng = np.random.default_rng(3)
    pose, shape = PoseSampler().sample(rng), hand.shapes.sample(rng)
    axes, heads = hand.rig.dof_axes(hand.rig.rotations(pose), shape)
    before = hand.template.pose(hand.rig.rotations(pose), shape).joints.astype(np.float64)
    fingertips = {"index": 8, "middle": 12, "ring": 16, "little": 20, "thumb": 4, "wrist": 12}
    for name, place in INDEX.items():
        step = pose.copy()
        step[place] += 0.5
        after = hand.template.pose(hand.rig.rotations(step), shape).joints.astype(np.float64)
        tip = fingertips[name.split("_")[0]]
        expected = np.deg2rad(1) * np.cross(axes[place], before[tip] - heads[place])
        np.testing.assert_allclose((after - before)[tip] / 0.5, expected, atol=0.25, err_msg=name)

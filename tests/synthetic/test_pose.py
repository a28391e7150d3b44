from __future__ import annotations

import numpy as np
import pytest

from tfhand.synthetic.gestures import (
    ALIASES,
    DISTINCT_DEG,
    DOFS,
    FAMILIES,
    FAMILY_OF,
    FINGER_STATES,
    FINGERS,
    GESTURES,
    INDEX,
    THUMB_STATES,
    gesture,
    weights,
)
from tfhand.synthetic.gestures.combinations import possible
from tfhand.synthetic.pose_sampler import LIMITS, NO_SIGNS, PoseSampler, anatomical, blend, gesture_pose


def test_library_is_large_and_its_gestures_differ():
    poses = np.stack([one.angles() for one in GESTURES.values()])
    assert len(GESTURES) >= 500 and poses.shape == (len(GESTURES), 25) and len(DOFS) == 25
    distance = np.abs(poses[:, None] - poses[None]).max(-1)
    np.fill_diagonal(distance, 99)
    names = list(GESTURES)
    one, other = np.unravel_index(distance.argmin(), distance.shape)
    assert distance.min() >= DISTINCT_DEG, f"{names[one]} and {names[other]} are the same"
    used = {letter for one in GESTURES.values() for letter in one.fingers if isinstance(letter, str)}
    assert used == set(FINGER_STATES)
    assert {one.thumb for one in GESTURES.values() if isinstance(one.thumb, str)} == set(THUMB_STATES)


def test_families_hold_what_they_promise():
    counts = {family: sum(of == family for of in FAMILY_OF.values()) for family in FAMILIES}
    assert min(counts.values()) >= 30 and counts["combinations"] < 0.6 * len(GESTURES), counts
    assert sum(name.startswith("grasp_") for name in GESTURES) == 33
    for letter in "abcdefghijklmnopqrstuvwxyz":
        gesture(f"letter_{letter}")
    for digit in range(11):
        gesture(f"digit_{digit}")
    assert all(gesture(alias) is GESTURES[name] for alias, name in ALIASES.items())
    shares = {family: weights()[[of == family for of in FAMILY_OF.values()]].sum() for family in FAMILIES}
    assert shares == pytest.approx({family: share for family, (_, share) in FAMILIES.items()})


def test_gestures_lie_within_the_limits():
    for name, one in GESTURES.items():
        change = np.abs(gesture_pose(name) - one.angles())
        assert change.max() <= 12, f"{name}: {DOFS[change.argmax()]} moved by {change.max()}"


@pytest.mark.parametrize(
    "states, can", [("eccc", True), ("ceec", True), ("ecec", False), ("eeke", False), ("cece", False), ("ehhc", True)]
)
def test_combinations_that_tendons_forbid_are_left_out(states, can):
    assert possible(states) == can
    assert any(name.startswith(f"fingers_{states}_") for name in GESTURES) <= can


def test_unknown_gesture_lists_some_and_says_where_to_find_all():
    with pytest.raises(ValueError, match="fist_thumb_over.*tfhand.synthetic gestures.*'wave'"):
        gesture("wave")


def test_blends_lead_from_one_to_the_other_without_jumps():
    np.testing.assert_allclose(blend("grasp_14_tripod", "open_wide", 0), gesture_pose("grasp_14_tripod"))
    np.testing.assert_allclose(blend("grasp_14_tripod", "open_wide", 1), gesture_pose("open_wide"))
    way = np.stack([blend("fist_thumb_over", "open_wide", share) for share in np.linspace(0, 1, 101)])
    assert np.abs(np.diff(way, axis=0)).max() < 2.5


def test_limits_and_couplings():
    wild = np.random.default_rng(0).normal(0, 200, (200, 25))
    for pose in wild:
        tame = anatomical(pose)
        np.testing.assert_allclose(anatomical(tame), tame)
        for finger in FINGERS:
            mcp, pip, dip, spread = (tame[INDEX[f"{finger}_{joint}"]] for joint in ("mcp", "pip", "dip", "spread"))
            assert -30 <= mcp <= 90 and 0 <= pip <= 110 and -5 <= dip <= 80
            assert abs(spread) <= (5.001 if mcp >= 80 else 20.001)
            assert 0.35 * pip - 15.01 <= dip <= max(0.75 * pip + 12.01, -5)
        assert -20 <= tame[INDEX["thumb_ip"]] <= 80
        if tame[INDEX["thumb_flexion"]] <= 0:  # a thumb that is not brought across the palm does not pronate
            assert tame[INDEX["thumb_twist"]] <= 8


def test_sampler_is_a_function_of_its_rng_and_spreads_over_the_range():
    sampler = PoseSampler()
    one, two = (sampler.sample(np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    rng = np.random.default_rng(0)
    poses = np.stack([sampler.sample(rng) for _ in range(2000)])
    assert np.isfinite(poses).all()
    for joint, (low, high) in (("mcp", LIMITS["mcp"]), ("pip", LIMITS["pip"])):
        for finger in FINGERS:
            angles = poses[:, INDEX[f"{finger}_{joint}"]]
            assert angles.min() >= low and angles.max() <= high
            counts = np.histogram(angles, bins=6, range=(0, 90))[0]
            assert counts.min() > 0.03 * len(poses), f"{finger} {joint}: {counts}"
    assert 10 < poses[:, INDEX["wrist_flexion"]].std() < 25


def test_steady_signs_are_gestures_that_tell_something():
    rng, steady = np.random.default_rng(0), PoseSampler(sign_steadiness=0.0)
    telling = [name for name in GESTURES if FAMILY_OF[name] not in NO_SIGNS]
    poses = np.stack([gesture_pose(name) for name in telling])
    nearest = []
    for _ in range(3000):
        distances = np.abs(poses - steady.sign(rng)).max(axis=1)
        assert distances.min() < 1e-9
        nearest.append(FAMILY_OF[telling[distances.argmin()]])
    left = 1 - sum(FAMILIES[family][1] for family in NO_SIGNS)
    for family, (_, share) in FAMILIES.items():
        expected = 0 if family in NO_SIGNS else share / left
        assert nearest.count(family) / 3000 == pytest.approx(expected, abs=0.03)


def test_signs_vary_less_than_other_poses():
    def spread(steadiness):
        rng, sampler = np.random.default_rng(0), PoseSampler(sign_steadiness=steadiness)
        poses = np.stack([gesture_pose(name) for name in GESTURES if FAMILY_OF[name] not in NO_SIGNS])
        return np.median([np.sqrt(((poses - sampler.sign(rng)) ** 2).mean(axis=1).min()) for _ in range(200)])

    assert 1 < spread(0.6) < 0.75 * spread(1.0)


def test_gestures_themselves_stay_as_they_are():
    before = [one.angles() for one in GESTURES.values()]
    rng = np.random.default_rng(0)
    for _ in range(300):
        PoseSampler().sample(rng)
    for one, angles in zip(GESTURES.values(), before, strict=True):
        np.testing.assert_array_equal(one.angles(), angles)

from __future__ import annotations

import numpy as np
import pytest

from tfhand.synthetic.gestures import DOFS, FINGER_STATES, GESTURES, INDEX, THUMB_STATES, gesture
from tfhand.synthetic.pose_sampler import LIMITS, PoseSampler, anatomical, gesture_pose


def test_library_is_large_and_its_gestures_differ():
    poses = np.stack([one.angles() for one in GESTURES.values()])
    assert len(GESTURES) >= 60 and poses.shape == (len(GESTURES), 25) and len(DOFS) == 25
    distance = np.abs(poses[:, None] - poses[None]).max(-1)
    np.fill_diagonal(distance, 99)
    names = list(GESTURES)
    one, other = np.unravel_index(distance.argmin(), distance.shape)
    assert distance.min() >= 6, f"{names[one]} and {names[other]} are the same"
    used = {letter for one in GESTURES.values() for letter in one.fingers}
    assert used == set(FINGER_STATES) and {one.thumb for one in GESTURES.values()} == set(THUMB_STATES)


def test_gestures_lie_within_the_limits():
    for name, one in GESTURES.items():
        change = np.abs(gesture_pose(name) - one.angles())
        assert change.max() <= 12, f"{name}: {DOFS[change.argmax()]} moved by {change.max()}"


def test_unknown_gesture_lists_the_known():
    with pytest.raises(ValueError, match="open_wide"):
        gesture("wave")


def test_limits_and_couplings():
    wild = np.random.default_rng(0).normal(0, 200, (200, 25))
    for pose in wild:
        tame = anatomical(pose)
        np.testing.assert_allclose(anatomical(tame), tame)
        for finger in ("index", "middle", "ring", "little"):
            mcp, pip, dip, spread = (tame[INDEX[f"{finger}_{joint}"]] for joint in ("mcp", "pip", "dip", "spread"))
            assert -30 <= mcp <= 90 and 0 <= pip <= 110 and -5 <= dip <= 80
            assert abs(spread) <= (5.001 if mcp >= 80 else 20.001)
            assert 0.35 * pip - 15.01 <= dip <= max(0.75 * pip + 12.01, -5)
        assert -20 <= tame[INDEX["thumb_ip"]] <= 80


def test_sampler_is_a_function_of_its_rng_and_spreads_over_the_range():
    sampler = PoseSampler()
    one, two = (sampler.sample(np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    rng = np.random.default_rng(0)
    poses = np.stack([sampler.sample(rng) for _ in range(2000)])
    assert np.isfinite(poses).all()
    for joint, (low, high) in (("mcp", LIMITS["mcp"]), ("pip", LIMITS["pip"])):
        for finger in ("index", "middle", "ring", "little"):
            angles = poses[:, INDEX[f"{finger}_{joint}"]]
            assert angles.min() >= low and angles.max() <= high
            counts = np.histogram(angles, bins=6, range=(0, 90))[0]
            assert counts.min() > 0.03 * len(poses), f"{finger} {joint}: {counts}"
    assert 10 < poses[:, INDEX["wrist_flexion"]].std() < 25


def test_gestures_themselves_stay_as_they_are():
    before = [one.angles() for one in GESTURES.values()]
    rng = np.random.default_rng(0)
    for _ in range(300):
        PoseSampler().sample(rng)
    for one, angles in zip(GESTURES.values(), before, strict=True):
        np.testing.assert_array_equal(one.angles(), angles)

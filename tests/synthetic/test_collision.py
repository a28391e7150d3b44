from __future__ import annotations

import numpy as np

from tfhand.synthetic.collision import penetration_mm, segment_distances


def flat_hand():
    """Straight parallel fingers 20 mm apart, the thumb well away."""
    joints = np.zeros((21, 3))
    for finger in range(5):
        x = 45.0 - 20 * finger if finger else 75.0
        for place in range(4):
            joints[4 * finger + place + 1] = [x, 80 + 30 * place if finger else 20 + 25 * place, 0]
    joints[10] = [5, 125, 0]  # a scale bone of 45 mm
    return joints


def test_segment_distances_against_dense_sampling():
    rng = np.random.default_rng(0)
    p0, p1, q0, q1 = rng.normal(size=(4, 50, 3))
    q1[:5] = q0[:5] + (p1 - p0)[:5]  # parallel
    steps = np.linspace(0, 1, 201)[:, None]
    for i, found in enumerate(segment_distances(p0, p1, q0, q1)):
        one, other = p0[i] + steps * (p1 - p0)[i], q0[i] + steps * (q1 - q0)[i]
        dense = np.linalg.norm(one[:, None] - other[None], axis=-1).min()
        assert found <= dense + 1e-9 and dense - found < 0.02


def test_flat_hand_is_free_and_crossing_fingers_are_not():
    joints = flat_hand()
    assert penetration_mm(joints) < 0.5  # neighbours touch
    through = joints.copy()
    through[8] = joints[14] + [0, 5, 0]  # the index finger's tip within the ring finger
    assert penetration_mm(through) > 5
    np.testing.assert_allclose(penetration_mm(2 * through), 2 * penetration_mm(through))


def test_thumb_through_the_palm_is_noticed():
    joints = flat_hand()
    joints[3:5] = [[5, 50, 2], [-20, 60, 0]]
    assert penetration_mm(joints) > 5

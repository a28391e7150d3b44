from __future__ import annotations

import numpy as np

from tfhand.synthetic.shape_sampler import SPREADS


def test_shapes_stay_within_what_looks_like_a_hand(generator):
    rng = np.random.default_rng(0)
    weights = np.stack([generator.shapes.sample(rng) for _ in range(500)])
    low, high = generator.template.shape_ranges.T
    assert (weights >= low - 1e-6).all() and (weights <= high + 1e-6).all()
    assert (weights.std(axis=0) > 0.05).all(), "a shape key of the template is never used"
    assert set(SPREADS) | {"sex", "child", "old"} == set(generator.template.shape_names)


def test_sizes_are_those_of_people(generator):
    """Length from wrist to middle fingertip: women about 170, men about 190 mm, children less."""
    rng = np.random.default_rng(1)
    flat = generator.rig.rotations(np.zeros(25))
    joints = [generator.template.pose(flat, generator.shapes.sample(rng)).joints for _ in range(300)]
    lengths = np.array([np.linalg.norm(np.diff(one[[0, 9, 10, 11, 12]], axis=0), axis=1).sum() for one in joints])
    assert 160 < np.median(lengths) < 200
    assert np.percentile(lengths, 2) > 110 and np.percentile(lengths, 98) < 235
    assert lengths.std() > 8

from __future__ import annotations

import numpy as np
import pytest

from tfhand.mesh import LABELS
from tfhand.synthetic.shape_sampler import SPREADS, ShapeSampler


def test_shapes_stay_within_what_looks_like_a_hand(hand):
    rng = np.random.default_rng(0)
    weights = np.stack([hand.shapes.sample(rng) for _ in range(500)])
    low, high = hand.template.shape_ranges.T
    assert (weights >= low - 1e-6).all() and (weights <= high + 1e-6).all()
    assert (weights.std(axis=0) > 0.05).all(), "a shape key of the template is never used"
    assert set(SPREADS) | {"sex", "child", "old"} == set(hand.template.shape_names)


def breadth_mm(template, posed) -> float:
    """Width of the palm across the knuckles of index to little finger, without the thumb."""
    palm = np.isin(template.surface_labels, [LABELS.index(name) for name in ("palm", "back", "index", "little")])
    knuckles = posed.joints[[5, 9, 13, 17]]
    across = knuckles[0] - knuckles[3]
    across /= np.linalg.norm(across)
    offset = posed.surface_vertices - knuckles.mean(axis=0)
    along = offset @ (posed.joints[9] / np.linalg.norm(posed.joints[9]))
    beside = np.linalg.norm(offset - (offset @ across)[:, None] * across, axis=1)
    level = palm & (np.abs(along) < 16) & (beside < 40)
    return np.ptp(offset[level] @ across)


def length_mm(posed) -> float:
    """From the wrist to the tip of the middle finger's skin, the hand flat."""
    return np.linalg.norm(posed.surface_vertices, axis=1)[np.argmin(posed.surface_vertices[:, 1])]


@pytest.fixture(scope="module")
def people(hand):
    """Measures of 400 adults: sex, length, breadth, middle MCP-PIP, mm."""
    rng = np.random.default_rng(1)
    flat = hand.rig.rotations(np.zeros(25))
    sampler = ShapeSampler(hand.template, child_share=0.0)
    sex = hand.template.shape_names.index("sex")
    rows = []
    for _ in range(400):
        shape = sampler.sample(rng)
        posed = hand.template.pose(flat, shape)
        bone = np.linalg.norm(posed.joints[10] - posed.joints[9])
        rows.append([shape[sex], length_mm(posed), breadth_mm(hand.template, posed), bone])
    return np.array(rows)


#: Means and standard deviations, mm: men, women. Gordon et al., "1988 Anthropometric Survey of U.S. Army Personnel",
#: Natick TR-89/044, 1989: hand length (stylion to fingertip) and hand breadth (at the metacarpals' heads).
LENGTH, BREADTH = ((194.0, 9.8), (180.5, 9.7)), ((90.4, 4.2), (79.4, 3.8))


@pytest.mark.parametrize("men", [True, False])
def test_adults_have_the_measures_of_adults(people, men):
    chosen = people[(people[:, 0] > 0) == men]
    for column, name, published in ((1, "length", LENGTH), (2, "breadth", BREADTH)):
        mean, deviation = published[0 if men else 1]
        assert abs(chosen[:, column].mean() - mean) < 0.5 * deviation, (name, chosen[:, column].mean())
        assert 0.7 < chosen[:, column].std() / deviation < 1.5, (name, chosen[:, column].std())


def test_the_scale_bone_has_the_length_of_the_literature(people):
    """Middle MCP-PIP: 44.6 mm of bone on radiographs (Buryanov and Kotiuk, Int. J. Morphology 2010), 0.26 hand lengths
    between centres of rotation (Buchholz, Armstrong, Goldstein, Ergonomics 1992)."""
    assert 44.6 < people[:, 3].mean() < 51
    ratio = people[:, 3] / people[:, 1]
    assert ratio.mean() == pytest.approx(0.26, abs=0.02) and ratio.std() < 0.02


def test_children_are_smaller(hand):
    """Children of about six to twelve: hands of 120 to 175 mm (Snyder et al., UM-HSRI-77-17, 1977)."""
    rng = np.random.default_rng(2)
    flat = hand.rig.rotations(np.zeros(25))
    sampler = ShapeSampler(hand.template, child_share=1.0)
    lengths = [length_mm(hand.template.pose(flat, sampler.sample(rng))) for _ in range(100)]
    assert 130 < np.median(lengths) < 172 and min(lengths) > 105


def test_fingers_of_one_hand_differ_on_their_own(hand):
    """Index and ring fingers take turns in being the longer one."""
    rng = np.random.default_rng(3)
    flat = hand.rig.rotations(np.zeros(25))
    joints = [hand.template.pose(flat, hand.shapes.sample(rng)).joints for _ in range(200)]
    index, ring = (
        np.array([np.linalg.norm(np.diff(one[first : first + 4], axis=0), axis=1).sum() for one in joints])
        for first in (5, 13)
    )
    ratio = index / ring
    assert 0.9 < ratio.mean() < 1.05 and 0.02 < ratio.std() < 0.08

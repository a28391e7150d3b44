"""Hands of different people: weights of the template's shape keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tfhand.mesh import HandTemplate

#: Standard deviation of the keys that are drawn from a normal distribution; mean 0, cut at -1 and 1.
SPREADS: dict[str, float] = {
    "hand_size": 0.22,
    "finger_length": 0.28,
    "finger_thickness": 0.4,
    "finger_distance": 0.4,
    "wrist_thickness": 0.5,
    "muscle": 0.5,
    "weight": 0.5,
    "palm_width": 0.4,
    "palm_length": 0.4,
    "thumb_length": 0.4,
    "index_length": 0.4,
    "ring_length": 0.4,
    "little_length": 0.4,
}

#: Added to the keys of length, less the second for sex 1 (men); and to size for old 1.
_LONGER, _LONGER_BY_SEX = 0.05, 0.4
_LARGER_BY_AGE = 0.3


class ShapeSampler:
    """Draws shape weights: adults of both sexes and all builds, some of them old, and some children.

    Args:
        template: the hand whose shape keys are drawn; keys without a rule here stay 0.
        child_share: share of children.
        old_share: share of adults who are not young.
    """

    def __init__(self, template: HandTemplate, child_share: float = 0.12, old_share: float = 0.3):
        self._places = {name: place for place, name in enumerate(template.shape_names)}
        self.child_share = child_share
        self.old_share = old_share

    def sample(self, rng: np.random.Generator) -> np.ndarray:
        """Shape weights `(B,)` float64 in the order of the template's `shape_names`."""
        drawn = {name: np.clip(spread * rng.normal(), -1, 1) for name, spread in SPREADS.items()}
        drawn["sex"] = np.clip(rng.choice([-0.75, 0.75]) + 0.25 * rng.normal(), -1, 1)
        is_child, is_old, age = rng.random() < self.child_share, rng.random() < self.old_share, rng.uniform(0.25, 1)
        drawn["child"] = age if is_child else 0.0
        drawn["old"] = age if is_old and not is_child else 0.0
        if is_child:
            drawn["sex"] *= 1 - age
        # The template's women have hands 15 % shorter than men's, its old people 6 % smaller ones than young people's;
        # surveys find 7 % and next to nothing (Gordon et al., "1988 Anthropometric Survey of U.S. Army Personnel").
        for name in ("finger_length", "palm_length"):
            drawn[name] = np.clip(drawn[name] + _LONGER - _LONGER_BY_SEX * drawn["sex"], -1, 1)
        drawn["hand_size"] = np.clip(drawn["hand_size"] + _LARGER_BY_AGE * drawn["old"], -1, 1)
        weights = np.zeros(len(self._places))
        for name, value in drawn.items():
            if name in self._places:
                weights[self._places[name]] = value
        return weights

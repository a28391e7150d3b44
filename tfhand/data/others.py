"""Crops of something else than a hand of the side that the network knows, among those of such hands."""

from __future__ import annotations

import dataclasses

import numpy as np

from tfhand.constants import SIDES
from tfhand.data.augment import Backgrounds
from tfhand.data.sample import HandSample
from tfhand.data.without_hand import without_hand

#: Labels (B,) float32, 0 or 1, of batches with such crops: a hand is in the crop; it is one of the known side.
PRESENT, KNOWN_SIDE = "present", "known_side"


@dataclasses.dataclass(frozen=True)
class OthersConfig:
    """How many crops show something else, for networks that learn to say so.

    Attributes:
        negatives: share of the crops without a hand, see `tfhand.data.without_hand`.
        mirrored: share of the crops with a hand of the other side.
    """

    negatives: float = 0.08
    mirrored: float = 0.08

    def __post_init__(self) -> None:
        for name in ("negatives", "mirrored"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected 0..1, got {getattr(self, name)}.")
        if self.negatives + self.mirrored > 1:
            raise ValueError(f"negatives, mirrored: expected 1 at most together, got {self.negatives + self.mirrored}.")

    @property
    def label_shares(self) -> dict[str, float]:
        """How often a label is 1, of those that count, by loss: presence in all crops, handedness in those with a hand."""
        hands = 1.0 - self.negatives
        return {"presence": hands, "handedness": (hands - self.mirrored) / hands if hands else 0.0}


@dataclasses.dataclass(frozen=True)
class Shown:
    """What a crop is to show.

    Attributes:
        sample: to crop.
        hand_side: to crop it for, see `tfhand.data.augment.crop`.
        present: whether a hand is in it.
        known_side: whether that is a hand of the network's side; False without a hand.
    """

    sample: HandSample
    hand_side: str
    present: bool
    known_side: bool

    @property
    def labels(self) -> dict[str, np.ndarray]:
        """`PRESENT` and `KNOWN_SIDE`, each () float32."""
        return {PRESENT: np.array(self.present, np.float32), KNOWN_SIDE: np.array(self.known_side, np.float32)}


def draw_shown(
    sample: HandSample,
    config: OthersConfig,
    rng: np.random.Generator,
    hand_side: str,
    backgrounds: Backgrounds | None = None,
) -> Shown:
    """The sample as it is, without its hand, or as a hand of the other side.

    Args:
        sample: with a hand.
        config: how often which.
        rng: source of randomness.
        hand_side: the side that the network knows.
        backgrounds: see `without_hand`.
    """
    draw = rng.random()
    if draw < config.negatives:
        return Shown(without_hand(sample, rng, backgrounds), hand_side, False, False)
    if draw < config.negatives + config.mirrored:
        return Shown(sample, other_side(hand_side), True, False)
    return Shown(sample, hand_side, True, True)


def other_side(side: str) -> str:
    """"left" of "right", and the other way round."""
    return SIDES[1 - SIDES.index(side)]

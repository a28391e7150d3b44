"""Whether a hand is of the side that the network knows."""

from __future__ import annotations

from typing import Any, ClassVar

from tfhand.losses.base import LossInputs
from tfhand.losses.registry import register_loss
from tfhand.losses.sign_cross_entropy import SignTerm


@register_loss("handedness")
class HandednessLoss(SignTerm):
    """Binary cross-entropy of the second of the `sign_logits` against `known_side`, over the samples that show a hand.

    Args:
        topology: unused; every term is built alike.
        share: of such samples with label 1, see `SignTerm`.

    Raises:
        ValueError: `share` is not between 0 and 1.
    """

    supervision: ClassVar[str] = "signs"

    def call(self, inputs: LossInputs) -> Any:
        return self.cross_entropy(inputs.pred("sign_logits")[:, 1], inputs.true("known_side"))

    def counts(self, inputs: LossInputs) -> Any:
        return inputs.true("present")

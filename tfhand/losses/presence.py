"""Whether the crop holds a hand."""

from __future__ import annotations

from typing import Any, ClassVar

from tfhand.losses.base import LossInputs
from tfhand.losses.registry import register_loss
from tfhand.losses.sign_cross_entropy import SignTerm


@register_loss("presence")
class PresenceLoss(SignTerm):
    """Binary cross-entropy of the first of the `sign_logits` against `present`, over all samples of a batch.

    A hand of either side is one.

    Args:
        topology: unused; every term is built alike.
        share: of such samples with label 1, see `SignTerm`.

    Raises:
        ValueError: `share` is not between 0 and 1.
    """

    supervision: ClassVar[str] = "signs"

    def call(self, inputs: LossInputs) -> Any:
        return self.cross_entropy(inputs.pred("sign_logits")[:, 0], inputs.true("present"))

    def counts(self, inputs: LossInputs) -> Any:
        return None

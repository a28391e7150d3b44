"""What the losses of signs share."""

from __future__ import annotations

import math
from typing import Any

from keras import ops

from tfhand.losses.base import LossTerm
from tfhand.losses.topology import MeshTopology


class SignTerm(LossTerm):
    """`-y log s(x + a) - (1 - y) log(1 - s(x + a))` of logits `x`, labels `y`, logistic `s`, `a` the log odds of the labels.

    `a` takes from the logits how often each label came in training (logit adjustment: Menon et al., "Long-tail learning via
    logit adjustment", ICLR 2021): at use, both are as likely, and a logit of 0 is undecided.

    Args:
        topology: unused; every term is built alike.
        share: how many of the samples that count have the label 1, of all. 0.5 adjusts nothing.

    Raises:
        ValueError: `share` is not between 0 and 1.
    """

    def __init__(self, topology: MeshTopology, share: float = 0.5):
        super().__init__(topology)
        if not 0 < share < 1:
            raise ValueError(f"share: expected more than 0 and less than 1, got {share}.")
        self.log_odds = math.log(share / (1 - share))

    def cross_entropy(self, logits: Any, labels: Any) -> Any:
        """(B,), (B,) -> (B,), finite for any logit."""
        logits = logits + self.log_odds
        return ops.softplus(logits) - logits * labels

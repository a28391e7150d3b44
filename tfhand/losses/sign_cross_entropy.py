"""What the losses of signs share."""

from __future__ import annotations

from typing import Any

from keras import ops


def sign_cross_entropy(logits: Any, labels: Any) -> Any:
    """`-y log s(x) - (1 - y) log(1 - s(x))` with the logistic function s, finite for any logit: (B,), (B,) -> (B,)."""
    return ops.softplus(logits) - logits * labels

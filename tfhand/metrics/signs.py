"""How well a network tells whether there is a hand, and of which side."""

from __future__ import annotations

import numpy as np

#: Figures of `sign_figures`, in order.
SIGN_FIGURES = ("presence_accuracy", "presence_auc", "handedness_accuracy", "handedness_auc")


def sign_accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Share of the logits (N,) that are above 0 where the label (N,) is 1 and not above it where it is 0.

    Raises:
        ValueError: no values, or shapes that differ.
    """
    logits, labels = _checked(logits, labels)
    return float(((logits > 0) == labels).mean())


def ranking_auc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Area under the ROC curve: how often a score of label 1 is above one of label 0, ties counting half.

    Args:
        scores: (N,), any unit.
        labels: (N,) of 0 and 1.

    Returns:
        0..1; 0.5 is chance.

    Raises:
        ValueError: no values, shapes that differ, or labels that are all the same.
    """
    scores, labels = _checked(scores, labels)
    if labels.all() or not labels.any():
        raise ValueError(f"labels: expected some of each kind, got {int(labels.sum())} of {len(labels)} that are 1.")
    others = np.sort(scores[~labels])
    below, up_to = (np.searchsorted(others, scores[labels], side=side) for side in ("left", "right"))
    return float((below + up_to).mean() / (2 * len(others)))


def sign_figures(known: np.ndarray, mirrored: np.ndarray, without: np.ndarray) -> dict[str, float]:
    """Figures of a network's `sign_logits` on crops of three kinds.

    Args:
        known: (N, 2) logits where a hand of the known side is.
        mirrored: (M, 2) where one of the other side is.
        without: (K, 2) where no hand is.

    Returns:
        The figures by the names in `SIGN_FIGURES`, 0..1. Presence is of all crops, with hands of both sides counting as
        much as crops without; handedness of those with a hand.
    """
    hands = np.concatenate([known, mirrored])
    is_known = np.arange(len(hands)) < len(known)
    presence = np.concatenate([hands[:, 0], without[:, 0]])
    is_hand = np.arange(len(presence)) < len(hands)
    found = sign_accuracy(hands[:, 0], np.ones(len(hands))), sign_accuracy(without[:, 0], np.zeros(len(without)))
    values = (
        sum(found) / 2,
        ranking_auc(presence, is_hand),
        sign_accuracy(hands[:, 1], is_known),
        ranking_auc(hands[:, 1], is_known),
    )
    return dict(zip(SIGN_FIGURES, values, strict=True))


def _checked(values: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, labels = np.asarray(values, np.float64), np.asarray(labels) > 0.5
    if values.shape != labels.shape or values.ndim != 1 or values.size == 0:
        raise ValueError(f"labels: expected shape (N,) like the values, N > 0, got {labels.shape} and {values.shape}.")
    return values, labels

"""Figures of presence and handedness against pairs counted one by one."""

from __future__ import annotations

import numpy as np
import pytest

from tfhand.metrics import SIGN_FIGURES, ranking_auc, sign_accuracy, sign_figures


def naive_auc(scores, labels) -> float:
    pairs = [(a > b) + 0.5 * (a == b) for a, x in zip(scores, labels) if x for b, y in zip(scores, labels) if not y]
    return float(np.mean(pairs))


def test_auc_counts_pairs(rng) -> None:
    scores, labels = rng.integers(0, 9, 60).astype(float), rng.integers(0, 2, 60)
    assert ranking_auc(scores, labels) == pytest.approx(naive_auc(scores, labels))
    assert ranking_auc(labels * 2.0, labels) == 1.0 and ranking_auc(np.zeros(60), labels) == 0.5


def test_accuracy_at_even_odds() -> None:
    assert sign_accuracy(np.array([0.1, -0.1, 3.0, 0.0]), np.array([1, 1, 0, 0])) == 0.5


def test_figures(rng) -> None:
    known, mirrored, without = rng.normal(1, 1, (20, 2)), rng.normal(-0.2, 1, (20, 2)), rng.normal(-1, 1, (10, 2))
    figures = sign_figures(known, mirrored, without)
    assert tuple(figures) == SIGN_FIGURES
    hands = np.concatenate([known, mirrored])
    right = ((hands[:, 0] > 0).mean() + (without[:, 0] <= 0).mean()) / 2
    assert figures["presence_accuracy"] == pytest.approx(right)
    labels = [1] * 40 + [0] * 10
    assert figures["presence_auc"] == pytest.approx(naive_auc(np.concatenate([hands[:, 0], without[:, 0]]), labels))
    assert figures["handedness_accuracy"] == pytest.approx(((known[:, 1] > 0).sum() + (mirrored[:, 1] <= 0).sum()) / 40)
    assert figures["handedness_auc"] == pytest.approx(naive_auc(hands[:, 1], [1] * 20 + [0] * 20))


def test_bad_values() -> None:
    with pytest.raises(ValueError, match="expected some of each kind, got 3 of 3"):
        ranking_auc(np.zeros(3), np.ones(3))
    with pytest.raises(ValueError, match=r"expected shape \(N,\) like the values"):
        sign_accuracy(np.zeros(3), np.ones(2))

"""Several loss terms, by name and weight."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Any

from tfhand.losses.base import LossInputs, LossTerm
from tfhand.losses.registry import get_loss
from tfhand.losses.topology import MeshTopology

#: Weights of the paper's weakly supervised loss, equation 8, without 3D joints (with them, `pose` has a weight of 10):
#: `0.1 L_H + 0.1 L_D + 1 (L_e + 50 L_l)`.
WEAKLY_SUPERVISED_WEIGHTS: dict[str, float] = {
    "heatmap": 0.1,
    "depth": 0.1,
    "pseudo_edge": 1.0,
    "pseudo_laplacian": 50.0,
}
#: Weights of the paper's fully supervised loss, equation 6:
#: `0.5 L_H + 1 (L_v + L_n + L_e + 50 L_l) + 1 L_J`.
FULLY_SUPERVISED_WEIGHTS: dict[str, float] = {
    "heatmap": 0.5,
    "vertex": 1.0,
    "normal": 1.0,
    "edge": 1.0,
    "laplacian": 50.0,
    "pose": 1.0,
}


class CompositeLoss:
    """Weighted sum of named loss terms.

    Args:
        weights: term name -> weight, not negative. A weight of 0 leaves the term out (not even its
            inputs are needed), so an ablation is one number in a config.
        template: the hand template whose network mesh the vertices belong to (`faces`, `num_vertices`).
        options: term name -> keyword arguments of that term, for terms that have a weight.

    Raises:
        ValueError: an unknown term or option (the message lists the known ones), a weight that is negative
            or not finite, options for a term without a weight, or no term left.

    Example:
        >>> loss = CompositeLoss(FULLY_SUPERVISED_WEIGHTS, HandTemplate.load())
        >>> total, parts = loss(y_true, model(images))
    """

    def __init__(
        self,
        weights: Mapping[str, float],
        template: Any,
        options: Mapping[str, Mapping[str, Any]] | None = None,
    ):
        options = dict(options or {})
        for name in (*weights, *options):
            get_loss(name)
        for name, weight in weights.items():
            if not (math.isfinite(weight) and weight >= 0):
                raise ValueError(f"weights: expected a finite weight of at least 0 for {name!r}, got {weight}.")
        unweighted = sorted(set(options) - set(weights))
        if unweighted:
            raise ValueError(f"options: expected options for weighted terms {sorted(weights)}, got {unweighted}.")
        self.weights = {name: float(weight) for name, weight in weights.items() if weight > 0}
        if not self.weights:
            raise ValueError(f"weights: expected at least one positive weight, got {dict(weights)}.")
        topology = MeshTopology.from_template(template)
        self.terms = {name: _build(name, topology, options.get(name, {})) for name in self.weights}

    @property
    def supervision(self) -> frozenset[str]:
        """What must be known of a hand, of `tfhand.losses.base.SUPERVISION`."""
        return frozenset(term.supervision for term in self.terms.values())

    def __call__(self, y_true: Mapping[str, Any], y_pred: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Computes the loss of a batch.

        Args:
            y_true: see `LossInputs`; any floating dtype.
            y_pred: outputs of the network by name, and `depth_map` and `surface_uv` for terms of the
                supervision "depth" (see `tfhand.rendering.depth.renderer.render_surface`).

        Returns:
            `(total, parts)`: the weighted sum and every term before its weight, float32 scalars, each averaged over
            the samples of the batch that it counts (`LossTerm.counts`), 0 where there are none.

        Raises:
            ValueError: an entry that a term needs is missing.
        """
        inputs = LossInputs(y_true, y_pred)
        parts = {name: term.mean(inputs) for name, term in self.terms.items()}
        return sum(self.weights[name] * part for name, part in parts.items()), parts


def _build(name: str, topology: MeshTopology, options: Mapping[str, Any]) -> LossTerm:
    term = get_loss(name)
    known = [option for option in inspect.signature(term).parameters if option != "topology"]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise ValueError(f"options of loss {name!r}: expected some of {known}, got {unknown}.")
    return term(topology, **options)

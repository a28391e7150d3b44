"""The sets that can be evaluated: one entry each in `EVALUATION_SETS`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tfhand.data import HandSample, ShardedDataset
from tfhand.data.joint_adapters import REAL_WORLD_ADAPTER, JointAdapter
from tfhand.data.real_world import RealWorldDataset


@dataclass(frozen=True)
class EvaluationSet:
    """How a set is read and judged.

    Attributes:
        open: folder -> samples; raises FileNotFoundError or ValueError, saying what to do.
        protocol: name of its protocol in `tfhand.metrics.PROTOCOLS`.
        adapter: from the network's joints to the set's own; None where they are the same.
    """

    open: Callable[[Path], Sequence[HandSample]]
    protocol: str
    adapter: JointAdapter | None = None

    def adapter_for(self, definition: str) -> JointAdapter | None:
        """The adapter for a network of the given joint definition; None where its joints are the set's own.

        Raises:
            ValueError: the network's joints are another dataset's, which nothing brings to this set's.
        """
        own = "tfhand" if self.adapter is None else self.adapter.name
        if definition == own:
            return None
        if definition != "tfhand":
            raise ValueError(
                f"weights: expected a network whose joints are those of tfhand or of this set, got one that was trained "
                f"with the joints of {definition!r}."
            )
        return self.adapter


EVALUATION_SETS: dict[str, EvaluationSet] = {
    "synthetic": EvaluationSet(ShardedDataset, "ge"),
    "real_world": EvaluationSet(RealWorldDataset, "ge", REAL_WORLD_ADAPTER),
}


def get_evaluation_set(name: str) -> EvaluationSet:
    """The set called `name`.

    Raises:
        ValueError: unknown name; the message lists the known ones.
    """
    if name not in EVALUATION_SETS:
        raise ValueError(f"dataset: expected one of {', '.join(EVALUATION_SETS)}, got {name!r}.")
    return EVALUATION_SETS[name]

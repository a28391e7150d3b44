"""All gestures by name, in families.

A family is a module with a table `GESTURES`; a string in it names a gesture that another family has already. To add a
gesture, add an entry to a table.
"""

from __future__ import annotations

import numpy as np

from tfhand.synthetic.gestures import (
    combinations,
    counting,
    everyday,
    fists,
    grasps,
    open_hands,
    pinches,
    pointing,
    spelling,
)
from tfhand.synthetic.gestures.states import Gesture

#: The tables of all families, and the share of each among the gestures that poses start from.
FAMILIES: dict[str, tuple[dict[str, Gesture | str], float]] = {
    "open hands": (open_hands.GESTURES, 0.18),
    "fists": (fists.GESTURES, 0.11),
    "counting": (counting.GESTURES, 0.13),
    "pointing": (pointing.GESTURES, 0.08),
    "pinches": (pinches.GESTURES, 0.13),
    "grasps": (grasps.GESTURES, 0.13),
    "finger-spelling": (spelling.GESTURES, 0.07),
    "everyday": (everyday.GESTURES, 0.08),
    "combinations": (combinations.GESTURES, 0.09),
}
#: Gestures of which no angle differs by as much, in degrees, count as one: combinations that others show are left out.
DISTINCT_DEG = 8.0


def _collect() -> tuple[dict[str, Gesture], dict[str, str], dict[str, str]]:
    gestures, families, aliases = {}, {}, {}
    poses = np.empty((0, 25))
    for family, (table, _) in FAMILIES.items():
        for name, entry in table.items():
            if name in families or name in aliases:
                raise ValueError(f"gestures: {name!r} is there twice, in {family} and before.")
            if isinstance(entry, str):
                aliases[name] = entry
                continue
            pose = entry.angles()
            if family == "combinations" and np.abs(poses - pose).max(axis=1).min() < DISTINCT_DEG:
                continue
            gestures[name], families[name] = entry, family
            poses = np.vstack([poses, pose])
    while any(target in aliases for target in aliases.values()):
        aliases = {name: aliases.get(target, target) for name, target in aliases.items()}
    for name, target in aliases.items():
        if target not in gestures:
            raise ValueError(f"gestures: {name!r} stands for {target!r}, which there is not.")
    return gestures, families, aliases


GESTURES, FAMILY_OF, ALIASES = _collect()


def gesture(name: str) -> Gesture:
    """The gesture of that name, or of the name that stands for it.

    Raises:
        ValueError: there is none; the message lists some and says how to see all.
    """
    found = GESTURES.get(ALIASES.get(name, name))
    if found is None:
        some = ", ".join(next(name for name in GESTURES if FAMILY_OF[name] == family) for family in FAMILIES)
        raise ValueError(
            f"gesture: expected one of {len(GESTURES)} such as {some}; "
            f"`python -m tfhand.synthetic gestures` names all; got {name!r}."
        )
    return found


def weights() -> np.ndarray:
    """Probability of each of `GESTURES`, `(N,)` float64: the families' shares, divided among their members."""
    own = np.array([one.weight for one in GESTURES.values()])
    families = np.array([FAMILY_OF[name] for name in GESTURES])
    shared = np.zeros(len(own))
    for family, (_, share) in FAMILIES.items():
        members = families == family
        shared[members] = share * own[members] / own[members].sum()
    return shared / shared.sum()

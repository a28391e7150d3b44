"""Every finger extended, half bent, curled or hooked on its own, as far as tendons let it, for several thumbs.

`fingers_ehck_thumb_out` has the index finger extended, the middle one half bent, the ring finger curled and the little
finger hooked.

References:
    Lang and Schieber, "Human finger independence: limitations due to passive mechanical coupling versus active
    neuromuscular control", J. Neurophysiology 2004 (middle, ring and little finger depend on their neighbours most).
    von Schroeder and Botte, "The functional significance of the long extensors and juncturae tendinum in finger
    extension", J. Hand Surgery 1993.
"""

from __future__ import annotations

import itertools

from tfhand.synthetic.gestures.states import Gesture

_STATES = {"e": "I", "h": "h", "c": "f", "k": "k"}
#: How far each state has closed a finger.
_CLOSED = {"e": 0.0, "h": 0.5, "k": 0.7, "c": 1.0}


def possible(states: str) -> bool:
    """Whether a hand can take four states (letters e, h, c, k, index to little) by its own muscles."""
    index, middle, ring, little = (_CLOSED[state] for state in states)
    # The juncturae tie the ring finger's extensor to its neighbours': it can't stay behind both, nor lead them by much.
    if min(middle, little) - ring > 0.6 or ring - max(middle, little) > 0.6:
        return False
    # The deep flexor of the outer three fingers is one muscle: a hooked finger can't stand between straight ones.
    if "eke" in states or states.endswith("ek"):
        return False
    # Hooks keep the knuckles straight that fists bend: they don't alternate.
    return "kck" not in states and "ckc" not in states and len(set(states)) <= 3


def _thumbs(states: str) -> tuple[str, ...]:
    """Where the thumb goes beside these fingers: away, and before or over what is curled."""
    held = "over_middle" if states[1] == "c" else "over_ring" if states[2] == "c" else "front"
    return ("out", held) if states[0] == "e" else ("far_out", held)


GESTURES: dict[str, Gesture] = {
    f"fingers_{''.join(states)}_thumb_{thumb}": Gesture("".join(_STATES[state] for state in states), thumb, 4)
    for states in itertools.product(_STATES, repeat=4)
    if possible("".join(states))
    for thumb in _thumbs("".join(states))
}

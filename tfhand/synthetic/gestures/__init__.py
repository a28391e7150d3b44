"""Named hand poses, the corner points of the space that poses are drawn from.

    python -m tfhand.synthetic gestures --out gestures.png
"""

from tfhand.synthetic.gestures.registry import ALIASES, DISTINCT_DEG, FAMILIES, FAMILY_OF, GESTURES, gesture, weights
from tfhand.synthetic.gestures.states import DOFS, FINGER_STATES, FINGERS, INDEX, THUMB_STATES, Gesture

__all__ = [
    "ALIASES",
    "DISTINCT_DEG",
    "DOFS",
    "FAMILIES",
    "FAMILY_OF",
    "FINGERS",
    "FINGER_STATES",
    "GESTURES",
    "Gesture",
    "INDEX",
    "THUMB_STATES",
    "gesture",
    "weights",
]

"""From which direction a hand is seen, and which way up: all weights of viewpoints are in `HABITS`.

The directions are given in the hand's own frame, whose rows are: radial (from the little finger's knuckle towards
the index finger's), distal (from the wrist towards the middle finger's knuckle) and palmar (out of the palm).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfhand.constants import JOINT_NAMES, ROOT_JOINT
from tfhand.geometry.unit_vector import unit_vector

_INDEX, _MIDDLE, _LITTLE = (JOINT_NAMES.index(name) for name in ("index1", "middle1", "little1"))


@dataclass(frozen=True)
class Habit:
    """One way in which hands get photographed.

    Attributes:
        kind: one of `KINDS`: whose camera it is.
        share: how often it occurs, relative to the others.
        towards: mean direction from the hand to the camera: radial, distal, palmar.
        concentration: of the von Mises-Fisher distribution about it; 0 is the whole sphere, 8 some 30 degrees, 30 some 15.
        roll_deg: spread (standard deviation) of the fingers' direction in the image about straight up, degrees.
        any_roll: share of this habit's pictures whose roll is anything at all.
        signs: whether such hands show gestures to be told apart (`tfhand.synthetic.pose_sampler.PoseSampler.sign`).
    """

    kind: str
    share: float
    towards: tuple[float, float, float]
    concentration: float
    roll_deg: float
    any_roll: float
    signs: bool = False


#: Cameras that others hold or that stand somewhere; those on the head or chest of the hand's owner; any direction.
KINDS = ("allocentric", "egocentric", "full sphere")

#: What people do with hands before cameras. The sphere is covered wholly (`anything`), its usual parts more densely. An
#: arm reaches out of a body towards the camera that the body faces, so hands that are shown lean over, their fingers
#: nearer to it than the wrist, by some 20 degrees; before a camera on one's own head they reach away from it. Half of the
#: palms and backs and more are held up to be looked at: signs. Those face the camera within some 15 degrees.
HABITS: dict[str, Habit] = {
    "palm": Habit("allocentric", 0.12, (0.0, 0.35, 1.0), 5.0, 30.0, 0.15),
    "palm_held_up": Habit("allocentric", 0.22, (0.0, 0.18, 1.0), 30.0, 30.0, 0.05, signs=True),
    "back": Habit("allocentric", 0.06, (0.0, 0.35, -1.0), 4.0, 35.0, 0.25),
    "back_held_up": Habit("allocentric", 0.09, (0.0, 0.18, -1.0), 30.0, 30.0, 0.05, signs=True),
    "thumb_side": Habit("allocentric", 0.11, (1.0, 0.35, 0.2), 4.0, 45.0, 0.25),
    "little_side": Habit("allocentric", 0.05, (-1.0, 0.35, 0.2), 4.0, 45.0, 0.25),
    "fingers_at_camera": Habit("allocentric", 0.05, (0.0, 1.0, 0.5), 4.0, 60.0, 0.5),
    "egocentric_back": Habit("egocentric", 0.07, (0.2, -0.6, -0.8), 4.0, 40.0, 0.15),
    "egocentric_palm": Habit("egocentric", 0.04, (0.2, -0.6, 0.8), 4.0, 40.0, 0.15),
    "egocentric_thumb_side": Habit("egocentric", 0.03, (0.9, -0.5, 0.1), 4.0, 45.0, 0.15),
    "anything": Habit("full sphere", 0.16, (0.0, 0.0, 1.0), 0.0, 60.0, 0.6),
}


def hand_frame(joints: np.ndarray) -> np.ndarray:
    """The hand's own axes, from the wrist and three knuckles.

    Args:
        joints: `(21, 3)` of a right hand, in any right-handed frame with z pointing away from the viewer or not.

    Returns:
        `(3, 3)` float64, rows radial, distal, palmar: a rotation, unit vectors in the frame of `joints`.
    """
    joints = np.asarray(joints, np.float64)
    distal = unit_vector(joints[_MIDDLE] - joints[ROOT_JOINT])
    across = joints[_INDEX] - joints[_LITTLE]
    radial = unit_vector(across - (across @ distal) * distal)
    return np.stack([radial, distal, np.cross(radial, distal)])


class ViewpointSampler:
    """Draws the hand's orientation in the frame of a camera that looks straight at it.

    Args:
        habits: the mixture.
    """

    def __init__(self, habits: dict[str, Habit] | None = None):
        self.habits = HABITS if habits is None else habits
        shares = np.array([habit.share for habit in self.habits.values()])
        self._ends = np.cumsum(shares / shares.sum())

    def sample(self, rng: np.random.Generator) -> tuple[str, np.ndarray]:
        """A habit's name, and the rotation `(3, 3)` float64 from the hand's frame (radial, distal, palmar) to the
        camera's (x, y, z)."""
        index = min(int(np.searchsorted(self._ends, rng.random(), side="right")), len(self._ends) - 1)
        name, habit = list(self.habits.items())[index]
        towards = von_mises_fisher(np.array(habit.towards), habit.concentration, rng)
        roll = np.deg2rad(habit.roll_deg) * rng.normal()
        if rng.random() < habit.any_roll:
            roll = rng.uniform(-np.pi, np.pi)
        return name, look_rotation(towards, roll)


def look_rotation(towards: np.ndarray, roll: float) -> np.ndarray:
    """Rotation from the hand's frame to that of a camera which sees the hand from a direction.

    Args:
        towards: `(3,)` unit direction from the hand to the camera: radial, distal, palmar.
        roll: angle by which the fingers' direction leans from the image's up towards its right, rad.

    Returns:
        `(3, 3)` float64; its rows are the camera's right, down and forward in the hand's frame.
    """
    forward = -towards
    up = np.array([0.0, 1.0, 0.0]) - towards[1] * towards
    if np.linalg.norm(up) < 1e-3:  # seen along the fingers: the palm's side serves as up
        up = np.array([0.0, 0.0, 1.0]) - towards[2] * towards
    down = -unit_vector(up)
    right = np.cross(down, forward)
    cosine, sine = np.cos(roll), np.sin(roll)
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]]) @ np.stack([right, down, forward])


def ray_rotation(ray: np.ndarray) -> np.ndarray:
    """The shortest rotation `(3, 3)` that turns the optical axis (0, 0, 1) to the unit vector `ray`, z > 0.

    A hand at the image's edge that shows its palm to the camera has turned with the ray that sees it.
    """
    x, y, z = ray
    skew = np.array([[0, 0, x], [0, 0, y], [-x, -y, 0]])
    return np.eye(3) + skew + skew @ skew / (1 + z)


def von_mises_fisher(mean: np.ndarray, concentration: float, rng: np.random.Generator) -> np.ndarray:
    """A unit vector about `mean`, density `exp(concentration * cos)` on the sphere.

    References:
        Wood, "Simulation of the von Mises Fisher distribution", 1994 (closed form in three dimensions).
    """
    uniform = rng.random()
    if concentration > 0:
        cosine = 1 + np.log(uniform + (1 - uniform) * np.exp(-2 * concentration)) / concentration
    else:
        cosine = 2 * uniform - 1
    angle = rng.uniform(0, 2 * np.pi)
    mean = unit_vector(mean)
    helper = np.eye(3)[int(np.argmin(np.abs(mean)))]
    one = unit_vector(np.cross(mean, helper))
    other = np.cross(mean, one)
    return cosine * mean + np.sqrt(max(1 - cosine**2, 0.0)) * (np.cos(angle) * one + np.sin(angle) * other)

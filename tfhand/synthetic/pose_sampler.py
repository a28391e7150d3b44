"""Hand poses: gestures, blends of gestures, fingers of their own will, within what joints allow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfhand.synthetic.gestures import DOFS, FAMILY_OF, FINGERS, GESTURES, INDEX, gesture, weights

#: Ranges of motion of healthy adults, degrees: (lowest, highest). MCP's extension is the active one; the fingers'
#: spread counts from closed fingers. The thumb's base counts from its rest, half-way between its extremes: 75 degrees
#: of palmar abduction in all, and of flexion 35 to the back and 58 across the palm, as far as opposition to the little
#: finger takes. After the American Academy of Orthopaedic Surgeons, "Joint motion: method of measuring and recording",
#: 1965; Hume, Gellman, McKellop, Brumfield, "Functional range of motion of the joints of the hand", J. Hand Surgery
#: 1990; hollow of the palm: El-Shennawy et al., "Three-dimensional kinematic analysis of the second through fifth
#: carpometacarpal joints", J. Hand Surgery 2001.
LIMITS: dict[str, tuple[float, float]] = {
    "mcp": (-30, 90),
    "pip": (0, 110),
    "dip": (-5, 80),
    "spread": (-20, 20),
    "thumb_flexion": (-35, 58),
    "thumb_abduction": (-40, 35),
    "thumb_twist": (-15, 25),
    "thumb_mcp": (-10, 60),
    "thumb_ip": (-20, 80),
    "ring_hollow": (0, 12),
    "little_hollow": (0, 22),
    "wrist_flexion": (-65, 65),
    "wrist_deviation": (-20, 32),
}
LOWEST, HIGHEST = (
    np.array([LIMITS.get(name) or LIMITS[name.split("_")[1]] for name in DOFS], np.float64)[:, side] for side in (0, 1)
)
_MCP, _PIP, _DIP, _SPREAD = (
    np.array([INDEX[f"{finger}_{joint}"] for finger in FINGERS]) for joint in ("mcp", "pip", "dip", "spread")
)
_THUMB = slice(INDEX["thumb_flexion"], INDEX["thumb_ip"] + 1)
_TWIST = INDEX["thumb_twist"]
_WRIST = [INDEX["wrist_flexion"], INDEX["wrist_deviation"]]
#: Families whose gestures tell somebody nothing: they hold things, or are there to fill the space between the others.
NO_SIGNS = ("grasps", "combinations")


@dataclass(frozen=True)
class PoseSampler:
    """Draws poses as vectors of degrees in the order of `gestures.DOFS`.

    Attributes:
        pure: share of poses that are one gesture with little noise.
        blended: share of poses between two gestures; the remaining ones have random fingers altogether.
        stray: share of gesture poses in which one or two fingers do something else.
        joint_noise_deg: spread of the noise on every joint.
        wrist_deg: spread of the wrist's flexion.
        sign_steadiness: what is left of these two spreads in signs, which are made to be told apart.
    """

    pure: float = 0.4
    blended: float = 0.4
    stray: float = 0.25
    joint_noise_deg: float = 5.0
    wrist_deg: float = 18.0
    sign_steadiness: float = 0.6

    def sample(self, rng: np.random.Generator) -> np.ndarray:
        """A pose, `(25,)` float64 degrees, within `LIMITS` and the couplings of `anatomical`."""
        kind = rng.random()
        if kind < self.pure + self.blended:
            pose = _random_gesture(rng)
            if kind >= self.pure:
                pose = pose + rng.beta(0.8, 0.8) * (_random_gesture(rng) - pose)
                if rng.random() < 0.4:
                    pose[_THUMB] = _random_gesture(rng)[_THUMB]
            if rng.random() < self.stray:
                for finger in rng.choice(4, int(rng.integers(1, 3)), replace=False):
                    pose[4 * finger : 4 * finger + 3] = _random_curl(rng)
        else:
            pose = _random_fingers(rng)
        return self._unsteady(pose, 1.0, rng)

    def sign(self, rng: np.random.Generator) -> np.ndarray:
        """A gesture that is shown to somebody: any but those of `NO_SIGNS`, with little noise and no blends.

        Returns:
            `(25,)` float64 degrees, as `sample`.
        """
        return self._unsteady(_random_gesture(rng, _SIGNS), self.sign_steadiness, rng)

    def _unsteady(self, pose: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
        """The pose as a hand takes it: whole fingers lean and curl together, joints a little on their own."""
        wrist, noise = share * self.wrist_deg, share * self.joint_noise_deg
        pose[_WRIST] += rng.normal(0, [wrist, 0.55 * wrist])
        pose[_MCP] += rng.normal(0, 1.2 * noise, 4) + rng.normal(0, noise)
        pose[_PIP] += rng.normal(0, noise, 4)
        pose[_DIP] += rng.normal(0, 0.8 * noise, 4)
        pose[_SPREAD] += rng.normal(0, 0.6 * noise, 4) + rng.normal(0, 3.0 * share) * np.array([1, 0, 0.8, 1.5])
        pose[_THUMB] += rng.normal(0, 1.1 * noise, 5)
        return anatomical(pose)


def gesture_pose(name: str) -> np.ndarray:
    """The pose of a named gesture, `(25,)` float64 degrees, without noise."""
    return anatomical(gesture(name).angles())


def anatomical(pose: np.ndarray) -> np.ndarray:
    """The nearest pose that joints allow, roughly.

    Ranges of motion; fingers that close lose their spread (the collateral ligaments tighten); a tip bends at most
    with its middle joint (the deep flexor bends both: about two thirds of PIP), and hardly at all on a straight finger;
    the thumb turns its pad towards the fingers (pronates) only as it is brought across the palm (opposition).

    Args:
        pose: `(25,)` degrees.

    Returns:
        `(25,)` float64 degrees.

    References:
        Rijpkema and Girard, "Computer animation of knowledge-based human grasping", SIGGRAPH 1991 (DIP = 2/3 PIP).
        Li and Tang, "Coordination of thumb joints during opposition", J. Biomechanics 2007.
    """
    pose = np.clip(pose, LOWEST, HIGHEST)
    room = np.interp(pose[_MCP], [20, 80], [1.0, 0.25]) * 20
    pose[_SPREAD] = np.clip(pose[_SPREAD], -room, room)
    pose[_TWIST] = min(pose[_TWIST], 8 + 0.45 * max(pose[_THUMB.start], 0))
    pose[_DIP] = np.clip(pose[_DIP], 0.35 * pose[_PIP] - 15, 0.75 * pose[_PIP] + 12)
    return pose


def blend(one: str, other: str, share: float) -> np.ndarray:
    """The pose `(25,)`, degrees, on the way from one named gesture (`share` 0) to another (1)."""
    first, second = gesture(one).angles(), gesture(other).angles()
    return anatomical(first + share * (second - first))


def _random_gesture(rng: np.random.Generator, ends: np.ndarray | None = None) -> np.ndarray:
    """One of all gestures, or of those to whose cumulative probabilities `ends` gives a share."""
    ends = _ENDS if ends is None else ends
    place = min(int(np.searchsorted(ends, rng.random(), side="right")), len(_POSES) - 1)
    return _POSES[place].copy()


def _random_curl(rng: np.random.Generator) -> np.ndarray:
    """MCP, PIP and DIP of one finger: a common curl, and MCP against PIP."""
    curl = rng.beta(0.7, 0.8)
    bias = rng.normal(0, 0.25)
    pip = 105 * np.clip(curl - 0.5 * bias, 0, 1)
    return np.array([-10 + 95 * np.clip(curl + bias, -0.15, 1), pip, 0.64 * pip])


def _random_fingers(rng: np.random.Generator) -> np.ndarray:
    """Fingers that curl at random, neighbours alike more often than not."""
    pose = np.zeros(len(DOFS))
    common = _random_curl(rng)
    alike = rng.beta(1.0, 1.0)
    for finger in range(4):
        pose[4 * finger : 4 * finger + 3] = alike * common + (1 - alike) * _random_curl(rng)
    pose[_SPREAD] = rng.normal(4, 6) * np.array([1, 0, 0.8, 1.5])
    pose[_THUMB] = rng.uniform([-25, -35, -5, -5, -10], [48, 22, 15, 45, 60])
    pose[INDEX["ring_hollow"]], pose[INDEX["little_hollow"]] = rng.uniform(0, [6, 14])
    return pose


_POSES = [one.angles() for one in GESTURES.values()]
_ENDS = np.cumsum(weights())
_TELLING = weights() * [FAMILY_OF[name] not in NO_SIGNS for name in GESTURES]
_SIGNS = np.cumsum(_TELLING / _TELLING.sum())

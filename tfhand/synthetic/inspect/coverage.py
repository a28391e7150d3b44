"""What a set of synthetic samples covers, as numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tfhand.constants import FINGERS, JOINT_NAMES
from tfhand.data.sample import HandSample
from tfhand.geometry import project
from tfhand.synthetic.gestures import DOFS

#: Ends of the hand's own axes, by the direction from the hand to the camera: +x, -x, +y, -y, +z, -z.
FACES = ("thumb side", "little side", "finger tips", "wrist", "palm", "back")
#: Lengths by their label: the joints that a line runs through.
LENGTHS: dict[str, tuple[str, ...]] = {
    "wrist to middle finger's tip": ("wrist", "middle1", "middle2", "middle3", "middle4"),
    "index to little knuckle": ("index1", "little1"),
    "middle MCP-PIP": ("middle1", "middle2"),
}
#: Entries of the generator's tables that samples name.
KINDS = ("view", "camera", "crop", "lighting")


@dataclass(frozen=True)
class Coverage:
    """Facts of N samples.

    Attributes:
        left: `(N,)` bool, left hands.
        towards: `(N, 3)` unit directions from the hand to the camera in the hand's frame: radial, distal, palmar.
        roll_deg: `(N,)` how far the fingers lean from the image's up towards its right, -180..180.
        distance_mm: `(N,)` from the camera to the middle of the joints.
        lengths_mm: `(N,)` for each of `LENGTHS`, along the bones.
        looseness: `(N,)` the box's side over the extent of the projected joints.
        outside: `(N,)` share of the joints that lie off the image, 0..1.
        flexion_deg: `(N, 5)` for "MCP" and "PIP", the fingers in the order of `FINGERS`; PIP of the thumb is its IP.
        melanin: `(N,)` 0..1.
        tones: `(N, 3)` uint8, sRGB of the hand in the picture: the median of the pixels at its joints.
        overlap_mm: `(N,)` by how much the hand runs into itself.
        kinds: `(N,)` names for each of `KINDS`; "unknown" where a file made earlier has none.
    """

    left: np.ndarray
    towards: np.ndarray
    roll_deg: np.ndarray
    distance_mm: np.ndarray
    lengths_mm: dict[str, np.ndarray]
    looseness: np.ndarray
    outside: np.ndarray
    flexion_deg: dict[str, np.ndarray]
    melanin: np.ndarray
    tones: np.ndarray
    overlap_mm: np.ndarray
    kinds: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.left)

    def __str__(self) -> str:
        axis = np.abs(self.towards).argmax(axis=1)
        facing = 2 * axis + (self.towards[np.arange(len(self)), axis] < 0)
        shares = ", ".join(f"{name} {np.mean(facing == place):.0%}" for place, name in enumerate(FACES))
        parts = {
            "left hands": f"{self.left.mean():.0%}",
            "towards the camera": shares,
            "fingers up in the image (within 45 degrees)": f"{np.mean(np.abs(self.roll_deg) < 45):.0%}",
            "distance, mm": _spread(self.distance_mm),
            **{f"{name}, mm": _spread(values) for name, values in self.lengths_mm.items()},
            "box over the joints' extent": _spread(self.looseness),
            "hands cut by the image's border": f"{np.mean(self.outside > 0):.0%}",
            **{f"{name} flexion, degrees": _spread(values[:, 1:]) for name, values in self.flexion_deg.items()},
            "melanin": _spread(self.melanin),
            "overlap of fingers, mm": _spread(self.overlap_mm),
            **{name: _shares(values) for name, values in self.kinds.items()},
        }
        return "\n".join(f"{name}: {value}" for name, value in parts.items())


def coverage(samples: Iterable[HandSample]) -> Coverage:
    """Gathers what synthetic samples cover; goes through them once and keeps none.

    Raises:
        ValueError: no samples, or one without the facts that rendered ones carry.
    """
    rows = [_facts(sample) for sample in samples]
    if not rows:
        raise ValueError("samples: expected at least one, got none.")
    columns = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    fingers, lengths = columns.pop("fingers"), columns.pop("lengths_mm")
    mcp, pip = columns.pop("mcp"), columns.pop("pip")
    kinds = columns.pop("kinds")
    return Coverage(
        roll_deg=np.rad2deg(np.arctan2(fingers[:, 0], -fingers[:, 1])),
        lengths_mm=dict(zip(LENGTHS, lengths.T, strict=True)),
        flexion_deg={"MCP": mcp, "PIP": pip},
        kinds=dict(zip(KINDS, kinds.T, strict=True)),
        **columns,
    )


def _facts(sample: HandSample) -> dict[str, np.ndarray]:
    missing = {"towards_camera", "fingers_in_image", "pose_deg", "melanin", "penetration_mm"} - sample.extras.keys()
    if missing:
        raise ValueError(f"samples: expected rendered ones, got {sample.name!r} without {', '.join(sorted(missing))}.")
    pixels = project(sample.joints_mm, sample.intrinsics)
    height, width = sample.image.shape[:2]
    seen = ((pixels >= 0) & (pixels < [width, height])).all(axis=1)
    columns, rows = np.floor(pixels[seen]).astype(int).T
    tone = np.median(sample.image[rows, columns], axis=0) if seen.any() else np.zeros(3)
    pose = np.asarray(sample.extras["pose_deg"])
    return {
        "left": np.bool_(sample.side == "left"),
        "towards": sample.extras["towards_camera"],
        "fingers": sample.extras["fingers_in_image"] * [-1.0 if sample.side == "left" else 1.0, 1.0, 1.0],  # left hands were mirrored
        "distance_mm": np.linalg.norm(sample.joints_mm.mean(axis=0)),
        "lengths_mm": np.array([_length(sample.joints_mm, names) for names in LENGTHS.values()]),
        "looseness": sample.box[2] / np.ptp(pixels, axis=0).max(),
        "outside": 1 - seen.mean(),
        "mcp": pose[[DOFS.index(f"{finger}_mcp") for finger in FINGERS]],
        "pip": pose[[DOFS.index("thumb_ip" if finger == "thumb" else f"{finger}_pip") for finger in FINGERS]],
        "melanin": np.float64(sample.extras["melanin"]),
        "tones": tone.astype(np.uint8),
        "overlap_mm": np.float64(sample.extras["penetration_mm"]),
        "kinds": np.array([str(sample.extras.get(kind, "unknown")) for kind in KINDS]),
    }


def _length(joints: np.ndarray, names: tuple[str, ...]) -> float:
    line = joints[[JOINT_NAMES.index(name) for name in names]]
    return float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())


def _shares(names: np.ndarray) -> str:
    found, counts = np.unique(names, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return ", ".join(f"{found[place]} {counts[place] / len(names):.0%}" for place in order)


def _spread(values: np.ndarray) -> str:
    low, middle, high = np.percentile(values, [5, 50, 95])
    return f"{middle:.3g} ({low:.3g} to {high:.3g} for nine in ten)"

"""Finger rings: bands that follow the first phalanx of a finger in any pose, as a sleeve follows the forearm."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from tfhand.constants import FINGER_JOINTS, FINGERS
from tfhand.mesh.template import HandTemplate
from tfhand.rendering.arm import cross_section, tube_faces
from tfhand.rendering.objects.material import Material
from tfhand.rendering.objects.shapes import capsule_profile, revolved
from tfhand.rendering.objects.solid import Solid

AROUND = 24
#: Cross-sections that a ring hangs on, as shares of the way along the bone: beyond the web, before the joint.
_SHARES = (0.64, 0.8)
#: How often each finger wears a ring, thumb to little finger.
_FINGER_SHARES = (0.06, 0.2, 0.22, 0.42, 0.1)
#: The band's outline: height over the skin and place along the finger, as shares of its thickness and half width.
_OUTLINE = np.array([[-0.8, -1.0], [0.55, -1.0], [0.9, -0.7], [1.0, 0.0], [0.9, 0.7], [0.55, 1.0], [-0.8, 1.0]])


class Rings:
    """Draws rings for the fingers of one template.

    Args:
        template: the hand.

    Raises:
        ValueError: a finger of the template has no closed cross-section.
    """

    def __init__(self, template: HandTemplate):
        self._sections = sp.vstack([_finger_sections(template, finger) for finger in FINGERS], format="csr")
        self._faces = tube_faces(len(_OUTLINE), AROUND)

    def sample(self, vertices: np.ndarray, rng: np.random.Generator) -> list[Solid]:
        """Draws one to three rings on different fingers.

        Args:
            vertices: (S, 3) float32 posed surface vertices, mm, any frame.
            rng: source of randomness.

        Returns:
            Bands, and stones on some of them.
        """
        count = int(rng.choice([1, 2, 3], p=[0.75, 0.2, 0.05]))
        fingers = rng.choice(len(FINGERS), count, replace=False, p=_FINGER_SHARES)
        sections = (self._sections @ vertices).reshape(len(FINGERS), len(_SHARES), AROUND, 3).astype(np.float64)
        metal = Material.sample("metal", rng)
        solids: list[Solid] = []
        for finger in fingers:
            solids += self._ring(sections[finger], metal, rng, stone=finger != 0 and rng.random() < 0.35)
        return solids

    def _ring(
        self, sections: np.ndarray, material: Material, rng: np.random.Generator, stone: bool
    ) -> list[Solid]:
        """A ring about cross-sections (2, AROUND, 3) of a finger, whose first points lie on its back."""
        half_width, thickness = rng.uniform(0.8, 3.5), rng.uniform(0.7, 2.0)
        centres = sections.mean(axis=1)
        axis = (centres[1] - centres[0]) / np.linalg.norm(centres[1] - centres[0])
        place = rng.uniform(-0.5, 0.6)
        section = sections[0] + place * (sections[1] - sections[0])
        centre, ellipse = fitted_ellipse(section, axis)
        radii = np.linalg.norm(ellipse, axis=1, keepdims=True)
        lift, along = _OUTLINE[:, 0, None, None] * thickness, _OUTLINE[:, 1, None, None] * half_width
        points = centre + ellipse * (1 + lift / radii) + along * axis
        girth = np.arange(AROUND) * (2 * np.pi / AROUND) * radii.mean()
        atlas = np.stack([np.tile(girth, len(_OUTLINE)), np.repeat(along.ravel(), AROUND)], axis=1)
        band = Solid(points.reshape(-1, 3).astype(np.float32), self._faces, atlas.astype(np.float32), material)
        if not stone:
            return [band]
        size = rng.uniform(1.3, 3.8)
        jewel = Material.sample("screen" if rng.random() < 0.4 else "plastic", rng)
        outward = ellipse[0] / radii[0]
        frame = np.stack([np.cross(outward, axis), outward, axis])
        ball = revolved(capsule_profile(size, 0.8 * size), 12)
        return [band, Solid(*ball, jewel).moved(frame, centre + ellipse[0] * (1 + thickness / radii[0]))]


def fitted_ellipse(section: np.ndarray, axis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ellipse across an axis that surrounds most of a cross-section.

    Args:
        section: (P, 3) points around the axis, mm, at even angles in the rest pose.
        axis: (3,) unit vector.

    Returns:
        its centre (3,) and its points (P, 3) relative to that, at the same angles.
    """
    centre = section.mean(axis=0)
    offsets = section - centre
    offsets = offsets - np.outer(offsets @ axis, axis)
    angles = np.arange(len(section)) * (2 * np.pi / len(section))
    waves = np.stack([np.cos(angles), np.sin(angles)])
    ellipse = waves.T @ (waves @ offsets * (2 / len(section)))
    # A finger is no ellipse: as wide as it takes for most of the skin to lie within.
    wide = np.linalg.norm(offsets, axis=1) / np.linalg.norm(ellipse, axis=1)
    return centre, ellipse * float(np.quantile(wide, 0.85))


def _finger_sections(template: HandTemplate, finger: str) -> sp.csr_matrix:
    """Returns the matrix from surface vertices to points around a finger, (sections * AROUND, S).

    As `arm.forearm_sections`: rays from the bone are cut with the skin once, in the rest pose. They begin at the
    back of the hand and turn anti-clockwise about the bone.
    """
    joints = template.pose().joints.astype(np.float64)
    first = FINGER_JOINTS[finger][1 if finger == "thumb" else 0]
    start, bone = joints[first], joints[first + 1] - joints[first]
    axis = bone / np.linalg.norm(bone)
    back = np.array([0.0, 0.0, 1.0]) - axis[2] * axis
    back /= np.linalg.norm(back)
    angles = np.arange(AROUND) * (2 * np.pi / AROUND)
    directions = np.outer(np.cos(angles), back) + np.outer(np.sin(angles), np.cross(axis, back))
    vertices, faces = np.asarray(template.surface_vertices, np.float64), template.surface_faces
    owner = template.skin_weights[faces].sum(axis=1).argmax(axis=1)
    faces = faces[owner == template.bone_names.index(f"{finger}_proximal")]
    sections = []
    for share in _SHARES:
        section = cross_section(start + share * bone, directions, vertices, faces)
        if section is None:
            raise ValueError(f"template: expected skin all around the {finger} at {share} of its first phalanx.")
        sections.append(section)
    return sp.vstack(sections, format="csr")

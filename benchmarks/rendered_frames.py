"""Whole camera frames with one rendered hand somewhere in them, and clips of a moving one: ground truth for detection
and tracking, which crops around a hand can't give."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from tfhand.constants import CANONICAL_SIDE
from tfhand.data.augment import mirror
from tfhand.data.sample import HandSample
from tfhand.geometry import project, square_box_around
from tfhand.mesh import HandTemplate
from tfhand.rendering.arm import ArmParams, leaving
from tfhand.rendering.background import BackgroundSource
from tfhand.rendering.camera_effects import CameraParams, take_photograph
from tfhand.rendering.lighting import LightParams
from tfhand.rendering.renderer import HandRenderer
from tfhand.rendering.skin import SkinParams
from tfhand.synthetic.pose_sampler import PoseSampler, blend
from tfhand.synthetic.rig import HandRig
from tfhand.synthetic.viewpoint import ViewpointSampler, hand_frame, look_rotation, ray_rotation

#: Focal length over the longer side: a field of view of 60 degrees, as `HandEstimator` assumes without a camera.
_FOCAL = 0.5 / np.tan(np.deg2rad(30.0))


@dataclasses.dataclass(frozen=True)
class Look:
    """What stays the same in a clip: person, light, arm, background, camera."""

    skin: SkinParams
    lights: LightParams
    arm: ArmParams
    background: np.ndarray
    camera: CameraParams


class FrameRenderer:
    """Renders frames of one size.

    Args:
        size: `(width, height)` of the frames, pixels.
    """

    def __init__(self, size: tuple[int, int] = (320, 240)):
        self.size = size
        self.template = HandTemplate.load()
        self.intrinsics = np.array([_FOCAL * max(size), _FOCAL * max(size), size[0] / 2, size[1] / 2])
        self._rig = HandRig(self.template)
        self._renderer = HandRenderer(self.template)
        self._backgrounds = BackgroundSource()

    def look(self, rng: np.random.Generator) -> Look:
        """Draws a look; the camera is sharp and fairly exposed."""
        fair = {"exposure": 1.0, "background_exposure": 1.0, "defocus_px": 0.0, "motion_px": 0.0, "resolution": 1.0}
        camera = dataclasses.replace(CameraParams.sample(rng, 256), **fair)
        background = self._backgrounds.sample(rng, self.size[::-1])
        return Look(SkinParams.sample(rng), LightParams.sample(rng), ArmParams.sample(rng), background, camera)

    def empty(self, rng: np.random.Generator) -> np.ndarray:
        """A frame `(H, W, 3)` uint8 without a hand."""
        return self._backgrounds.sample(rng, self.size[::-1])

    def frame(self, look: Look, pose: np.ndarray, view: np.ndarray, centre: np.ndarray, side: str) -> HandSample:
        """Renders a frame.

        Args:
            look: person, light, background.
            pose: `(25,)` degrees.
            view: `(3, 3)` from the hand's frame (radial, distal, palmar) to that of the ray which sees it.
            centre: `(3,)` `u, v` in pixels and depth in mm of the joints' middle. For a left hand of the mirror image.
            side: "right" or "left".

        Returns:
            The frame; its box is the square around the joints themselves.
        """
        focal, principal = self.intrinsics[:2], self.intrinsics[2:]
        ray = np.array([*((centre[:2] - principal) / focal), 1.0])
        posed = self.template.pose(self._rig.rotations(pose))
        rotation = ray_rotation(ray / np.linalg.norm(ray)) @ view @ hand_frame(posed.joints)
        shift = ray * centre[2] - rotation @ posed.joints.mean(axis=0)
        surface, vertices, joints = (
            (points @ rotation.T + shift).astype(np.float32)
            for points in (posed.surface_vertices, posed.vertices, posed.joints)
        )
        shape = self.size[::-1]
        arm = leaving(self._renderer.surface.forearm_sections(surface), look.arm, self.intrinsics, shape)
        drawn = self._renderer.render(surface, self.intrinsics, shape, look.skin, look.lights, arm)
        sample = HandSample(
            image=take_photograph(drawn, look.background, look.camera),
            intrinsics=self.intrinsics,
            box=square_box_around(project(joints.astype(np.float64), self.intrinsics), 1.0),
            side=CANONICAL_SIDE,
            joints_mm=joints,
            vertices_mm=vertices,
        )
        return sample if side == CANONICAL_SIDE else mirror(sample)

    def still(self, seed: int, depth_mm: tuple[float, float] = (350.0, 900.0)) -> HandSample:
        """Any hand in any pose, view, place and look; its middle is anywhere but near the border."""
        rng = np.random.default_rng(seed)
        place = np.array(self.size) * (0.5 + rng.uniform(-0.3, 0.3, 2))
        centre = np.array([*place, np.exp(rng.uniform(*np.log(depth_mm)))])
        view = ViewpointSampler().sample(rng)[1]
        return self.frame(self.look(rng), PoseSampler().sample(rng), view, centre, ("right", "left")[int(rng.integers(2))])

    def clip(
        self, seed: int, num_frames: int, side: str = "right", depth_mm: float = 450.0, leave: bool = False
    ) -> Iterator[HandSample]:
        """A hand that shows its palm, moves on an ellipse, turns a little and half closes, in one cycle.

        Args:
            seed: of the look.
            num_frames: of the cycle.
            side: "right" or "left".
            depth_mm: distance at the start.
            leave: it leaves the frame on one side in the middle of the clip and comes back.
        """
        look = self.look(np.random.default_rng(seed))
        for phase in 2 * np.pi * np.arange(num_frames) / num_frames:
            swing = 0.5 + 0.25 * np.sin(phase)
            if leave:
                swing = 0.4 - 0.9 * np.clip(-1.6 * np.cos(phase) - 0.6, 0, None)
            place = np.array([swing, 0.5 + 0.08 * np.cos(phase)]) * self.size
            towards = np.array([0.3 * np.sin(phase), 0.2 * np.cos(phase), 1.0])
            view = look_rotation(towards / np.linalg.norm(towards), 0.25 * np.sin(phase))
            pose = blend("open_parted_thumb_out", "fist_thumb_over", 0.25 - 0.25 * np.cos(phase))
            yield self.frame(look, pose, view, np.array([*place, depth_mm * (1 + 0.12 * np.sin(phase))]), side)

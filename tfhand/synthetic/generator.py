"""One seed to one annotated image of a synthetic hand."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tfhand.constants import CANONICAL_SIDE
from tfhand.data.augment import mirror
from tfhand.data.depth_noise import sense_hand
from tfhand.data.sample import HandSample
from tfhand.mesh import HandTemplate, PosedHand
from tfhand.rendering.arm import ArmParams, leaving
from tfhand.rendering.background import BackgroundSource
from tfhand.rendering.camera_effects import CameraParams, take_photograph
from tfhand.rendering.joint_visibility import JointVisibility
from tfhand.rendering.lighting import LightParams
from tfhand.rendering.mood import Mood
from tfhand.rendering.objects.sampler import ThingSampler
from tfhand.rendering.renderer import HandRenderer
from tfhand.rendering.skin import SkinParams
from tfhand.synthetic.arm_in_view import hidden_by_arm
from tfhand.synthetic.camera import CAMERAS, BoxSampler, CameraSampler
from tfhand.synthetic.collision import SelfCollision
from tfhand.synthetic.ingredients import check_ingredients, plain_look
from tfhand.synthetic.pose_sampler import PoseSampler
from tfhand.synthetic.rig import HandRig
from tfhand.synthetic.shape_sampler import ShapeSampler
from tfhand.synthetic.split import SPLITS, WORLD_NUMBERS, background_cell, draw_until, in_split, shape_cell, view_cell
from tfhand.synthetic.untangle import Untangler
from tfhand.synthetic.viewpoint import HABITS, ViewpointSampler, hand_frame, ray_rotation
from tfhand.synthetic.world import get_world

#: Changes with everything that changes what a seed gives.
GENERATOR_VERSION = "2.6"
#: Attempts at a pose before the one with the least overlap is taken.
_POSE_ATTEMPTS = 3
#: Joints that the arm hides at most.
_MOST_HIDDEN = 4


@dataclasses.dataclass(frozen=True)
class SyntheticConfig:
    """What to render.

    Attributes:
        size: side of the images, pixels. The crop box takes up four fifths of it.
        left_share: share of left hands.
        backgrounds: folder of photographs to put behind the hands; None for the built-in ones.
        photograph_share: share of backgrounds that are photographs; the others are procedural.
        penetration_mm: deepest overlap of the hand with itself that passes; where more is left once fingers have been
            moved apart, another pose is drawn.
        split: "train" and "validation" share no viewpoint, shape or photograph (`tfhand.synthetic.split`); "all" draws
            from everything.
        without: ingredients to leave out, names from `tfhand.synthetic.ingredients.INGREDIENTS`.
        world: "source" and "target" share no build of hand, view, skin, light, background, camera or sensor, and the
            target's depth is a sensor's, with noise and holes (`tfhand.synthetic.world`); "any" has everything, exactly.
    """

    size: int = 256
    left_share: float = 0.5
    backgrounds: str | None = None
    photograph_share: float = 0.8
    penetration_mm: float = 3.0
    split: str = "all"
    without: tuple[str, ...] = ()
    world: str = "any"

    def __post_init__(self) -> None:
        if not 32 <= self.size <= 2048:
            raise ValueError(f"size: expected 32..2048 pixels, got {self.size}.")
        for name in ("left_share", "photograph_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected 0..1, got {getattr(self, name)}.")
        if not self.penetration_mm >= 0:
            raise ValueError(f"penetration_mm: expected 0 or more, got {self.penetration_mm}.")
        if self.split not in SPLITS:
            raise ValueError(f"split: expected one of {', '.join(SPLITS)}, got {self.split!r}.")
        get_world(self.world)
        object.__setattr__(self, "without", check_ingredients(self.without))


@dataclasses.dataclass(frozen=True)
class Scene:
    """A hand before a camera, not yet drawn: everything that the labels follow from.

    Attributes:
        surface_mm: `(S, 3)` float32 vertices of the drawn surface, camera frame, mm. Always a right hand.
        vertices_mm: `(V, 3)` float32 vertices of the network mesh.
        joints_mm: `(21, 3)` float32.
        intrinsics: `(4,)` float32, pixels of the image.
        box: `(4,)` float32, pixels of the image.
        facts: what was drawn on the way: names of the view's habit, the camera and the kind of crop, shape weights,
            pose in degrees, direction to the camera, overlap.
    """

    surface_mm: np.ndarray
    vertices_mm: np.ndarray
    joints_mm: np.ndarray
    intrinsics: np.ndarray
    box: np.ndarray
    facts: dict[str, Any]


class HandGenerator:
    """Draws and renders synthetic hands; one for each process.

    Args:
        config: what to render; None for the defaults.
        template: the hand; None for the built-in one.

    Raises:
        FileNotFoundError, ValueError: the folder of backgrounds is missing or holds no picture of the split.
    """

    def __init__(self, config: SyntheticConfig | None = None, template: HandTemplate | None = None):
        self.config = SyntheticConfig() if config is None else config
        self.template = HandTemplate.load() if template is None else template
        self.world = get_world(self.config.world)
        self.rig = HandRig(self.template)
        self.shapes = ShapeSampler(self.template)
        self.poses = PoseSampler()
        self.untangle = Untangler(self.template, self.rig, SelfCollision(self.template))
        self.viewpoints = ViewpointSampler({name: HABITS[name] for name in self.world.views})
        self.cameras = CameraSampler({name: CAMERAS[name] for name in self.world.cameras})
        self.boxes = BoxSampler()
        self.renderer = HandRenderer(self.template)
        self.things = ThingSampler(self.template, self.renderer.surface)
        self.visibility = JointVisibility(self.template)
        folders = () if self.config.backgrounds is None else (self.config.backgrounds,)
        share = 0.0 if "photographs" in self.config.without else self.config.photograph_share
        self.backgrounds = BackgroundSource(folders, share, self._accepts_background, self.world.patterns)

    def describe(self) -> dict[str, Any]:
        """The settings that samples depend on, JSON-like; backgrounds by their fingerprint, whatever their folder's name."""
        settings = dataclasses.asdict(self.config)
        settings["backgrounds"] = self.backgrounds.fingerprint
        if self.config.world == "any":  # not told, so that what was begun before there were worlds can go on
            del settings["world"]
        return settings

    def render(self, seed: int) -> HandSample:
        """The sample of a seed: the same on every call and machine.

        Args:
            seed: any non-negative integer.

        Returns:
            A complete sample. `extras` names the view's habit, the camera, the kind of crop, the lighting, and the kinds of
            things that were placed, seen or not.
        """
        # A stream for each part: a change to one leaves what the others draw for a seed as it was.
        streams = np.random.default_rng(seed).spawn(7)
        scene_rng, look_rng, back_rng, camera_rng, thing_rng, mood_rng, depth_rng = streams
        is_left = scene_rng.random() < self.config.left_share
        scene = self.scene(scene_rng)
        size = (self.config.size, self.config.size)
        person = dict(zip(self.template.shape_names, scene.facts["shape"].tolist(), strict=True))
        skin, lights = self._look(person, look_rng)
        arm, camera = ArmParams.sample(look_rng), CameraParams.sample(camera_rng, self.config.size)
        camera = camera if self.world.sensor is None else self.world.sensor(camera)
        sections = self.renderer.surface.forearm_sections(scene.surface_mm)
        arm = leaving(sections, arm, scene.intrinsics, size)
        skin, lights, camera = plain_look(self.config.without, skin, lights, camera)
        things = {}
        if "objects" not in self.config.without:
            things = self.things.sample(scene.surface_mm, scene.joints_mm, scene.intrinsics, size, arm, thing_rng)
        solids = [solid for kind in things.values() for solid in kind]
        drawn = self.renderer.render(scene.surface_mm, scene.intrinsics, size, skin, lights, arm, solids)
        background = self.backgrounds.sample(back_rng, size, Mood.sample(lights, mood_rng))
        depth_mm, scene_depth_mm = drawn.depth_mm, drawn.scene_depth_mm
        if self.world.depth_sensor is not None:
            depth_mm, scene_depth_mm = sense_hand(
                depth_mm, scene_depth_mm, scene.intrinsics, self.world.depth_sensor, depth_rng
            )
        sample = HandSample(
            image=take_photograph(drawn, background, camera),
            intrinsics=scene.intrinsics,
            box=scene.box,
            side=CANONICAL_SIDE,
            joints_mm=scene.joints_mm,
            vertices_mm=scene.vertices_mm,
            alpha=np.rint(drawn.alpha * 255).astype(np.uint8),
            hand_alpha=np.rint(drawn.hand_alpha * 255).astype(np.uint8),
            depth_mm=depth_mm,
            scene_depth_mm=scene_depth_mm,
            joint_visible=self.visibility(drawn.bone_ids, drawn.scene_depth_mm, scene.joints_mm, scene.intrinsics),
            seed=seed,
            name=f"synthetic {seed}",
            extras=self._facts(scene, skin, lights, things),
        )
        return mirror(sample) if is_left else sample

    def _facts(self, scene: Scene, skin: SkinParams, lights: LightParams, things: dict[str, Any]) -> dict[str, Any]:
        """What a sample says of how it came about."""
        facts = {**scene.facts, "lighting": lights.name, "melanin": skin.melanin, "things": list(things)}
        return facts if self.config.world == "any" else {**facts, "world": self.config.world}

    def _look(self, person: dict[str, float], rng: np.random.Generator) -> tuple[SkinParams, LightParams]:
        """The skin of a person, given by shape weights by name, and a lighting, both of the world."""
        age_and_more = [person.get(name, 0.0) for name in ("old", "weight", "sex")]
        skin = draw_until(self.world.accepts_skin, lambda: SkinParams.sample(rng, *age_and_more))
        return skin, draw_until(self.world.accepts_lights, lambda: LightParams.sample(rng))

    def scene(self, rng: np.random.Generator) -> Scene:
        """A posed right hand, a camera and a crop box."""
        shape = draw_until(self._accepts_shape, lambda: self.shapes.sample(rng))
        pose, posed, overlap = self._free_pose(self.poses.sample, shape, rng)
        camera, photograph, centre = self.cameras.sample(rng)
        ray = ray_rotation(centre / np.linalg.norm(centre))
        view, look = self._view(posed, centre, ray, rng)
        if HABITS[view].signs:
            pose, posed, overlap = self._sign(shape, look, centre, ray, rng)
        if "shapes" in self.config.without:  # after the pose and the view, which are those of the hand as drawn
            shape = np.zeros_like(shape)
            pose, posed, overlap = self.untangle(pose, shape)
        rotation = ray @ look @ hand_frame(posed.joints)
        translation = centre - rotation @ posed.joints.mean(axis=0)
        surface, vertices, joints = (
            (points @ rotation.T + translation).astype(np.float32)
            for points in (posed.surface_vertices, posed.vertices, posed.joints)
        )
        crop, intrinsics, box = self.boxes.sample(joints, photograph, self.config.size, rng)
        facts = {
            "view": view,
            "camera": camera,
            "crop": crop,
            "shape": shape.astype(np.float32),
            "pose_deg": pose.astype(np.float32),
            "towards_camera": -look[2].astype(np.float32),
            "fingers_in_image": (look @ [0.0, 1.0, 0.0]).astype(np.float32),
            "penetration_mm": overlap,
        }
        return Scene(surface, vertices, joints, intrinsics, box, facts)

    def _view(
        self, posed: PosedHand, centre: np.ndarray, ray: np.ndarray, rng: np.random.Generator
    ) -> tuple[str, np.ndarray]:
        """A habit's name and the hand's orientation `(3, 3)` to the ray that sees it: of the split, and not one in
        which the arm hides the hand."""
        hidden = self._arm_hides(posed, centre, ray)

        def accepts(drawn: tuple[str, np.ndarray]) -> bool:
            return in_split(view_cell(-drawn[1][2]), self.config.split) and hidden(drawn[1]) <= _MOST_HIDDEN

        return draw_until(accepts, lambda: self.viewpoints.sample(rng))

    def _sign(self, shape: np.ndarray, look: np.ndarray, centre: np.ndarray, ray: np.ndarray, rng: np.random.Generator):
        """A sign whose wrist doesn't bring the arm before the hand: pose, posed hand, overlap in mm."""
        return draw_until(
            lambda found: self._arm_hides(found[1], centre, ray)(look) <= _MOST_HIDDEN,
            lambda: self._free_pose(self.poses.sign, shape, rng),
        )

    def _arm_hides(self, posed: PosedHand, centre: np.ndarray, ray: np.ndarray) -> Callable[[np.ndarray], int]:
        """How many joints the arm hides, for an orientation `(3, 3)` of the hand to the ray that sees it."""
        frame = hand_frame(posed.joints)
        sections = self.renderer.surface.forearm_sections(posed.surface_vertices).mean(axis=1)
        elbow_ward = (sections[-1] - sections[0]) / np.linalg.norm(sections[-1] - sections[0])
        joints = posed.joints - posed.joints.mean(axis=0)

        def hidden(look: np.ndarray) -> int:
            rotation = ray @ look @ frame
            return hidden_by_arm(joints @ rotation.T + centre, rotation @ elbow_ward)

        return hidden

    def _accepts_shape(self, shape: np.ndarray) -> bool:
        split, names = self.config.split, self.template.shape_names
        if not self.world.accepts_shape(shape, names):
            return False
        return split == "all" or in_split(shape_cell(shape, names), split)

    def _accepts_background(self, path: Path) -> bool:
        return self.world.accepts_photograph(path.name) and in_split(background_cell(path.name), self.config.split)

    def _free_pose(self, draw: Callable[[np.random.Generator], np.ndarray], shape: np.ndarray, rng: np.random.Generator):
        """A pose of those drawn whose parts don't run through each other, or the best of a few: pose, posed hand, overlap in mm."""
        best = None
        for _ in range(_POSE_ATTEMPTS):
            found = self.untangle(draw(rng), shape)
            if best is None or found[2] < best[2]:
                best = found
            if best[2] <= self.config.penetration_mm:
                break
        return best


def render_sample(seed: int, config: SyntheticConfig | None = None) -> HandSample:
    """The sample of a seed and a configuration; see `HandGenerator.render`. The generator is kept for the next call."""
    return _generator(SyntheticConfig() if config is None else config).render(seed)


def sample_seed(seed: int, index: int, split: str = "all", world: str = "any") -> int:
    """The seed of sample `index` of a split and world of the dataset that `seed` names: 63 well-mixed bits."""
    entropy = [seed, index, SPLITS[split]]  # a last 0, that of "all", changes nothing
    if world != "any":
        entropy.append(WORLD_NUMBERS[world])
    return int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0] >> np.uint64(1))


@functools.lru_cache(maxsize=2)
def _generator(config: SyntheticConfig) -> HandGenerator:
    return HandGenerator(config)

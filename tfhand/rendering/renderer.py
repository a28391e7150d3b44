"""A posed hand to a picture: see what is visible, pick the samples to shade, shade them, resolve.

This is deferred shading: `visibility` says what each sample sees, vertex attributes are interpolated there, and
everything after works on flat arrays of samples. Loops over faces and samples are compiled (see `kernel.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tfhand.mesh.template import HandTemplate
from tfhand.rendering import shading
from tfhand.rendering.arm import ArmParams
from tfhand.rendering.light_colour import LUMINANCE
from tfhand.rendering.lighting import LightParams, ambient_irradiance, environment_map
from tfhand.rendering.look import surface_look
from tfhand.rendering.objects.material import paint
from tfhand.rendering.objects.solid import Solid
from tfhand.rendering.samples import Samples, pick_samples, resolve
from tfhand.rendering.shadows import ShadowMap, bounding_ball, viewing_frame
from tfhand.rendering.skin import SkinParams, mean_albedo
from tfhand.rendering.surface import DrawnSurface, HandSurface
from tfhand.rendering.texture import SkinTexture
from tfhand.rendering.visibility import visibility

_LUMINANCE = LUMINANCE.astype(np.float32)
#: Side, blood, melanin and nail tip of what is not of the hand.
_NOT_HAND = np.array([0.5, 0, 1, 99], np.float32)


@dataclass(frozen=True)
class RenderedHand:
    """A picture of a hand before any background.

    Attributes:
        rgb: (H, W, 3) float32 linear RGB, premultiplied with `alpha`, exposure not applied.
        alpha: (H, W) float32 coverage of everything drawn: hand, forearm, sleeve, things.
        hand_alpha: (H, W) float32 coverage of what the network mesh covers (the hand and a short piece of the
            forearm), where it is seen.
        depth_mm: (H, W) float32 depth of the same at pixel centres where it is seen, else 0.
        scene_depth_mm: (H, W) float32 depth of everything drawn at pixel centres, 0 where there is nothing.
        bone_ids: (H, W) int32 the bone that the skin seen at pixel centres follows most, by its number in the
            template; the forearm counts as one after the last; -1 where no skin of hand or forearm is seen.
        mean_irradiance: luminance of the light that falls on what is seen, on average (1 = a white wall shows 1).
    """

    rgb: np.ndarray
    alpha: np.ndarray
    hand_alpha: np.ndarray
    depth_mm: np.ndarray
    scene_depth_mm: np.ndarray
    bone_ids: np.ndarray
    mean_irradiance: float


class HandRenderer:
    """Renders posed hands of one template.

    Args:
        template: the hand whose surface is drawn; its texture is made here, once.
    """

    def __init__(self, template: HandTemplate):
        self.texture = SkinTexture.from_template(template)
        self.surface = HandSurface(template, self.texture.atlas)
        self._vertex_textures = self._extended_textures()
        # Faces of hand and arm have their bones; -1, "nothing", finds the one more at the end.
        self._face_bones = np.append(self.surface.face_bones, np.int32(-1))

    def render(
        self,
        vertices_mm: np.ndarray,
        intrinsics: np.ndarray,
        size: tuple[int, int],
        skin: SkinParams,
        lights: LightParams,
        arm: ArmParams,
        things: Sequence[Solid] = (),
    ) -> RenderedHand:
        """Renders one posed hand.

        Args:
            vertices_mm: (S, 3) posed surface vertices, camera frame, mm.
            intrinsics: (4,) fx, fy, u0, v0 in pixels of the picture.
            size: (height, width) of the picture, pixels.
            skin, lights, arm: what it looks like.
            things: what is worn, held or in the way, camera frame.

        Returns:
            RenderedHand.

        Raises:
            ValueError: wrong shapes, non-finite vertices, bad intrinsics or size (see `rasterize`).
        """
        drawn = self.surface.place(vertices_mm, arm, things)
        seen = visibility(drawn.vertices, drawn.faces, intrinsics, size)
        samples = pick_samples(seen, drawn.num_hand_faces)
        colours, mean_irradiance = self._shade(drawn, samples, float(seen.intrinsics[0]), skin, lights, things)
        return RenderedHand(
            rgb=resolve(colours, samples),
            alpha=samples.coverage,
            hand_alpha=samples.hand_coverage,
            depth_mm=samples.hand_depth,
            scene_depth_mm=samples.scene_depth,
            bone_ids=self._face_bones[np.minimum(seen.centre_ids, drawn.num_skin_faces)],
            mean_irradiance=mean_irradiance,
        )

    def _extended_textures(self) -> np.ndarray:
        """Returns (N, 4) float32: side, blood, melanin, nail tip, of hand, arm and sleeve."""
        texture = self.texture
        own = np.stack([texture.side, texture.blood, texture.melanin, texture.nail_tip], axis=1)
        arm = np.tile(_NOT_HAND, (len(self.surface.atlas) - len(own), 1))
        return np.concatenate([own, arm]).astype(np.float32)

    def _shade(
        self,
        drawn: DrawnSurface,
        samples: Samples,
        focal: float,
        skin: SkinParams,
        lights: LightParams,
        things: Sequence[Solid],
    ) -> tuple[np.ndarray, float]:
        """Returns linear RGB (N, 3) of the samples and the luminance of their mean irradiance."""
        count = len(drawn.vertices)
        ball = bounding_ball(drawn.vertices[self.surface.hand_vertices])
        ambient, openness = ambient_irradiance(
            drawn.vertices, drawn.normals, drawn.faces, lights, 0.8 * mean_albedo(skin), ball
        )
        textures = self._vertex_textures[:count]
        if things:
            own = count - sum(len(thing.vertices) for thing in things)
            textures = np.concatenate([textures[:own], np.tile(_NOT_HAND, (count - own, 1))])
        attributes = np.concatenate(
            [drawn.normals, drawn.tangents, drawn.atlas, textures, ambient, openness[:, None]], axis=1
        )
        values, footprint = shading.surface_at(attributes, drawn.faces, samples, focal)
        cloth = samples.face_ids >= drawn.num_skin_faces
        look = surface_look(self.texture, values[9:15], skin, cloth, footprint)
        if things:
            paint(look, values[9:11], samples.face_ids, drawn.thing_faces, [thing.material for thing in things])
        shadows = [
            ShadowMap(drawn.vertices, drawn.faces, viewing_frame(direction), ball, penumbra_mm=float(penumbra))
            if penumbra > 0
            else None
            for direction, penumbra in zip(lights.directions, lights.penumbra_mm, strict=True)
        ]
        environment = environment_map(lights)
        colours, total = shading.shade(samples.points, values, look, lights, environment, shadows, skin.softness)
        return colours, float(total @ _LUMINANCE) / max(len(colours), 1)

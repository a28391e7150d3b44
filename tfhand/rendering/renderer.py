"""A posed hand to a picture: see what is visible, pick the samples to shade, shade them, resolve.

This is deferred shading: `visibility` says what each sample sees, vertex attributes are interpolated there, and
everything after works on flat arrays of samples. Loops over faces and samples are compiled (see `kernel.py`); what
the skin looks like at a sample is NumPy (`look.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfhand.mesh.template import HandTemplate
from tfhand.rendering import shading
from tfhand.rendering.arm import ArmParams
from tfhand.rendering.lighting import LightParams, ambient_irradiance, environment_map
from tfhand.rendering.look import surface_look
from tfhand.rendering.samples import Samples, pick_samples, resolve
from tfhand.rendering.shadows import ShadowMap, bounding_ball, viewing_frame
from tfhand.rendering.skin import SkinParams, mean_albedo
from tfhand.rendering.surface import DrawnSurface, HandSurface
from tfhand.rendering.texture import SkinTexture
from tfhand.rendering.visibility import visibility

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)


@dataclass(frozen=True)
class RenderedHand:
    """A picture of a hand before any background.

    Attributes:
        rgb: (H, W, 3) float32 linear RGB, premultiplied with `alpha`, exposure not applied.
        alpha: (H, W) float32 coverage of everything drawn: hand, forearm, sleeve.
        hand_alpha: (H, W) float32 coverage of what the network mesh covers (the hand and a short piece of the
            forearm), where it is seen.
        depth_mm: (H, W) float32 depth of the same at pixel centres where it is seen, else 0.
        mean_irradiance: luminance of the light that falls on what is seen, on average (1 = a white wall shows 1).
    """

    rgb: np.ndarray
    alpha: np.ndarray
    hand_alpha: np.ndarray
    depth_mm: np.ndarray
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

    def render(
        self,
        vertices_mm: np.ndarray,
        intrinsics: np.ndarray,
        size: tuple[int, int],
        skin: SkinParams,
        lights: LightParams,
        arm: ArmParams,
    ) -> RenderedHand:
        """Renders one posed hand.

        Args:
            vertices_mm: (S, 3) posed surface vertices, camera frame, mm.
            intrinsics: (4,) fx, fy, u0, v0 in pixels of the picture.
            size: (height, width) of the picture, pixels.
            skin, lights, arm: what it looks like.

        Returns:
            RenderedHand.

        Raises:
            ValueError: wrong shapes, non-finite vertices, bad intrinsics or size (see `rasterize`).
        """
        drawn = self.surface.place(vertices_mm, arm)
        seen = visibility(drawn.vertices, drawn.faces, intrinsics, size)
        samples = pick_samples(seen, drawn.num_hand_faces)
        colours, mean_irradiance = self._shade(drawn, samples, float(seen.intrinsics[0]), skin, lights)
        rgb = resolve(colours, samples)
        return RenderedHand(rgb, samples.coverage, samples.hand_coverage, samples.hand_depth, mean_irradiance)

    def _extended_textures(self) -> np.ndarray:
        """Returns (N, 6) float32: atlas x, y, side, blood, melanin, nail tip, of hand, arm and sleeve."""
        texture = self.texture
        own = np.stack([texture.side, texture.blood, texture.melanin, texture.nail_tip], axis=1)
        arm = np.tile(np.float32([0.5, 0, 1, 99]), (len(self.surface.atlas) - len(own), 1))
        return np.concatenate([self.surface.atlas, np.concatenate([own, arm])], axis=1).astype(np.float32)

    def _shade(
        self, drawn: DrawnSurface, samples: Samples, focal: float, skin: SkinParams, lights: LightParams
    ) -> tuple[np.ndarray, float]:
        """Returns linear RGB (N, 3) of the samples and the luminance of their mean irradiance."""
        count = len(drawn.vertices)
        ball = bounding_ball(drawn.vertices[self.surface.hand_vertices])
        ambient, openness = ambient_irradiance(
            drawn.vertices, drawn.normals, drawn.faces, lights, 0.8 * mean_albedo(skin), ball
        )
        attributes = np.concatenate(
            [drawn.normals, drawn.tangents, self._vertex_textures[:count], ambient, openness[:, None]], axis=1
        )
        values, footprint = shading.surface_at(attributes, drawn.faces, samples, focal)
        cloth = samples.face_ids >= drawn.num_skin_faces
        look = surface_look(self.texture, values[9:15], skin, cloth, footprint)
        shadows = [
            ShadowMap(drawn.vertices, drawn.faces, viewing_frame(direction), ball, penumbra_mm=float(penumbra))
            if penumbra > 0
            else None
            for direction, penumbra in zip(lights.directions, lights.penumbra_mm, strict=True)
        ]
        environment = environment_map(lights)
        colours, total = shading.shade(samples.points, values, look, lights, environment, shadows, skin.softness)
        return colours, float(total @ _LUMINANCE) / max(len(colours), 1)

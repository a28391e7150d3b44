"""A posed hand to a picture: rasterise, pick the samples to shade, shade them, resolve.

This is deferred shading: the rasteriser says what each sample sees, vertex attributes are interpolated there, and
everything after works on flat arrays of samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfhand.mesh.template import HandTemplate
from tfhand.rendering import shading
from tfhand.rendering.arm import ArmParams
from tfhand.rendering.lighting import LightParams, ambient_irradiance
from tfhand.rendering.look import surface_look
from tfhand.rendering.rasterizer import interpolate, rasterize
from tfhand.rendering.samples import Samples, pick_samples, placed, resolve, unprojected, window
from tfhand.rendering.shadows import ShadowMap, bounding_ball, viewing_frame
from tfhand.rendering.skin import SkinParams, mean_albedo
from tfhand.rendering.surface import DrawnSurface, HandSurface
from tfhand.rendering.texture import SkinTexture

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
        intrinsics = np.asarray(intrinsics, np.float32)
        if intrinsics.shape != (4,) or not np.isfinite(intrinsics).all():
            raise ValueError(f"intrinsics: expected 4 finite values fx, fy, u0, v0, got {intrinsics}.")
        row, column, height, width = window(drawn.vertices, intrinsics, size)
        local = intrinsics - np.array([0, 0, column, row], np.float32)
        centres = rasterize(drawn.vertices, drawn.faces, local, (height, width))
        fine = rasterize(drawn.vertices, drawn.faces, 2 * local, (2 * height, 2 * width))
        samples = pick_samples(centres, fine, drawn.num_hand_faces)
        colours, mean_irradiance = self._shade(drawn, samples, local, skin, lights)
        rgb = resolve(colours, samples, height, width)
        hand = (centres.face_ids >= 0) & (centres.face_ids < drawn.num_hand_faces)
        depth = np.where(hand, centres.depth_mm, 0)
        parts = (rgb, samples.coverage, samples.hand_coverage, depth)
        return RenderedHand(*(placed(part, row, column, size) for part in parts), mean_irradiance)

    def _extended_textures(self) -> np.ndarray:
        """Returns (N, 6) float32: atlas x, y, side, blood, melanin, nail tip, of hand, arm and sleeve."""
        texture = self.texture
        own = np.stack([texture.side, texture.blood, texture.melanin, texture.nail_tip], axis=1)
        arm = np.tile(np.float32([0.5, 0, 1, 99]), (len(self.surface.atlas) - len(own), 1))
        return np.concatenate([self.surface.atlas, np.concatenate([own, arm])], axis=1).astype(np.float32)

    def _shade(
        self, drawn: DrawnSurface, samples: Samples, intrinsics: np.ndarray, skin: SkinParams, lights: LightParams
    ) -> tuple[np.ndarray, float]:
        """Returns linear RGB (N, 3) of the samples and the luminance of their mean irradiance."""
        albedo_mean = mean_albedo(skin)
        count = len(drawn.vertices)
        ball = bounding_ball(drawn.vertices[self.surface.hand_vertices])
        ambient, openness = ambient_irradiance(
            drawn.vertices, drawn.normals, drawn.faces, lights, 0.8 * albedo_mean, ball
        )
        attributes = np.concatenate(
            [drawn.normals, drawn.tangents, self._vertex_textures[:count], ambient, openness[:, None]], axis=1
        )
        values = interpolate(attributes, drawn.faces, samples.face_ids, samples.barycentric)
        points = unprojected(samples, intrinsics)
        view = shading.normalised(-points)
        smooth = shading.normalised(values[:, 0:3])
        smooth *= np.where(shading.dot(smooth, view) < -0.2, -1, 1).astype(np.float32)[:, None]
        cloth = (samples.face_ids >= drawn.num_skin_faces).astype(np.float32)
        # Millimetres of skin that a pixel covers: relief finer than that averages out instead of sparkling.
        footprint = points[:, 2] / (intrinsics[0] * np.maximum(shading.dot(smooth, view), 0.12))
        look = surface_look(self.texture, values[:, 9:15], skin, cloth, footprint)
        bent = shading.bent_normals(smooth, values[:, 3:9], look.slope_x, look.slope_y)
        # The gloss of many facets within a pixel lies between the smooth surface's and the relief's.
        glossy = shading.normalised(smooth + bent)
        irradiance = values[:, 15:18].copy()
        shine = np.zeros((len(points), 3), np.float32)
        for direction, colour, penumbra in zip(lights.directions, lights.colours, lights.penumbra_mm, strict=True):
            visibility = np.ones(len(points), np.float32)
            if penumbra > 0:
                shadow = ShadowMap(drawn.vertices, drawn.faces, viewing_frame(direction), ball)
                visibility = shadow.lit_share(points + 1.2 * smooth, float(penumbra))
            irradiance += shading.diffuse(smooth, bent, direction, visibility, skin.softness) * colour
            glint = shading.specular(glossy, view, direction, look.roughness, look.f0) * visibility
            shine += glint[:, None] * colour
        mirror = lights.radiance(shading.reflected(glossy, view)).astype(np.float32)
        mirror *= (shading.environment_reflectance(glossy, view, look.roughness, look.f0) * values[:, 18])[:, None]
        mean = float(irradiance.mean(axis=0) @ _LUMINANCE) if len(points) else 0.0
        irradiance *= look.albedo
        irradiance += (shine + mirror) * (skin.shine * (1 - cloth))[:, None]
        return irradiance, mean

"""A posed hand to a picture: rasterise, pick the samples to shade, shade them, resolve.

Interior pixels are shaded once at their centre; pixels that hold an edge (of the hand, or of one finger before
another) are shaded at the covered ones of their 2 x 2 subsamples. So edges are antialiased at little more than
the price of one sample a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tfhand.rendering import shading
from tfhand.rendering.lighting import LightParams, ambient_irradiance
from tfhand.rendering.rasterizer import Fragments, interpolate, rasterize
from tfhand.rendering.shadows import ShadowMap, bounding_ball, viewing_frame
from tfhand.rendering.skin import SkinParams, mean_albedo, skin_albedo
from tfhand.rendering.surface import ArmParams, DrawnSurface, HandSurface
from tfhand.rendering.texture import SkinTexture

if TYPE_CHECKING:
    from tfhand.mesh.template import HandTemplate

#: Subsamples of a pixel farther apart in depth than this, mm, hold an edge.
_EDGE_MM = 3.0
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
#: Sides of the rasterised window are rounded up to this, pixels.
_WINDOW = 16


@dataclass(frozen=True)
class RenderedHand:
    """A picture of a hand before any background.

    Attributes:
        rgb: (H, W, 3) float32 linear RGB, premultiplied with `alpha`, exposure not applied.
        alpha: (H, W) float32 coverage of everything drawn: hand, forearm, sleeve.
        hand_alpha: (H, W) float32 coverage of the template's own surface where it is seen.
        depth_mm: (H, W) float32 depth of the template's surface at pixel centres where it is seen, else 0.
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
        self.surface = HandSurface(template.surface_faces, template.surface_vertices, self.texture.atlas)
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
        row, column, height, width = _window(drawn.vertices, intrinsics, size)
        local = intrinsics - np.array([0, 0, column, row], np.float32)
        centres = rasterize(drawn.vertices, drawn.faces, local, (height, width))
        fine = rasterize(drawn.vertices, drawn.faces, 2 * local, (2 * height, 2 * width))
        samples = _pick_samples(centres, fine, drawn.num_hand_faces)
        colours, mean_irradiance = self._shade(drawn, samples, local, skin, lights)
        rgb = _resolve(colours, samples, height, width)
        hand = (centres.face_ids >= 0) & (centres.face_ids < drawn.num_hand_faces)
        depth = np.where(hand, centres.depth_mm, 0)
        parts = (rgb, samples.coverage, samples.hand_coverage, depth)
        return RenderedHand(*(_placed(part, row, column, size) for part in parts), mean_irradiance)

    def _extended_textures(self) -> np.ndarray:
        """Returns (N, 7) float32: atlas x, y, side, blood, melanin, nail, nail tip, for hand, arm and sleeve."""
        texture, surface = self.texture, self.surface
        columns = [texture.side, texture.blood, texture.melanin, texture.nail, texture.nail_tip]
        own = np.stack(columns, axis=1)
        rings = (surface.num_arm_vertices + surface.num_sleeve_vertices) // max(len(surface.loop), 1)
        extended = np.concatenate([own, np.tile(own[surface.loop], (rings, 1))])
        return np.concatenate([surface.atlas, extended], axis=1).astype(np.float32)

    def _shade(
        self, drawn: DrawnSurface, samples: _Samples, intrinsics: np.ndarray, skin: SkinParams, lights: LightParams
    ) -> tuple[np.ndarray, float]:
        """Returns linear RGB (N, 3) of the samples and the luminance of their mean irradiance."""
        albedo_mean = mean_albedo(skin)
        count = len(drawn.vertices)
        ball = bounding_ball(drawn.vertices[: self.surface.num_vertices])
        ambient, openness = ambient_irradiance(
            drawn.vertices, drawn.normals, drawn.faces, lights, 0.8 * albedo_mean, ball
        )
        attributes = np.concatenate(
            [drawn.normals, drawn.tangents, self._vertex_textures[:count], ambient, openness[:, None]], axis=1
        )
        values = interpolate(attributes, drawn.faces, samples.face_ids, samples.barycentric)
        points = _unprojected(samples, intrinsics)
        view = shading.normalised(-points)
        smooth = shading.normalised(values[:, 0:3])
        smooth *= np.where(shading.dot(smooth, view) < -0.2, -1, 1).astype(np.float32)[:, None]
        cloth = (samples.face_ids >= drawn.num_skin_faces).astype(np.float32)
        # Millimetres of skin that a pixel covers: relief finer than that averages out instead of sparkling.
        footprint = points[:, 2] / (intrinsics[0] * np.maximum(shading.dot(smooth, view), 0.12))
        look = self._skin_look(values[:, 9:16], skin, cloth, footprint)
        bent = shading.bent_normals(smooth, values[:, 3:9], look.slope_x, look.slope_y)
        # The gloss of many facets within a pixel lies between the smooth surface's and the relief's.
        glossy = shading.normalised(smooth + bent)
        irradiance = values[:, 16:19].copy()
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
        mirror *= (shading.environment_reflectance(glossy, view, look.roughness, look.f0) * values[:, 19])[:, None]
        mean = float(irradiance.mean(axis=0) @ _LUMINANCE) if len(points) else 0.0
        irradiance *= look.albedo
        irradiance += (shine + mirror) * (skin.shine * (1 - cloth))[:, None]
        return irradiance, mean

    def _skin_look(self, values: np.ndarray, skin: SkinParams, cloth: np.ndarray, footprint: np.ndarray) -> _Look:
        """Evaluates the texture at samples.

        Args:
            values: (N, 7) atlas x, y, side, blood, melanin, nail, nail tip.
            skin: the person's skin.
            cloth: (N,) 1 on the sleeve, else 0.
            footprint: (N,) mm of skin that a pixel covers.
        """
        atlas, side, nail = np.ascontiguousarray(values[:, :2]), values[:, 2], values[:, 5]
        bare = 1 - nail
        crease = self.texture.creases_at(atlas, side)
        noise = self.texture.noise_at(atlas, side, skin.noise_offset, skin.noise_scale)
        depth = skin.crease_depth * bare * np.minimum(1, 3 * np.abs(side)) / (1 + (footprint / 2.5) ** 2)
        groove = np.maximum(-crease[:, 0] * depth, 0)
        contrast = 1 + skin.palm_lightness * (values[:, 4] - 1)
        melanin = skin.melanin * contrast * (1 + 0.07 * skin.mottling * noise[:, 0]) * (1 - 0.55 * nail)
        melanin = melanin * (1 + 0.35 * groove)
        blood = skin.blood * (1 + 0.16 * skin.mottling * noise[:, 1]) + values[:, 3] + 0.5 * groove
        albedo = skin_albedo(np.maximum(melanin, 0), np.maximum(blood - skin.nail_paleness * nail, 0), skin.yellow)
        albedo *= (1 - np.minimum(0.3 * groove, 0.6))[:, None]
        self._paint_nails(albedo, nail, values[:, 6], skin)
        self._paint_sleeve(albedo, atlas, skin, cloth)
        fine = skin.relief * bare * (1 - cloth) / (1 + footprint**2)
        depth = depth * (1 - cloth)
        roughness = skin.roughness * (1 + 0.08 * noise[:, 0]) * (1 - 0.35 * nail)
        return _Look(
            albedo=albedo,
            slope_x=crease[:, 1] * depth + noise[:, 2] * fine,
            slope_y=crease[:, 2] * depth + noise[:, 3] * fine,
            roughness=np.clip(roughness, 0.2, 0.9).astype(np.float32),
            f0=shading.specular_f0(nail),
        )

    def _paint_nails(self, albedo: np.ndarray, nail: np.ndarray, behind_tip: np.ndarray, skin: SkinParams) -> None:
        """Gives nails (in place) polish or a pale free edge, and a dark line where they meet the skin."""
        rim = np.clip(1 - np.abs(nail - 0.45) * 3.2, 0, 1)
        if not np.any(rim > 0):
            return
        inside = np.clip((nail - 0.5) * 4, 0, 1)
        if skin.polish is not None:
            albedo += inside[:, None] * (skin.polish.astype(np.float32) - albedo)
        elif skin.nail_tip_mm > 0:
            edge = np.clip((skin.nail_tip_mm - behind_tip) * 2 + 1, 0, 1) * inside
            albedo += (0.75 * edge)[:, None] * (np.array([0.72, 0.66, 0.56], np.float32) - albedo)
        albedo *= (1 - 0.3 * rim)[:, None]

    def _paint_sleeve(self, albedo: np.ndarray, atlas: np.ndarray, skin: SkinParams, cloth: np.ndarray) -> None:
        """Colours the sleeve's samples in place."""
        chosen = np.flatnonzero(cloth)
        if chosen.size == 0:
            return
        first, second = skin.sleeve.astype(np.float32)
        colour = np.broadcast_to(first, (len(chosen), 3))
        if skin.stripes_mm > 0:
            stripe = np.floor(atlas[chosen] @ skin.noise_offset.astype(np.float32) / skin.stripes_mm) % 2
            colour = np.where(stripe[:, None] > 0, first, second)
        albedo[chosen] = colour


@dataclass(frozen=True)
class _Look:
    """Surface of the samples: albedo (N, 3), slopes of the relief (N,), roughness (N,), reflectance f0 (N,)."""

    albedo: np.ndarray
    slope_x: np.ndarray
    slope_y: np.ndarray
    roughness: np.ndarray
    f0: np.ndarray


@dataclass(frozen=True)
class _Samples:
    """Points to shade, one row each, and where their colours go.

    Attributes:
        face_ids, barycentric, depth_mm: (N,), (N, 3), (N,) fragments.
        columns, rows: (N,) float32 position in pixels of the window.
        pixels: (N,) flat pixel index in the window; `num_inner` single samples come first.
        num_inner: how many samples fill a pixel alone; the rest count a quarter.
        coverage, hand_coverage: (height, width) float32.
    """

    face_ids: np.ndarray
    barycentric: np.ndarray
    depth_mm: np.ndarray
    columns: np.ndarray
    rows: np.ndarray
    pixels: np.ndarray
    num_inner: int
    coverage: np.ndarray
    hand_coverage: np.ndarray


def _pick_samples(centres: Fragments, fine: Fragments, num_hand_faces: int) -> _Samples:
    """Chooses one sample for interior pixels and all covered subsamples for pixels with an edge."""
    height, width = centres.face_ids.shape
    covered = fine.face_ids >= 0
    count = _quad_reduce(np.add, covered.view(np.uint8))
    depth = fine.depth_mm
    spread = _quad_reduce(np.maximum, depth) - _quad_reduce(np.minimum, depth)
    inner = (count == 4) & (spread < _EDGE_MM) & (centres.face_ids >= 0)
    edge = (count > 0) & ~inner
    inner_pixels = np.flatnonzero(inner)
    fine_edge = np.flatnonzero(covered & edge.repeat(2, axis=0).repeat(2, axis=1))
    fine_rows, fine_columns = np.divmod(fine_edge, 2 * width)
    inner_rows, inner_columns = np.divmod(inner_pixels, width)
    hand = _quad_reduce(np.add, (covered & (fine.face_ids < num_hand_faces)).view(np.uint8))
    joined = [(getattr(centres, name), getattr(fine, name)) for name in ("face_ids", "barycentric", "depth_mm")]
    flat = [
        np.concatenate([a.reshape(height * width, -1)[inner_pixels], b.reshape(4 * height * width, -1)[fine_edge]])
        for a, b in joined
    ]
    return _Samples(
        face_ids=flat[0][:, 0],
        barycentric=flat[1],
        depth_mm=flat[2][:, 0],
        columns=np.concatenate([inner_columns + 0.5, fine_columns * 0.5 + 0.25]).astype(np.float32),
        rows=np.concatenate([inner_rows + 0.5, fine_rows * 0.5 + 0.25]).astype(np.float32),
        pixels=np.concatenate([inner_pixels, (fine_rows // 2) * width + fine_columns // 2]),
        num_inner=len(inner_pixels),
        coverage=count * np.float32(0.25),
        hand_coverage=hand * np.float32(0.25),
    )


def _quad_reduce(operation: np.ufunc, fine: np.ndarray) -> np.ndarray:
    """Combines the four subsamples (2H, 2W) of each pixel: (H, W)."""
    rows = operation(fine[0::2], fine[1::2])
    return operation(rows[:, 0::2], rows[:, 1::2])


def _resolve(colours: np.ndarray, samples: _Samples, height: int, width: int) -> np.ndarray:
    """Averages sample colours (N, 3) into a premultiplied image (height, width, 3)."""
    inner = samples.num_inner
    image = np.empty((height * width, 3), np.float32)
    for channel in range(3):
        image[:, channel] = np.bincount(samples.pixels[inner:], colours[inner:, channel], height * width)
    image *= np.float32(0.25)
    image[samples.pixels[:inner]] = colours[:inner]
    return image.reshape(height, width, 3)


def _unprojected(samples: _Samples, intrinsics: np.ndarray) -> np.ndarray:
    """Returns the samples' points (N, 3) in the camera frame, mm."""
    fx, fy, u0, v0 = intrinsics
    z = samples.depth_mm
    return np.stack([(samples.columns - u0) * z / fx, (samples.rows - v0) * z / fy, z], axis=1)


def _window(vertices: np.ndarray, intrinsics: np.ndarray, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Returns row, column, height and width of the part of the image that the mesh may touch."""
    height, width = size
    z = vertices[:, 2]
    if float(z.min()) < 10:
        return 0, 0, height, width
    fx, fy, u0, v0 = intrinsics
    u, v = vertices[:, 0] / z * fx + u0, vertices[:, 1] / z * fy + v0
    columns = _span(float(u.min()), float(u.max()), width)
    rows = _span(float(v.min()), float(v.max()), height)
    return rows[0], columns[0], rows[1], columns[1]


def _span(low: float, high: float, limit: int) -> tuple[int, int]:
    """Returns start and length within 0..limit around low..high, the length a multiple of `_WINDOW` where it fits."""
    first = int(np.clip(np.floor(low) - 1, 0, limit - 1))
    last = int(np.clip(np.ceil(high) + 1, first + 1, limit))
    length = min(limit, -(-(last - first) // _WINDOW) * _WINDOW)
    return min(first, limit - length), length


def _placed(part: np.ndarray, row: int, column: int, size: tuple[int, int]) -> np.ndarray:
    """Returns `part` at (row, column) of a zero image of `size`."""
    if part.shape[:2] == tuple(size):
        return part
    image = np.zeros((*size, *part.shape[2:]), np.float32)
    image[row : row + part.shape[0], column : column + part.shape[1]] = part
    return image

"""Silhouette loss: the outline of the mesh against that of a depth map."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from keras import ops

from tfhand.losses.base import LossInputs, LossTerm
from tfhand.losses.depth import PAPER_PIXELS
from tfhand.losses.registry import register_loss
from tfhand.losses.topology import MeshTopology


@register_loss("silhouette")
class SilhouetteLoss(LossTerm):
    """Squared differences between the blurred silhouettes of the measured and the rendered depth map.

    What the depth loss can't tell: pixels that only one of the maps has. Both silhouettes (1 where there is depth, 0
    elsewhere) are blurred by the same Gaussian, and `(C - C^)^2` is summed over the pixels and scaled to 32 x 32.

    A silhouette has no gradient of its own, for which pixels the mesh covers changes in jumps. Rasterise-then-splat
    (Cole et al.) takes the points of the surface that the pixels see and splats them where they move to. Here their
    motion carries the blurred silhouette along, `dC = -grad C . dx`, with `dx` the mean motion of the points about a
    pixel, weighted by the same Gaussian: shifts move outlines by what they should, and stretching leaves the inside
    alone, where splats would thin out.

    The measured map's holes of a pixel's width are filled (a closing by 3 x 3); larger ones count as background, as do
    things in front of the hand. Leave the term out where a sensor leaves large holes. A sample whose map is all holes
    has a loss of 0 and no gradients.

    Args:
        topology: unused; every term is built alike.
        sigma: of the Gaussian, in pixels of the map; how far from its goal an outline feels a pull.

    Raises:
        ValueError: `sigma` is not positive.

    References:
        Cole et al., "Differentiable Surface Rendering via Non-Differentiable Sampling", ICCV 2021. Not part of
        Ge et al. 2019.
    """

    supervision: ClassVar[str] = "depth"

    def __init__(self, topology: MeshTopology, sigma: float = 1.0):
        super().__init__(topology)
        if not sigma > 0:
            raise ValueError(f"sigma: expected a positive number of pixels, got {sigma}.")
        reach = math.ceil(2.5 * sigma)
        offsets = np.arange(-reach, reach + 1)
        gaussian = np.exp(-0.5 * np.square(offsets / sigma))
        self._smooth = gaussian / gaussian.sum()
        slope = offsets * gaussian
        self._slope = slope / np.sum(slope * offsets)  # a ramp has its own slope

    def call(self, inputs: LossInputs) -> Any:
        measured, rendered, hand = inputs.depth_maps
        points, size = inputs.pred("surface_uv"), measured.shape[1]
        hand = ops.cast(hand, measured.dtype)
        known = ops.cast(ops.max(hand, axis=(1, 2)) > 0.0, measured.dtype)
        wanted = self._filter(_closed(hand[..., None]), self._smooth, self._smooth)
        found = self.coverage(ops.cast(rendered > 0.0, measured.dtype), points * size)
        total = ops.sum(ops.square(found - wanted), axis=(1, 2, 3))
        return total * known * (PAPER_PIXELS / size**2)

    def coverage(self, mask: Any, points: Any) -> Any:
        """Blurred silhouettes with the gradients of moving points.

        Args:
            mask: (B, S, S), 1 where the surface is.
            points: (B, S, S, 2), its points in pixels; anything where it isn't.

        Returns:
            (B, S, S, 1) in 0..1.
        """
        mask = ops.stop_gradient(mask)[..., None]
        covered = self._filter(mask, self._smooth, self._smooth)
        slope = ops.concatenate(
            [self._filter(mask, self._smooth, self._slope), self._filter(mask, self._slope, self._smooth)], axis=-1
        )
        moved = (points - ops.stop_gradient(points)) * mask
        moved = ops.concatenate(
            [self._filter(moved[..., axis : axis + 1], self._smooth, self._smooth) for axis in (0, 1)], axis=-1
        )
        motion = moved / ops.maximum(covered, 1e-6)
        return covered - ops.sum(slope * motion, axis=-1, keepdims=True)

    @staticmethod
    def _filter(maps: Any, down: np.ndarray, across: np.ndarray) -> Any:
        """Correlates (B, S, S, 1) with a separable filter; zeros beyond the border."""
        across = ops.reshape(ops.convert_to_tensor(across, maps.dtype), (1, -1, 1, 1))
        down = ops.reshape(ops.convert_to_tensor(down, maps.dtype), (-1, 1, 1, 1))
        maps = ops.conv(maps, across, padding="same", data_format="channels_last")
        return ops.conv(maps, down, padding="same", data_format="channels_last")


def _closed(mask: Any) -> Any:
    """Fills the holes of a pixel's width in masks (B, S, S, 1)."""
    padded = ops.pad(mask, ((0, 0), (2, 2), (2, 2), (0, 0)))
    for sign in (1.0, -1.0):
        padded = sign * ops.max_pool(sign * padded, 3, strides=1, padding="valid", data_format="channels_last")
    return padded

"""Rendered hands for tests that write tiny datasets in the layouts of public ones."""

from __future__ import annotations

import functools

import numpy as np

from tfhand.data.sample import HandSample
from tfhand.synthetic.generator import HandGenerator, SyntheticConfig

#: What makes rendering slow and is of no use here.
_WITHOUT = ("photographs",)


@functools.cache
def rendered_hands(size: int, sides: tuple[str, ...]) -> tuple[HandSample, ...]:
    """One rendered hand for each of `sides`, in images of `size` x `size` pixels; nobody may write to them."""
    samples = []
    for seed, side in enumerate(sides):
        config = SyntheticConfig(size=size, left_share=float(side == "left"), without=_WITHOUT)
        samples.append(HandGenerator(config).render(seed + 3))
    return tuple(samples)


def camera_matrix(intrinsics: np.ndarray) -> np.ndarray:
    """(3, 3) float32 of `fx, fy, u0, v0`."""
    fx, fy, u0, v0 = intrinsics
    return np.array([[fx, 0, u0], [0, fy, v0], [0, 0, 1]], np.float32)

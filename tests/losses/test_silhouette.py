"""The silhouette loss: its value by plain loops, its gradients by moving discs."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.losses.test_gradients import gradient
from tfhand.losses import MeshTopology, get_loss

SIZE = 24
CENTRES = np.arange(SIZE) + 0.5


@pytest.fixture
def loss(octahedron):
    return get_loss("silhouette")(MeshTopology.from_template(octahedron), sigma=1.2)


def disc(x: float, y: float, radius: float) -> np.ndarray:
    """(1, S, S): 400 mm within a circle, 0 elsewhere."""
    inside = (CENTRES - x) ** 2 + (CENTRES[:, None] - y) ** 2 < radius**2
    return np.where(inside, 400.0, 0.0).astype(np.float32)[None]


def share(x: float, y: float, radius: float) -> np.ndarray:
    """(S, S): which share of each pixel lies within a circle."""
    fine = (np.arange(SIZE * 16) + 0.5) / 16
    inside = (fine - x) ** 2 + (fine[:, None] - y) ** 2 < radius**2
    return inside.reshape(SIZE, 16, SIZE, 16).mean(axis=(1, 3))


def centres(depth: np.ndarray) -> np.ndarray:
    """(B, S, S, 2): what the renderer gives, the centres of the pixels that have depth."""
    places = np.stack(np.meshgrid(CENTRES, CENTRES), axis=-1) / SIZE
    return np.where(depth[..., None] > 0, places, 0).astype(np.float32)


def value(loss, measured: np.ndarray, rendered: np.ndarray) -> float:
    return float(loss({"depth_map": measured}, {"depth_map": rendered, "surface_uv": centres(rendered)}))


def blurred(mask: np.ndarray, sigma: float, reach: int = 3) -> np.ndarray:
    result = np.zeros((SIZE, SIZE))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    for row in range(SIZE):
        for column in range(SIZE):
            for i in range(max(row - reach, 0), min(row + reach + 1, SIZE)):
                for j in range(max(column - reach, 0), min(column + reach + 1, SIZE)):
                    result[row, column] += weights[i - row + reach] * weights[j - column + reach] * mask[i, j]
    return result


def test_value(loss):
    measured, rendered = disc(12, 11, 6), disc(14, 9.5, 5)
    difference = blurred(measured[0] > 0, 1.2) - blurred(rendered[0] > 0, 1.2)
    assert value(loss, measured, rendered) == pytest.approx((difference**2).sum() * (32 / SIZE) ** 2, rel=1e-4)
    assert value(loss, measured, measured) == pytest.approx(0, abs=1e-9)


def test_small_holes_are_filled_and_empty_maps_ignored(loss):
    measured, rendered = disc(12, 11, 6), disc(13, 12, 6)
    holes = measured.copy()
    holes[0, 11, 12] = holes[0, 9, 10] = 0
    holes[0, 13, 11] = np.nan
    assert value(loss, holes, rendered) == pytest.approx(value(loss, measured, rendered), rel=1e-5)
    assert value(loss, 0 * measured, rendered) == 0
    two = np.concatenate([measured, 0 * measured])
    assert value(loss, two, np.repeat(rendered, 2, 0)) == pytest.approx(value(loss, measured, rendered) / 2, rel=1e-5)


@pytest.mark.parametrize("motion", ["right", "down", "larger"])
def test_gradients_are_those_of_moving_outlines(loss, motion):
    x, y, radius = (11.2, 11.9, 5.6) if motion != "larger" else (13.1, 10.3, 5.0)
    measured = disc(13.1, 10.3, 6.2)
    rendered = disc(x, y, radius)
    points = centres(rendered)
    slope = gradient(lambda uv: loss({"depth_map": measured}, {"depth_map": rendered, "surface_uv": uv}), points)
    away = points * SIZE - [x, y]
    away /= np.linalg.norm(away, axis=-1, keepdims=True)
    velocity = {"right": np.array([1.0, 0.0]), "down": np.array([0.0, 1.0]), "larger": away}[motion] / SIZE
    found = float((slope * velocity * (rendered[..., None] > 0)).sum())
    change = np.array({"right": [0.3, 0, 0], "down": [0, 0.3, 0], "larger": [0, 0, 0.3]}[motion])
    goal = blurred(measured[0] > 0, 1.2)
    ahead, behind = (
        np.square(blurred(share(*np.array([x, y, radius]) + sign * change), 1.2) - goal).sum() for sign in (1, -1)
    )
    assert found == pytest.approx((ahead - behind) / 0.6 * (32 / SIZE) ** 2, rel=0.15)


def test_the_inside_feels_no_pull(loss):
    rendered = disc(12, 12, 8)
    slope = gradient(
        lambda uv: loss({"depth_map": disc(12, 12, 3)}, {"depth_map": rendered, "surface_uv": uv}), centres(rendered)
    )
    distance = np.hypot(CENTRES - 12, CENTRES[:, None] - 12)
    assert np.abs(slope[0])[distance < 1.5].max() < 1e-3
    assert np.abs(slope[0])[(distance < 8) & (distance > 6)].max() > 0.1
    assert not slope[0][distance > 8].any()


def test_mistakes(octahedron, loss):
    with pytest.raises(ValueError, match="sigma: expected a positive number"):
        get_loss("silhouette")(MeshTopology.from_template(octahedron), sigma=0)
    with pytest.raises(ValueError, match=r"depth_map: expected \(24, 24\)"):
        loss(
            {"depth_map": disc(12, 12, 3)},
            {"depth_map": np.zeros((1, 8, 8), np.float32), "surface_uv": np.zeros((1, 8, 8, 2), np.float32)},
        )


def test_half_precision_is_summed_in_float32(loss):
    rendered = disc(12, 12, 5)
    halves = {key: keras.ops.cast(part, "bfloat16") for key, part in
              {"depth_map": rendered, "surface_uv": centres(rendered)}.items()}  # fmt: skip
    assert keras.backend.standardize_dtype(loss({"depth_map": disc(12, 11, 6)}, halves).dtype) == "float32"

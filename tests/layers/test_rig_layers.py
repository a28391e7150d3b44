"""The rig and its view inside a network: against the numpy rig, a pinhole camera, and finite differences."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops
from scipy.spatial.transform import Rotation

from tests.layers.checks import check_layer, gradients, run
from tfhand.geometry import camera_vector, uvd_to_xyz, xyz_to_uvd
from tfhand.layers import VIEW_SIZE, CropView, RigLayer, rig_arrays
from tfhand.mesh import HandTemplate
from tfhand.mesh.linear_skinning import skin_linearly


@pytest.fixture(scope="module")
def template() -> HandTemplate:
    return HandTemplate.load()


@pytest.fixture(scope="module")
def rig(template) -> dict[str, np.ndarray]:
    """The template's rig with every fortieth vertex."""
    arrays = rig_arrays(template)
    few = {"vertices": arrays["vertices"][::40], "vertex_deltas": arrays["vertex_deltas"][:, ::40]}
    return arrays | few | {"skin_weights": arrays["skin_weights"][::40]}


def test_rig_against_numpy(template, rng) -> None:
    angles, shape = (0.6 * rng.normal(size=size).astype(np.float32) for size in ((3, 20, 3), (3, 16)))
    vertices, joints = skin_linearly(template, angles, shape, np.tile(np.eye(3), (3, 1, 1)), np.zeros((3, 3)))
    found = run(RigLayer(rig_arrays(template)), [shape, angles])
    np.testing.assert_allclose(found, np.concatenate([vertices, joints], axis=1), atol=2e-3)
    rest = run(RigLayer(rig_arrays(template)), [np.zeros((1, 16), "float32"), np.zeros((1, 20, 3), "float32")])[0]
    np.testing.assert_allclose(rest, np.concatenate([template.vertices, template.pose().joints]), atol=1e-4)


def test_rig_as_a_layer(rig, rng) -> None:
    angles, shape = (0.5 * rng.normal(size=size).astype(np.float32) for size in ((3, 20, 3), (3, 16)))
    check_layer(lambda **options: RigLayer(rig, **options), shape, angles)
    with pytest.raises(ValueError, match=r"inputs must be 16 shape keys and angles \(20, 3\), got \(16,\) and \(19, 3\)"):
        RigLayer(rig)([shape, angles[:, 1:]])
    with pytest.raises(ValueError, match=r"rig: expected the arrays .* \['points'\] are missing"):
        RigLayer({name: array for name, array in rig.items() if name != "points"})


@keras.saving.register_keras_serializable(package="tests")
class Whole(keras.layers.Layer):
    """Shape, angles and view in one row to the crop."""

    def __init__(self, rig, **kwargs):
        super().__init__(**kwargs)
        self.hand, self.view = RigLayer(rig), CropView()

    def build(self, input_shape):
        self.built = True

    def call(self, values, training=None):
        angles = ops.reshape(values[:, 16:76], (-1, 20, 3))
        return self.view([self.hand([values[:, :16], angles]), values[:, 76:]])


def test_gradients_against_finite_differences(rig, rng) -> None:
    values = (0.3 * rng.normal(size=(1, 76 + VIEW_SIZE))).astype(np.float32)
    layer = Whole(rig)
    _, found = gradients(layer, values)
    assert np.isfinite(gradients(layer, np.zeros_like(values))[1]).all()

    steps = np.concatenate([np.eye(values.size), -np.eye(values.size)]) * 5e-3
    losses = (run(layer, (values + steps).astype(np.float32)).astype(np.float64) ** 2).sum(axis=(1, 2))
    expected = (losses[: values.size] - losses[values.size :])[None] / 1e-2
    np.testing.assert_allclose(found, expected, atol=2e-3 * np.abs(expected).max())


@pytest.mark.parametrize("depth_axis", ["camera", "crop"])
def test_view_is_that_of_a_pinhole_camera(template, rng, depth_axis) -> None:
    """A hand in space, and the view that its camera amounts to."""
    points = np.concatenate([template.vertices, template.pose().joints])
    scale = np.linalg.norm(points[-21:][10] - points[-21:][9])
    turn = Rotation.from_rotvec([0.4, -1.1, 0.7]).as_matrix()
    root = np.array([60.0, -35.0, 420.0])
    placed = points @ turn.T + root - turn @ points[-21]
    camera = np.array([2.1, 2.1, 0.2, 0.8, root[2], scale, 0.0])
    if depth_axis == "crop":
        wrist = xyz_to_uvd(placed[-21:-20], camera)[0, :2]
        camera = camera_vector(camera[:4], np.array([0.0, 0, 1, 1]), root[2], scale, wrist)
    expected = xyz_to_uvd(placed, camera)
    view = np.zeros(VIEW_SIZE)
    # Neither their lengths nor what the second has of the first matter to the turn's columns.
    view[:3] = 1.7 * turn[:, 0] - [1, 0, 0]
    view[3:6] = 0.6 * turn[:, 1] + 0.2 * turn[:, 0] - [0, 1, 0]
    view[6:8] = expected[-21, :2] - 0.5
    shares = 2.1 * scale / root[2] / 0.17, scale / root[2] / 0.08
    view[8:10] = 2.0 * np.arctanh(np.log(shares) / 2.0)
    view[10:12] = camera[2:4] - 0.5
    found = run(CropView(depth_axis), [points[None].astype(np.float32), view[None].astype(np.float32)])[0]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    np.testing.assert_allclose(uvd_to_xyz(found, camera), placed, atol=0.1)


def test_view_as_a_layer(template, rng) -> None:
    points = np.stack([template.pose().joints] * 3) + rng.normal(size=(3, 21, 3)).astype(np.float32)
    check_layer(lambda **options: CropView(**options), points, 0.3 * rng.normal(size=(3, VIEW_SIZE)).astype(np.float32))
    middle = run(CropView(), [points, np.zeros((3, VIEW_SIZE), "float32")])
    np.testing.assert_allclose(middle[:, 0], np.tile([0.5, 0.5, 0.0], (3, 1)), atol=1e-6)
    behind = run(CropView(), [points, np.full((3, VIEW_SIZE), 9.0, "float32")])
    assert np.isfinite(behind).all()
    with pytest.raises(ValueError, match="inputs must be at least 21 points and views of 12 numbers"):
        CropView()([points[:, 1:], np.zeros((3, VIEW_SIZE), "float32")])

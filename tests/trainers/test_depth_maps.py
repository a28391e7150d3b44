"""Depth maps within training: what the loss sees, and that descent on it moves a hand where it was measured."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from toy import OCTAHEDRON, ToyNet, toy_source

from tfhand.geometry import camera_vector, uvd_to_xyz, xyz_to_uvd
from tfhand.losses import CompositeLoss, MeshTopology, get_loss
from tfhand.mesh import HandTemplate
from tfhand.rendering.depth.renderer import render_depth
from trainers import depth_maps
from trainers.model import TrainingModel
from trainers.pictures import draw_depths


def test_the_training_step_renders_what_the_loss_compares():
    loss = CompositeLoss({"depth": 1.0}, OCTAHEDRON)
    network = ToyNet()
    model = TrainingModel(network, None, loss, "full", ["mesh"], faces=OCTAHEDRON.faces)
    images, labels = toy_source(depth_size=10)[0]
    vertices = network(images / np.float32(255), training=False)["vertices_uvd"].numpy()
    camera = labels["camera"]
    rendered = render_depth(uvd_to_xyz(vertices, camera), OCTAHEDRON.faces, camera[:, :4] * 10, 10, "tf").numpy()
    assert (rendered > 0).mean() > 0.1
    expected, parts = loss(labels, {"depth_map": rendered})
    model.compile(optimizer=keras.optimizers.SGD(0.0), jit_compile=False)
    result = model.test_on_batch({"image": images, **labels}, labels, return_dict=True)
    assert float(parts["depth"]) > 1.0 and result["depth"] == pytest.approx(float(expected), rel=1e-4)


def test_gradients_reach_the_mesh_stage_alone():
    network = ToyNet()
    loss = CompositeLoss({"depth": 1.0}, OCTAHEDRON)
    model = TrainingModel(network, None, loss, "full", ["mesh"], faces=OCTAHEDRON.faces)
    images, labels = toy_source(depth_size=10)[0]
    before = [weight.numpy() for weight in network.mesh_stage.trainable_weights]
    model.compile(optimizer=keras.optimizers.SGD(1e-2), jit_compile=False)
    model.train_on_batch({"image": images, **labels}, labels)
    after = [weight.numpy() for weight in network.mesh_stage.trainable_weights]
    assert all(np.isfinite(value).all() for value in after)
    assert any(np.abs(one - other).max() > 1e-5 for one, other in zip(before, after, strict=True))


def test_descent_brings_a_shifted_hand_to_its_depth_map():
    template = HandTemplate.load()
    hand = template.surface_vertices[template.vertex_ids]
    hand = (hand - hand.mean(axis=0) + [0, 0, 500]).astype(np.float32)[None]
    intrinsics, box = np.array([600.0, 600.0, 160.0, 160.0]), np.array([40.0, 40.0, 240.0, 240.0])
    camera = camera_vector(intrinsics, box, 500.0, 40.0)[None]
    measured = depth_maps.predicted_surface(xyz_to_uvd(hand, camera), camera, template.faces, 32)
    measured = measured["depth_map"].numpy()
    measured[:, 10:13] = 0  # holes
    loss = get_loss("depth")(MeshTopology.from_template(template))
    offset = tf.Variable(np.array([[[4.0, 0.0, 15.0]]], np.float32))

    def value() -> tf.Tensor:
        shifted = hand + offset
        uv = shifted[..., :2] / shifted[..., 2:] * camera[:, None, :2] + camera[:, None, 2:4]
        uvd = tf.concat([uv, (shifted[..., 2:] - 500.0) / 40.0], axis=-1)
        rendered = depth_maps.predicted_surface(uvd, camera, template.faces, 32)
        return loss({"depth_map": measured, "camera": camera}, rendered)

    first = float(value())
    optimizer = keras.optimizers.Adam(1.0)
    for _ in range(40):
        with tf.GradientTape() as tape:
            current = value()
        optimizer.apply([tape.gradient(current, offset)], [offset])
    assert float(value()) < 0.05 * first
    assert abs(float(offset[0, 0, 2])) < 1.5 and abs(float(offset[0, 0, 0])) < 3.0


def test_other_backends_and_xla_are_refused(monkeypatch):
    depth_maps.check_renderer()
    with pytest.raises(ValueError, match="jit_compile: expected false with the loss 'depth'"):
        depth_maps.check_renderer(jit_compile=True)
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match="'depth' needs a renderer.* got backend jax"):
        depth_maps.check_renderer()


def test_stages_without_a_mesh_are_refused():
    loss = CompositeLoss({"depth": 1.0}, OCTAHEDRON)
    with pytest.raises(ValueError, match="'depth' needs the predicted mesh.* kind 'heatmap'"):
        TrainingModel(ToyNet(), None, loss, "heatmap", ["heatmap"], faces=OCTAHEDRON.faces)


def test_pictures_of_depth():
    one = np.zeros((4, 4), np.float32)
    one[0, 0], one[3, 3] = 400, 500
    first, second = draw_depths(one, one[::-1])
    assert first.shape == (256, 256, 3) and first.dtype == np.uint8
    np.testing.assert_array_equal(second, first[::-1])
    assert first[10, 10, 0] > first[10, 10, 2] and first[250, 250, 2] > first[250, 250, 0]  # near red, far blue
    assert not first[10, 250].any()
    assert not np.stack(draw_depths(np.zeros((4, 4)))).any()

"""The assembled network: shapes, sizes, stages, read-outs, inputs."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
from keras import ops
from scipy.ndimage import map_coordinates

from tests.models.toys import toy_template
from tfhand.models import PRESETS, GraphTopology, HandMeshNet, get_preset, multiply_adds

#: Parameters and multiply-adds (M) of every preset, with 1280 places and the toy graph's 6 neighbours.
SIZES = {
    "paper": (21_859_948, 16_214),
    "mobile": (3_256_284, 216),
    "hourglass-small": (1_553_575, 243),
    "released": (21_859_948 - 43 * 513, 16_214),
}


def images(model: HandMeshNet, count: int = 2, seed: int = 0) -> np.ndarray:
    size = model.input_size
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", PRESETS)
def test_sizes_and_shapes(name: str, template) -> None:
    model = HandMeshNet.from_preset(name, template=template)
    parameters, mega_products = SIZES[name]
    assert model.count_params() == parameters
    assert multiply_adds(model) == pytest.approx(mega_products * 1e6, rel=0.01)
    large = name in ("paper", "released")
    stacks = 2 if large else 1
    size = {"mobile": 160, "hourglass-small": 128}.get(name, 256)
    maps = {f"heatmaps_{i + 1}": (None, size // 4, size // 4, 21) for i in range(stacks)}
    mesh = {"vertices_uvd": (None, 950, 3), "joints_uvd_mesh": (None, 21, 3), "joints_uvd": (None, 21, 3)}
    if name == "released":
        del mesh["joints_uvd_mesh"]
    assert {key: value.shape for key, value in model.output.items()} == {**maps, **mesh}
    assert (model.input_size, model.heatmap_size, model.num_vertices) == (size, size // 4, 950)
    assert model.heatmap_kind == ("gaussian" if large else "logits")


def test_mobile_is_fit_for_phones(mobile) -> None:
    assert mobile.count_params() <= 5_000_000
    assert multiply_adds(mobile) <= 350_000_000


def test_paper_has_the_sizes_of_the_paper(template) -> None:
    """Spot checks against the text and the released model, layer by layer."""
    model = HandMeshNet.from_preset("paper", template=template)
    mesh = model.mesh_stage
    assert mesh.get_layer("latent").output.shape == (None, 4096)
    assert mesh.get_layer("mesh_fc_0").output.shape == (None, 512)
    assert mesh.get_layer("mesh_coarse").output.shape == (None, 80, 64)
    widths = {layer.name: layer.output.shape[1:] for layer in mesh.layers if layer.name.endswith(("_0", "_1"))}
    assert widths["mesh_cheb_320_0"] == (320, 64) and widths["mesh_cheb_320_1"] == (320, 32)
    assert widths["mesh_cheb_1280_0"] == (1280, 32) and mesh.get_layer("mesh_uvd").output.shape == (None, 1280, 3)
    kernels = {
        layer.name: tuple(layer.kernel.shape) for layer in model.pose_stage.layers if hasattr(layer, "kernel")
    }
    assert kernels == {
        "pose_cheb_1280_0": (9, 32), "pose_cheb_1280_1": (96, 32), "pose_cheb_320_0": (96, 64),
        "pose_cheb_320_1": (192, 64), "pose_fc_0": (5120, 512), "pose_fc_1": (512, 63),
    }  # fmt: skip
    assert model.heatmap_stage.get_layer("stack2_features").output.shape == (None, 64, 64, 256)
    assert model.joint_readout == "mesh"


@pytest.mark.parametrize("kind", ["mobile", "small"])
def test_uint8_and_float_images_give_the_same(kind, request) -> None:
    model = request.getfixturevalue(kind)
    x = images(model)
    from_bytes, from_floats = model.predict(x, verbose=0), model.predict(x / 255.0, verbose=0)
    called = model(x)
    for key, value in from_bytes.items():
        assert value.dtype == np.float32
        scale = np.abs(value).max()
        np.testing.assert_allclose(from_floats[key], value, atol=1e-4 * scale)
        np.testing.assert_allclose(ops.convert_to_numpy(called[key]), value, atol=1e-4 * scale)


def test_batch_size_is_free(mobile) -> None:
    x = images(mobile, 3)
    together = mobile.predict(x, verbose=0)
    alone = mobile.predict(x[1:2], verbose=0)
    for key, value in alone.items():
        np.testing.assert_allclose(value, together[key][1:2], atol=1e-5)


def test_joint_readouts(template, mobile) -> None:
    """"mesh" gives the regressor's joints; "heatmap" replaces their u, v by those of the heat-maps."""
    by_mesh = HandMeshNet.from_preset("mobile", template=template, joint_readout="mesh")
    by_mesh.set_weights(mobile.get_weights())
    x = images(mobile)
    mesh, heatmap = by_mesh.predict(x, verbose=0), mobile.predict(x, verbose=0)
    np.testing.assert_allclose(mesh["joints_uvd"], mesh["joints_uvd_mesh"])
    np.testing.assert_allclose(heatmap["joints_uvd"][..., 2], mesh["joints_uvd_mesh"][..., 2], atol=1e-5)
    maps = heatmap["heatmaps_1"].astype(np.float64)
    shares = np.exp(maps) / np.exp(maps).sum(axis=(1, 2), keepdims=True)
    centres = (np.arange(40) + 0.5) / 40
    np.testing.assert_allclose(heatmap["joints_uvd"][..., 0], np.einsum("bhwj,w->bj", shares, centres), atol=1e-5)
    np.testing.assert_allclose(heatmap["joints_uvd"][..., 1], np.einsum("bhwj,h->bj", shares, centres), atol=1e-5)


def test_gaussian_heatmaps_are_read_by_their_maximum(template) -> None:
    preset = dataclasses.replace(get_preset("hourglass-small"), heatmap_kind="gaussian")
    model = HandMeshNet(preset, GraphTopology.from_template(template))
    result = model.predict(images(model), verbose=0)
    places = result["joints_uvd"][..., :2] * 128 - 0.5
    np.testing.assert_allclose(places, places.round(), atol=1e-3)
    # Bilinear, by SciPy. Half-way points shift a flat peak, so it is the value at the place that must be highest.
    centres = (np.arange(128) + 0.5) / 4 - 0.5
    grid = np.meshgrid(centres, centres, indexing="ij")
    for i, j in [(0, 4), (1, 0), (1, 20)]:
        resized = map_coordinates(result["heatmaps_1"][i, :, :, j], grid, order=1, mode="nearest")
        u, v = places[i, j].round().astype(int)
        np.testing.assert_allclose(resized[v, u], resized.max(), rtol=1e-5)


def test_stages_share_the_networks_weights(mobile) -> None:
    x = images(mobile)
    whole = mobile.predict(x, verbose=0)
    maps = ops.convert_to_numpy(mobile.heatmap_model()(x / np.float32(255.0))["heatmaps_1"])
    np.testing.assert_allclose(maps, whole["heatmaps_1"], atol=1e-4 * np.abs(maps).max())
    # The pose regressor's model takes vertices in the template's order.
    joints = ops.convert_to_numpy(mobile.pose_model()(whole["vertices_uvd"]))
    np.testing.assert_allclose(joints, whole["joints_uvd_mesh"], atol=1e-5)
    ids = {id(weight) for weight in mobile.weights}
    for part in (mobile.heatmap_model(), mobile.pose_model()):
        assert part.weights and {id(weight) for weight in part.weights} <= ids


def test_stage_layers_divide_the_network(small) -> None:
    by_stage = {stage: small.stage_layers(stage) for stage in ("heatmap", "mesh", "pose")}
    weights = [id(weight) for layers in by_stage.values() for layer in layers for weight in layer.weights]
    assert sorted(weights) == sorted(id(weight) for weight in small.weights)
    with pytest.raises(ValueError, match="heatmap.*mesh.*pose.*got 'mehs'"):
        small.stage_layers("mehs")


def test_vertices_come_in_the_templates_order(template) -> None:
    """Each vertex is read from its own place: fakes and other orders do not leak."""
    topology = GraphTopology.from_template(template)
    for vertex in (0, 17, 949):
        assert template.graph.permutation[topology.place_of_vertex[vertex]] == vertex
    assert topology.num_vertices == 950 and not topology.mask[template.graph.permutation >= 950].any()


def test_mobile_mesh_starts_at_the_joints(template) -> None:
    """Before training the mesh is the linear image of the heat-maps' joints: a hand, not noise."""
    model = HandMeshNet.from_preset("mobile", template=template)
    result = model.predict(images(model, 1), verbose=0)
    weights = GraphTopology.from_template(template)
    expected = weights.anchors[weights.place_of_vertex] @ result["joints_uvd"][0, :, :2]
    np.testing.assert_allclose(result["vertices_uvd"][0, :, :2], expected, atol=1e-4)


def test_anchor_weights_reproduce_the_mesh(template) -> None:
    topology = GraphTopology.from_template(template)
    joints = np.random.default_rng(0).normal(size=(21, 3)) * 50.0
    expected = template.skin @ joints
    np.testing.assert_allclose(topology.anchors[topology.place_of_vertex] @ joints, expected, atol=3.0)
    assert not topology.anchors[~topology.mask].any()


def test_mixed_precision_keeps_coordinates_in_float32(template, mobile) -> None:
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        mixed = HandMeshNet.from_preset("mobile", template=template)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    mixed.set_weights(mobile.get_weights())
    x = images(mobile)
    result, expected = mixed(x), mobile.predict(x, verbose=0)
    for key, value in result.items():
        assert keras.backend.standardize_dtype(value.dtype) == "float32"
        np.testing.assert_allclose(ops.convert_to_numpy(value), expected[key], atol=0.05 + 0.05 * np.abs(expected[key]).max())


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="JAX compiles with XLA anyway")
def test_runs_under_xla(mobile) -> None:
    import tensorflow as tf

    x = images(mobile, 1)
    compiled = tf.function(lambda image: mobile(image), jit_compile=True)(tf.constant(x))
    for key, value in mobile.predict(x, verbose=0).items():
        np.testing.assert_allclose(compiled[key], value, atol=1e-4 * max(1.0, np.abs(value).max()))


def test_sparse_and_dense_propagation_agree(template, mobile) -> None:
    dense = HandMeshNet.from_preset("mobile", template=template, propagation="dense")
    dense.set_weights(mobile.get_weights())
    x = images(mobile)
    sparse = mobile.predict(x, verbose=0)
    for key, value in dense.predict(x, verbose=0).items():
        np.testing.assert_allclose(value, sparse[key], atol=1e-5)


def test_wrong_images_are_named(mobile) -> None:
    for bad, message in (
        (np.zeros((160, 160, 3), np.uint8), r"\(B, 160, 160, 3\), got \(160, 160, 3\)"),
        (np.zeros((1, 64, 64, 3), np.uint8), r"got \(1, 64, 64, 3\)"),
        (np.zeros((1, 160, 160, 1), np.uint8), r"got \(1, 160, 160, 1\)"),
        (np.full((1, 160, 160, 3), np.nan), "got NaN"),
        (np.full((1, 160, 160, 3), 200.0), r"in 0\.\.1, got 200\.\.200"),
        (np.zeros((1, 160, 160, 3), np.int64), "uint8 in 0..255 or float in 0..1, got int64"),
    ):
        with pytest.raises(ValueError, match=message):
            mobile.predict(bad, verbose=0)


def test_unknown_names_list_the_valid_ones(template) -> None:
    with pytest.raises(ValueError, match="hourglass-small.*mobile.*paper.*got 'moblie'"):
        HandMeshNet.from_preset("moblie", template=template)
    with pytest.raises(ValueError, match="mesh.*heatmap.*got 'depth'"):
        HandMeshNet.from_preset("mobile", template=template, joint_readout="depth")


def test_template_without_rig_or_levels_is_refused(template) -> None:
    bare = toy_template()
    bare.rig = None
    with pytest.raises(ValueError, match="'mobile' must have a template with a rig"):
        HandMeshNet.from_preset("mobile", template=bare)
    assert GraphTopology.from_template(bare).anchors is None
    bare.graph.adjacencies = bare.graph.adjacencies[:3]
    with pytest.raises(ValueError, match="4 levels of coarsening.*got 2"):
        GraphTopology.from_template(bare)


def test_summary_tells_the_cost(mobile) -> None:
    lines: list[str] = []
    mobile.summary(print_fn=lambda line, line_break=False: lines.append(line))
    expected = f"Multiply-adds of an image: {multiply_adds(mobile) / 1e6:.1f} M"
    assert expected in lines[-1]


def test_one_step_of_training_lowers_the_loss(template) -> None:
    """Through every stage, with plain Keras."""
    model = HandMeshNet.from_preset("mobile", template=template)
    x = images(model, 4)
    rng = np.random.default_rng(3)
    y = {"vertices_uvd": rng.uniform(size=(4, 950, 3)), "joints_uvd_mesh": rng.uniform(size=(4, 21, 3))}
    y = {key: value.astype("float32") for key, value in y.items()}
    eager = keras.backend.backend() == "tensorflow"  # tracing takes longer than the steps; tests/trainers has graphs
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss={key: "mse" for key in y}, run_eagerly=eager)
    before = model.get_weights()
    losses = [model.train_on_batch(x, y)[0] for _ in range(4)]
    assert np.isfinite(losses).all() and losses[-1] < losses[0]
    untouched = [weight.path for weight, old in zip(model.weights, before, strict=True) if (np.asarray(weight) == old).all()]
    assert untouched == []


def test_real_template_fits() -> None:
    from tfhand.mesh import HandTemplate

    hand = HandTemplate.load()
    model = HandMeshNet.from_preset("mobile", template=hand)
    result = model.predict(images(model, 1), verbose=0)
    assert result["vertices_uvd"].shape == (1, hand.num_vertices, 3)
    topology, posed = model.topology, hand.pose()
    near = topology.anchors[topology.place_of_vertex] @ posed.joints
    assert np.linalg.norm(near - posed.vertices, axis=1).mean() < 10.0

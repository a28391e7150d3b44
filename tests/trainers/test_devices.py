from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest
from toy_run import toy_config

from tfhand import compiled
from tfhand.layers import kernels
from trainers import devices

HERE = Path(__file__).parent


@pytest.mark.slow
def test_two_devices_train_as_one(tmp_path):
    path = os.pathsep.join([str(HERE), str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, str(HERE / "toy_run.py"), str(tmp_path), "replicas"]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]


def test_too_many_devices_are_refused(tmp_path):
    with pytest.raises(ValueError, match="devices: expected at most the 1 that are visible, got 9"):
        devices.set_up(toy_config(tmp_path, devices=9))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="other backends have one device")
def test_a_batch_has_a_sample_for_each_device(tmp_path, monkeypatch):
    monkeypatch.setattr(devices, "_choose", lambda tf, count: ["CPU:0"] * 5)
    with pytest.raises(ValueError, match="stages.maps.batch_size: expected one for each of 5 devices, got 4"):
        devices.set_up(toy_config(tmp_path))


def test_one_device_needs_no_strategy(tmp_path):
    assert devices.set_up(toy_config(tmp_path)) is None


def test_kernels_are_compiled_for_cpus_unless_xla_compiles_all(tmp_path, training_kernels):
    for options, expected in (({"jit_compile": True}, None), ({}, training_kernels), ({"compiled_kernels": False}, None)):
        devices.set_kernels(toy_config(tmp_path, **options))
        assert kernels.enabled() is expected


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the kernels are TensorFlow's")
def test_without_a_compiler_a_line_says_so(tmp_path, without_compiler, capsys):
    devices.set_kernels(toy_config(tmp_path))
    assert kernels.enabled() is None
    note = capsys.readouterr().out
    assert "note: training goes on with TensorFlow's own kernels" in note and "apt install g++" in note and note.count("\n") == 1


@pytest.mark.parametrize("options", [{"compiled_kernels": False}, {"jit_compile": True}])
def test_bfloat16_convolutions_need_kernels(tmp_path, options):
    with pytest.raises(ValueError, match="precision: expected float32 or mixed_bfloat16 without compiled_kernels"):
        devices.set_up(toy_config(tmp_path, precision="bfloat16_convolutions", **options))


def test_bfloat16_convolutions_keep_float32_elsewhere(tmp_path, training_kernels, monkeypatch):
    config = toy_config(tmp_path, precision="bfloat16_convolutions")
    monkeypatch.setattr(kernels, "_processor_flags", lambda: "fpu avx512f avx512_bf16")
    devices.set_up(config)
    devices.set_kernels(config)
    assert kernels.bfloat16_enabled() and keras.mixed_precision.dtype_policy().name == "float32"
    monkeypatch.setattr(kernels, "_processor_flags", lambda: "fpu avx512f")
    with pytest.raises(ValueError, match="precision: expected float32 on this processor, which has no bfloat16"):
        devices.set_up(config)


def test_bfloat16_convolutions_are_refused_under_jax(tmp_path, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match="precision: expected .* under JAX, got 'bfloat16_convolutions'"):
        devices.set_up(toy_config(tmp_path, precision="bfloat16_convolutions"))


def test_kernels_that_do_not_load_are_named(tmp_path, training_kernels, monkeypatch, capsys):
    broken = tmp_path / "training_kernels.so"
    broken.write_bytes(b"no library")
    monkeypatch.setattr(compiled, "build", lambda *_: broken)
    kernels._load.cache_clear()
    devices.set_kernels(toy_config(tmp_path))
    kernels._load.cache_clear()
    assert kernels.enabled() is None and f"Can't load {broken}" in capsys.readouterr().out

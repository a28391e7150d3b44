from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from toy_run import toy_config

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


def test_one_device_needs_no_strategy(tmp_path):
    assert devices.set_up(toy_config(tmp_path)) is None

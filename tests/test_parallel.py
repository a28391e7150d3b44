"""Processes that share work: they end with the one that started them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time

PROGRAM = """
import os, sys, time
from tqdm import tqdm
from tfhand.parallel import run_in_processes

def start(folder, done):
    open(os.path.join(folder, str(os.getpid())), "w").close()

if __name__ == "__main__":
    run_in_processes(time.sleep, [600, 600], 2, start, (sys.argv[1],), tqdm(disable=True))
"""


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(") ", 1)[1][0] != "Z"
    except FileNotFoundError:
        return False


def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    program, folder = tmp_path / "program.py", tmp_path / "started"
    program.write_text(PROGRAM)
    folder.mkdir()
    process = subprocess.Popen([sys.executable, program, folder], start_new_session=True)
    try:
        until = time.monotonic() + 60
        while len(workers := [int(name) for name in os.listdir(folder)]) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        assert len(workers) == 2 and all(map(alive, workers))
        process.kill()
        process.wait()
        until = time.monotonic() + 30
        while any(map(alive, workers)) and time.monotonic() < until:
            time.sleep(0.05)
        assert not any(map(alive, workers))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

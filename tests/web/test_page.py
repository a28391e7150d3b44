"""The page's arithmetic: its numbers are Python's of today, and its own tests pass."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from tests.web.numbers import FILE, numbers

from tfhand.demo import SOURCES


def assert_same(found, expected, place: str = "") -> None:
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), place
        for name in expected:
            assert_same(found[name], expected[name], f"{place}.{name}")
    elif isinstance(expected, list) and expected and isinstance(expected[0], dict):
        assert len(found) == len(expected), place
        for number, pair in enumerate(zip(found, expected, strict=True)):
            assert_same(*pair, f"{place}[{number}]")
    elif isinstance(expected, (str, bool)):
        assert found == expected, place
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5, err_msg=place)


def test_the_numbers_that_the_page_is_tested_with_are_todays() -> None:
    today = json.loads(json.dumps(numbers()))
    assert_same(json.loads(FILE.read_text()), today)


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_the_pages_own_tests_pass() -> None:
    tests = sorted(str(path) for path in (SOURCES / "test").glob("*.test.js"))
    done = subprocess.run(["node", "--test", *tests], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert int(re.search(r"pass (\d+)", done.stdout).group(1)) >= 20


def test_nothing_is_loaded_from_elsewhere() -> None:
    texts = [*(SOURCES / "src").iterdir(), *(SOURCES / "public").glob("*.js"), SOURCES / "index.html", SOURCES / ".npmrc"]
    for path in texts:
        assert not re.search(r"""["'(]\s*(https?:)?//\w""", path.read_text()), path
    lock = json.loads((SOURCES / "package-lock.json").read_text())
    assert not any("resolved" in package for package in lock["packages"].values())
    assert all("integrity" in package for name, package in lock["packages"].items() if name)

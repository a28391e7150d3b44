"""Settings and small meshes that many tests share."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

from collections.abc import Iterator
from types import ModuleType, SimpleNamespace

import keras
import numpy as np
import pytest

from tfhand.layers import kernels
from tfhand.rendering.kernel import load_library


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Random weights are the same ones in every run, and so are the kernels, whatever ran before."""
    keras.utils.set_random_seed(11)
    kernels.disable()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def without_compiler(tmp_path_factory, monkeypatch) -> Iterator[None]:
    """A machine where no kernel is built yet, nor can be."""
    monkeypatch.setenv("TFHAND_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("CXX", raising=False)
    for load in (load_library, kernels._load):
        load.cache_clear()
    yield
    for load in (load_library, kernels._load):
        load.cache_clear()


@pytest.fixture
def training_kernels() -> Iterator[ModuleType]:
    """The compiled kernels, which layers take in training while the test runs."""
    if keras.backend.backend() != "tensorflow":
        pytest.skip("the kernels are TensorFlow's")
    kernels.enable()
    yield kernels.enabled()
    kernels.disable()


@pytest.fixture(scope="session")
def octahedron() -> SimpleNamespace:
    """A closed mesh of 6 vertices, each with 4 neighbours: `faces`, `num_vertices`, `vertices`."""
    vertices = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], np.float32)
    faces = [[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]]
    return SimpleNamespace(faces=np.array(faces, np.int32), num_vertices=6, vertices=vertices)


@pytest.fixture(scope="session")
def fan() -> SimpleNamespace:
    """An open mesh of 6 vertices with 3, 2 and 5 neighbours and a last one that no face uses."""
    faces = np.array([[0, 1, 2], [0, 2, 3], [0, 3, 4]], np.int32)
    return SimpleNamespace(faces=faces, num_vertices=6)

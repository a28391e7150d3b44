"""Building the kernel: once, whole, by several processes at a time, and clear errors without the means."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import re

import numpy as np
import pytest

from tfhand import compiled
from tfhand.rendering import kernel


@pytest.fixture()
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TFHAND_CACHE", str(tmp_path / "cache"))
    kernel.load_library.cache_clear()
    yield tmp_path / "cache"
    kernel.load_library.cache_clear()


def load_and_list(_):
    kernel.load_library.cache_clear()
    kernel.load_library()
    return sorted(path.name for path in compiled.cache_dir().glob("*.so"))


def test_two_processes_build_one_file(empty_cache):
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        lists = list(pool.map(load_and_list, range(2)))
    assert lists[0] == lists[1] and len(lists[0]) == 1
    assert [path.suffix for path in empty_cache.iterdir() if path.suffix not in (".so", ".lock")] == []


def test_built_file_is_used_again(empty_cache, monkeypatch):
    kernel.load_library()
    kernel.load_library.cache_clear()
    monkeypatch.setattr(compiled, "_compile", lambda *_: pytest.fail("compiled twice"))
    kernel.load_library()


def test_no_compiler_says_what_to_install(empty_cache, monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(compiled.KernelError, match="apt install g"):
        kernel.load_library()


def test_named_compiler_that_is_missing_is_named(empty_cache, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(compiled.KernelError, match="no-such-compiler"):
        kernel.load_library()


def test_no_tensorflow_graphics_says_what_to_install(empty_cache, monkeypatch):
    monkeypatch.setattr(kernel.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(compiled.KernelError, match="pip install --no-deps tensorflow-graphics"):
        kernel.load_library()


def test_failed_build_shows_the_compiler_and_leaves_nothing(empty_cache, monkeypatch, tmp_path):
    broken = tmp_path / "broken.cc"
    broken.write_text("int main( {")
    monkeypatch.setattr(kernel, "_OWN_SOURCES", (broken,))
    with pytest.raises(compiled.KernelError, match="error"):
        kernel.load_library()
    assert not list(empty_cache.glob("*.so"))


def test_signatures_are_those_of_the_sources():
    found = {}
    for source in kernel._OWN_SOURCES:
        for name, parameters in re.findall(r"void (tfhand_\w+)\(([^)]*)\)\s*{", source.read_text()):
            kinds = (("*", "p"), ("int64_t", "l"), ("int32_t", "i"), ("float", "f"), ("double", "d"))
            found[name] = "".join(next(k for word, k in kinds if word in one) for one in parameters.split(","))
    assert found == kernel._SIGNATURES


def test_arrays_that_are_not_contiguous_are_refused():
    with pytest.raises(ValueError, match="tfhand_resolve: expected contiguous"):
        kernel.call("tfhand_resolve", np.zeros((4, 6), np.float32)[:, ::2], np.zeros(4, np.int32), 4, 4, np.zeros(12))


def test_op_gives_the_library_s_picture():
    tf = pytest.importorskip("tensorflow")
    rng = np.random.default_rng(3)
    clip = np.concatenate([rng.uniform(-0.9, 0.9, (30, 3)), np.ones((30, 1))], axis=1).astype(np.float32)
    faces = np.arange(30, dtype=np.int32).reshape(10, 3)
    ids, depth = np.empty((24, 32), np.int32), np.empty((24, 32), np.float32)
    weights = np.empty((24, 32, 3), np.float32)
    kernel.load_library().tfhand_rasterize(
        clip.ctypes.data, clip[:, 2].copy().ctypes.data, faces.ctypes.data, 10, 32, 24,
        ids.ctypes.data, weights.ctypes.data, depth.ctypes.data,
    )  # fmt: skip
    op = kernel.load_op()
    op_weights, op_ids, op_depth = op.rasterize_triangles(tf.constant(clip), tf.constant(faces), 32, 24, 1, 0)
    hit = op_depth[0].numpy() < 1
    assert 0.1 < hit.mean() < 0.9
    np.testing.assert_array_equal(hit, ids >= 0)
    np.testing.assert_array_equal(op_ids[0].numpy()[hit], ids[hit])
    np.testing.assert_array_equal(op_weights[0].numpy(), weights)
    np.testing.assert_allclose(op_depth[0].numpy()[hit], depth[hit], atol=1e-6)

"""What a pickle may hold, and that nothing else is run."""

from __future__ import annotations

import collections
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from tfhand.data.plain_pickle import load_plain_pickle


class _Runs:
    def __init__(self, function, *arguments) -> None:
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def _write(folder: Path, data: bytes) -> Path:
    path = folder / "anno.pickle"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_and_containers_come_back(tmp_path, rng, protocol) -> None:
    array = rng.normal(size=(42, 3))
    content = {
        0: {"xyz": array, "K": array[:3].astype(np.float32), "fortran": np.asfortranarray(array)},
        1: [(1, 2.5, None, True), "text", b"\x00\xff", {3, 4}],
        2: {"big": array.astype(">f8"), "ints": np.arange(5, dtype=np.uint8), "flags": array > 0, "empty": array[:0]},
        3: [np.float64(1.5), np.int32(7), array],
    }
    if protocol < 4:
        content[1][3] = frozenset()  # below protocol 4, sets name builtins
        content[1].pop()
    read = load_plain_pickle(_write(tmp_path, pickle.dumps(content, protocol)))
    np.testing.assert_equal(read, content)
    assert read[0]["xyz"].flags.writeable
    assert read[0]["xyz"].dtype == np.float64
    assert type(read[3][1]) is int


def test_python_2_byte_strings_are_read(tmp_path) -> None:
    raw = np.arange(3.0).tobytes()
    data = (
        b"\x80\x02}q\x00K\x05cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01K\x03\x85cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89U" + bytes([len(raw)]) + raw + b"tbs."
    )
    np.testing.assert_equal(load_plain_pickle(_write(tmp_path, data)), {5: np.arange(3.0)})


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (_Runs(os.system, "touch {marker}"), r"posix\.system|nt\.system"),
        (_Runs(eval, "1"), r"builtins\.eval"),
        (_Runs(getattr, "", "join"), r"builtins\.getattr"),
        (_Runs(np.load, "x"), r"numpy\.load"),
        ({0: _Runs(np.ndarray, (10**6,))}, r"calls numpy\.ndarray"),
        (collections.OrderedDict(a=1), r"collections\.OrderedDict"),
        ({0: np.array([{}, []], object)}, r"dtype 'O8', which isn't numeric"),
        ({0: np.dtype("f8")}, "function or a dtype"),
        ({0: np.ndarray}, "function or a dtype"),
    ],
)
def test_anything_else_is_refused_by_name(tmp_path, content, named) -> None:
    marker = tmp_path / "ran"
    data = pickle.dumps(content).replace(b"{marker}", b"ran     ")
    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        with pytest.raises(ValueError, match=named):
            load_plain_pickle(_write(tmp_path, data))
    finally:
        os.chdir(here)
    assert not marker.exists()


def test_stand_ins_cannot_be_changed(tmp_path) -> None:
    for data in (b"cnumpy\ndtype\n}X\x01\x00\x00\x00aK\x01sb.", b"cnumpy\ndtype\nN}X\x01\x00\x00\x00aK\x01s\x86b."):
        with pytest.raises(ValueError, match="changes what it was given"):
            load_plain_pickle(_write(tmp_path, data))


def test_damaged_files_are_named(tmp_path, rng) -> None:
    whole = pickle.dumps({number: {"xyz": rng.normal(size=(42, 3))} for number in range(3)}, 2)
    for damaged in (b"", whole[:40], whole[: len(whole) // 2], whole[:-1], b"no pickle", b"\x80\x04P1\n."):
        with pytest.raises(ValueError, match=r"anno\.pickle"):
            load_plain_pickle(_write(tmp_path, damaged))
    with pytest.raises(FileNotFoundError):
        load_plain_pickle(tmp_path / "nowhere")


def test_an_array_that_claims_more_than_it_has_is_refused(tmp_path) -> None:
    data = pickle.dumps(np.arange(300.0), 2).replace(b"M\x2c\x01", b"M\xff\xff")
    with pytest.raises(ValueError, match="2400 bytes for an array of shape"):
        load_plain_pickle(_write(tmp_path, data))


def test_shared_objects_cost_once(tmp_path) -> None:
    nested: list = []
    for _ in range(60):
        nested = [nested, nested]
    assert len(load_plain_pickle(_write(tmp_path, pickle.dumps(nested)))) == 2

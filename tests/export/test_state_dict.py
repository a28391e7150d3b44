"""State dicts without PyTorch: both formats, views, damage, and pickles that want more than they may."""

from __future__ import annotations

import os
import pickle
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from export.release.state_dict import read_state_dict
from tests.export.made_up_release import write_archive, write_legacy

WRITERS = pytest.mark.parametrize("write", [write_archive, write_legacy])


@pytest.fixture
def content() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    arrays = {"a.weight": rng.normal(size=(3, 4, 2, 2)), "a.bias": rng.normal(size=3), "alone": np.array(2.5)}
    content = {name: array.astype(np.float32) for name, array in arrays.items()}
    return content | {"count": np.array(7, np.int64), "empty": np.zeros((0, 3), np.float32)}


@WRITERS
def test_tensors_come_back_in_order(write, content, tmp_path) -> None:
    write(tmp_path / "net.pth", content)
    found = read_state_dict(tmp_path / "net.pth")
    assert list(found) == list(content)
    for name, value in content.items():
        np.testing.assert_array_equal(found[name], value)
        assert found[name].dtype == value.dtype and found[name].shape == value.shape


@WRITERS
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_truncated_files_are_named(write, share, content, tmp_path) -> None:
    path = tmp_path / "net.pth"
    write(path, content)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ValueError, match="net.pth can't be read as a PyTorch state dict"):
        read_state_dict(path)


def test_other_files_are_named(tmp_path) -> None:
    path = tmp_path / "net.pth"
    with pytest.raises(FileNotFoundError, match="no file at .*net.pth"):
        read_state_dict(path)
    for data in (b"", b"hello", pickle.dumps({"a": 1}), b"PK\x03\x04" + bytes(100)):
        path.write_bytes(data)
        with pytest.raises(ValueError, match="net.pth can't be read as a PyTorch state dict"):
            read_state_dict(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(ValueError, match="an archive without tensors"):
        read_state_dict(path)
    write_archive(path, {"epoch": 3, "weight": np.zeros(3, np.float32)})
    with pytest.raises(ValueError, match="tensors by name and nothing else"):
        read_state_dict(path)


class _Calls:
    """Pickles as a call of any function."""

    def __init__(self, function, *arguments) -> None:
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("function", [os.mkdir, eval, exec, __import__, getattr])
def test_pickles_that_call_anything_are_refused(function, tmp_path) -> None:
    target = tmp_path / "made_by_the_pickle"
    argument = {os.mkdir: str(target), getattr: "x"}.get(function, f"__import__('os').mkdir({str(target)!r})")
    data = pickle.dumps(OrderedDict(weight=_Calls(function, argument)), protocol=2)
    archive, legacy = tmp_path / "archive.pth", tmp_path / "legacy.pth"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("archive/data.pkl", data)
    legacy.write_bytes(data)
    for path in (archive, legacy):
        with pytest.raises(ValueError, match=f"names .*{function.__name__}, which has no business there"):
            read_state_dict(path)
    assert not target.exists()


def test_tensors_that_reach_beyond_their_numbers_are_refused(tmp_path) -> None:
    """Or they would show what lies in memory behind them."""
    path = tmp_path / "net.pth"
    write_archive(path, {"weight": np.zeros(4, np.float32)})
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["net/data/0"] = bytes(8)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    with pytest.raises(ValueError, match=r"a tensor of shape \(4,\) reaches beyond its 2 numbers"):
        read_state_dict(path)


def test_what_only_pytorch_knows_asks_for_it(tmp_path, monkeypatch) -> None:
    path = tmp_path / "net.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/data.pkl", b"\x80\x02ctorch\nBFloat16Storage\n.")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModuleNotFoundError, match=r"holds torch.BFloat16Storage, which only PyTorch reads: pip install 'tfhand\[pytorch\]'"):
        read_state_dict(path)


def test_reads_what_pytorch_writes(tmp_path) -> None:
    """Views and other types too. Only where PyTorch is installed."""
    torch = pytest.importorskip("torch")
    base = torch.arange(24.0).reshape(4, 6)
    content = {"view": base[1:3, ::2], "turned": base.t(), "half": base.half(), "flags": base > 3}
    for archive in (True, False):
        torch.save(content, tmp_path / "net.pth", _use_new_zipfile_serialization=archive)
        found = read_state_dict(Path(tmp_path / "net.pth"))
        for name, value in content.items():
            np.testing.assert_array_equal(found[name], value.numpy())
    torch.save({"weight": base.bfloat16()}, tmp_path / "net.pth")
    np.testing.assert_array_equal(read_state_dict(tmp_path / "net.pth")["weight"], base.numpy())

"""A made-up release of a few channels: the files that the authors' has, in PyTorch's formats, without PyTorch."""

from __future__ import annotations

import io
import pickle
import struct
import sys
import types
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tfhand.mesh import coarsen
from tfhand.mesh.graph import adjacency

CHANNELS = 4
PLACES, VERTICES = 1280, 954
StateDict = dict[str, np.ndarray]


def state_dicts(rng: np.random.Generator, channels: int = CHANNELS) -> dict[str, StateDict]:
    """All keys of the release with random values, by file."""
    heatmaps: StateDict = {}
    _conv(heatmaps, rng, "conv1_", 3, 64, 7)
    _norm(heatmaps, rng, "bn1", 64)
    _residual(heatmaps, rng, "r1", 64, 128)
    _residual(heatmaps, rng, "r4", 128, 128)
    _residual(heatmaps, rng, "r5", 128, channels)
    for stack in range(2):
        for depth in range(4):
            chains = ("up1_", "low1_", "low3_") + (("low2_",) if depth == 3 else ())
            for chain in chains:
                for i in range(2):
                    _residual(heatmaps, rng, f"hourglass.{stack}.{'low2.' * depth}{chain}.{i}", channels, channels)
        for i in range(2):
            _residual(heatmaps, rng, f"Residual.{2 * stack + i}", channels, channels)
        _conv(heatmaps, rng, f"lin_.{stack}.0", channels, channels)
        _norm(heatmaps, rng, f"lin_.{stack}.1", channels)
        _conv(heatmaps, rng, f"tmpOut.{stack}", channels, 21)
    _conv(heatmaps, rng, "ll_.0", channels, channels)
    _conv(heatmaps, rng, "tmpOut_.0", 21, channels)

    mesh: StateDict = {}
    _conv(mesh, rng, "feat_net.heatmap_conv", 21, channels)
    _conv(mesh, rng, "feat_net.encoding_conv", channels, channels)
    for i in range(8):
        _residual(mesh, rng, f"feat_net.reg_.{i}", channels, channels)
    _linear(mesh, rng, "mesh_net.fc.fc_1.fc", 16 * channels, 512)
    _linear(mesh, rng, "mesh_net.fc.fc_2.fc", 512, 80 * 64)
    for i, (inputs, outputs) in enumerate(((64, 64), (64, 32), (32, 32), (32, 3))):
        _linear(mesh, rng, f"mesh_net.cl.{i}", 3 * inputs, outputs)
        if i < 3:
            _norm(mesh, rng, f"mesh_net.bn.{i}", outputs)

    pose: StateDict = {}
    for i, (inputs, outputs) in enumerate(((3, 32), (32, 32), (32, 64), (64, 64))):
        _linear(pose, rng, f"cl.{i}", 3 * inputs, outputs)
        _norm(pose, rng, f"bn.{i}", outputs)
    _linear(pose, rng, "fc.fc_1.fc", 80 * 64, 512)
    _linear(pose, rng, "fc.fc_2.fc", 512, 20)
    return {"net_hm.pth": heatmaps, "net_feat_mesh.pth": mesh, "net_mesh_pose.pth": pose}


def hand_mesh() -> tuple[str, np.ndarray]:
    """An OBJ file of 1010 vertices (a strip), and the faces of those that remain without 473..528."""
    index = np.arange(1010).reshape(101, 10)
    a, b, c, d = (part.ravel() for part in (index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]))
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)])
    lines = [f"v {x} {y} 0" for y in range(101) for x in range(10)]
    lines += [f"f {i} {j} {k}" for i, j, k in (faces + 1).tolist()]
    left = [face for face in faces.tolist() if not any(473 <= vertex <= 528 for vertex in face)]
    return "\n".join(lines) + "\n", np.array([[v if v < 473 else v - 56 for v in face] for face in left])


def tree_order(faces: np.ndarray) -> np.ndarray:
    """An order of 1280 places whose siblings are neighbours on the mesh; fakes are numbered from 954 on."""
    order = np.full(PLACES, -1)
    permutation = coarsen(adjacency(faces, VERTICES)).permutation
    order[: len(permutation)] = permutation
    order[order < 0] = np.arange(VERTICES, PLACES)
    return order


def write_archive(path: Path, content: dict[str, Any]) -> None:
    """What `torch.save` writes since PyTorch 1.6."""
    data, storages = _pickled(content)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{path.stem}/data.pkl", data)
        archive.writestr(f"{path.stem}/byteorder", "little")
        for key, values in storages.items():
            archive.writestr(f"{path.stem}/data/{key}", values.tobytes())


def write_legacy(path: Path, content: dict[str, Any]) -> None:
    """What `torch.save` wrote before."""
    data, storages = _pickled(content, legacy=True)
    head = (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {}})
    with open(path, "wb") as file:
        for part in head:
            pickle.dump(part, file, protocol=2)
        file.write(data)
        pickle.dump(list(storages), file, protocol=2)
        for values in storages.values():
            file.write(struct.pack("<q", values.size) + values.tobytes())


class _Tensor:
    """Pickles like a tensor that fills its storage."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = np.array(values, order="C")

    def __reduce__(self) -> tuple:
        strides = tuple(stride // self.values.itemsize for stride in self.values.strides)
        arguments = (_Storage(self.values), 0, self.values.shape, strides, False, OrderedDict())
        return sys.modules["torch._utils"]._rebuild_tensor_v2, arguments


class _Storage:
    def __init__(self, values: np.ndarray) -> None:
        self.values = values


class _Pickler(pickle.Pickler):
    def __init__(self, file: Any, legacy: bool) -> None:
        super().__init__(file, protocol=2)
        self.legacy, self.storages = legacy, {}

    def persistent_id(self, obj: Any) -> Any:
        if not isinstance(obj, _Storage):
            return None
        key = str(len(self.storages))
        self.storages[key] = obj.values
        kind = {"float32": "FloatStorage", "int64": "LongStorage"}[obj.values.dtype.name]
        reference = ("storage", getattr(sys.modules["torch"], kind), key, "cpu", obj.values.size)
        return (*reference, None) if self.legacy else reference


def _pickled(content: dict[str, Any], legacy: bool = False) -> tuple[bytes, dict[str, np.ndarray]]:
    wrapped = OrderedDict(
        (key, _Tensor(value) if isinstance(value, (np.ndarray, np.generic)) else value) for key, value in content.items()
    )
    stream = io.BytesIO()
    with _named_like_pytorch():
        pickler = _Pickler(stream, legacy)
        pickler.dump(wrapped)
    return stream.getvalue(), pickler.storages


@contextmanager
def _named_like_pytorch() -> Iterator[None]:
    """Modules of PyTorch's names with what a state dict's pickle refers to: a pickler looks names up."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in ("FloatStorage", "LongStorage"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    def _rebuild_tensor_v2() -> None: ...

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    before = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    sys.modules.update({"torch": torch, "torch._utils": utils})
    try:
        yield
    finally:
        for name, module in before.items():
            sys.modules.pop(name)
            if module is not None:
                sys.modules[name] = module


def _conv(state: StateDict, rng: np.random.Generator, name: str, inputs: int, outputs: int, size: int = 1) -> None:
    state[f"{name}.weight"] = _normal(rng, (outputs, inputs, size, size), inputs * size**2)
    state[f"{name}.bias"] = _normal(rng, (outputs,), 100)


def _linear(state: StateDict, rng: np.random.Generator, name: str, inputs: int, outputs: int) -> None:
    state[f"{name}.weight"] = _normal(rng, (outputs, inputs), inputs)
    state[f"{name}.bias"] = _normal(rng, (outputs,), 100)


def _norm(state: StateDict, rng: np.random.Generator, name: str, width: int) -> None:
    state[f"{name}.weight"] = rng.uniform(0.7, 1.3, width).astype(np.float32)
    state[f"{name}.bias"] = _normal(rng, (width,), 100)
    state[f"{name}.running_mean"] = _normal(rng, (width,), 100)
    state[f"{name}.running_var"] = rng.uniform(0.5, 1.5, width).astype(np.float32)
    state[f"{name}.num_batches_tracked"] = np.array(7, np.int64)


def _residual(state: StateDict, rng: np.random.Generator, name: str, inputs: int, outputs: int) -> None:
    half = outputs // 2
    _norm(state, rng, f"{name}.bn", inputs)
    _conv(state, rng, f"{name}.conv1", inputs, half)
    _norm(state, rng, f"{name}.bn1", half)
    _conv(state, rng, f"{name}.conv2", half, half, 3)
    _norm(state, rng, f"{name}.bn2", half)
    _conv(state, rng, f"{name}.conv3", half, outputs)
    if inputs != outputs:
        _conv(state, rng, f"{name}.conv4", inputs, outputs)


def _normal(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int) -> np.ndarray:
    return (rng.normal(size=shape) / np.sqrt(fan_in)).astype(np.float32)

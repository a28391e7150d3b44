"""The released network in plain numpy, float64, one image at a time, written from its description alone."""

from __future__ import annotations

import numpy as np

from tests.export.made_up_release import PLACES, VERTICES, StateDict


def forward(states: dict[str, StateDict], faces: np.ndarray, order: np.ndarray, image_bgr: np.ndarray) -> dict[str, np.ndarray]:
    """What the release computes.

    Args:
        states: state dicts by file.
        faces: (F, 3) of the 954 vertices.
        order: (1280,) vertex at each place, fakes from 954 on.
        image_bgr: (256, 256, 3) uint8.

    Returns:
        `heatmaps_1`, `heatmaps_2` (21, 64, 64), `uvd` (1280, 3) in tree order, `depth` (20,).
    """
    image = image_bgr.astype(np.float64).transpose(2, 0, 1) / 255 - 0.5
    maps, features, entering = _hourglasses(states["net_hm.pth"], image)
    graph = _laplacians(faces, order)
    uvd = _mesh(states["net_feat_mesh.pth"], maps[-1], features, entering, graph)
    uvd[order >= VERTICES] = 0
    depth = _pose(states["net_mesh_pose.pth"], uvd, graph)
    return {"heatmaps_1": maps[0], "heatmaps_2": maps[1], "uvd": uvd, "depth": depth}


def resized(heatmap: np.ndarray, size: int = 256) -> np.ndarray:
    """(64, 64) to (size, size), bilinear, centres of pixels at halves, edges repeated."""
    at = np.clip((np.arange(size) + 0.5) * len(heatmap) / size - 0.5, 0, len(heatmap) - 1)
    low = at.astype(int)
    high, part = np.minimum(low + 1, len(heatmap) - 1), at - low
    rows = heatmap[low] * (1 - part)[:, None] + heatmap[high] * part[:, None]
    return rows[:, low] * (1 - part) + rows[:, high] * part


def _hourglasses(state: StateDict, image: np.ndarray) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    x = np.maximum(_norm(state, "bn1", _conv(state, "conv1_", image, stride=2, pad=3)), 0)
    x = _residual(state, "r5", _residual(state, "r4", _pool(_residual(state, "r1", x))))
    maps = []
    for stack in range(2):
        entering = x
        y = _hourglass(state, f"hourglass.{stack}.", 4, x)
        for i in range(2):
            y = _residual(state, f"Residual.{2 * stack + i}", y)
        features = np.maximum(_norm(state, f"lin_.{stack}.1", _conv(state, f"lin_.{stack}.0", y)), 0)
        maps.append(_conv(state, f"tmpOut.{stack}", features))
        if stack == 0:
            x = x + _conv(state, "ll_.0", features) + _conv(state, "tmpOut_.0", maps[0])
    return maps, features, entering


def _hourglass(state: StateDict, prefix: str, depth: int, x: np.ndarray) -> np.ndarray:
    up, low = x, _pool(x)
    for i in range(2):
        up = _residual(state, f"{prefix}up1_.{i}", up)
        low = _residual(state, f"{prefix}low1_.{i}", low)
    if depth > 1:
        low = _hourglass(state, f"{prefix}low2.", depth - 1, low)
    else:
        for i in range(2):
            low = _residual(state, f"{prefix}low2_.{i}", low)
    for i in range(2):
        low = _residual(state, f"{prefix}low3_.{i}", low)
    return up + low.repeat(2, axis=1).repeat(2, axis=2)


def _mesh(state: StateDict, maps: np.ndarray, features: np.ndarray, entering: np.ndarray, graph: list) -> np.ndarray:
    x = _conv(state, "feat_net.heatmap_conv", maps) + _conv(state, "feat_net.encoding_conv", features) + entering
    for i in range(4):
        x = _residual(state, f"feat_net.reg_.{2 * i + 1}", _residual(state, f"feat_net.reg_.{2 * i}", x))
        x = _pool(x)
    x = np.maximum(_linear(state, "mesh_net.fc.fc_1.fc", x.reshape(-1)), 0)
    x = _linear(state, "mesh_net.fc.fc_2.fc", x).reshape(80, 64)
    for i in range(4):
        if i in (0, 2):
            x = x.repeat(4, axis=0)
        x = _chebyshev(state, f"mesh_net.cl.{i}", x, graph[2 if i < 2 else 0])
        if i < 3:
            x = np.maximum(_norm(state, f"mesh_net.bn.{i}", x.T).T, 0)
    return x


def _pose(state: StateDict, uvd: np.ndarray, graph: list[np.ndarray]) -> np.ndarray:
    x = uvd
    for i in range(4):
        x = _chebyshev(state, f"cl.{i}", x, graph[0 if i < 2 else 2])
        if i in (1, 3):
            x = x.reshape(-1, 4, x.shape[1]).max(axis=1)
    return _linear(state, "fc.fc_2.fc", _linear(state, "fc.fc_1.fc", x.reshape(-1)))


def _laplacians(faces: np.ndarray, order: np.ndarray) -> list[np.ndarray]:
    """`L / (2 lambda_max) - I` of the four finest levels, edges within a cluster on the diagonal."""
    place = np.argsort(order)
    weights = np.zeros((PLACES, PLACES))
    for face in faces:
        for a, b in ((0, 1), (1, 2), (2, 0)):
            i, j = place[face[a]], place[face[b]]
            weights[i, j] = weights[j, i] = 1
    result = []
    for _ in range(4):
        degree = weights.sum(axis=1)
        root = np.where(degree > 0, np.maximum(degree, 1) ** -0.5, 0)
        laplacian = np.eye(len(weights)) - root[:, None] * weights * root
        result.append(laplacian / (2 * np.linalg.eigvalsh(laplacian)[-1]) - np.eye(len(weights)))
        weights = weights.reshape(len(weights) // 2, 2, -1, 2).sum(axis=(1, 3))
    return result


def _chebyshev(state: StateDict, name: str, x: np.ndarray, laplacian: np.ndarray) -> np.ndarray:
    first = laplacian @ x
    second = 2 * laplacian @ first - x
    return _linear(state, name, np.stack([x, first, second], axis=-1).reshape(len(x), -1))


def _linear(state: StateDict, name: str, x: np.ndarray) -> np.ndarray:
    return x @ state[f"{name}.weight"].astype(np.float64).T + state[f"{name}.bias"]


def _conv(state: StateDict, name: str, x: np.ndarray, stride: int = 1, pad: int = 0) -> np.ndarray:
    weight = state[f"{name}.weight"].astype(np.float64)
    size = weight.shape[-1]
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    rows, columns = ((side - size) // stride + 1 for side in x.shape[1:])
    result = np.zeros((len(weight), rows * columns))
    for i in range(size):
        for j in range(size):
            part = x[:, i : i + stride * rows : stride, j : j + stride * columns : stride]
            result += weight[:, :, i, j] @ part.reshape(len(x), -1)
    return (result + state[f"{name}.bias"][:, None]).reshape(-1, rows, columns)


def _norm(state: StateDict, name: str, x: np.ndarray) -> np.ndarray:
    shape = (-1, *(1,) * (x.ndim - 1))
    weight, bias, mean, variance = (
        state[f"{name}.{part}"].astype(np.float64).reshape(shape) for part in ("weight", "bias", "running_mean", "running_var")
    )
    return (x - mean) / np.sqrt(variance + 1e-5) * weight + bias


def _residual(state: StateDict, name: str, x: np.ndarray) -> np.ndarray:
    y = _conv(state, f"{name}.conv1", np.maximum(_norm(state, f"{name}.bn", x), 0))
    y = _conv(state, f"{name}.conv2", np.maximum(_norm(state, f"{name}.bn1", y), 0), pad=1)
    y = _conv(state, f"{name}.conv3", np.maximum(_norm(state, f"{name}.bn2", y), 0))
    return y + (_conv(state, f"{name}.conv4", x) if f"{name}.conv4.weight" in state else x)


def _pool(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), x.shape[1] // 2, 2, x.shape[2] // 2, 2).max(axis=(2, 4))

"""How sure the network is, read off its heat-maps."""

from __future__ import annotations

import numpy as np

#: Half the side of the window, as a share of the heat-map's side.
_WINDOW = 1 / 16


def confidence_window(height: int, width: int) -> tuple[int, int]:
    """How many rows and columns a window reaches to each side, on a map of that size."""
    return int(max(height * _WINDOW, 1)), int(max(width * _WINDOW, 1))


def joint_confidence(heatmaps: np.ndarray, kind: str) -> np.ndarray:
    """How sharply each joint was seen.

    Args:
        heatmaps: (B, h, w, J).
        kind: "logits": the largest share of the spatial soft-max that lies in a window; "gaussian": the height of the
            peak, which is 1 in the ground truth.

    Returns:
        (B, J) float32 in 0..1.

    Raises:
        ValueError: an unknown kind.
    """
    batch, height, width, joints = heatmaps.shape
    flat = np.asarray(heatmaps, np.float32).reshape(batch, height * width, joints)
    if kind == "gaussian":
        return np.clip(flat.max(axis=1), 0.0, 1.0)
    if kind != "logits":
        raise ValueError(f"kind: expected gaussian or logits, got {kind!r}.")
    shares = np.exp(flat - flat.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    windows = shares.reshape(heatmaps.shape)
    for axis, radius in zip((1, 2), confidence_window(height, width), strict=True):
        margin = [(0, 0)] * 4
        margin[axis] = (radius, radius)
        padded = np.pad(windows, margin)
        windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * radius + 1, axis).sum(axis=-1)
    return windows.max(axis=(1, 2)).astype(np.float32)

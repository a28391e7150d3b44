"""How sure the network is, read off its heat-maps."""

from __future__ import annotations

import numpy as np

#: Half the side of the window around a peak, as a share of the heat-map's side.
_WINDOW = 1 / 16


def confidence_window(height: int, width: int) -> tuple[int, int]:
    """How many rows and columns on each side of a peak count as near it, of a map of that size."""
    return int(max(height * _WINDOW, 1)), int(max(width * _WINDOW, 1))


def joint_confidence(heatmaps: np.ndarray, kind: str) -> np.ndarray:
    """How sharply each joint was seen.

    Args:
        heatmaps: (B, h, w, J).
        kind: "logits": the share of the spatial soft-max that lies around its peak; "gaussian": the height of the
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
    peaks = flat.argmax(axis=1)  # (B, J)
    places = np.arange(height * width)[None, :, None]
    radius_y, radius_x = confidence_window(height, width)
    near = np.abs(places // width - peaks[:, None] // width) <= radius_y
    near &= np.abs(places % width - peaks[:, None] % width) <= radius_x
    return (shares * near).sum(axis=1, dtype=np.float32)

"""One way to a network with weights, whatever file they are in."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from tfhand.models.build_network import build_network
from tfhand.models.hand_mesh_net import HandMeshNet
from tfhand.models.hand_net import HandNet

if TYPE_CHECKING:
    from tfhand.mesh import HandTemplate

#: A whole network: sizes, graph, faces and weights, such as `export.pytorch_checkpoint` writes.
NETWORK_SUFFIX = ".keras"
DEFAULT_PRESET = "mobile"


def load_network(
    preset: str | None = None,
    weights: str | os.PathLike[str] = "default",
    template: HandTemplate | None = None,
    joint_readout: str | None = None,
    propagation: str | None = None,
) -> HandNet:
    """The network of a preset with its weights, or the whole network that a `.keras` file holds.

    Args:
        preset: its name. None takes `DEFAULT_PRESET`, or with a `.keras` file whatever is in it.
        weights: "default" for the ones that come with the package, the path of a `.safetensors` file, or that of a
            `.keras` file, which holds its own preset and hand.
        template: the hand; None takes the one that comes with the package. Not with a `.keras` file.
        joint_readout: "mesh" or "heatmap"; None takes the preset's, or the file's.
        propagation: of the graph convolutions, "sparse" or "dense"; None takes "sparse", or the file's.

    Raises:
        ValueError: an unknown preset or read-out, a file that is no network of this package or one of another preset,
            or weights that do not fit.
        FileNotFoundError: the weights are not there.
    """
    if Path(weights).suffix != NETWORK_SUFFIX:
        name = DEFAULT_PRESET if preset is None else preset
        return build_network(name, weights, template, joint_readout, propagation or "sparse")
    if template is not None:
        raise ValueError(f"template: expected None with {os.fspath(weights)!r}, which holds its own hand.")
    model = read_network(weights)
    if preset not in (None, model.preset.name):
        raise ValueError(f"preset: {os.fspath(weights)!r} holds a network of preset {model.preset.name!r}, got {preset!r}.")
    readout, propagation = joint_readout or model.joint_readout, propagation or model.propagation
    if (readout, propagation) == (model.joint_readout, model.propagation):
        return model
    again = HandMeshNet(model.preset, model.topology, readout, propagation)
    again.set_weights(model.get_weights())
    return again


def read_network(path: str | os.PathLike[str]) -> HandMeshNet:
    """The network of a `.keras` file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is damaged, or holds something else than a `HandMeshNet`.
    """
    import keras

    if not Path(path).is_file():
        raise FileNotFoundError(f"no network at {os.fspath(path)}.")
    try:
        model = keras.saving.load_model(path, compile=False)
    except (ValueError, TypeError, KeyError, OSError, zipfile.BadZipFile) as error:
        first = str(error).strip().split("\n")[0]
        raise ValueError(f"{os.fspath(path)} can't be read as a Keras network; it may be truncated, or written by another version: {first}") from error
    if not isinstance(model, HandMeshNet):
        raise ValueError(f"{os.fspath(path)} must hold a HandMeshNet, got a {type(model).__name__}.")
    return model

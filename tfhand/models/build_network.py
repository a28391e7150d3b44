"""One call to the network of any preset, whatever its class."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tfhand.models.hand_joint_net import HandJointNet
from tfhand.models.hand_mesh_net import HandMeshNet
from tfhand.models.hand_net import HandNet
from tfhand.models.hand_parametric_net import HandParametricNet
from tfhand.models.presets import get_preset

if TYPE_CHECKING:
    from tfhand.mesh import HandTemplate


def build_network(
    name: str,
    weights: str | os.PathLike[str] | None = None,
    template: HandTemplate | None = None,
    joint_readout: str | None = None,
    propagation: str = "sparse",
    signs: bool | None = None,
) -> HandNet:
    """Builds the network of a preset: a `HandMeshNet`, or of one for comparison a `HandJointNet` or `HandParametricNet`.

    Args:
        name: of the preset, in `tfhand.models.presets.PRESETS` or `BASELINES`.
        weights: None, "default", "imagenet" or a file, see `from_preset` of these classes.
        template: the hand; None takes the one that comes with the package. No matter to a network without a mesh.
        joint_readout: "mesh" or "heatmap"; None takes the preset's.
        propagation: of the graph convolutions, "sparse" or "dense", where there are some.
        signs: whether the network says if there is a hand and of which side, see `HandMeshNet.from_preset`.

    Raises:
        ValueError: an unknown preset or read-out, weights that do not fit, or signs of a preset without.
        FileNotFoundError: the weights are not there.
    """
    pipeline = get_preset(name).pipeline
    if signs and pipeline != "mesh":
        raise ValueError(f"signs: expected False or None with preset {name!r}, which has none, got True.")
    if pipeline == "joints":
        return HandJointNet.from_preset(name, weights, joint_readout)
    if pipeline == "parametric":
        return HandParametricNet.from_preset(name, weights, template, joint_readout)
    return HandMeshNet.from_preset(name, weights, template, joint_readout, propagation, signs)

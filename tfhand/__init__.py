"""tfhand: a 3D hand mesh and pose from one RGB image.

The public names are imported on first use, so ``import tfhand`` costs nothing and the parts that need
only numpy (mesh, geometry, data records) never load TensorFlow.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tfhand.version import __version__

if TYPE_CHECKING:
    from tfhand.inference.estimator import HandEstimator
    from tfhand.mesh.template import HandTemplate
    from tfhand.models.hand_mesh_net import HandMeshNet

_LAZY = {
    "HandEstimator": "tfhand.inference",
    "HandTemplate": "tfhand.mesh",
    "HandMeshNet": "tfhand.models",
}

__all__ = ["HandEstimator", "HandMeshNet", "HandTemplate", "__version__"]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        value = getattr(importlib.import_module(_LAZY[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'tfhand' has no attribute {name!r}; it has {sorted(__all__)}.")


def __dir__() -> list[str]:
    return sorted(__all__)

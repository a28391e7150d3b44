"""Names that exporters, runners and apps agree on. Imports nothing, so that a runtime can be measured without TensorFlow."""

from __future__ import annotations

SIGNATURE = "serving_default"
INPUT = "image"
OUTPUTS = ("vertices_uvd", "joints_uvd", "joint_confidence", "confidence")
#: Further ones of files whose network says whether there is a hand, and whether it is one of the side that it knows.
SIGN_OUTPUTS = ("presence", "known_side")
#: How weights are stored and computed with: float32; stored in 16 bits; stored in 8 bits; all of it in 8 bits.
QUANTIZATIONS = ("none", "fp16", "dynamic", "int8")
#: How a graph convolution is computed; the same numbers.
GRAPH_FORMS = ("windows", "dense", "gather")


class ExportError(Exception):
    """An exported file does not compute what the network computes, or can't be made from it."""

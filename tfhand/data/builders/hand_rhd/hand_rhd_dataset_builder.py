"""RHD as a tensorflow-datasets dataset."""

from __future__ import annotations

from tfhand.data.builders.public import PublicBuilder
from tfhand.data.sources import SOURCES


class Builder(PublicBuilder):
    """Builder of `hand_rhd`. Images cut to what surrounds the hand, with masks, depth and which joints are visible."""

    DATASET = "rhd"
    LABELS = ("alpha", "hand_alpha", "depth", "other_depth", "joint_visible")
    MANUAL_DOWNLOAD_INSTRUCTIONS = SOURCES["rhd"].instructions

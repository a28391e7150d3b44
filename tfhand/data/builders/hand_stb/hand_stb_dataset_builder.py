"""STB as a tensorflow-datasets dataset."""

from __future__ import annotations

from tfhand.data.builders.public import PublicBuilder
from tfhand.data.sources import SOURCES


class Builder(PublicBuilder):
    """Builder of `hand_stb`. SK colour images, cut to what surrounds the hand, with depth."""

    DATASET = "stb"
    LABELS = ("depth", "other_depth")
    MANUAL_DOWNLOAD_INSTRUCTIONS = SOURCES["stb"].instructions

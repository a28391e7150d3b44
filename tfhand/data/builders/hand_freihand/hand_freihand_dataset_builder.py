"""FreiHAND as a tensorflow-datasets dataset."""

from __future__ import annotations

from tfhand.data.builders.public import PublicBuilder
from tfhand.data.sources import SOURCES


class Builder(PublicBuilder):
    """Builder of `hand_freihand`. Images of right hands; masks of training images, other meshes of evaluation images, are in `rest`."""

    DATASET = "freihand"
    LABELS = ()
    MANUAL_DOWNLOAD_INSTRUCTIONS = SOURCES["freihand"].instructions

"""FreiHAND as a tensorflow-datasets dataset."""

from __future__ import annotations

from tfhand.data.builders.public import PublicBuilder
from tfhand.data.sources import SOURCES


class Builder(PublicBuilder):
    """Builder of `hand_freihand`: images of right hands.

    Masks of the training images and MANO's meshes of the test images are in `rest`.
    """

    DATASET = "freihand"
    LABELS = ()
    MANUAL_DOWNLOAD_INSTRUCTIONS = SOURCES["freihand"].instructions

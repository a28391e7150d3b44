"""The tensorflow-datasets builder `hand_freihand`; importing this package registers it.

    tfds build hand_freihand --imports tfhand.data.builders.hand_freihand --manual_dir DIR
"""

from tfhand.data.builders.hand_freihand.hand_freihand_dataset_builder import Builder

__all__ = ["Builder"]

"""The tensorflow-datasets builder `hand_stb`; importing this package registers it.

    tfds build hand_stb --imports tfhand.data.builders.hand_stb --manual_dir DIR
"""

from tfhand.data.builders.hand_stb.hand_stb_dataset_builder import Builder

__all__ = ["Builder"]

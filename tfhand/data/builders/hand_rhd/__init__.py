"""The tensorflow-datasets builder `hand_rhd`; importing this package registers it.

    tfds build hand_rhd --imports tfhand.data.builders.hand_rhd --manual_dir DIR
"""

from tfhand.data.builders.hand_rhd.hand_rhd_dataset_builder import Builder

__all__ = ["Builder"]

"""The tensorflow-datasets builder `hand_synthetic`; importing this package registers it.

    tfds build hand_synthetic/mini --imports tfhand.synthetic.hand_synthetic
"""

from tfhand.synthetic.hand_synthetic.hand_synthetic_dataset_builder import Builder, HandSyntheticConfig

__all__ = ["Builder", "HandSyntheticConfig"]

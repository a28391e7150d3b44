"""EfficientNet-Lite0: the trunk of the mobile network."""

from __future__ import annotations

import dataclasses
from typing import Any

from keras import layers

from tfhand.layers import BatchNorm, DepthwiseConv, PointwiseConv

EPSILON = 1e-3


@dataclasses.dataclass(frozen=True)
class BlockGroup:
    """Inverted residual blocks in a row: expansion, kernel, stride of the first, channels, how many."""

    expansion: int
    kernel: int
    stride: int
    channels: int
    repeats: int


BLOCK_GROUPS: tuple[BlockGroup, ...] = (
    BlockGroup(1, 3, 1, 16, 1),
    BlockGroup(6, 3, 2, 24, 2),
    BlockGroup(6, 5, 2, 40, 2),
    BlockGroup(6, 3, 2, 80, 3),
    BlockGroup(6, 5, 1, 112, 3),
    BlockGroup(6, 5, 2, 192, 4),
    BlockGroup(6, 3, 1, 320, 1),
)
STEM_CHANNELS = 32
NUM_BLOCKS = sum(group.repeats for group in BLOCK_GROUPS)


def lite0_trunk(x: Any, momentum: float, blocks: int = NUM_BLOCKS) -> dict[int, Any]:
    """Features of EfficientNet-Lite0: ReLU6, no squeeze-and-excite, "same" padding as TensorFlow has it.

    Args:
        x: (B, S, S, 3) image scaled to `(pixel - 127) / 128`; S divisible by 32.
        momentum: of the batch norms' moving averages.
        blocks: how many of the 16 blocks to build.

    Returns:
        The last feature map of every stride, {2: 16, 4: 24, 8: 40, 16: 112, 32: 320} channels (192 at stride
        32 with 12 to 15 blocks).

    Raises:
        ValueError: `blocks` is not in 1..16.

    References:
        Tan, Le: EfficientNet, ICML 2019. Liu: Higher accuracy on vision models with EfficientNet-Lite,
        TensorFlow blog, March 2020.
    """
    if not 1 <= blocks <= NUM_BLOCKS:
        raise ValueError(f"blocks must be in 1..{NUM_BLOCKS}, got {blocks}.")
    x = layers.Conv2D(STEM_CHANNELS, 3, strides=2, padding="same", use_bias=False, name="trunk_stem_conv")(x)
    x = _norm(x, "trunk_stem", momentum, activation=True)
    features, stride = {}, 2
    all_blocks = [(group, i) for group in BLOCK_GROUPS for i in range(group.repeats)]
    for number, (group, i) in enumerate(all_blocks[:blocks]):
        step = group.stride if i == 0 else 1
        x = _block(x, group, step, f"trunk_block{number}", momentum)
        stride *= step
        features[stride] = x
    return features


def _block(x: Any, group: BlockGroup, stride: int, name: str, momentum: float) -> Any:
    channels, y = x.shape[-1], x
    if group.expansion > 1:
        y = PointwiseConv(channels * group.expansion, use_bias=False, name=f"{name}_expand_conv")(y)
        y = _norm(y, f"{name}_expand", momentum, activation=True)
    y = DepthwiseConv(group.kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_depthwise_conv")(y)
    y = _norm(y, f"{name}_depthwise", momentum, activation=True)
    y = PointwiseConv(group.channels, use_bias=False, name=f"{name}_project_conv")(y)
    y = _norm(y, f"{name}_project", momentum, activation=False)
    if stride == 1 and channels == group.channels:
        y = layers.Add(name=f"{name}_sum")([x, y])
    return y


def _norm(x: Any, name: str, momentum: float, activation: bool) -> Any:
    x = BatchNorm(momentum=momentum, epsilon=EPSILON, name=f"{name}_bn")(x)
    return layers.ReLU(max_value=6.0, name=f"{name}_relu6")(x) if activation else x

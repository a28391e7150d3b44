"""1 x 1 convolution whose products may be in bfloat16 while all else stays in float32."""

from __future__ import annotations

from typing import Any

import keras

from tfhand.layers import kernels


@keras.saving.register_keras_serializable(package="tfhand")
class PointwiseConv(keras.layers.Conv2D):
    """`keras.layers.Conv2D` with 1 x 1 filters; trained twice as fast where `bfloat16` kernels are enabled.

    `tfhand.layers.kernels.enable(bfloat16=True)` has this layer, in training, under TensorFlow and in float32,
    round its inputs, its filters and the gradient of its outputs to bfloat16 for the three products of a step.
    Sums are in float32 inside the products, results are rounded once more; norms, activations, weights and whatever
    else there is stay in float32. Frozen layers take part: others are trained on what they give. In every other case
    this layer is Keras's.

    Args:
        filters: output channels.
        **kwargs: of `keras.layers.Conv2D`, but for the size of the filters.
    """

    def __init__(self, filters: int, **kwargs: Any) -> None:
        super().__init__(filters, kernel_size=1, **kwargs)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        ops = kernels.enabled_for(inputs) if training and kernels.bfloat16_enabled() else None
        if ops is not None and self._kernel_applies():
            return self._with_bfloat16(ops, inputs)
        return super().call(inputs)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["kernel_size"]
        return config

    def _kernel_applies(self) -> bool:
        plain = not self.use_bias and self.activation is keras.activations.linear and self.groups == 1
        return plain and self.data_format == "channels_last" and tuple(self.strides) == (1, 1)

    def _with_bfloat16(self, ops: Any, inputs: Any) -> Any:
        import tensorflow as tf  # gradients by hand of raw ops are not among keras.ops

        options = {"strides": [1, 1, 1, 1], "padding": "SAME"}

        @tf.custom_gradient
        def convolve(images: tf.Tensor, filters: tf.Tensor) -> Any:
            images_shape, filters_shape = tf.shape(images), tf.shape(filters)
            images, filters = ops.tfhand_narrow(images), ops.tfhand_narrow(filters)

            def gradient(slopes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                slopes = ops.tfhand_narrow(slopes)
                by_images = tf.raw_ops.Conv2DBackpropInput(
                    input_sizes=images_shape, filter=filters, out_backprop=slopes, **options
                )
                by_filters = tf.raw_ops.Conv2DBackpropFilter(
                    input=images, filter_sizes=filters_shape, out_backprop=slopes, **options
                )
                return ops.tfhand_widen(by_images), ops.tfhand_widen(by_filters)

            return ops.tfhand_widen(tf.raw_ops.Conv2D(input=images, filter=filters, **options)), gradient

        return convolve(inputs, tf.convert_to_tensor(self.kernel))

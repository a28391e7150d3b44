"""Depthwise convolution whose filters' gradient is fast on CPUs."""

from __future__ import annotations

from typing import Any

import keras

from tfhand.layers import kernels


@keras.saving.register_keras_serializable(package="tfhand")
class DepthwiseConv(keras.layers.DepthwiseConv2D):
    """`keras.layers.DepthwiseConv2D`, the same numbers, faster to train with 5 x 5 filters on CPUs.

    TensorFlow computes the gradient of 5 x 5 filters at 3 to 6 GFLOP/s on one core, a fifth of a training step of
    the mobile network. Where `tfhand.layers.kernels` are enabled, in training, under TensorFlow, in float32
    and with `padding="same"`, our own kernel takes its place; in every other case this layer is Keras's.

    Args:
        kernel_size: side of the filters.
        **kwargs: of `keras.layers.DepthwiseConv2D`.
    """

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        ops = kernels.enabled_for(inputs) if training else None
        if ops is not None and self._kernel_applies(inputs):
            return self._with_kernel(ops, inputs)
        return super().call(inputs)

    def _kernel_applies(self, inputs: Any) -> bool:
        plain = not self.use_bias and self.activation is keras.activations.linear and self.depth_multiplier == 1
        places = self.padding == "same" and self.data_format == "channels_last" and tuple(self.dilation_rate) == (1, 1)
        strides = len(set(self.strides)) == 1
        return plain and places and strides and tuple(self.kernel_size) == (5, 5) and None not in inputs.shape[1:3]

    def _with_kernel(self, ops: Any, inputs: Any) -> Any:
        import tensorflow as tf  # gradients by hand of raw ops are not among keras.ops

        size, stride = self.kernel_size[0], self.strides[0]
        strides = [1, stride, stride, 1]
        before = [max((-(-side // stride) - 1) * stride + size - side, 0) // 2 for side in inputs.shape[1:3]]

        @tf.custom_gradient
        def convolve(images: tf.Tensor, filters: tf.Tensor) -> Any:
            def gradient(slopes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                by_images = tf.nn.depthwise_conv2d_backprop_input(tf.shape(images), filters, slopes, strides, "SAME")
                by_filters = ops.tfhand_depthwise_filter_gradient(
                    images=images, slopes=slopes, size=size, stride=stride, before=before
                )
                return by_images, by_filters

            return tf.nn.depthwise_conv2d(images, filters, strides, "SAME"), gradient

        return convolve(inputs, tf.convert_to_tensor(self.kernel))

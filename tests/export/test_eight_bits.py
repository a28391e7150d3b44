"""8-bit files whose layers LiteRT can run."""

from __future__ import annotations

import numpy as np
import pytest

from export.eight_bits import in_8_bits, steep_layers

pytest.importorskip("ai_edge_litert")
tf = pytest.importorskip("tensorflow")


@pytest.fixture(scope="module")
def calibrated() -> bytes:
    """Two convolutions; the first gives nothing but zeros for the pictures of the calibration."""
    rng = np.random.default_rng(0)
    first = rng.normal(size=(1, 1, 3, 4)).astype(np.float32)
    second = rng.normal(size=(1, 1, 4, 2)).astype(np.float32)

    @tf.function(input_signature=[tf.TensorSpec((1, 8, 8, 3), tf.float32, "image")])
    def network(image):
        dark = tf.nn.relu(tf.nn.conv2d(image, first, 1, "SAME") - 40.0)
        return tf.nn.conv2d(dark, second, 1, "SAME") + image[..., :2]

    converter = tf.lite.TFLiteConverter.from_concrete_functions([network.get_concrete_function()])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([rng.uniform(0, 1, (1, 8, 8, 3)).astype(np.float32)] for _ in range(8))
    converter._experimental_calibrate_only = True
    return converter.convert()


def test_layers_that_gave_zeros_alone_stay_in_float(calibrated) -> None:
    from ai_edge_litert.interpreter import Interpreter
    from tensorflow.lite.python import convert

    assert len(steep_layers(convert.mlir_quantize(calibrated))) == 1
    content = in_8_bits(calibrated)
    assert steep_layers(content) == set()
    interpreter = Interpreter(model_content=content)  # with the other file the process would end here
    interpreter.allocate_tensors()
    image = np.random.default_rng(1).uniform(0, 1, (1, 8, 8, 3)).astype(np.float32)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
    interpreter.invoke()
    found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(found, image[..., :2], atol=0.02)

"""Computes a preset's outputs with made-up weights under whatever backend runs: `python -m tests.models.parity NAME OUT`."""

from __future__ import annotations

import sys

import numpy as np

from tests.models.toys import toy_template
from tfhand.models import build_network, get_preset


def made_up_outputs(name: str) -> dict[str, np.ndarray]:
    """Outputs for one random image, all weights drawn in the order of their paths."""
    rng = np.random.default_rng(11)
    model = build_network(name, template=toy_template(), signs=get_preset(name).signs is not None)
    for weight in sorted(model.weights, key=lambda weight: weight.path):
        shape = tuple(weight.shape)
        if "variance" in weight.path or "gamma" in weight.path:
            value = rng.uniform(0.7, 1.3, shape)
        elif len(shape) == 1:
            value = rng.normal(size=shape) * 0.1
        else:
            fan_in = int(np.prod(shape[:2])) if "depthwise" in weight.path else int(np.prod(shape[:-1]))
            value = rng.normal(size=shape) / np.sqrt(fan_in)
        weight.assign(value.astype("float32"))
    image = rng.uniform(size=(1, model.input_size, model.input_size, 3)).astype("float32")
    return model.predict(image, verbose=0)


if __name__ == "__main__":
    np.savez(sys.argv[2], **made_up_outputs(sys.argv[1]))

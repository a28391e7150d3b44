"""One generator of small images for the tests of this folder."""

from __future__ import annotations

import pytest

from tfhand.synthetic.generator import HandGenerator, SyntheticConfig


@pytest.fixture(scope="session")
def generator():
    return HandGenerator(SyntheticConfig(size=96))


@pytest.fixture(scope="session")
def samples(generator):
    return [generator.render(seed) for seed in range(16)]

"""One generator of small images for the tests of this folder, and one hand that is never rendered."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tfhand.mesh import HandTemplate
from tfhand.synthetic.collision import SelfCollision
from tfhand.synthetic.generator import HandGenerator, SyntheticConfig
from tfhand.synthetic.rig import HandRig
from tfhand.synthetic.shape_sampler import ShapeSampler
from tfhand.synthetic.untangle import Untangler


@pytest.fixture(scope="session")
def generator():
    return HandGenerator(SyntheticConfig(size=96))


@pytest.fixture(scope="session")
def samples(generator):
    return [generator.render(seed) for seed in range(16)]


@pytest.fixture(scope="session")
def hand():
    """The built-in template with its rig, shapes, collision and untangler; needs no renderer."""
    template = HandTemplate.load()
    rig, collision = HandRig(template), SelfCollision(template)
    return SimpleNamespace(
        template=template,
        rig=rig,
        collision=collision,
        shapes=ShapeSampler(template),
        untangle=Untangler(template, rig, collision),
    )

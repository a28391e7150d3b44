"""Networks that several modules test, each built once."""

from __future__ import annotations

from types import SimpleNamespace

import keras
import pytest

from tests.models.toys import toy_template
from tfhand.models import HandMeshNet


@pytest.fixture(scope="session")
def template() -> SimpleNamespace:
    return toy_template()


@pytest.fixture(scope="session")
def mobile(template: SimpleNamespace) -> HandMeshNet:
    """The mobile network, random weights. Tests leave its weights as they are."""
    keras.utils.set_random_seed(12)
    return HandMeshNet.from_preset("mobile", template=template)


@pytest.fixture(scope="session")
def small(template: SimpleNamespace) -> HandMeshNet:
    """The small hourglass, random weights. Tests leave its weights as they are."""
    keras.utils.set_random_seed(12)
    return HandMeshNet.from_preset("hourglass-small", template=template)

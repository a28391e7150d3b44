"""What narrower numbers must not touch."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from toy import OCTAHEDRON, ToyNet

from tfhand.losses import CompositeLoss
from trainers.model import TrainingModel


@pytest.fixture
def narrow():
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    yield
    keras.mixed_precision.set_global_policy(before)


@pytest.mark.usefixtures("narrow")
def test_true_meshes_reach_the_pose_regressor_as_they_are(rng):
    model = TrainingModel(ToyNet(), None, CompositeLoss({"pose_l1": 1.0}, OCTAHEDRON), "pose", ["pose"])
    given = rng.normal(size=(2, 6, 3)).astype(np.float32)
    seen = []
    model.forward = lambda vertices, training: seen.append(vertices)
    model({"vertices_uvd": given})
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(keras.ops.cast(seen[0], "float32")), given)

from __future__ import annotations

import dataclasses
import math

import keras
import numpy as np
import pytest
from toy import ToyNet

from trainers.config import OptimizerConfig, StageConfig, TrainConfig
from trainers.optimizers import build_optimizer, build_schedule


def rate(schedule, step):
    return float(keras.ops.convert_to_numpy(schedule(step)))


def test_cosine_with_warm_up():
    schedule = build_schedule(OptimizerConfig(learning_rate=2.0, warmup_steps=10, final_factor=0.1), steps=110)
    assert [rate(schedule, step) for step in (0, 5, 10)] == pytest.approx([0.0, 1.0, 2.0])
    assert rate(schedule, 60) == pytest.approx(2.0 * (0.1 + 0.9 * 0.5))
    assert rate(schedule, 110) == pytest.approx(0.2)
    assert rate(schedule, 35) == pytest.approx(2.0 * (0.1 + 0.45 * (1 + math.cos(math.pi / 4))))


def test_constant_with_and_without_warm_up():
    assert build_schedule(OptimizerConfig(schedule="constant", learning_rate=0.5), steps=10) == 0.5
    schedule = build_schedule(OptimizerConfig(schedule="constant", learning_rate=0.5, warmup_steps=4), steps=10)
    assert [rate(schedule, step) for step in (0, 2, 4, 9)] == pytest.approx([0.0, 0.25, 0.5, 0.5])


@pytest.mark.parametrize("name", ["rmsprop", "adamw", "adam", "lion", "muon", "sgd"])
def test_every_optimizer_moves_weights(name):
    network = ToyNet()
    optimizer = build_optimizer(OptimizerConfig(name=name, learning_rate=0.1, schedule="constant"), 10, network)
    before = network.get_weights()
    optimizer.apply([keras.ops.ones_like(variable) for variable in network.trainable_variables])
    moved = [not np.array_equal(old, new) for old, new in zip(before, network.get_weights(), strict=True)]
    assert sum(moved) == len(network.trainable_variables)


@pytest.mark.parametrize("name", ["adamw", "muon"])
def test_weight_decay_touches_kernels_only(name):
    network = ToyNet()
    for variable in network.trainable_variables:
        variable.assign(keras.ops.ones_like(variable))
    config = OptimizerConfig(name=name, learning_rate=0.5, schedule="constant", weight_decay=0.1)
    optimizer = build_optimizer(config, 10, network)
    optimizer.apply([keras.ops.zeros_like(variable) for variable in network.trainable_variables])
    for variable in network.trainable_variables:
        expected = 1.0 if len(variable.shape) < 2 else 1.0 - 0.5 * 0.1
        np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-6, err_msg=variable.path)


def test_clipping_bounds_the_global_norm():
    network = ToyNet()
    config = OptimizerConfig(name="sgd", learning_rate=1.0, schedule="constant", clip_norm=0.5)
    optimizer = build_optimizer(config, 10, network)
    before = [variable.numpy() for variable in network.trainable_variables]
    optimizer.apply([keras.ops.ones_like(variable) for variable in network.trainable_variables])
    change = [old - variable.numpy() for old, variable in zip(before, network.trainable_variables, strict=True)]
    assert math.sqrt(sum(float((part**2).sum()) for part in change)) == pytest.approx(0.5, rel=1e-5)


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        ({"learning_rate": 0.0}, "stages.one.optimizer.learning_rate: expected above 0, got 0.0"),
        ({"warmup_steps": 6}, "stages.one.optimizer.warmup_steps: expected at most the stage's 5 steps, got 6"),
        ({"name": "rmsprop", "weight_decay": 0.1}, "stages.one.optimizer.weight_decay: expected 0 for rmsprop"),
    ],
)
def test_what_a_stage_cant_have_is_refused_with_the_config(optimizer, message):
    stage = StageConfig(5, {"pose_l1": 1.0}, optimizer=OptimizerConfig(**optimizer))
    with pytest.raises(ValueError, match=message):
        TrainConfig({"one": stage})
    TrainConfig({"one": dataclasses.replace(stage, steps=0), "two": StageConfig(5, {"pose_l1": 1.0})})


def test_a_network_without_trainable_weights_is_refused():
    network = ToyNet()
    network.trainable = False
    with pytest.raises(ValueError, match="trainable"):
        build_optimizer(OptimizerConfig(), 5, network)

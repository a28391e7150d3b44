"""A whole training of the toy network in two stages, as a function and as a script that can kill itself.

    python toy_run.py OUT [STEP]     SIGKILL after STEP steps
    python toy_run.py OUT replicas   on two logical CPUs
"""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
from pathlib import Path

import keras
from toy import OCTAHEDRON, SIZE, Hands, ToyNet

from tfhand.data import AugmentConfig, BatchSource
from tfhand.losses import CompositeLoss
from trainers import devices
from trainers.average import WeightAverage
from trainers.checkpoint import progress_of
from trainers.config import OptimizerConfig, StageConfig, TrainConfig
from trainers.pseudo_meshes import compute_pseudo_meshes
from trainers.run_folder import RunFolder
from trainers.stage import Run, train_stages

STAGES = {
    "maps": StageConfig(
        steps=6,
        losses={"heatmap_cross_entropy": 1.0},
        parts=["heatmap"],
        batch_size=4,
        optimizer=OptimizerConfig(name="rmsprop", schedule="constant"),
    ),
    "all": StageConfig(
        steps=9,
        losses={"heatmap_cross_entropy": 1.0, "vertex_l1": 1.0, "pose_l1": 1.0},
        batch_size=4,
        optimizer=OptimizerConfig(warmup_steps=2, weight_decay=0.01, clip_norm=1.0),
    ),
}


#: No loss of it reaches the mesh and the pose regressor, which it trains.
UNREACHED = StageConfig(steps=1, losses={"heatmap_cross_entropy": 1.0}, parts=["heatmap", "mesh", "pose"])


WEAK = StageConfig(
    steps=1,
    losses={"heatmap_cross_entropy": 1.0, "depth": 1e-3, "pseudo_edge": 1e-6, "pseudo_laplacian": 1e-5},
    parts=["heatmap", "mesh"],
)


def toy_config(out: Path, **changes) -> TrainConfig:
    """The config of the toy run."""
    defaults = dict(log_every=2, checkpoint_every=2, validate_every=4, num_pictures=1, ema_decay=0.9)
    return TrainConfig(**{"stages": STAGES, "out": str(out), **defaults, **changes})


def toy_run(config: TrainConfig) -> bool:
    """Runs it, or what is left of it; returns whether it came to its end."""
    strategy = devices.set_up(config)
    folder = RunFolder(config.out)
    checkpoint = folder.open(config, "toy_run")
    with devices.scope(strategy):
        network = ToyNet()
        average = WeightAverage(network, ToyNet(), config.ema_decay)
    progress = progress_of(checkpoint, network.depth_axis)
    depth_size = 8 if any("depth" in stage.losses for _, stage in config.active_stages) else None
    validation = list(BatchSource(Hands(6), 4, SIZE, shuffle=False, depth_size=depth_size))
    run = Run(config, folder, network, average, OCTAHEDRON.faces, validation, progress, strategy)
    losses = {name: CompositeLoss(stage.losses, OCTAHEDRON, stage.loss_options) for name, stage in config.active_stages}

    def batches(number: int, stage: StageConfig) -> BatchSource:
        seed = config.seed + number
        return BatchSource(Hands(), stage.batch_size, SIZE, AugmentConfig(), seed, depth_size=depth_size)

    return train_stages(run, losses, batches, checkpoint)


def kill_after(step: int) -> None:
    """Makes this process kill itself after so many steps."""
    from trainers.callbacks import StepCounter

    original = StepCounter.on_train_batch_end

    def count_and_die(self, batch, logs=None):
        original(self, batch, logs)
        if self.progress.total_step == step:
            os.kill(os.getpid(), signal.SIGKILL)

    StepCounter.on_train_batch_end = count_and_die


def pseudo_meshes_of(strategy, folder: Path):
    """Meshes (2, 6, 3) that a network on these devices guesses for two hands."""
    import numpy as np

    with devices.scope(strategy):
        network = ToyNet()
    meshes = compute_pseudo_meshes(network, Hands(2), "toy/train", folder)
    return np.stack([meshes.of(index, Hands(2)[index]) for index in range(2)])


def compare_replicas(out: Path) -> None:
    """Trains one step in each of several stages on one and on two logical CPUs; compares weights and losses."""
    import numpy as np
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    stages = {}
    for name, stage in {**STAGES, "weak": WEAK, "unreached": UNREACHED}.items():
        # Gradients are compared through plain descent; the clipping is tight enough to act.
        for clip_norm in (0.01,) if stage is WEAK else (0.0, 0.01):
            optimizer = OptimizerConfig(name="sgd", schedule="constant", learning_rate=0.1, clip_norm=clip_norm)
            one_step = dataclasses.replace(stage, steps=1, batch_size=8, optimizer=optimizer)
            stages[f"{name}_{clip_norm}"] = one_step
    results = []
    for count in (1, 2):
        folder = out / str(count)
        assert toy_run(toy_config(folder, stages=stages, devices=count))
        with np.load(folder / "weights.safetensors") as weights:
            results.append([weights[key] for key in weights.files])
        results[-1].append(np.genfromtxt(folder / "log.csv", delimiter=",", skip_header=1)[:, 6:])
        results[-1].append(pseudo_meshes_of(devices.set_up(toy_config(folder, devices=count)), folder))
    for one, two in zip(*results, strict=True):
        np.testing.assert_allclose(one, two, rtol=2e-5, atol=2e-6)


if __name__ == "__main__":
    keras.config.disable_interactive_logging()
    if sys.argv[2:] == ["replicas"]:
        compare_replicas(Path(sys.argv[1]))
    else:
        if sys.argv[2:]:
            kill_after(int(sys.argv[2]))
        toy_run(toy_config(Path(sys.argv[1])))

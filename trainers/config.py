"""What a training run is told: typed, frozen, filled from YAML and the command line.

A config file holds only what differs from the defaults below, and any field can be overridden:

    python -m trainers.fully_supervised --config configs/mobile.yaml --seed 3 --stages.full.steps 4000

`trainers.config_file` reads and writes the files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tfhand.data.augment import AugmentConfig
from tfhand.data.others import OthersConfig

Part = Literal["heatmap", "mesh", "pose", "sign"]


@dataclass(frozen=True)
class OptimizerConfig:
    """How the weights of a stage are moved.

    Args:
        name: rmsprop is the paper's; adamw trained most of `mobile`; muon moves matrices by orthogonal
            steps and the rest as adamw does: a tenth slower, steadier at high learning rates.
        learning_rate: the peak, reached at the end of the warm-up.
        schedule: constant holds the peak; cosine falls to `final_factor` of it at the stage's last step.
        warmup_steps: steps of linear rise from 0. Raise it when the first hundred steps blow up.
        final_factor: where cosine ends, as a part of the peak.
        weight_decay: decoupled, for adamw, lion and muon; kernels only, never biases or normalisation.
        clip_norm: the gradient is scaled down to this global norm; 0 leaves it as it is.
    """

    name: Literal["rmsprop", "adamw", "adam", "lion", "muon", "sgd"] = "adamw"
    learning_rate: float = 1e-3
    schedule: Literal["constant", "cosine"] = "cosine"
    warmup_steps: int = 0
    final_factor: float = 0.01
    weight_decay: float = 0.0
    clip_norm: float = 0.0

    def check(self, name: str, steps: int) -> None:
        """Raises a ValueError naming `name` for what can't be had in a stage of so many steps."""
        require(self.learning_rate > 0, f"{name}.learning_rate", "above 0", self.learning_rate)
        expected = f"at most the stage's {steps} steps"
        require(self.warmup_steps <= steps, f"{name}.warmup_steps", expected, self.warmup_steps)
        for field_name in ("warmup_steps", "final_factor", "weight_decay", "clip_norm"):
            value = getattr(self, field_name)
            require(value >= 0, f"{name}.{field_name}", "at least 0", value)
        decays = self.name in ("adamw", "lion", "muon") or self.weight_decay == 0
        require(decays, f"{name}.weight_decay", f"0 for {self.name} (adamw, lion and muon have it)", self.weight_decay)


@dataclass(frozen=True)
class StageConfig:
    """One stage of a training: so many steps on one sum of losses.

    Args:
        steps: optimisation steps; 0 leaves the stage out.
        losses: weight of every loss term by its name in `tfhand.losses`.
        loss_options: options of loss terms by their name, such as {heatmap_cross_entropy: {sigma: 1.5}}.
        parts: what is trained; the other parts are frozen. [heatmap] alone runs only the heat-map network,
            [pose] alone only the pose regressor, on ground-truth meshes; anything else runs the whole network. `sign`,
            where losses train it, says whether there is a hand and of which side.
        frozen: layers of these parts that are left as they are, by name (* stands for anything): the first blocks of a
            trained trunk hold few weights and cost a third of a step.
        batch_size: samples in a step, over all devices.
        optimizer: how the weights are moved.
    """

    steps: int
    losses: dict[str, float]
    loss_options: dict[str, dict[str, float]] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=lambda: ["heatmap", "mesh", "pose"])
    frozen: list[str] = field(default_factory=list)
    batch_size: int = 32
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)

    @property
    def kind(self) -> Literal["heatmap", "pose", "full"]:
        """Which network runs in the stage: the heat-map network alone, the pose regressor alone, or all."""
        return self.parts[0] if self.parts in (["heatmap"], ["pose"]) else "full"


@dataclass(frozen=True)
class InputConfig:
    """How hands become batches, wherever they come from.

    Args:
        num_validation: validation hands looked at.
        backgrounds: folder of photographs to put behind hands; null takes the built-in ones.
        workers: threads that decode and augment.
        augmentation: how training crops vary; null turns it off.
        others: how many training crops show no hand or one of the other side, for the losses presence and handedness;
            null shows a hand of the known side in all.
    """

    num_validation: int = 64
    backgrounds: str | None = None
    workers: int = 2
    augmentation: AugmentConfig | None = field(default_factory=AugmentConfig)
    others: OthersConfig | None = None


@dataclass(frozen=True)
class DataConfig(InputConfig):
    """Where hands come from.

    Args:
        train: folder of generated shards; without one, `num_samples` hands are rendered first.
        validation: folder of generated shards to validate on; without one, `num_validation` are rendered.
        num_samples: hands to render into the run folder when `train` is null; 0 renders every training batch
            afresh, which hardly ever repeats a hand and takes a core for some 60 images of 256 x 256 a second.
        num_validation: validation hands looked at (the first ones of `validation`), or rendered.
        render_size: side of rendered images, pixels; a little above the network's input leaves room to zoom in.
        backgrounds: folder of photographs to put behind hands, rendered or augmented; null takes the built-in ones.
        workers: threads that decode and augment, and processes that render.
        augmentation: how training crops vary; null turns it off.
        others: how many training crops show no hand or one of the other side; null for none.
    """

    train: str | None = None
    validation: str | None = None
    num_samples: int = 1000
    render_size: int = 160


@dataclass(frozen=True)
class TrainConfig:
    """A whole training run.

    Args:
        stages: the stages by name, trained in this order.
        preset: network preset of `tfhand.models`.
        weights: where to start: `imagenet` for a pretrained trunk, where the preset has one, `default` for the
            shipped weights, a weights file, or null for random weights.
        data: training and validation data.
        out: run folder. When it holds a checkpoint of the same config, training continues from it.
        resume: auto continues where there is a checkpoint; never insists on an empty run folder.
        ema_decay: per-step decay of the averaged weights, which are validated and exported, and lack the last step; 0 averages
            nothing.
        seed: of initial weights, order and augmentation.
        precision: float32; mixed_bfloat16 for GPUs that have it (faster, slightly noisier; slower on CPUs); or, for
            CPUs that have it, bfloat16_convolutions: 1 x 1 convolutions alone, with `compiled_kernels`.
        jit_compile: compile the step with XLA (always done under JAX). Off is faster on CPUs; not possible on several
            devices.
        compiled_kernels: train on CPUs with kernels that are compiled once on this machine, a fourth off a step (TensorFlow
            alone; without a C++ compiler a line says so and TensorFlow's own are taken).
        devices: how many visible GPUs (or logical CPUs) to use; 0 takes all GPUs, or one CPU.
        threads: CPU threads for TensorFlow; 0 lets it choose.
        log_every: steps between two lines of log.csv and TensorBoard.
        validate_every: steps between two validations (which also export the averaged weights so far); they come after whole
            intervals of `log_every`.
        checkpoint_every: steps between two checkpoints, which come likewise.
        keep_checkpoints: how many of the last checkpoints are kept.
        num_pictures: validation samples drawn at every validation.
    """

    stages: dict[str, StageConfig]
    preset: str = "mobile"
    weights: str | None = None
    data: DataConfig = field(default_factory=DataConfig)
    out: str = "runs/training"
    resume: Literal["auto", "never"] = "auto"
    ema_decay: float = 0.999
    seed: int = 0
    precision: Literal["float32", "mixed_bfloat16", "bfloat16_convolutions"] = "float32"
    jit_compile: bool = False
    compiled_kernels: bool = True
    devices: int = 0
    threads: int = 0
    log_every: int = 50
    validate_every: int = 500
    checkpoint_every: int = 250
    keep_checkpoints: int = 2
    num_pictures: int = 8

    def __post_init__(self) -> None:
        for name, stage in self.stages.items():
            require(stage.steps >= 0, f"stages.{name}.steps", "at least 0", stage.steps)
            require(stage.batch_size >= 1, f"stages.{name}.batch_size", "at least 1", stage.batch_size)
            require(len(stage.parts) > 0, f"stages.{name}.parts", "at least one of heatmap, mesh, pose, sign", stage.parts)
            require(len(stage.losses) > 0, f"stages.{name}.losses", "at least one loss with its weight", stage.losses)
            if stage.steps > 0:
                stage.optimizer.check(f"stages.{name}.optimizer", stage.steps)
        require(len(self.active_stages) > 0, "stages", "at least one with steps > 0", list(self.stages))
        for name in ("log_every", "validate_every", "checkpoint_every", "keep_checkpoints"):
            require(getattr(self, name) >= 1, name, "at least 1", getattr(self, name))
        for name in ("validate_every", "checkpoint_every"):
            at_least = f"at least {self.log_every}, as log_every, after whose intervals it comes"
            require(getattr(self, name) >= self.log_every, name, at_least, getattr(self, name))
        for name in ("devices", "threads", "num_pictures"):
            require(getattr(self, name) >= 0, name, "at least 0", getattr(self, name))
        require(0.0 <= self.ema_decay < 1.0, "ema_decay", "at least 0 and below 1", self.ema_decay)
        for name, least in (("num_validation", 1), ("workers", 1), ("num_samples", 0)):
            value = getattr(self.data, name)
            require(value >= least, f"data.{name}", f"at least {least}", value)

    @property
    def active_stages(self) -> list[tuple[str, StageConfig]]:
        """The stages that have steps, in order."""
        return [(name, stage) for name, stage in self.stages.items() if stage.steps > 0]

    @property
    def evaluation_set(self) -> tuple[str, str | None]:
        """Dataset to evaluate the run on and its folder, None where it lies in its usual place."""
        return "synthetic", self.data.validation or str(Path(self.out) / "data" / "validation")


def require(fine: bool, name: str, expected: str, got: Any) -> None:
    """Raises ValueError that says what was expected of the field `name`, unless all is fine."""
    if not fine:
        raise ValueError(f"{name}: expected {expected}, got {got!r}")

"""A training from its config to its last weights: what all trainers share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfhand.compiled import KernelError
from tfhand.constants import NUM_JOINTS
from tfhand.data import BatchSource
from tfhand.data.batches import Batch
from tfhand.data.others import OthersConfig
from tfhand.geometry import CAMERA_SIZE
from tfhand.losses import CompositeLoss
from tfhand.mesh import HandTemplate
from tfhand.models import HandNet, build_network, get_preset
from trainers import devices
from trainers.average import WeightAverage
from trainers.callbacks import NonFiniteLossError
from trainers.checkpoint import progress_of
from trainers.config import StageConfig
from trainers.config_file import Config, load_config
from trainers.depth_maps import check_renderer
from trainers.model import forward_of, freeze_all_but
from trainers.run_folder import RunFolder
from trainers.stage import Run, kind_of, train_stages


@dataclass(frozen=True)
class TrainingData:
    """What a run trains and validates on.

    Args:
        batches: gives the batches of a stage from its number and config.
        validation: plain crops, in memory.
        negatives: batches (B, S, S, 3) uint8 of crops without a hand to validate on; None for a network without signs.
    """

    batches: Callable[[int, StageConfig], BatchSource]
    validation: Sequence[Batch]
    negatives: Sequence[np.ndarray] | None = None


#: Opens a run's data, given its folder and the network as it is before training.
OpenData = Callable[[RunFolder, HandNet], TrainingData]
#: Checks, before anything is made, that a config's data and losses go together, given the template and the losses of
#: every stage; raises ValueError or OSError where they don't.
Prepare = Callable[[Config, HandTemplate, Mapping[str, CompositeLoss]], OpenData]


def run_command(
    config_class: type[Config],
    default: Path,
    train: Callable[[Config], int],
    arguments: Sequence[str] | None,
    description: str | None,
) -> int:
    """Runs a trainer's command; what goes wrong is told in one line.

    Args:
        config_class: the trainer's config.
        default: YAML file that is read when no `--config` is given.
        train: trains as a config says, and returns the exit status.
        arguments: command line without the program's name; None takes that of the process.
        description: first lines of `--help`.

    Raises:
        SystemExit: something is wrong with the config, the data or the training.
    """
    config = load_config(config_class, default, arguments, description)
    try:
        return train(config)
    except (ValueError, OSError, KernelError, NonFiniteLossError) as error:
        raise SystemExit(f"error: {error}") from None


def run_training(config: Config, module: str, prepare: Prepare) -> int:
    """Trains as the config says, or what is left of it.

    Args:
        config: the run's config.
        module: the trainer's name, such as `trainers.fully_supervised`.
        prepare: the trainer's own part.

    Returns:
        0 at the end, 130 when asked to stop before.

    Raises:
        ValueError, OSError, KernelError, NonFiniteLossError: the message says what is wrong.
    """
    strategy = devices.set_up(config)
    if get_preset(config.preset).joint_definition != "tfhand":
        raise ValueError(f"preset: expected one for training, got {config.preset!r}, which is for imported weights.")
    template = HandTemplate.load()
    losses = {
        name: CompositeLoss(stage.losses, template, options_of_losses(name, stage, config.data.others))
        for name, stage in config.active_stages
    }
    if any("depth" in loss.supervision for loss in losses.values()):
        check_renderer(config.jit_compile)
    trains_signs = check_signs(config, losses)
    open_data = prepare(config, template, losses)
    devices.set_kernels(config)
    with devices.scope(strategy):
        # Weights that have signs keep them; nobody gets some that were never trained.
        network = build_network(config.preset, config.weights, template, signs=trains_signs or None)
        copy = build_network(config.preset, None, template, signs=network.sign_stage is not None)
        average = WeightAverage(network, copy, config.ema_decay)
    for name, stage in config.active_stages:  # mistakes are told before the run has a folder
        freeze_all_but(network, stage.parts, stage.frozen)
        check_outputs(name, stage, losses[name], network, template)
    _warn_of_signs(network, config)
    folder = RunFolder(config.out)
    checkpoint = folder.open(config, module)
    progress = progress_of(checkpoint, network.depth_axis)
    data = open_data(folder, network)
    run = Run(config, folder, network, average, template.faces, data.validation, progress, strategy, data.negatives)
    if checkpoint is not None:
        print(f"continuing from {checkpoint}: stage {progress.stage}, step {progress.step}")
    if not train_stages(run, losses, data.batches, checkpoint):
        print(f"stopped at step {progress.step} of stage {progress.stage}; the same command continues")
        return 130
    print(f"done: {folder.weights}; {folder.readme} explains the rest")
    return 0


def _warn_of_signs(network: HandNet, config: TrainConfig) -> None:
    """Says so where presence and side are read from features that go on being trained for other things."""
    names = [name for name, stage in config.active_stages if "heatmap" in stage.parts and "sign" not in stage.parts]
    if network.sign_stage is not None and names:
        print(
            f"note: the weights tell presence and side; the stages {', '.join(names)} train the features that they are read "
            "from, and not the part sign: val_presence_... and val_handedness_... say what becomes of them"
        )


def check_outputs(name: str, stage: StageConfig, loss: CompositeLoss, network: HandNet, template: HandTemplate) -> None:
    """Computes a stage's losses once of zeros, so that a later stage's mistake is not found after hours of an earlier one.

    Args:
        name: of the stage.
        stage: its config.
        loss: its losses.
        network: whose outputs they are to judge, or those of the part that runs in the stage.
        template: the hand, which says how many vertices true meshes have.

    Raises:
        ValueError: a loss is of an output that the stage does not give.
    """
    kind = kind_of(stage, network)
    outputs = forward_of(network, kind).output
    outputs = {"joints_uvd_mesh": outputs} if kind == "pose" else dict(outputs)
    pred = {key: np.zeros((1, *value.shape[1:]), np.float32) for key, value in outputs.items()}
    points = {key: np.zeros((1, template.num_vertices, 3), np.float32) for key in ("vertices_uvd", "pseudo_vertices_uvd")}
    depth_map, present = np.zeros((1, 4, 4), np.float32), np.ones(1, np.float32)
    true = {"joints_uvd": np.zeros((1, NUM_JOINTS, 3), np.float32), "camera": np.ones((1, CAMERA_SIZE), np.float32), **points}
    true |= {"depth_map": depth_map, "present": present, "known_side": present}
    if "vertices_uvd" in pred:  # rendered from them
        pred |= {"depth_map": depth_map, "surface_uv": np.zeros((1, 4, 4, 2), np.float32)}
    try:
        loss(true, pred)
    except ValueError as error:
        raise ValueError(f"stages.{name}.losses: not for parts {stage.parts} of preset {network.preset.name!r}: {error}") from None


def options_of_losses(name: str, stage: StageConfig, others: OthersConfig | None) -> dict[str, dict[str, Any]]:
    """A stage's `loss_options`, with the `share` of presence and handedness that crops of other things have.

    Args:
        name: of the stage.
        stage: its config.
        others: how many crops show something else.

    Raises:
        ValueError: the config gives another share, whose network would lean to one answer.
    """
    options = dict(stage.loss_options)
    for loss, share in (others.label_shares if others is not None else {}).items():
        if loss not in stage.losses or not 0 < share < 1:  # with one answer alone there is nothing to balance
            continue
        given = options.get(loss, {}).get("share", share)
        if abs(given - share) > 0.005:
            raise ValueError(
                f"stages.{name}.loss_options.{loss}.share: expected {share:.3f}, as data.others has it, got {given}; it may "
                "be left out"
            )
        options[loss] = {"share": share, **options.get(loss, {})}
    return options


def check_signs(config: Config, losses: Mapping[str, CompositeLoss]) -> bool:
    """Whether a stage trains the network to say if there is a hand and of which side.

    Raises:
        ValueError: one does, and the preset, the stage's parts or the data are not for it; or the part is trained without
            its losses.
    """
    stages = dict(config.active_stages)
    with_signs = [name for name, loss in losses.items() if "signs" in loss.supervision]
    for name in stages:
        if (name in with_signs) != ("sign" in stages[name].parts):
            raise ValueError(
                f"stages.{name}: expected the losses presence or handedness together with the part sign, "
                f"got parts {stages[name].parts} and losses {list(losses[name].weights)}"
            )
    if with_signs and get_preset(config.preset).signs is None:
        raise ValueError(f"preset: expected one with signs for the losses of stage {with_signs[0]!r}, got {config.preset!r}")
    if with_signs and config.data.others is None:
        raise ValueError(f"data.others: expected shares for the losses of stage {with_signs[0]!r}, got null")
    return bool(with_signs)

"""Everything that a killed run needs to go on as if nothing had happened, in one file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from tfhand.io import atomic_path

SUFFIX = ".safetensors"


@dataclass
class Progress:
    """Where a run stands. Batches are a pure function of stage and step, so this is the data's position too.

    Args:
        stage: index of the stage among those that have steps; their number when the run is complete.
        step: steps done in the stage.
        total_step: steps done in the run.
        seconds: time spent training so far, over all sittings.
        depth_axis: what the network's depths run along; checkpoints of before there was a choice have the optical axis.
    """

    stage: int = 0
    step: int = 0
    total_step: int = 0
    seconds: float = 0.0
    depth_axis: str = "camera"


class CheckpointFolder:
    """The last few checkpoints of a run, each a file that is whole or not there.

    Args:
        folder: made at the first save.
        keep: how many to keep.
    """

    def __init__(self, folder: Path, keep: int = 2):
        self.folder = folder
        self.keep = keep

    def paths(self) -> list[Path]:
        """The checkpoints, oldest first."""
        return sorted(self.folder.glob(f"step-*{SUFFIX}"))

    def latest(self) -> Path | None:
        """The newest checkpoint, if there is any."""
        paths = self.paths()
        return paths[-1] if paths else None

    def save(self, progress: Progress, groups: Mapping[str, Iterable[Any]]) -> Path:
        """Writes a checkpoint and removes the oldest beyond `keep`.

        Args:
            progress: where the run stands.
            groups: variables by group, such as network, average, optimizer.

        Returns:
            Its path.
        """
        tensors = {
            f"{group}/{index:05d}": np.array(keras.ops.convert_to_numpy(variable), order="C")
            for group, variables in groups.items()
            for index, variable in enumerate(variables)
        }
        path = self.folder / f"step-{progress.total_step:08d}-{progress.stage}{SUFFIX}"
        with atomic_path(path) as temporary:
            save_file(tensors, temporary, metadata={"progress": json.dumps(asdict(progress))})
        for old in self.paths()[: -self.keep]:
            old.unlink()
        return path


def read_progress(path: Path) -> Progress:
    """Where the run stood when a checkpoint was written.

    Raises:
        ValueError: the file is not a checkpoint.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            return Progress(**json.loads(file.metadata()["progress"]))
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a checkpoint of a training run: {error}") from None


def progress_of(checkpoint: Path | None, depth_axis: str) -> Progress:
    """Where a run stands: at its beginning without a checkpoint, else where that says.

    Args:
        checkpoint: the run's newest one, if there is any.
        depth_axis: what the network's depths run along.

    Raises:
        ValueError: it is not a checkpoint, or of a network whose depths run along another axis.
    """
    if checkpoint is None:
        return Progress(depth_axis=depth_axis)
    progress = read_progress(checkpoint)
    if progress.depth_axis != depth_axis:
        raise ValueError(
            f"{checkpoint}: expected a run whose depths run along the axis {depth_axis!r}, got {progress.depth_axis!r}; "
            "begin anew in another folder"
        )
    return progress


def restore(path: Path, groups: Mapping[str, Iterable[Any]]) -> None:
    """Sets variables to what a checkpoint holds.

    Args:
        path: a checkpoint.
        groups: the same groups of variables, in the same order, as were saved; others in the file are left alone.

    Raises:
        ValueError: the variables of a group differ in number or shape from those saved.
    """
    with safe_open(path, framework="numpy") as file:
        keys = set(file.keys())
        for group, variables in groups.items():
            variables = list(variables)
            saved = sum(key.startswith(f"{group}/") for key in keys)
            if saved != len(variables):
                raise ValueError(
                    f"{path}: expected {len(variables)} variables of the {group}, got {saved}; it is of another model"
                )
            for index, variable in enumerate(variables):
                value, shape = file.get_tensor(f"{group}/{index:05d}"), tuple(variable.shape)
                if value.shape != shape:
                    raise ValueError(f"{path}: expected shape {shape} for {group} variable {index}, got {value.shape}")
                variable.assign(value)

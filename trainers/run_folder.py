"""The folder of a run: what lies where, and a page that says so."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from tfhand.io import atomic_path, make_folder
from trainers.checkpoint import CheckpointFolder
from trainers.config import TrainConfig
from trainers.config_file import config_to_dict, differences, save_config

PACKAGES = ("tfhand", "tensorflow", "keras", "jax", "numpy", "opencv-python-headless", "safetensors", "array-record")

README = """# {title}

A training run of tfhand: preset `{preset}`, stages {stages}, seed {seed}.

| what | where |
| --- | --- |
| the config as it was resolved, defaults and overrides included | `config.yaml` |
| versions, processor, kernels, commit, command | `environment.json` (one entry a sitting) |
| losses, learning rate, speed and validation errors by step | `log.csv`, `curves.png` and `tensorboard/` |
| validation pictures: photograph, ground truth, prediction | `pictures/` |
| averaged weights at the last validation, in the end the result | `{weights}` |
| what resuming needs (weights, optimizer, averages, position) | `checkpoints/` |
| hands that were rendered for this run, pseudo meshes that were computed for it, if any | `data/` |
| which pseudo meshes it is trained on, if any: those of the weights that it began with, and of no others | `pseudo_meshes.txt` |
| the batch that made the loss infinite or not a number, if one did | `bad_batch.npz` |

Continue after an interruption (the same command as at the start; it finds the last checkpoint itself):

    {command}

Watch:

    tensorboard --logdir {folder}/tensorboard

Evaluate:

    python -m trainers.evaluate --dataset {dataset} \\
        --preset {preset} --weights {folder}/{weights} --out {folder}/evaluation
"""


class RunFolder:
    """Paths of a run's files.

    Args:
        path: the folder; made by `open`.
        weights_name: file name of the exported weights.
    """

    def __init__(self, path: str | Path, weights_name: str = "weights.safetensors"):
        self.path = Path(path)
        self.weights = self.path / weights_name
        self.config = self.path / "config.yaml"
        self.environment = self.path / "environment.json"
        self.log = self.path / "log.csv"
        self.curves = self.path / "curves.png"
        self.tensorboard = self.path / "tensorboard"
        self.pictures = self.path / "pictures"
        self.data = self.path / "data"
        self.pseudo_meshes = self.path / "pseudo_meshes.txt"
        self.bad_batch = self.path / "bad_batch.npz"
        self.readme = self.path / "README.md"
        self.checkpoints = self.path / "checkpoints"

    def open(self, config: TrainConfig, module: str) -> Path | None:
        """Starts a run in the folder or finds where to continue the one that is there.

        Args:
            config: the run's resolved config.
            module: the trainer's name, such as `trainers.fully_supervised`.

        Returns:
            The checkpoint to continue from, if there is one.

        Raises:
            ValueError: the folder holds a run with another config, or anything at all when `config.resume` is never.
            OSError: it can't be made, or is something else than a folder.
        """
        if config.resume == "never" and self.path.is_dir() and any(self.path.iterdir()):
            raise ValueError(
                f"out: {self.path} is not empty; give another folder, or --resume auto to continue the run in it"
            )
        checkpoint = CheckpointFolder(self.checkpoints).latest()
        if checkpoint is not None:
            changed = differences(yaml.safe_load(self.config.read_text(encoding="utf-8")), config_to_dict(config))
            if changed:
                raise ValueError(
                    f"out: {self.path} holds a run with another config; give another folder, or the same config to "
                    "continue it. It differs in\n  " + "\n  ".join(changed)
                )
        make_folder(self.path, "out")
        if checkpoint is None:
            self.pseudo_meshes.unlink(missing_ok=True)
        save_config(config, self.config)
        self._add_environment()
        with atomic_path(self.readme) as temporary:
            temporary.write_text(self._describe(config, module), encoding="utf-8")
        return checkpoint

    def _add_environment(self) -> None:
        sittings = json.loads(self.environment.read_text(encoding="utf-8")) if self.environment.exists() else []
        with atomic_path(self.environment) as temporary:
            temporary.write_text(json.dumps([*sittings, describe_environment()], indent=1) + "\n", encoding="utf-8")

    def _describe(self, config: TrainConfig, module: str) -> str:
        stages = [f"`{name}` ({stage.steps} steps of {stage.batch_size})" for name, stage in config.active_stages]
        command = f"python -m {module} --config {self.config}"
        dataset, data_dir = config.evaluation_set
        return README.format(
            title=self.path.name,
            preset=config.preset,
            stages=", ".join(stages),
            seed=config.seed,
            weights=self.weights.name,
            folder=self.path,
            command=command if config.resume == "auto" else f"{command} --resume auto",
            dataset=dataset if data_dir is None else f"{dataset} --data-dir {data_dir}",
        )


def describe_environment() -> dict[str, Any]:
    """Versions, processor, kernels, commit and command of this process, for the record."""
    import keras

    from tfhand.layers import kernels

    return {
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "backend": keras.backend.backend(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "num_processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "compiled_kernels": kernels.enabled() is not None,
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
        "commit": _commit(),
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _commit() -> str | None:
    """The commit of the code, with `+` when tracked files differ from it; None outside a repository."""
    root = Path(__file__).resolve().parents[1]

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(root), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None

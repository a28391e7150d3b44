"""Configs from YAML and the command line, and back.

Unknown keys and wrong types are errors; the message lists the keys that exist.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
import sys
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from jsonargparse import ArgumentError, ArgumentParser

from tfhand.io import atomic_path
from trainers.config import StageConfig, TrainConfig

#: Fields that may differ between a run and its continuation: they change no number of the training by more than rounding.
#: (Where crops without a hand are in the batches, or devices don't divide them evenly, other `devices` weigh samples a little
#: differently: each divides by its own.)
FREE_TO_CHANGE = frozenset(
    {"out", "resume", "checkpoint_every", "keep_checkpoints", "validate_every", "log_every", "num_pictures"}
    | {"compiled_kernels", "devices", "threads", "data.workers", "data_dir", "pseudo_meshes"}
    | {"data.validation", "data.num_validation"}
)

Config = TypeVar("Config", bound=TrainConfig)


def load_config(
    config_class: type[Config], default: Path, arguments: Sequence[str] | None = None, description: str | None = None
) -> Config:
    """Fills `config_class` from `--config FILE` (or `default`) and the overrides on the command line.

    Args:
        config_class: the dataclass to fill.
        default: the YAML file that is read when no `--config` is given.
        arguments: command line without the program's name; None takes that of the process.
        description: first lines of `--help`.

    Raises:
        SystemExit: something is unknown, missing or of a wrong type; its message says what, and which keys exist.
    """
    parser = ArgumentParser(description=description, exit_on_error=False)
    parser.add_argument("--config", action="config", help=f"YAML file; {default} when none is given")
    parser.add_class_arguments(config_class, None)
    arguments = _spelled(list(sys.argv[1:] if arguments is None else arguments), config_class)
    only_config = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    only_config.add_argument("--config", type=Path)
    given, arguments = only_config.parse_known_args(arguments)
    file = default if given.config is None else given.config
    arguments, loss_weights = _take_loss_weights(["--config", str(file), *arguments])  # options overrule it wherever it stands
    try:
        content = _read_yaml(file)
        check_keys(config_class, content, str(file))
        _check_stages(arguments, loss_weights, content)
        options = vars(parser.instantiate(parser.parse_args(arguments)))
        options.pop("config")
        return config_class(**options | {"stages": _with_loss_weights(options["stages"], loss_weights)})
    except (ArgumentError, ValueError, OSError) as error:
        message = str(error)
        if "unrecognized arguments" in message or "not accepted" in message:
            message += f". The options are {', '.join(sorted(_option_names(config_class)))}"
        raise SystemExit(f"error: {message}") from None


def check_keys(config_class: type, content: Any, where: str) -> None:
    """Compares the keys of a config file with the fields of its dataclass, all the way down.

    Raises:
        ValueError: a key is unknown, or something else stands where keys should; the message names it, its place and
            the keys that exist there.
    """
    if not isinstance(content, dict):
        raise ValueError(f"{where}: expected `key: value` lines, got {type(content).__name__}")
    hints = typing.get_type_hints(config_class)
    for key, value in content.items():
        if key not in hints:
            raise ValueError(f"{where}: unknown key {key!r}; the keys here are {', '.join(sorted(hints))}")
        inner = _dataclass_in(hints[key])
        if inner is None or value is None:
            continue
        if typing.get_origin(hints[key]) is dict:
            if not isinstance(value, dict):
                raise ValueError(f"{where}: {key}: expected an entry for each name, got {type(value).__name__}")
            for name, entry in value.items():
                check_keys(inner, entry, f"{where}: {key}.{name}")
        else:
            check_keys(inner, value, f"{where}: {key}")


def config_to_dict(config: TrainConfig) -> dict[str, Any]:
    """The config as plain values, for YAML and for comparison."""
    return yaml.safe_load(yaml.safe_dump(_plain(dataclasses.asdict(config)), sort_keys=False))  # stages have an order


def save_config(config: TrainConfig, path: Path) -> None:
    """Writes the resolved config as YAML that `--config` reads again."""
    with atomic_path(path) as temporary:
        temporary.write_text(yaml.safe_dump(config_to_dict(config), sort_keys=False), encoding="utf-8")


def differences(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> list[str]:
    """The fields that keep a run from being continued, as `name: old value -> new value`.

    Stages are trained in the order in which they stand, so another order is a difference, too.
    """
    lines = []
    stages, stages_now = list(old.get("stages") or ()), list(new.get("stages") or ())
    if stages != stages_now and sorted(stages) == sorted(stages_now):
        lines.append(f"order of stages: {', '.join(stages)} -> {', '.join(stages_now)}")
    for key in sorted(old.keys() | new.keys()):
        name = prefix + key
        if name in FREE_TO_CHANGE:
            continue
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            lines += differences(before, after, f"{name}.")
        elif before != after:
            lines.append(f"{name}: {before} -> {after}")
    return lines


def _spelled(arguments: list[str], config_class: type) -> list[str]:
    """Lets options be spelled with hyphens, `--data-dir`, and switches stand alone, `--with-3d-pose`."""
    switches = {f"--{key}" for key, hint in typing.get_type_hints(config_class).items() if hint is bool}
    spelled = []
    for place, argument in enumerate(arguments):
        if argument.startswith("--"):
            name, equals, value = argument.partition("=")
            words = name[2:].split(".")
            own = 2 if words[0] == "stages" else 0  # a stage's name is as its file has it
            argument = "--" + ".".join([*words[:own], *(word.replace("-", "_") for word in words[own:])]) + equals + value
            following = arguments[place + 1 : place + 2]
            if argument in switches and (not following or following[0].startswith("-")):
                argument += "=true"
        spelled.append(argument)
    return spelled


def _check_stages(arguments: list[str], loss_weights: dict[tuple[str, str], str], content: dict[str, Any]) -> None:
    """Stages on the command line are ones of the file: of a new one, jsonargparse would say what it lacks."""
    there = content.get("stages") or {}
    matches = [re.match(r"--stages\.([^.=]+)[.=]", argument) for argument in arguments]
    for name in (*(match[1] for match in matches if match), *(stage for stage, _ in loss_weights)):
        if name not in there:
            raise ValueError(f"stages: unknown stage {name!r}; there are {', '.join(there)}")


def _take_loss_weights(arguments: list[str]) -> tuple[list[str], dict[tuple[str, str], str]]:
    """Takes `--stages.STAGE.losses.LOSS=WEIGHT` out of a command line: jsonargparse knows no dict in a dict."""
    pattern = re.compile(r"--stages\.([^.=]+)\.losses\.(\w+)=(.*)")
    matches = [pattern.fullmatch(argument) for argument in arguments]
    rest = [argument for argument, match in zip(arguments, matches, strict=True) if match is None]
    return rest, {(match[1], match[2]): match[3] for match in matches if match is not None}


def _with_loss_weights(stages: dict[str, StageConfig], weights: dict[tuple[str, str], str]) -> dict[str, StageConfig]:
    stages = dict(stages)
    for (name, loss), weight in weights.items():
        try:
            losses = {**stages[name].losses, loss: float(weight)}
        except ValueError:
            raise ValueError(f"stages.{name}.losses.{loss}: expected a number, got {weight!r}") from None
        stages[name] = dataclasses.replace(stages[name], losses=losses)
    return stages


def _read_yaml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        there = sorted(str(file) for file in path.parent.glob("*.yaml")) if path.parent.is_dir() else []
        raise ValueError(f"no config file {path}" + (f"; there are {', '.join(there)}" if there else ""))
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is not YAML: {error}") from None


def _dataclass_in(hint: Any) -> type | None:
    """The dataclass that a type such as `X`, `X | None`, `dict[str, X]` is about, if any."""
    for candidate in (hint, *typing.get_args(hint)):
        if dataclasses.is_dataclass(candidate):
            return candidate
    return None


def _option_names(config_class: type, prefix: str = "--") -> list[str]:
    names = []
    for key, hint in typing.get_type_hints(config_class).items():
        inner = _dataclass_in(hint)
        if inner is None:
            names.append(prefix + key)
        else:
            middle = ".NAME." if typing.get_origin(hint) is dict else "."
            names += _option_names(inner, f"{prefix}{key}{middle}")
    return names


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return str(value) if isinstance(value, Path) else value

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from trainers.config import OptimizerConfig, StageConfig, TrainConfig
from trainers.config_file import config_to_dict, differences, load_config, save_config
from trainers.weak_config import WeakConfig

CONFIGS = Path(__file__).parents[2] / "configs"
MINIMAL = "stages: {full: {steps: 3, losses: {pose: 1}}}\n"


@pytest.fixture
def load(tmp_path):
    def load(text: str, *arguments: str) -> TrainConfig:
        path = tmp_path / "config.yaml"
        path.write_text(text)
        return load_config(TrainConfig, path, list(arguments))

    return load


@pytest.mark.parametrize("path", sorted(CONFIGS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_configs_load_and_round_trip(path, tmp_path):
    kind = WeakConfig if "trainers.weak" in path.read_text() else TrainConfig  # its header has the command
    config = load_config(kind, path, [])
    save_config(config, tmp_path / "saved.yaml")
    again = load_config(kind, tmp_path / "saved.yaml", [])
    assert again == config
    assert list(again.stages) == list(config.stages)  # equality of dicts says nothing of the order of training
    assert differences(config_to_dict(config), config_to_dict(again)) == []
    stages = config_to_dict(config)["stages"]
    turned = config_to_dict(config) | {"stages": dict(reversed(stages.items()))}
    expected = [f"order of stages: {', '.join(stages)} -> {', '.join(reversed(stages))}"] if len(stages) > 1 else []
    assert differences(config_to_dict(config), turned) == expected


def test_config_option_replaces_the_default_file(load, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text(MINIMAL + "seed: 5\n")
    assert load("seed: 1\n" + MINIMAL, "--config", str(other)).seed == 5
    assert load(MINIMAL, "--seed=3", f"--config={other}").seed == 3  # an option overrules the file that comes after it


def test_overrides(load):
    config = load(
        MINIMAL,
        "--seed=3",
        "--stages.full.steps=7",
        "--stages.full.optimizer.learning_rate=0.5",
        "--stages.full.losses.edge=2.5",
        "--stages.full.losses.pose=0",
        "--data.augmentation.rotation_deg=10",
    )
    assert config.seed == 3
    assert config.stages["full"].steps == 7
    assert config.stages["full"].optimizer.learning_rate == 0.5
    assert config.stages["full"].losses == {"pose": 0.0, "edge": 2.5}
    assert config.data.augmentation.rotation_deg == 10


def test_names_of_stages_are_as_the_file_has_them(load):
    text = MINIMAL.replace("full:", "fine-tune:")
    assert text != MINIMAL
    config = load(text, "--stages.fine-tune.steps", "7", "--stages.fine-tune.losses.edge=2", "--log-every=3")
    assert config.stages["fine-tune"].steps == 7 and config.stages["fine-tune"].losses["edge"] == 2.0
    assert config.log_every == 3


def test_augmentation_can_be_turned_off(load):
    assert load(MINIMAL + "data: {augmentation: null}\n").data.augmentation is None


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        (MINIMAL + "sed: 3\n", (), "unknown key 'sed'; the keys here are checkpoint_every, compiled_kernels, data,.* seed"),
        ("stages: {full: {stepz: 3}}\n", (), "stages.full: unknown key 'stepz'.* losses, .*steps"),
        (MINIMAL + "data: {trian: x}\n", (), "unknown key 'trian'.* train"),
        ("stages: {full: {steps: 3, losses: {}, optimizer: {lr: 3}}}\n", (), "unknown key 'lr'.* learning_rate"),
        (MINIMAL, ("--sed=3",), "unrecognized arguments: --sed=3. The options are .*--seed"),
        (MINIMAL, ("--stages.full.stepz=3",), "stepz.*The options are .*--stages.NAME.steps"),
        (MINIMAL, ("--stages.fool.losses.pose=3",), "unknown stage 'fool'; there are full"),
        (MINIMAL, ("--stages.ful.steps", "3"), "unknown stage 'ful'; there are full"),
        (MINIMAL, ("--data.augmentation.rotation_deg=-5",), "rotation_deg: expected at least 0, got -5"),
        (MINIMAL, ("--data.augmentation.scale=[1.2, 0.85]",), "(?s)scale: expected two numbers above 0, the smaller one first"),
        (MINIMAL, ("--data.augmentation.erase_probability=1.5",), "erase_probability: expected 0..1, got 1.5"),
        (MINIMAL, ("--data.augmentation.photometric.hue_deg=-1",), "hue_deg: expected at least 0, got -1"),
        (MINIMAL, ("--stages.full.losses.pose=much",), "expected a number, got 'much'"),
        (MINIMAL + "seed: much\n", (), '(?s)"seed".*int'),
        (MINIMAL, ("--stages.full.steps=1.5",), "(?s)steps.*int"),
        (MINIMAL, ("--precision=float8",), "(?s)precision.*mixed_bfloat16"),
        (MINIMAL, ("--stages.full.parts=[nose]",), "(?s)parts.*heatmap"),
        (MINIMAL, ("--stages.full.steps=-1",), "stages.full.steps: expected at least 0, got -1"),
        (MINIMAL, ("--stages.full.steps=0",), "stages: expected at least one with steps"),
        (MINIMAL, ("--ema_decay=1",), "ema_decay: expected"),
        (MINIMAL, ("--devices=-1",), "devices: expected at least 0, got -1"),
        (MINIMAL, ("--threads=-2",), "threads: expected at least 0, got -2"),
        (MINIMAL, ("--num_pictures=-1",), "num_pictures: expected at least 0, got -1"),
        (MINIMAL, ("--data.workers=0",), "data.workers: expected at least 1, got 0"),
        (MINIMAL, ("--data.num_samples=-5",), "data.num_samples: expected at least 0, got -5"),
        (MINIMAL, ("--stages.full.optimizer.clip_norm=-1",), "stages.full.optimizer.clip_norm: expected at least 0"),
        (MINIMAL, ("--stages.full.optimizer.warmup_steps=-3",), "warmup_steps: expected at least 0, got -3"),
        (MINIMAL, ("--config=missing.yaml",), "no config file missing.yaml"),
        ("seed: 3\n", (), "stages"),
        ("- 3\n", (), "expected `key: value` lines"),
        ("stages: [full]\n", (), "config.yaml: stages: expected an entry for each name, got list"),
        ("a: [\n", (), "is not YAML"),
    ],
)
def test_mistakes_are_named(load, text, arguments, message):
    with pytest.raises(SystemExit, match=message):
        load(text, *arguments)


def test_differences_leave_out_what_changes_no_number():
    one = TrainConfig(stages={"full": StageConfig(steps=3, losses={"pose": 1.0})})
    other = dataclasses.replace(one, out="elsewhere", validate_every=300, data=dataclasses.replace(one.data, workers=7))
    assert differences(config_to_dict(one), config_to_dict(other)) == []
    stage = dataclasses.replace(one.stages["full"], optimizer=OptimizerConfig(learning_rate=0.5))
    other = dataclasses.replace(one, stages={"full": stage}, seed=4)
    assert differences(config_to_dict(one), config_to_dict(other)) == [
        "seed: 0 -> 4",
        "stages.full.optimizer.learning_rate: 0.001 -> 0.5",
    ]


@pytest.mark.parametrize(
    ("parts", "kind"),
    [(["heatmap"], "heatmap"), (["pose"], "pose"), (["mesh"], "full"), (["heatmap", "mesh", "pose"], "full")],
)
def test_kind_follows_from_the_parts(parts, kind):
    assert StageConfig(steps=1, losses={"pose": 1.0}, parts=parts).kind == kind

"""Training presence and handedness: what is taught by which crops, and configs that do not go together."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from toy import OCTAHEDRON, SIZE, Hands, ToyNet

from tfhand.data import BatchSource, crop
from tfhand.data.others import OthersConfig
from tfhand.data.sign_views import negative_crop
from tfhand.losses import CompositeLoss
from trainers.config import DataConfig, StageConfig, TrainConfig
from trainers.evaluation.runner import predict
from trainers.evaluation.signs import SignMeter
from trainers.model import TrainingModel
from trainers.session import check_signs, options_of_losses

LOSSES = {"heatmap_cross_entropy": 1.0, "vertex_l1": 1.0, "presence": 0.5, "handedness": 0.5}
STAGE = StageConfig(steps=3, losses=LOSSES, parts=["heatmap", "mesh", "pose", "sign"])
CONFIG = TrainConfig(stages={"all": STAGE}, data=DataConfig(others=OthersConfig()))


def trained(network: ToyNet, parts: list[str], others: OthersConfig, losses: dict = LOSSES) -> set[str]:
    """Which of the network's parts a step moves."""
    source = BatchSource(Hands(), 8, SIZE, others=others)
    model = TrainingModel(network, None, CompositeLoss(losses, OCTAHEDRON), "full", parts)
    model.compile(optimizer="sgd")
    before = {part: [np.asarray(w).copy() for layer in network.stage_layers(part) for w in layer.trainable_weights] for part in
              ("heatmap", "mesh", "sign")}  # fmt: skip
    images, labels = source[0]
    model.train_on_batch({"image": images, **labels}, labels)
    after = {part: [np.asarray(w).copy() for layer in network.stage_layers(part) for w in layer.trainable_weights] for part in before}
    return {part for part in before if any((a != b).any() for a, b in zip(before[part], after[part], strict=True))}


def test_only_the_part_that_is_asked_for_moves() -> None:
    assert trained(ToyNet(signs=True), ["sign"], OthersConfig(0.3, 0.3)) == {"sign"}
    assert trained(ToyNet(signs=True), ["heatmap", "mesh", "sign"], OthersConfig(0.3, 0.3)) == {"heatmap", "mesh", "sign"}


def test_crops_without_a_hand_teach_no_mesh() -> None:
    """The mesh has no part in the signs, so nothing moves it where no crop shows a known hand."""
    parts = ["heatmap", "mesh", "pose", "sign"]
    assert trained(ToyNet(signs=True), parts, OthersConfig(1.0, 0.0)) == {"heatmap", "sign"}
    assert trained(ToyNet(signs=True), parts, OthersConfig(0.0, 1.0)) == {"heatmap", "sign"}


def test_evaluated_figures_against_a_loop() -> None:
    network, hands = ToyNet(signs=True), Hands(7)

    def logits(image: np.ndarray) -> np.ndarray:
        return np.asarray(network.predict_on_batch(image[None].astype(np.float32) / 255)["sign_logits"])[0]

    seen, known, likelier = [], [], []
    for index in range(7):
        image = crop(hands[index], SIZE)["image"]
        plain, mirrored = logits(image), logits(image[:, ::-1])
        empty = logits(negative_crop(hands[index], index, SIZE, "right", None))
        seen += [((plain[0] > 0).astype(float) + (mirrored[0] > 0)) / 4 + (empty[0] <= 0) / 2]
        known += [((plain[1] > 0).astype(float) + (mirrored[1] <= 0)) / 2]
        likelier.append(plain[1] > mirrored[1])
    meter = SignMeter(network, None)
    for start in range(0, 7, 3):
        samples = [hands[index] for index in range(start, min(start + 3, 7))]
        images = np.stack([crop(sample, SIZE)["image"] for sample in samples])
        meter.add(samples, start, images, predict(network, images))
    figures = meter.figures()
    assert figures["presence_accuracy"] == pytest.approx(np.mean(seen))
    assert figures["handedness_accuracy"] == pytest.approx(np.mean(known))
    assert figures["handedness_accuracy_two_looks"] == pytest.approx(np.mean(likelier))


def test_losses_know_how_often_crops_show_what() -> None:
    others = OthersConfig(negatives=0.2, mirrored=0.3)
    labels = [BatchSource(Hands(400), 400, SIZE, others=others)[0][1][name] for name in ("present", "known_side")]
    found = options_of_losses("all", STAGE, others)
    assert found["presence"]["share"] == pytest.approx(labels[0].mean(), abs=0.06)
    assert found["handedness"]["share"] == pytest.approx(labels[1][labels[0] > 0].mean(), abs=0.08)
    given = dataclasses.replace(STAGE, loss_options={"presence": {"share": 0.8}, "handedness": {"share": 0.626}})
    assert options_of_losses("all", given, others) == given.loss_options
    assert options_of_losses("all", given, None) == given.loss_options
    assert options_of_losses("all", STAGE, OthersConfig(0.0, 0.3)) == {"handedness": {"share": pytest.approx(0.7)}}
    with pytest.raises(ValueError, match=r"stages\.all\.loss_options\.presence\.share: expected 0\.900, .* got 0\.8"):
        options_of_losses("all", given, OthersConfig(negatives=0.1, mirrored=0.3))


def losses_of(config: TrainConfig) -> dict[str, CompositeLoss]:
    return {name: CompositeLoss(stage.losses, OCTAHEDRON) for name, stage in config.active_stages}


def test_configs_say_whether_signs_are_trained() -> None:
    assert check_signs(CONFIG, losses_of(CONFIG))
    plain = TrainConfig(stages={"all": StageConfig(steps=1, losses={"pose": 1.0})})
    assert not check_signs(plain, losses_of(plain))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": DataConfig()}, "data.others: expected shares for the losses of stage 'all', got null"),
        ({"preset": "hourglass-small"}, "preset: expected one with signs .*got 'hourglass-small'"),
        ({"stages": {"all": dataclasses.replace(STAGE, parts=["mesh"])}}, "stages.all: .*together with the part sign"),
        ({"stages": {"all": dataclasses.replace(STAGE, losses={"pose": 1.0})}}, "stages.all: .*together with the part sign"),
    ],
)
def test_what_does_not_go_together(changes, message) -> None:
    config = dataclasses.replace(CONFIG, **changes)
    with pytest.raises(ValueError, match=message):
        check_signs(config, losses_of(config))

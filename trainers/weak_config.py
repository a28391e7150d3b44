"""What a weakly supervised training run is told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tfhand.data.datasets import get_dataset
from tfhand.losses import get_loss
from trainers.config import InputConfig, StageConfig, TrainConfig, require


@dataclass(frozen=True)
class WeakDataConfig(InputConfig):
    """How the dataset's hands are used.

    Args:
        num_samples: the first so many training hands; 0 takes all.
        depth_size: side of the depth maps that are compared, pixels.
    """

    num_samples: int = 0
    depth_size: int = 32


@dataclass(frozen=True)
class WeakConfig(TrainConfig):
    """A weakly supervised training run.

    Args:
        data: how the dataset's hands are used.
        weights: the pretrained network that is fine-tuned, and that pseudo-ground truth comes from: `default` for the
            shipped weights or a weights file.
        dataset: stb, rhd, freihand, synthetic_target, or another one of `tfhand.data.datasets` with a training split.
        data_dir: its folder; null takes $TFHAND_DATA/NAME, or else ~/tfhand_data/NAME.
        with_3d_pose: use the 3D joints too, by `pose_losses`, and train the pose regressor with the whole network.
        pose_losses: weights of the loss terms that `with_3d_pose` adds to the stages that run the whole network.
        pseudo_meshes: folder of pseudo-ground truth, which runs may share; null keeps it in the run folder.
    """

    data: WeakDataConfig = field(default_factory=WeakDataConfig)
    weights: str | None = "default"
    dataset: str = "synthetic_target"
    data_dir: str | None = None
    with_3d_pose: bool = False
    pose_losses: dict[str, float] = field(default_factory=dict)
    pseudo_meshes: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        info = get_dataset(self.dataset)
        require(info.train_split is not None, "dataset", "one with a training split", self.dataset)
        pretrained = self.weights not in (None, "imagenet")
        require(pretrained, "weights", "`default` or a file of a pretrained network", self.weights)
        require(self.data.depth_size >= 1, "data.depth_size", "at least 1", self.data.depth_size)
        if self.with_3d_pose:
            require(len(self.pose_losses) > 0, "pose_losses", "at least one loss with its weight", self.pose_losses)

    @property
    def active_stages(self) -> list[tuple[str, StageConfig]]:
        """The stages that have steps, in order, with the losses that dataset and `with_3d_pose` call for."""
        return [(name, self._adapted(stage)) for name, stage in super().active_stages]

    @property
    def evaluation_set(self) -> tuple[str, str | None]:
        return self.dataset, self.data_dir

    def _adapted(self, stage: StageConfig) -> StageConfig:
        losses, options = dict(stage.losses), dict(stage.loss_options)
        if not get_dataset(self.dataset).with_depth:
            unknown = {name for name in losses if get_loss(name).supervision == "depth"}
            losses, options = ({k: v for k, v in terms.items() if k not in unknown} for terms in (losses, options))
        parts = stage.parts
        if self.with_3d_pose and stage.kind == "full":
            losses |= self.pose_losses
            parts = [*parts, *({"pose"} - set(parts))]
        return replace(stage, losses=losses, loss_options=options, parts=parts)

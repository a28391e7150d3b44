"""The datasets by name, and opening any of them as samples.

    open_dataset("stb", "stb_folder", "train")[7]           # HandSample
    open_dataset("synthetic", "data/hands", "validation")
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from tfhand.data.dataset_dir import dataset_dir, missing_data
from tfhand.data.freihand import FreiHANDDataset
from tfhand.data.ge_synthetic import GeSyntheticDataset
from tfhand.data.joint_adapters import ADAPTERS, REAL_WORLD_ADAPTER, JointAdapter
from tfhand.data.real_world import RealWorldDataset
from tfhand.data.rhd import RHDDataset
from tfhand.data.sample import HandSample
from tfhand.data.shards import INFO_FILE, PLAN_FILE, ShardedDataset, read_info
from tfhand.data.sources import SOURCES, Source
from tfhand.data.stb import StbDataset

#: Folder within a dataset's own where its shards are kept.
SHARDS_FOLDER = "shards"
#: Of `tfhand.data.convert`: another one where the same files give other records. Shards of another one are refused.
CONVERSION_VERSION = 2


class Samples(Protocol):
    """Random access to samples."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> HandSample: ...


@dataclasses.dataclass(frozen=True)
class DatasetInfo:
    """What there is to know of a dataset.

    Attributes:
        name: in configs and on the command line.
        splits: the names of its splits, in words what they hold.
        evaluation_split: the split that is evaluated unless another is asked for.
        protocols: names in `tfhand.metrics.PROTOCOLS`, the set's usual one first.
        read: (folder or None, split) -> the samples of its own files; None where it consists of shards.
        converts: its files are converted to shards before use; False reads them as they are.
        adapter: from our joints to the set's own; None where they are ours.
        other_mesh: entry of `HandSample.extras` with meshes of another topology, or None.
        with_depth: samples have depth.
        with_meshes: samples have meshes of this project's template.
        world: of rendered hands, the one that they must be of (`tfhand.synthetic.world`); None for any.
    """

    name: str
    splits: dict[str, str]
    evaluation_split: str
    protocols: tuple[str, ...]
    read: Callable[[str | Path | None, str], Samples] | None = None
    converts: bool = True
    adapter: JointAdapter | None = None
    other_mesh: str | None = None
    with_depth: bool = False
    with_meshes: bool = False
    world: str | None = None

    @property
    def source(self) -> Source:
        """Where it comes from."""
        return SOURCES[self.name]

    @property
    def train_split(self) -> str | None:
        """The split to train on, None where the set is for evaluation alone."""
        return "train" if "train" in self.splits else None

    def adapter_for(self, definition: str) -> JointAdapter | None:
        """The adapter for a network of the given joint definition; None where its joints are compared as they are.

        Raises:
            ValueError: the network's joints are another dataset's, which nothing brings to this set's.
        """
        own = "tfhand" if self.adapter is None else self.adapter.name
        if definition == own or (self.adapter is not None and self.adapter.changes_nothing):
            return None
        if definition != "tfhand":
            raise ValueError(
                f"weights: expected a network whose joints are those of tfhand or of this set, got one that was trained "
                f"with the joints of {definition!r}."
            )
        return self.adapter

    def check_split(self, split: str) -> str:
        """The split itself.

        Raises:
            ValueError: no such split; the message lists them.
        """
        if split not in self.splits:
            raise ValueError(f"split: expected one of {', '.join(self.splits)} of {self.name}, got {split!r}.")
        return split


def _read_stb(data_dir: str | Path | None, split: str) -> StbDataset:
    cameras = ("bb_left", "bb_right") if split.endswith("_bb") else ("sk",)
    return StbDataset(data_dir, split.removesuffix("_bb"), cameras)


def _read_rhd(data_dir: str | Path | None, split: str) -> RHDDataset:
    return RHDDataset(data_dir, {"train": "training", "test": "evaluation"}[split])


def _read_freihand(data_dir: str | Path | None, split: str) -> FreiHANDDataset:
    return FreiHANDDataset(data_dir, {"train": "training", "test": "evaluation"}[split], meshes=split == "test")


def _read_real_world(data_dir: str | Path | None, split: str) -> RealWorldDataset:
    del split
    return RealWorldDataset(data_dir)


_RENDERED = {"train": "rendered for training", "validation": "viewpoints, shapes and backgrounds of its own"}

#: The datasets by name.
DATASETS: dict[str, DatasetInfo] = {
    info.name: info
    for info in (
        DatasetInfo("synthetic", _RENDERED, "validation", ("ge",), with_depth=True, with_meshes=True),
        DatasetInfo("synthetic_target", _RENDERED, "validation", ("ge",), with_depth=True, with_meshes=True, world="target"),
        DatasetInfo(
            "real_world",
            {"test": "583 photographs"},
            "test",
            ("ge",),
            _read_real_world,
            converts=False,
            adapter=REAL_WORLD_ADAPTER,
        ),
        DatasetInfo(
            "stb",
            {
                "train": "B2 to B6, SK colour camera, 15,000",
                "test": "B1, SK colour camera, 3,000: the images of Ge et al.",
                "train_bb": "B2 to B6, both Bumblebee cameras, 30,000, no depth",
                "test_bb": "B1, both Bumblebee cameras, 6,000, no depth: the images of Zimmermann and Brox",
            },
            "test",
            ("ge", "zimmermann-brox"),
            _read_stb,
            adapter=ADAPTERS["stb"],
            with_depth=True,
        ),
        DatasetInfo(
            "rhd",
            {"train": "training, 41,258", "test": "evaluation, 2,728"},
            "test",
            ("zimmermann-brox", "ge"),
            _read_rhd,
            adapter=ADAPTERS["rhd"],
            with_depth=True,
        ),
        DatasetInfo(
            "freihand",
            {"train": "training, 130,240", "test": "evaluation, 3,960"},
            "test",
            ("freihand", "ge", "zimmermann-brox"),
            _read_freihand,
            adapter=ADAPTERS["freihand"],
            other_mesh="mano_vertices_mm",
        ),
        DatasetInfo(
            "ge_synthetic",
            {"train": "21 cameras, 315,000", "validation": "cam06, cam12, cam20 and cam21, 60,000"},
            "validation",
            ("ge",),
            GeSyntheticDataset,
            adapter=REAL_WORLD_ADAPTER,  # the authors' joints in all of their sets
            other_mesh="ge_vertices_mm",
        ),
    )
}


def get_dataset(name: str) -> DatasetInfo:
    """The dataset called `name`.

    Raises:
        ValueError: unknown name; the message lists the known ones.
    """
    if name not in DATASETS:
        raise ValueError(f"dataset: expected one of {', '.join(DATASETS)}, got {name!r}.")
    return DATASETS[name]


def open_dataset(
    name: str,
    data_dir: str | Path | None = None,
    split: str = "train",
    with_depth: bool = False,
    with_alpha: bool = True,
    workers: int | None = None,
    progress: bool = True,
    with_hand_alpha: bool = False,
) -> Samples:
    """The samples of a split.

    Shards are taken from the first of these that holds some: `data_dir` itself, `data_dir/SPLIT`,
    `data_dir/shards/SPLIT`. Where none does and the set has files of its own, they are converted to the last one, once
    (`tfhand.data.convert`).

    Args:
        name: of the dataset, in `DATASETS`.
        data_dir: its folder; None for `$TFHAND_DATA/NAME`, or else `~/tfhand_data/NAME`.
        split: of `DATASETS[name].splits`.
        with_depth: read depth maps and the hands' own masks too, where the set has any.
        with_alpha: read alpha masks too, likewise.
        workers: processes that convert; None for as many as there are cores.
        progress: show a bar while they do.
        with_hand_alpha: read the hands' own masks without depth, too.

    Raises:
        ValueError: an unknown dataset or split, damaged files, or a folder with shards of another dataset.
        FileNotFoundError: the data are not there; the one message says what to download and where to put it.
    """
    info = get_dataset(name)
    info.check_split(split)
    shards = find_shards(info, data_dir, split)
    if shards is not None:
        return ShardedDataset(shards, with_depth, with_alpha, with_hand_alpha)
    if info.read is None:
        root = dataset_dir(name, data_dir)
        for folder in (root, root / split):
            if (folder / PLAN_FILE).is_file():
                read_info(folder)  # says that it is half-generated
        raise FileNotFoundError(missing_data(name, data_dir, f"{root} holds no {split}/" if root.is_dir() else None))
    if not info.converts:
        return info.read(data_dir, split)
    from tfhand.data.convert import convert_dataset

    folder = convert_dataset(name, data_dir, split, None, workers, progress=progress)
    return ShardedDataset(folder, with_depth, with_alpha, with_hand_alpha)


def find_shards(info: DatasetInfo, data_dir: str | Path | None, split: str) -> Path | None:
    """The folder of a split's shards, None where there is none.

    Raises:
        ValueError: `data_dir` itself is the shards of another dataset or split.
    """
    root = dataset_dir(info.name, data_dir)
    for folder in (root, root / split, root / SHARDS_FOLDER / split):
        if (folder / INFO_FILE).is_file():
            if info.read is not None:
                check_converted(info, folder, split)
            else:
                check_rendered(folder, split, info.world)
            return folder
    return None


def check_rendered(folder: Path, split: str, world: str | None = None) -> None:
    """Looks whether a folder holds rendered hands that may stand for a split: they do if rendered for it, or for all.

    Args:
        folder: of the shards.
        split: "train" or "validation".
        world: that they must be of (`tfhand.synthetic.world`); None for any.

    Raises:
        ValueError: they are another dataset's, split's or world's.
    """
    config = read_info(folder).get("config") or {}
    if "dataset" in config:
        raise ValueError(f"data_dir: expected rendered hands in {folder}, got shards of {config['dataset']}.")
    if world is not None and config.get("world", "any") != world:
        raise ValueError(f"data_dir: expected hands of world {world!r} in {folder}, got {config.get('world', 'any')!r}.")
    found = config.get("split", "all")
    if found not in ("all", split):
        raise ValueError(f"data_dir: expected hands rendered with --split {split}, or all, in {folder}, got {found!r}.")


def check_converted(info: DatasetInfo, folder: Path, split: str, name: str = "data_dir") -> None:
    """Looks whether a folder of shards is what `tfhand.data.convert` made of a split.

    Raises:
        ValueError: it is of another dataset or split, or by another version; the folder is called `name` in the message.
    """
    found = read_info(folder).get("config") or {}
    wanted = {"dataset": info.name, "split": split}
    other = [f"{key} {found.get(key)!r}" for key in wanted if found.get(key) != wanted[key]]
    if other:
        raise ValueError(f"{name}: expected shards of {info.name}, split {split!r}, in {folder}, got {other[0]}.")
    version = found.get("version")
    if version != CONVERSION_VERSION:
        raise ValueError(
            f"{name}: expected shards of version {CONVERSION_VERSION} in {folder}, got {version}; remove the folder to have "
            "them made again."
        )

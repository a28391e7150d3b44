"""The tensorflow-datasets builders of public sets, on tiny folders as `manual_dir`."""

from __future__ import annotations

import numpy as np
import pytest

tfds = pytest.importorskip("tensorflow_datasets", reason="the extra [beam] is not installed")

from tests.data import stb_set
from tests.data.rendered_hands import rendered_hands
from tests.data.test_freihand import write_set as write_freihand
from tests.data.test_rhd import write_set as write_rhd
from tfhand.constants import SIDES
from tfhand.data import open_dataset
from tfhand.data.builders.hand_freihand import Builder as FreihandBuilder
from tfhand.data.builders.hand_rhd import Builder as RhdBuilder
from tfhand.data.builders.hand_stb import Builder as StbBuilder
from tfhand.data.sources import SOURCES
from tfhand.data.tfds_source import TfdsSource


def write_set(name: str, folder) -> None:
    if name == "stb":
        folder.mkdir()
        for split in ("train", "test"):
            stb_set.write(folder / split, split, cameras=("sk",))
        (folder / "images").mkdir()
        for path in [*folder.glob("*/images/*"), *folder.glob("*/labels/*")]:
            (folder / path.parts[-2]).mkdir(exist_ok=True)
            path.rename(folder / path.parts[-2] / path.name)
    elif name == "rhd":
        for split in ("training", "evaluation"):
            write_rhd(folder, rendered_hands(320, ("right", "left")), split)
    else:
        write_freihand(folder, rendered_hands(224, ("right", "right")))


@pytest.mark.parametrize(("name", "builder"), [("stb", StbBuilder), ("rhd", RhdBuilder), ("freihand", FreihandBuilder)])
def test_samples_are_those_of_the_shards(name, builder, tmp_path) -> None:
    assert builder.name == f"hand_{name}"
    for needed in (SOURCES[name].page, *SOURCES[name].files):
        assert needed in builder.MANUAL_DOWNLOAD_INSTRUCTIONS
    write_set(name, tmp_path / name)
    for split in ("train", "test"):  # once and in this process, for speed
        open_dataset(name, tmp_path / name, split, workers=1, progress=False)
    made = builder(data_dir=tmp_path / "tfds", file_format="array_record")
    config = tfds.download.DownloadConfig(manual_dir=tmp_path / name)
    made.download_and_prepare(download_config=config)
    for split in ("train", "test"):
        shards, source = open_dataset(name, tmp_path / name, split), TfdsSource(made, split, with_depth=True)
        assert len(source) == len(shards) > 1
        found, wanted = ({samples.raw(index) for index in range(len(samples))} for samples in (source, shards))
        assert found == wanted
    example, sample = made.as_data_source("test")[0], source[0]
    np.testing.assert_array_equal(example["joints_mm"], sample.joints_mm)
    np.testing.assert_array_equal(example["image"], sample.image)
    assert SIDES[example["side"]] == sample.side and example["name"].decode() == sample.name
    if name != "freihand":
        np.testing.assert_allclose(example["depth"][..., 0] * made.info.metadata["depth_step_mm"], sample.depth_mm, atol=1e-3)


def test_missing_files_are_told(tmp_path) -> None:
    (tmp_path / "manual" / "other").mkdir(parents=True)
    made = RhdBuilder(data_dir=tmp_path / "tfds")
    with pytest.raises(FileNotFoundError, match="RHD_v1-1.zip"):
        made.download_and_prepare(download_config=tfds.download.DownloadConfig(manual_dir=tmp_path / "manual"))

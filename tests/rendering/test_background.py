"""Backgrounds: same seed same picture, any folder, bad files and folders."""

from __future__ import annotations

import shutil

import cv2
import numpy as np
import pytest

from tfhand.rendering import patterns
from tfhand.rendering.background import BackgroundSource, built_in_photographs

PATTERNS = (patterns.gradient, patterns.clouds, patterns.leaves, patterns.shelves, patterns.planks)


@pytest.fixture()
def folder(tmp_path):
    (tmp_path / "deep").mkdir()
    for index, colour in enumerate(((250, 0, 0), (0, 0, 250))):
        cv2.imwrite(str(tmp_path / "deep" / f"{index}.png"), np.full((90, 120, 3), colour, np.uint8))
    return tmp_path


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("size", [(64, 64), (48, 100), (7, 9)])
def test_patterns(pattern, size):
    first, second = (pattern(np.random.default_rng(4), size) for _ in range(2))
    assert first.shape == (*size, 3) and first.dtype == np.uint8
    np.testing.assert_array_equal(first, second)


def test_same_seed_same_background_whatever_came_before():
    one, other = BackgroundSource(), BackgroundSource()
    other.sample(np.random.default_rng(99), (32, 32))
    for seed in range(12):
        pictures = [source.sample(np.random.default_rng(seed), (64, 48)) for source in (one, other)]
        assert pictures[0].shape == (64, 48, 3) and pictures[0].dtype == np.uint8
        np.testing.assert_array_equal(*pictures)


def test_default_has_photographs_without_download():
    assert len(built_in_photographs()) >= 5
    assert BackgroundSource().num_photographs == len(built_in_photographs())


def test_folders_replace_the_default(folder):
    source = BackgroundSource([folder], photograph_share=1.0)
    assert source.num_photographs == 2
    means = [source.sample(np.random.default_rng(seed), (32, 32)).reshape(-1, 3).mean(axis=0) for seed in range(20)]
    red = sum(mean[0] > 2 * mean[2] for mean in means)
    blue = sum(mean[2] > 2 * mean[0] for mean in means)
    assert red > 3 and blue > 3


def test_other_photographs_have_another_fingerprint_wherever_they_lie(folder, tmp_path):
    first = BackgroundSource([folder]).fingerprint
    moved = shutil.copytree(folder / "deep", tmp_path / "other" / "moved" / "deep").parent
    assert BackgroundSource([moved]).fingerprint == first and first.startswith("2 photographs, ")
    one = next(path for path in sorted(moved.rglob("*.*")) if path.is_file())
    one.write_bytes(one.read_bytes() + b"more")
    other = BackgroundSource([moved]).fingerprint
    assert other != first and other.startswith("2 photographs, ")


def test_unreadable_file_is_counted_and_replaced(folder):
    for path in (folder / "deep").iterdir():
        path.unlink()
    (folder / "broken.jpg").write_bytes(b"no picture")
    source = BackgroundSource([folder], photograph_share=1.0)
    for seed in range(3):
        assert source.sample(np.random.default_rng(seed), (20, 20)).shape == (20, 20, 3)
    assert source.num_unreadable == 1


def test_errors_name_the_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        BackgroundSource([tmp_path / "nowhere"])
    with pytest.raises(ValueError, match="no picture"):
        BackgroundSource([tmp_path])
    with pytest.raises(ValueError, match="photograph_share"):
        BackgroundSource(photograph_share=2)

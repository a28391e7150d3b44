"""The pool of backgrounds: shrinking, near duplicates, clutter from cut-outs, clear errors."""

import cv2
import numpy as np
import pytest

from tfhand.synthetic import collect_backgrounds as pool


def photograph(seed, size=(400, 500)):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (6, 6, 3), dtype=np.uint8)
    return cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_LINEAR)


def cut_out(seed):
    thing = np.zeros((120, 100, 4), np.uint8)
    cv2.circle(thing, (50, 60), 40, (*np.random.default_rng(seed).integers(0, 255, 3).tolist(), 255), -1)
    return thing


@pytest.fixture()
def folders(tmp_path):
    (tmp_path / "photos" / "deep").mkdir(parents=True)
    (tmp_path / "things").mkdir()
    for seed in range(3):
        cv2.imwrite(str(tmp_path / "photos" / "deep" / f"{seed}.png"), photograph(seed))
        cv2.imwrite(str(tmp_path / "things" / f"{seed}.png"), cut_out(seed))
    cv2.imwrite(str(tmp_path / "photos" / "again.jpg"), photograph(1, (800, 1000)))
    cv2.imwrite(str(tmp_path / "photos" / "small.png"), photograph(9, (100, 100)))
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"not a picture")
    return tmp_path


def test_keeps_each_photograph_once_and_composes_clutter(folders):
    out = folders / "pool"
    count = pool.collect([folders / "photos"], out, [folders / "things"], clutter=2, longest=200)
    names = sorted(p.name for p in out.iterdir())
    assert count == len(names) == 5
    assert [n.split("_")[0] for n in names] == ["clutter"] * 2 + ["photograph"] * 3
    assert all(max(cv2.imread(str(p)).shape) == 200 for p in out.iterdir())


def test_a_pool_is_never_mixed_with_another(folders):
    (folders / "pool").mkdir()
    (folders / "pool" / "clutter_0007.jpg").write_bytes(b"of an earlier run")
    with pytest.raises(ValueError, match="out: expected a new or empty folder, got .*pool with files"):
        pool.collect([folders / "photos"], folders / "pool")
    assert [path.name for path in (folders / "pool").iterdir()] == ["clutter_0007.jpg"]


def test_same_seed_same_pool(folders):
    for name in ("a", "b"):
        pool.collect([folders / "photos"], folders / name, [folders / "things"], clutter=2, longest=200, seed=3)
    for path in (folders / "a").iterdir():
        assert path.read_bytes() == (folders / "b" / path.name).read_bytes()


def test_pasting_blends_by_alpha_and_clips_at_the_border():
    scene = np.full((10, 10, 3), 100, np.uint8)
    thing = np.zeros((4, 4, 4), np.uint8)
    thing[..., 0], thing[..., 3] = 200, 255
    thing[0, :, 3] = 0
    pool.paste(scene, thing, -2, 7)
    assert (scene[7] == 100).all()
    assert (scene[8:, :2] == [200, 0, 0]).all()
    assert (scene[:, 2:] == 100).all()


def test_errors_name_what_is_missing(folders):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        pool.collect([folders / "nowhere"], folders / "pool")
    with pytest.raises(ValueError, match="cut-outs"):
        pool.collect([folders / "photos"], folders / "pool", clutter=3)
    (folders / "empty").mkdir()
    with pytest.raises(ValueError, match="no picture"):
        pool.collect([folders / "empty"], folders / "pool")
    assert not (folders / "pool").exists()

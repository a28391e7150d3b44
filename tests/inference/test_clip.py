"""Clips: turned, broken off, at uneven times, and files that are none."""

from __future__ import annotations

import os

import numpy as np
import pytest
from tests.inference.made_up_clips import quarters, turn_clip, write_clip

from tfhand.inference.clip import Clip, clip_writer


def corner_colours(image: np.ndarray) -> np.ndarray:
    """(2, 2, 3) of the quarters' middles, 1 for bright."""
    height, width = image.shape[:2]
    return (image[height // 4 :: height // 2, width // 4 :: width // 2][:2, :2] > 128).astype(int)


def test_frames_and_times(tmp_path) -> None:
    path = write_clip(tmp_path / "a.mp4", [quarters(level=8 * index) for index in range(6)])
    with Clip(path) as clip:
        assert clip.promised_frames == 6 and clip.rate == pytest.approx(25)
        frames = list(clip)
    assert [frame.index for frame in frames] == list(range(6))
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(6) / 25, atol=1e-3)
    for frame in frames:
        assert abs(frame.image[4, 4, 0].astype(int) - (230 - 8 * frame.index)) < 14
        np.testing.assert_array_equal(corner_colours(frame.image), corner_colours(quarters()))


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_phone_clips_come_upright(tmp_path, degrees) -> None:
    # What is stored is the upright picture, turned back.
    stored = np.ascontiguousarray(np.rot90(quarters((48, 64)), degrees // 90))
    path = turn_clip(write_clip(tmp_path / "a.mp4", [stored] * 3), degrees)
    with Clip(path) as clip:
        frames = list(clip)
    assert len(frames) == 3 and frames[0].image.shape == (64, 48, 3)
    np.testing.assert_array_equal(corner_colours(frames[0].image), corner_colours(quarters()))


def test_a_clip_that_breaks_off_gives_the_frames_before(tmp_path, rng) -> None:
    noise = rng.integers(0, 255, (20, 48, 64, 3), dtype=np.uint8)
    path = write_clip(tmp_path / "a.avi", noise, code="MJPG")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * 0.6)])
    with Clip(path) as clip:
        frames = list(clip)
    assert 8 <= len(frames) <= 13


def test_files_that_are_no_clips(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match="none.mp4"):
        Clip(tmp_path / "none.mp4")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        Clip(tmp_path)
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("not a clip" * 100)
    whole = write_clip(tmp_path / "headless.mp4", [quarters()] * 3)
    whole.write_bytes(whole.read_bytes()[:200])  # the index, at the end, is missing
    for name, said in (("empty.mp4", "0 bytes"), ("text.mp4", "not a clip"), ("headless.mp4", "not a clip")):
        with pytest.raises(ValueError, match=f"{name} .*{said}"):
            Clip(tmp_path / name)


def test_clips_are_written_whole_or_not_at_all(tmp_path) -> None:
    with clip_writer(tmp_path / "a.mp4", (64, 48), 12.5) as writer:
        for level in range(4):
            writer.add(quarters(level=level))
        with pytest.raises(ValueError, match="48, 64, 3"):
            writer.add(np.zeros((4, 4, 3), np.uint8))
    with Clip(tmp_path / "a.mp4") as clip:
        assert clip.rate == pytest.approx(12.5) and len(list(clip)) == 4
    with pytest.raises(KeyError), clip_writer(tmp_path / "b.mp4", (64, 48), 25.0) as writer:
        writer.add(quarters())
        raise KeyError
    with pytest.raises(OSError, match="disk full"), clip_writer(tmp_path / "c.mp4", (64, 48), 25.0) as writer:
        writer.add(quarters())
        writer.num_frames += 1  # as if the last frame had found no room
    assert os.listdir(tmp_path) == ["a.mp4"]


@pytest.mark.parametrize("rate", [66.667, 100.111, 233.766])
def test_fast_clips_can_be_written(tmp_path, rate) -> None:
    """Rates whose fractions have no room in MPEG-4 Part 2 are rounded."""
    with clip_writer(tmp_path / "a.mp4", (64, 48), rate) as writer:
        writer.add(quarters())
        writer.add(quarters(level=9))
    with Clip(tmp_path / "a.mp4") as clip:
        assert clip.rate == pytest.approx(round(rate)) and len(list(clip)) == 2


def test_a_clocks_steps_are_no_rate(tmp_path) -> None:
    path = write_clip(tmp_path / "a.avi", [quarters()] * 30, rate=1000.0, code="MJPG")
    with Clip(path) as clip:
        assert clip.rate == 30 and clip.promised_s == pytest.approx(0.03) and clip.promised_frames == 1


def test_an_interrupt_between_a_frame_and_its_count_loses_nothing(tmp_path) -> None:
    with clip_writer(tmp_path / "a.mp4", (64, 48), 25.0) as writer:
        for level in range(3):
            writer.add(quarters(level=level))
        writer.num_frames -= 1  # as if Ctrl-C had come while the last one was written
    with Clip(tmp_path / "a.mp4") as clip:
        assert len(list(clip)) == 3


def test_photographs_turned_by_exif_come_upright(tmp_path) -> None:
    from PIL import Image

    from tfhand.io import read_image

    upright = quarters((48, 64))
    for orientation, turns in ((3, 2), (6, 1), (8, 3)):  # to be turned by 180, 90, 270 degrees clockwise
        exif = Image.Exif()
        exif[0x0112] = orientation
        path = tmp_path / f"{orientation}.jpg"
        Image.fromarray(np.ascontiguousarray(np.rot90(upright, turns))).save(path, exif=exif)
        np.testing.assert_array_equal(corner_colours(read_image(path)), corner_colours(upright))

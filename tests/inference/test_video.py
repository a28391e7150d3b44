"""`tfhand video`: its files, exit status and messages, on made-up clips and on a rendered one with the real network."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from tests.inference.made_up_clips import turn_clip, write_clip
from tests.inference.patch_net import PatchNet, patch_frame
from tests.inference.toys import toy_template

import tfhand.inference
from benchmarks.rendered_frames import FrameRenderer
from tfhand.cli import main
from tfhand.geometry import project
from tfhand.inference import HandEstimator, mediapipe_detector, tracker
from tfhand.inference.clip import Clip
from tfhand.inference.mediapipe_detector import palm_anchors
from tfhand.inference.video import ClipSummary

MOVING = [(60 + 4 * step, 60) for step in range(8)]


@pytest.fixture
def patch_estimator(monkeypatch) -> None:
    estimator = HandEstimator(PatchNet(), toy_template())
    monkeypatch.setattr(tfhand.inference.HandEstimator, "from_preset", lambda *arguments: estimator)


def run(clip, out, *options: str) -> tuple[int, dict]:
    status = main(["video", str(clip), "--out", str(out), "--detector", "scan", *options])
    return status, json.loads((out / f"{clip.stem}.json").read_text())


@pytest.mark.usefixtures("patch_estimator")
def test_writes_a_record_for_every_frame_and_a_video(tmp_path, capsys) -> None:
    clip = write_clip(tmp_path / "a.mp4", [patch_frame(place) for place in MOVING])
    status, content = run(clip, tmp_path / "out", "--vertices")
    assert status == 0 and "a hand in 8 of 8 frames" in capsys.readouterr().out
    assert sorted(os.listdir(tmp_path / "out")) == ["a.json", "a_overlay.mp4"]
    assert (content["width"], content["height"], content["num_frames"]) == (160, 120, 8)
    assert [frame["state"] for frame in content["frames"]] == ["detected"] + ["tracked"] * 7
    assert (content["detected"], content["tracked"], content["lost"]) == (1, 7, 0)
    assert content["assumed"].keys() == {"camera", "hand_scale_mm", "root_depth_mm"}
    for index, frame in enumerate(content["frames"]):
        assert frame["frame"] == index and frame["time_s"] == pytest.approx(index / 25, abs=1e-3)
        assert frame["side"] == "right" and 0 < frame["confidence"] <= 1 and len(frame["box"]) == 4
        assert np.shape(frame["joints_mm"]) == (21, 3) and np.shape(frame["joints_uv"]) == (21, 2)
        assert np.shape(frame["vertices_mm"]) == (4, 3)
    assert np.shape(content["faces"]) == (4, 3)
    with Clip(tmp_path / "out" / "a_overlay.mp4") as video:
        pictures = [frame.image for frame in video]
    assert len(pictures) == 8 and pictures[0].shape == (480, 640 + 480, 3)


@pytest.mark.usefixtures("patch_estimator")
def test_a_clip_without_a_hand(tmp_path, capsys) -> None:
    clip = write_clip(tmp_path / "a.mp4", [patch_frame(None)] * 4)
    status, content = run(clip, tmp_path / "out")
    assert status == 1 and "no hand found in" in capsys.readouterr().err
    assert [frame["state"] for frame in content["frames"]] == ["lost"] * 4
    assert "joints_mm" not in content["frames"][0]


@pytest.mark.usefixtures("patch_estimator")
def test_a_clip_that_breaks_off(tmp_path, rng, capsys) -> None:
    # Noise beside the hand makes all frames about as long.
    noise = rng.integers(0, 100, (40, 120, 32, 3), dtype=np.uint8)
    frames = [np.concatenate([patch_frame(MOVING[place % 8]), beside], axis=1) for place, beside in enumerate(noise)]
    clip = write_clip(tmp_path / "a.avi", frames, code="MJPG")
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) // 2])
    status, content = run(clip, tmp_path / "out", "--no-video")
    assert status == 0 and 14 <= content["num_frames"] <= 24 and os.listdir(tmp_path / "out") == ["a.json"]
    assert "breaks off" in capsys.readouterr().err and content["broke_off"] is True
    _, content = run(clip, tmp_path / "out", "--no-video", "--max-frames", "30")
    assert content["broke_off"] is True and "breaks off" in capsys.readouterr().err
    _, content = run(clip, tmp_path / "out", "--no-video", "--max-frames", "5")
    assert content["broke_off"] is False and "breaks off" not in capsys.readouterr().err
    status, content = run(write_clip(tmp_path / "b.avi", frames, code="MJPG"), tmp_path / "out", "--no-video")
    assert "breaks off" not in capsys.readouterr().err and content["broke_off"] is False


@pytest.mark.parametrize(
    ("frames", "promised", "promised_s", "read_s", "broke_off"),
    [
        (120, 120, 4.006, 4.0, False),
        (120, 179, 6.0, 5.97, False),  # 2 s at 30 and 4 s at 15 frames a second: a length times a rate is no count
        (120, 179, 6.0, 4.0, True),
        (119, 120, 4.0, 3.97, False),
        (120, 0, 0.0, 4.0, False),
    ],
)
def test_a_clip_breaks_off_where_both_frames_and_time_are_missing(frames, promised, promised_s, read_s, broke_off) -> None:
    assert ClipSummary(frames, promised, promised_s, read_s).broke_off is broke_off
    assert not ClipSummary(frames, promised, promised_s, read_s, stopped=True).broke_off


@pytest.mark.usefixtures("patch_estimator")
def test_an_interrupt_before_the_first_frame_leaves_nothing(tmp_path, monkeypatch) -> None:
    clip = write_clip(tmp_path / "a.mp4", [patch_frame((80, 60))] * 2)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(tracker.HandTracker, "__call__", interrupted)
    assert main(["video", str(clip), "--out", str(tmp_path / "out")]) == 130
    assert os.listdir(tmp_path / "out") == []


@pytest.mark.usefixtures("patch_estimator")
def test_portrait_clips_and_given_sides(tmp_path) -> None:
    upright = [patch_frame((60, 90), "left", size=(120, 160))] * 3
    clip = turn_clip(write_clip(tmp_path / "a.mp4", [np.ascontiguousarray(np.rot90(image)) for image in upright]), 90)
    status, content = run(clip, tmp_path / "out", "--no-smoothing")
    assert status == 0 and (content["width"], content["height"]) == (120, 160)
    frame = content["frames"][0]
    assert frame["side"] == "left"
    low, high = np.min(frame["joints_uv"], axis=0), np.max(frame["joints_uv"], axis=0)
    np.testing.assert_allclose((low + high) / 2, [60, 90], atol=5)
    status, content = run(clip, tmp_path / "out", "--side", "right", "--box", "20", "50", "80", "80", "--max-frames", "2")
    assert content["num_frames"] == 2 and {frame["side"] for frame in content["frames"]} == {"right"}


@pytest.mark.usefixtures("patch_estimator")
def test_what_cannot_be_used_is_said(tmp_path, capsys, monkeypatch) -> None:
    clip = write_clip(tmp_path / "a.mp4", [patch_frame((80, 60))] * 2)
    (tmp_path / "text.mp4").write_text("no clip")
    (tmp_path / "file").touch()
    # As where mediapipe is not installed, or comes without its models.
    monkeypatch.setattr(mediapipe_detector, "_models", lambda: None)
    for arguments, said in (
        ([str(tmp_path / "none.mp4"), "--out", str(tmp_path / "out")], "no clip at"),
        ([str(tmp_path / "text.mp4"), "--out", str(tmp_path / "out")], "is not a clip"),
        ([str(clip), "--out", str(tmp_path / "file")], "is a file"),
        ([str(clip), "--out", str(tmp_path / "out"), "--max-frames", "0"], "expected at least 1, got 0"),
        ([str(clip), "--out", str(tmp_path / "out"), "--box", "900", "0", "9", "9"], "overlap the image"),
        ([str(clip), "--out", str(tmp_path / "out"), "--hand-scale-mm", "-1"], "hand_scale_mm: expected a positive length"),
        ([str(clip), "--out", str(tmp_path / "out"), "--camera", "0", "0", "0", "0"], "focal lengths"),
        ([str(clip), "--out", str(tmp_path / "out"), "--fit-rig"], "--fit-rig: expected a network with 999 vertices"),
        ([str(clip), "--out", str(tmp_path / "out"), "--detector", "mediapipe"], "pip install --no-deps mediapipe"),
    ):
        assert main(["video", *arguments]) == 1
        assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists() or os.listdir(tmp_path / "out") == []
    assert main(["video", str(clip), "--out", str(tmp_path / "out")]) == 0  # "auto" then scans


def test_anchors_of_the_palm_detector() -> None:
    expected = []
    for stride, repeats in ((8, 2), (16, 6)):
        cells = 192 // stride
        for row in range(cells):
            for column in range(cells):
                expected += [((column + 0.5) / cells, (row + 0.5) / cells)] * repeats
    assert len(expected) == 2016
    np.testing.assert_allclose(palm_anchors(), expected, atol=1e-7)


def test_the_shipped_network_follows_a_left_hand_that_leaves_and_returns(tmp_path) -> None:
    samples = list(FrameRenderer((320, 240)).clip(3, 16, "left", leave=True))
    clip = write_clip(tmp_path / "a.mp4", [sample.image for sample in samples])
    status, content = run(clip, tmp_path / "out", "--no-video")
    frames = content["frames"]
    assert status == 0 and frames[0]["state"] == "detected" and frames[-1]["state"] != "lost"
    across = [project(sample.joints_mm, sample.intrinsics)[:, 0] for sample in samples]
    inside = [((u > 0) & (u < 320)).mean() for u in across]
    gone = [place for place, share in enumerate(inside) if share == 0]
    assert len(gone) > 2 and all(frames[place]["state"] == "lost" for place in gone[1:])
    for sample, frame, share in zip(samples, frames, inside, strict=True):
        if share == 1 and frame["state"] != "lost":
            assert frame["side"] == "left"
            low, high = np.min(frame["joints_uv"], axis=0), np.max(frame["joints_uv"], axis=0)
            true = sample.box[:2] + sample.box[2:] / 2
            assert np.abs((low + high) / 2 - true).max() < 0.2 * sample.box[2]


def test_every_frame_has_the_rigs_hand(tmp_path) -> None:
    """The tracker follows as without it; joints move a little, and bones' angles are told."""
    samples = list(FrameRenderer((320, 240)).clip(3, 4, "left"))
    clip = write_clip(tmp_path / "a.mp4", [sample.image for sample in samples])
    plain, fitted = (run(clip, tmp_path / "out", *more)[1]["frames"] for more in (["--no-video"], ["--fit-rig"]))
    assert [frame["box"] for frame in plain] == [frame["box"] for frame in fitted]
    assert len(fitted) == 4 and all(frame["state"] != "lost" for frame in fitted)
    for before, after in zip(plain, fitted):
        assert "rig" not in before and len(after["rig"]["angles_deg"]) == 20
        moved = np.linalg.norm(np.subtract(before["joints_mm"], after["joints_mm"]), axis=1)
        assert 0.1 < moved.mean() < 15

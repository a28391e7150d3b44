"""From a clip to its hand: per-frame JSON and a video to look at."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
from tqdm import tqdm

from tfhand.constants import JOINT_NAMES
from tfhand.inference.clip import Clip, ClipWriter, Frame, clip_writer
from tfhand.inference.result import ASSUMPTIONS
from tfhand.inference.rigged import rigged
from tfhand.inference.track_figure import figure_size, track_figure
from tfhand.inference.tracker import STATES, HandTracker, TrackedHand
from tfhand.io import atomic_path

if TYPE_CHECKING:
    from tfhand.mesh import HandTemplate

#: Frames and seconds that a file may be short of what it says before that is worth telling, or a fiftieth of it: some
#: formats only guess.
_SHORT, _SHORT_S = 2, 0.1


@dataclass
class ClipSummary:
    """What became of a clip.

    Attributes:
        num_frames: frames that could be read.
        promised_frames: frames that the file says it has, 0 where it doesn't.
        promised_s, read_s: how long the file says it is, 0 where it doesn't, and when its last frame ended, s.
        states: how many frames were detected, tracked, lost.
        stopped: the user ended it before the clip did.
        files: what was written.
    """

    num_frames: int = 0
    promised_frames: int = 0
    promised_s: float = 0.0
    read_s: float = 0.0
    states: Counter = field(default_factory=Counter)
    stopped: bool = False
    files: list[Path] = field(default_factory=list)

    @property
    def num_with_hand(self) -> int:
        """Frames in which there is a hand."""
        return self.num_frames - self.states["lost"]

    @property
    def broke_off(self) -> bool:
        """Whether frames were missing at the end, more than a format's guess may be wrong by: both their number and the
        time say so. Of frames at uneven times there are fewer than length and rate promise."""
        frames, seconds = self.promised_frames - self.num_frames, self.promised_s - self.read_s
        few = frames > max(_SHORT, self.promised_frames // 50)
        return not self.stopped and few and seconds > max(_SHORT_S, self.promised_s / 50)



def follow_clip(
    clip: Clip,
    tracker: HandTracker,
    out: Path,
    name: str,
    vertices: bool = False,
    video: bool = True,
    max_frames: int | None = None,
    progress: bool = True,
    fit_rig: HandTemplate | None = None,
) -> ClipSummary:
    """Follows the hand through a clip and writes NAME.json and NAME_overlay.mp4, each whole or not at all.

    An interrupt (Ctrl-C) ends the clip there: what there is by then is written, if there is a frame.

    Args:
        clip: just opened.
        tracker: new.
        out: folder; made if missing.
        name: first part of the files' names.
        vertices: put the mesh's vertices into the JSON, and once its faces.
        video: write the video.
        max_frames: stop after so many; None for all.
        progress: show a bar, with the time left.
        fit_rig: a hand whose rig's pose takes the place of every frame's (smoothed) estimate (`tfhand.inference.rigged`); the
            tracker follows its own. None for the network's.

    Returns:
        What became of it.

    Raises:
        ValueError: not one frame can be read, or an argument that `HandEstimator` refuses.
        OSError: a file can't be written.
    """
    total = clip.promised_frames or None
    if max_frames is not None:
        total = max_frames if total is None else min(total, max_frames)
    summary = ClipSummary()
    frames = iter(clip)
    first = next(frames, None)
    if first is None:
        raise ValueError(f"{clip.path}: no frame can be read.")
    paths = {"json": out / f"{name}.json", "video": out / f"{name}_overlay.mp4"}
    with contextlib.ExitStack() as stack:
        bar = stack.enter_context(tqdm(total=total, desc=name, unit="frame", disable=None if progress else True))
        size = figure_size(first.image.shape[1::-1])
        writer = stack.enter_context(clip_writer(paths["video"], size, clip.rate)) if video else None
        file = stack.enter_context(_text(paths["json"]))  # in place before the video, which the disk may have no room for
        _begin(file, clip, first)
        frame: Frame | None = first
        try:
            while frame is not None and (max_frames is None or summary.num_frames < max_frames):
                tracked = tracker(frame.image, frame.time_s)
                if fit_rig is not None and tracked.hand is not None:
                    tracked = dataclasses.replace(tracked, hand=rigged(tracked.hand, fit_rig))
                _write(file, writer, frame, tracked, vertices)
                summary.num_frames += 1
                summary.read_s = frame.time_s + 1 / clip.rate
                summary.states[tracked.state] += 1
                bar.update()
                frame = next(frames, None)
            if frame is None:  # the file ended, and not the frames that were asked for
                summary.promised_frames, summary.promised_s = clip.promised_frames, clip.promised_s
        except KeyboardInterrupt:
            if summary.num_frames == 0:
                raise
            summary.stopped = True
        _end(file, summary, tracker, vertices)
    summary.files = [paths["json"], *([paths["video"]] if video else [])]
    return summary


@contextlib.contextmanager
def _text(path: Path):
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        yield file


def _begin(file: TextIO, clip: Clip, first: Frame) -> None:
    head = {
        "clip": clip.path.name,
        "width": first.image.shape[1],
        "height": first.image.shape[0],
        "frames_per_second": round(clip.rate, 4),
        "joint_names": list(JOINT_NAMES),
    }
    file.write(json.dumps(head)[:-1] + ',\n"frames": [')


def _write(file: TextIO, writer: ClipWriter | None, frame: Frame, tracked: TrackedHand, vertices: bool) -> None:
    """A line of JSON, and a frame of video. The JSON's line is written as a whole or, interrupted, not at all."""
    line = json.dumps(frame_record(frame, tracked, vertices))
    if writer is not None:
        writer.add(track_figure(tracked, frame.image, writer.size))
    file.write(("\n" if frame.index == 0 else ",\n") + line)


def frame_record(frame: Frame, tracked: TrackedHand, vertices: bool = False) -> dict[str, Any]:
    """A frame's entry in the JSON: mm in the camera frame, pixels of the upright frame, seconds."""
    record: dict[str, Any] = {
        "frame": frame.index,
        "time_s": round(frame.time_s, 4),
        "state": tracked.state,
        "score": round(tracked.score, 4),
    }
    hand = tracked.hand
    if hand is not None:
        estimate = hand.to_dict()
        names = ["side", "confidence", "box", "intrinsics", "root_depth_mm", "hand_scale_mm"]
        names += ["joint_confidence", "joints_uv", "joints_mm", *(["vertices_mm"] if vertices else [])]
        names += [] if hand.presence is None else ["presence"]
        names += [] if hand.rig is None else ["rig"]
        record |= {name: estimate[name] for name in names}
    return record


def _end(file: TextIO, summary: ClipSummary, tracker: HandTracker, vertices: bool) -> None:
    tail: dict[str, Any] = {"num_frames": summary.num_frames, "broke_off": summary.broke_off, "stopped": summary.stopped}
    tail |= {state: summary.states[state] for state in STATES}
    tail["assumed"] = {name: ASSUMPTIONS[name] for name in tracker.assumed}
    if vertices:
        # For right hands; a left hand's triangles wind the other way.
        estimator = tracker.estimator
        wound = estimator.faces if estimator.model.hand_side == "right" else estimator.faces[:, ::-1]
        tail["faces"] = np.asarray(wound).tolist()
    file.write("\n],\n" + json.dumps(tail)[1:] + "\n")

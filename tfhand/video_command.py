"""`tfhand video`: its options, and what it says."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from tfhand.constants import SIDES


def add_video(commands: Any) -> None:
    """Adds the subcommand to those of `tfhand`.

    Args:
        commands: what `ArgumentParser.add_subparsers` gave.
    """
    video = commands.add_parser(
        "video",
        help="clip -> the hand in every frame as JSON, and a video to look at",
        description=(
            "Finds one hand in a clip, follows it, and writes NAME.json and NAME_overlay.mp4. The exit status is 1 where "
            "no frame shows a hand; the files are written all the same. Ctrl-C ends the clip there."
        ),
    )
    video.add_argument("clip", metavar="CLIP", help="video file")
    video.add_argument("--out", required=True, metavar="DIR", help="where to write; made if missing")
    video.add_argument("--preset", help="network (default: mobile, or what a .keras file holds)")
    video.add_argument("--weights", default="default", help=".safetensors or .keras (default: those in the package)")
    video.add_argument("--side", choices=(*SIDES, "auto"), default="auto", help="which hand it is (default: auto)")
    video.add_argument(
        "--box",
        nargs=4,
        type=float,
        metavar=("X", "Y", "W", "H"),
        help="the hand in the first frame and a quarter of its size to spare on every side, pixels (default: detected)",
    )
    video.add_argument("--camera", nargs=4, type=float, metavar=("FX", "FY", "U0", "V0"), help="intrinsics, pixels")
    video.add_argument("--hand-scale-mm", type=float, metavar="MM", help="length of the middle finger's first bone")
    video.add_argument(
        "--detector",
        choices=("auto", "scan", "mediapipe"),
        default="auto",
        help="scan: the network itself; mediapipe: that package's (default: mediapipe where installed, else scan)",
    )
    rig = "put the rig's hand that fits best in the mesh's place: whole fingers, and bones' angles in the JSON"
    video.add_argument("--fit-rig", action="store_true", help=rig)
    video.add_argument("--vertices", action="store_true", help="put the mesh's vertices into the JSON too")
    video.add_argument("--no-smoothing", action="store_true", help="every frame's estimate as it is")
    video.add_argument("--no-video", action="store_true", help="write the JSON alone")
    video.add_argument("--max-frames", type=int, metavar="N", help="stop after N frames")
    video.set_defaults(run=run_video)


def run_video(arguments: argparse.Namespace) -> int:
    """Runs the subcommand.

    Args:
        arguments: its options.

    Returns:
        Exit status: 0, 1 where there is no hand, 130 after Ctrl-C.

    Raises:
        ValueError, OSError: a clip, weights or options that can't be used, or files that can't be written.
    """
    if arguments.max_frames is not None and arguments.max_frames < 1:
        raise ValueError(f"--max-frames: expected at least 1, got {arguments.max_frames}.")
    from tfhand.inference.clip import Clip

    with Clip(arguments.clip) as clip:
        from tfhand.inference import HandEstimator
        from tfhand.inference.detector import make_detector
        from tfhand.inference.rigged import rig_of
        from tfhand.inference.tracker import HandTracker, TrackingConfig
        from tfhand.inference.video import follow_clip
        from tfhand.io import make_folder

        out = make_folder(arguments.out, "--out")
        estimator = HandEstimator.from_preset(arguments.preset, arguments.weights)
        template = rig_of(estimator.model) if arguments.fit_rig else None
        detector = make_detector(arguments.detector, estimator)
        config = TrackingConfig(smooth=not arguments.no_smoothing)
        given = {"box": arguments.box, "camera": arguments.camera, "hand_scale_mm": arguments.hand_scale_mm}
        tracker = HandTracker(estimator, detector, arguments.side, config, **given)
        wanted = {"vertices": arguments.vertices, "video": not arguments.no_video, "max_frames": arguments.max_frames}
        summary = follow_clip(clip, tracker, out, clip.path.stem, fit_rig=template, **wanted)
    said = f"a hand in {summary.num_with_hand} of {summary.num_frames} frames"
    print(f"{said}: {', '.join(map(str, summary.files))}")
    if summary.broke_off:
        _complain(f"{clip.path} breaks off: {summary.num_frames} of its {summary.promised_frames} frames could be read.")
    if summary.stopped:
        return 130
    if not summary.num_with_hand:
        _complain(f"no hand found in {clip.path}; --box says where it is in the first frame.")
        return 1
    return 0


def _complain(message: str) -> None:
    print(f"tfhand video: {message}", file=sys.stderr)

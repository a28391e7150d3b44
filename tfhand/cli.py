"""The command `tfhand`.

tfhand predict photo.jpg holiday/ --out predictions
tfhand video clip.mp4 --out tracks
tfhand demo
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfhand.constants import SIDES
from tfhand.version import __version__
from tfhand.video_command import add_video

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a subcommand.

    Args:
        argv: arguments without the program's name; None takes the process's.

    Returns:
        Exit status: 0 when all went well, 1 when something could not be done, 2 for wrong arguments.
    """
    parser = argparse.ArgumentParser(prog="tfhand", description="A 3D hand mesh, pose and joints from photographs and clips.")
    parser.add_argument("--version", action="version", version=f"tfhand {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_predict(commands)
    add_video(commands)
    _add_demo(commands)
    arguments = parser.parse_args(argv)
    try:
        return arguments.run(arguments)
    except (ValueError, OSError, ImportError) as error:
        print(f"tfhand {arguments.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _add_predict(commands: Any) -> None:
    predict = commands.add_parser(
        "predict",
        help="photographs -> overlay, second view, GLB, OBJ, JSON",
        description=(
            "Estimates one hand in every photograph and writes NAME_overlay.png, NAME.glb, NAME.obj and NAME.json. "
            "A file NAME.hint.json beside a photograph may give its box, side, camera, root_depth_mm and "
            "hand_scale_mm; options below go before it. A photograph that can't be read is reported and skipped, "
            "and the exit status is 1 at the end."
        ),
    )
    predict.add_argument("photos", nargs="+", metavar="PHOTO", help="image files, or folders of them")
    predict.add_argument("--out", required=True, metavar="DIR", help="where to write; made if missing")
    predict.add_argument("--preset", help="network (default: mobile, or what a .keras file holds)")
    predict.add_argument("--weights", default="default", help=".safetensors or .keras (default: those in the package)")
    predict.add_argument("--joint-readout", choices=("mesh", "heatmap"), help="default: the preset's")
    predict.add_argument("--side", choices=(*SIDES, "auto"), help="which hand it is (default: auto)")
    box = "the hand and a quarter of its size to spare on every side, pixels (default: the whole photograph)"
    predict.add_argument("--box", nargs=4, type=float, metavar=("X", "Y", "W", "H"), help=box)
    predict.add_argument("--camera", nargs=4, type=float, metavar=("FX", "FY", "U0", "V0"), help="intrinsics, pixels")
    predict.add_argument("--root-depth-mm", type=float, metavar="MM", help="distance of the wrist")
    predict.add_argument("--hand-scale-mm", type=float, metavar="MM", help="length of the middle finger's first bone")
    rig = "put the rig's hand that fits best in the mesh's place: whole fingers, and bones' angles in the JSON; slower"
    predict.add_argument("--fit-rig", action="store_true", help=rig)
    predict.set_defaults(run=_predict)


def _predict(arguments: argparse.Namespace) -> int:
    photos, failures = find_photos(arguments.photos)
    for failure in failures:
        print(f"tfhand predict: {failure}", file=sys.stderr)
    if not photos:
        print("tfhand predict: no photographs to look at.", file=sys.stderr)
        return 1
    from tqdm import tqdm

    from tfhand.inference import HandEstimator, rigged
    from tfhand.inference.outputs import read_hint, unique_names, write_result
    from tfhand.inference.rigged import rig_of
    from tfhand.io import make_folder, read_image

    out = make_folder(arguments.out, "--out")
    estimator = HandEstimator.from_preset(arguments.preset, arguments.weights, arguments.joint_readout)
    template = rig_of(estimator.model) if arguments.fit_rig else None
    names = ("box", "side", "camera", "root_depth_mm", "hand_scale_mm")
    options = {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}
    done = 0
    for photo, name in tqdm(list(zip(photos, unique_names(photos))), desc="photographs", unit="photo", disable=None):
        try:
            image = read_image(photo)
            hand = estimator(image, **{**read_hint(photo), **options})
            hand = hand if template is None else rigged(hand, template)
        except (ValueError, OSError, ImportError) as error:
            message = str(error) if photo.name in str(error) else f"{photo}: {error}"
            failures.append(message)
            tqdm.write(f"skipped: {message}", file=sys.stderr)
            continue
        # Not caught: where one result can't be written (a full disk, say) no other can.
        write_result(hand, image, out, name)
        done += 1
    print(f"{done} of {len(photos)} photographs done: {arguments.out}")
    return 1 if failures else 0


def _add_demo(commands: Any) -> None:
    demo = commands.add_parser(
        "demo",
        help="the hand before the camera, live in the browser",
        description=(
            "Serves the page of web/ on this machine and opens it: camera or photograph, everything computed in the "
            "browser. Where the page isn't built yet, it is, with npm; that downloads the packages of its lock file."
        ),
    )
    demo.add_argument("--page", type=Path, metavar="DIR", help="a built page (default: web/dist, built if missing)")
    demo.add_argument("--model", type=Path, metavar="DIR", help="another network, from python -m export.browser --out DIR")
    demo.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s, this machine only)")
    demo.add_argument("--port", type=int, default=8000, help="0 takes any that is free (default: %(default)s)")
    demo.add_argument("--build", action="store_true", help="build the page anew, with the network exported anew")
    demo.add_argument("--no-open", action="store_true", help="don't open a browser")
    demo.set_defaults(run=_demo)


def _demo(arguments: argparse.Namespace) -> int:
    import webbrowser

    from tfhand.demo import build_page, make_server

    if not 0 <= arguments.port <= 65535:
        raise ValueError(f"--port: expected 0..65535, got {arguments.port}.")
    page = build_page(again=arguments.build) if arguments.page is None else arguments.page
    with make_server(page, arguments.model, arguments.host, arguments.port) as server:
        # Browsers give the camera to localhost, whatever it is called in --host.
        name = "localhost" if arguments.host in ("127.0.0.1", "0.0.0.0", "") else arguments.host
        address = f"http://{name}:{server.server_port}/"
        print(f"{address}  (Ctrl-C ends)", flush=True)
        if not arguments.no_open:
            webbrowser.open(address)
        server.serve_forever()
    return 0


def find_photos(paths: Sequence[str]) -> tuple[list[Path], list[str]]:
    """Photographs among files and folders.

    Args:
        paths: files are taken whatever their suffix; of a folder its image files, in the order of their names.

    Returns:
        The photographs, and what is wrong with the other paths.
    """
    photos, failures = [], []
    for path in map(Path, paths):
        if not path.is_dir():
            photos.append(path)
            continue
        inside = [file for file in sorted(path.iterdir()) if file.suffix.lower() in IMAGE_SUFFIXES and file.is_file()]
        inside = [file for file in inside if not file.name.endswith("_overlay.png") and not file.name.startswith(".")]
        if not inside:
            failures.append(f"no photographs in {path}; expected files ending in {', '.join(IMAGE_SUFFIXES)}.")
        photos += inside
    return photos, failures


if __name__ == "__main__":
    sys.exit(main())

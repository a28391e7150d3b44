"""Synthetic hands from the command line."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from typing import TYPE_CHECKING

from tfhand.synthetic.ingredients import INGREDIENTS
from tfhand.synthetic.split import SPLITS, WORLD_NUMBERS

if TYPE_CHECKING:
    from tfhand.data.shards import ShardedDataset
    from tfhand.synthetic.generator import SyntheticConfig

_TEACH = """\
A dataset of 20,000 hands on two cores, and a look at it:

    python -m tfhand.synthetic generate --num 20000 --workers 2 --split train --out data/train
    python -m tfhand.synthetic generate --num 1000 --workers 2 --split validation --out data/validation
    python -m tfhand.synthetic inspect --data-dir data/train --out sheet.png --plots coverage.png

The same files through Apache Beam (`pip install tfhand[beam]`), here and on a cluster:

    python -m tfhand.synthetic beam --num 20000 --split train --out data/train
    python -m tfhand.synthetic beam --num 2000000 --out /mnt/hands -- --runner=FlinkRunner --flink_master=HOST:8081 \\
        --environment_type=EXTERNAL --environment_config=HOST:50000

A run that was stopped goes on where it was when the same command is given again. The same settings and seed give the
same images, whatever the number of workers, through Beam or not. Train on them with
`python -m trainers.fully_supervised --help`.
"""

_TEACH_INSPECT = """\
    python -m tfhand.synthetic inspect --data-dir data/train --out sheet.png --plots coverage.png
    python -m tfhand.synthetic inspect --data-dir data/train --sample 7 --view hand.html

Without a file to write it prints what the set covers. The page of --view needs nothing but a browser, no network.
"""

#: Samples that figures and plots of a set's coverage are taken from.
_COVERAGE_SAMPLES = 2000


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns the exit status."""
    from tfhand.compiled import KernelError

    args = _parser().parse_args(arguments)
    try:
        return args.run(args)
    except (ValueError, OSError, KernelError) as error:
        print(f"tfhand.synthetic {args.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped; give the same command again to go on", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tfhand.synthetic",
        description="Render synthetic hands with exact labels: image, mask, depth, mesh, joints, camera.",
        epilog=_TEACH,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    make = commands.add_parser(
        "generate", help="render a dataset into a folder, or what is missing of it", epilog=_TEACH,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    make.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: all cores)")
    make.add_argument("--quiet", action="store_true", help="no progress bar")
    make.set_defaults(run=_generate)
    _add_dataset_options(make)
    spread = commands.add_parser(
        "beam", help="generate's files, rendered by Apache Beam: here, on Flink, Spark or Dataflow", epilog=_TEACH,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    spread.add_argument("--workers", type=int, default=0, help="processes on this machine (default: all cores)")
    spread.add_argument(
        "beam_options", nargs="*", metavar="-- BEAM OPTION",
        help="such as --runner=FlinkRunner; what a cluster needs is in docs/synthetic_data.md",
    )  # fmt: skip
    spread.set_defaults(run=_beam)
    _add_dataset_options(spread)
    _add_inspect(commands)
    poses = commands.add_parser("gestures", help="draw the named hand poses that samples start from, with their names")
    poses.add_argument("--out", metavar="FILE", help="picture to write, such as gestures.png; without it, only names")
    poses.add_argument("--family", help="only this family, such as fists or 'open hands'")
    poses.add_argument("--name", metavar="PART", help="only gestures whose names contain this")
    poses.add_argument("--tile-size", type=int, default=120, help="side of a tile in pixels (default 120)")
    poses.add_argument("--columns", type=int, help="gestures in a row (default: about square)")
    poses.set_defaults(run=_gestures)
    return parser


def _add_inspect(commands: argparse._SubParsersAction) -> None:
    look = commands.add_parser(
        "inspect", help="look at a dataset: sheets of pictures, plots of what it covers, one hand to turn around",
        epilog=_TEACH_INSPECT, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    look.add_argument("--data-dir", required=True, help="folder of a finished dataset")
    look.add_argument("--out", metavar="FILE", help="contact sheet to write, such as sheet.png")
    look.add_argument("--plots", metavar="FILE", help="picture of what the set covers to write, such as coverage.png")
    look.add_argument("--view", metavar="FILE", help="--sample to turn around: hand.html for a browser, or hand.glb")
    look.add_argument("--sample", type=int, default=0, metavar="N", help="the sample that --view shows (default 0)")
    look.add_argument("--num", type=int, default=24, help="samples on the sheet, spread over the dataset (default 24)")
    look.add_argument("--tiles", nargs="+", default=["photo", "joints", "mesh", "depth"],
                      help="what to show of each: some of photo joints mesh depth (default: all)")  # fmt: skip
    look.add_argument("--tile-size", type=int, default=192, help="side of a tile in pixels (default 192)")
    look.add_argument("--columns", type=int, help="samples in a row (default: about square)")
    look.set_defaults(run=_inspect)


def _add_dataset_options(command: argparse.ArgumentParser) -> None:
    """What a dataset consists of, whoever renders it."""
    command.add_argument("--num", type=int, required=True, help="images in the whole dataset")
    command.add_argument("--out", required=True, help="folder for the shards: new, empty, or of an interrupted run")
    command.add_argument("--seed", type=int, default=0, help="another seed gives other hands (default 0)")
    command.add_argument("--size", type=int, default=256, help="side of the images in pixels (default 256)")
    command.add_argument(
        "--backgrounds", metavar="FOLDER",
        help="photographs to put behind the hands, from all its subfolders; without it a few built-in ones and "
        "procedural pictures. More variety here helps on real photographs: COCO's images or your own are good.",
    )  # fmt: skip
    command.add_argument("--left-share", type=float, default=0.5, help="share of left hands, 0..1 (default 0.5)")
    command.add_argument("--shard-size", type=int, help="images in a file (default: about 64 files, of 16 to 1000)")
    command.add_argument(
        "--split", choices=tuple(SPLITS), default="all",
        help="train and validation share no viewpoint, hand shape or photograph (default: all, drawn from everything)",
    )  # fmt: skip
    command.add_argument(
        "--world", choices=tuple(WORLD_NUMBERS), default="any",
        help="source and target share no build of hand, skin, light, background, camera or sensor; the target's depth is "
        "a sensor's (default: any, which has everything)",
    )  # fmt: skip
    ingredients = "; ".join(f"{name} ({what})" for name, what in INGREDIENTS.items())
    command.add_argument(
        "--without", nargs="+", default=[], metavar="INGREDIENT", choices=tuple(INGREDIENTS),
        help=f"leave out, to learn what it is worth: {ingredients}",
    )  # fmt: skip


def _config(args: argparse.Namespace) -> SyntheticConfig:
    from tfhand.synthetic.generator import SyntheticConfig

    return SyntheticConfig(
        size=args.size, left_share=args.left_share, backgrounds=args.backgrounds, split=args.split,
        without=tuple(args.without), world=args.world,
    )  # fmt: skip


def _generate(args: argparse.Namespace) -> int:
    from tfhand.synthetic.generate import generate

    made = generate(args.out, args.num, args.workers, _config(args), args.seed, args.shard_size, not args.quiet)
    print(f"{args.num} images in {args.out}, {made} of them rendered now")
    return 0


def _beam(args: argparse.Namespace) -> int:
    if importlib.util.find_spec("apache_beam") is None:
        raise ValueError("Apache Beam is not installed: pip install 'tfhand[beam]'; `generate` does without.")
    from tfhand.synthetic.beam import generate_with_beam, pipeline_options

    options = pipeline_options(args.beam_options, args.workers)
    made = generate_with_beam(args.out, args.num, _config(args), args.seed, args.shard_size, options)
    print(f"{args.num} images in {args.out}, {made} of them rendered now")
    return 0


def _inspect(args: argparse.Namespace) -> int:
    from tfhand.data.shards import ShardedDataset
    from tfhand.synthetic.inspect.plots import check_plots
    from tfhand.synthetic.inspect.viewer import check_view

    if args.num < 1:
        raise ValueError(f"--num: expected at least 1, got {args.num}.")
    dataset = ShardedDataset(args.data_dir, with_depth=True)
    if args.plots is not None:
        check_plots(args.plots)
    if args.view is not None:
        check_view(args.view)
        _write_view(args, dataset)
    if args.out is not None:
        _write_sheet(args, dataset)
    if args.view is None or args.out is not None or args.plots is not None:
        _tell_coverage(args)
    return 0


def _write_view(args: argparse.Namespace, dataset: ShardedDataset) -> None:
    from tfhand.mesh import HandTemplate
    from tfhand.synthetic.inspect.viewer import write_view

    if not 0 <= args.sample < len(dataset):
        raise ValueError(f"--sample: expected 0..{len(dataset) - 1}, got {args.sample}.")
    write_view(dataset[args.sample], HandTemplate.load().faces, args.view)
    print(f"sample {args.sample} in {args.view}")


def _write_sheet(args: argparse.Namespace, dataset: ShardedDataset) -> None:
    from tfhand.mesh import HandTemplate
    from tfhand.mesh.graph import edges
    from tfhand.synthetic.inspect import contact_sheet, save_sheet

    samples = [dataset[number] for number in _spread_over(len(dataset), args.num)]
    mesh_edges = edges(HandTemplate.load().faces)
    save_sheet(contact_sheet(samples, mesh_edges, args.tiles, args.tile_size, args.columns), args.out)
    print(f"{len(samples)} samples drawn in {args.out}")


def _tell_coverage(args: argparse.Namespace) -> None:
    from tfhand.data.shards import ShardedDataset
    from tfhand.synthetic.inspect import coverage

    slim = ShardedDataset(args.data_dir, with_alpha=False)
    facts = coverage(slim[number] for number in _spread_over(len(slim), _COVERAGE_SAMPLES))
    print(facts)
    if args.plots is not None:
        from tfhand.synthetic.inspect.plots import draw_coverage

        draw_coverage(facts, args.plots)
        print(f"what {len(facts)} samples cover, drawn in {args.plots}")


def _spread_over(length: int, count: int) -> list[int]:
    """Up to `count` numbers spread evenly over 0..length - 1."""
    count = min(length, count)
    return [round(place * (length - 1) / max(count - 1, 1)) for place in range(count)]


def _gestures(args: argparse.Namespace) -> int:
    from tfhand.synthetic.gestures.sheet import gesture_sheet, select
    from tfhand.synthetic.inspect import save_sheet

    names = select(args.family, args.name)
    if args.out is None:
        print("\n".join(names))
        return 0
    save_sheet(gesture_sheet(names, args.tile_size, args.columns), args.out)
    print(f"{len(names)} gestures drawn in {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

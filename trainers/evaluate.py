"""Evaluates a network on a set of annotated hands.

    python -m trainers.evaluate --dataset synthetic --data-dir data/validation --out runs/evaluation
    python -m trainers.evaluate --dataset real_world --data-dir realworld --weights W.safetensors --out runs/real
    python -m trainers.evaluate --dataset stb --split test_bb --protocol zimmermann-brox --out runs/stb

Writes into `--out`: metrics.json, pck.csv, pck.png, groups.csv (errors by side, view, skin, ..., and by their cause),
worst.png, best.png, causes.png, on FreiHAND its benchmark's pred.json; prints the same figures, published ones beside
them. Of a network that says whether there is a hand and of which side, that is measured too: with every sample as it
is, in a mirror, and without its hand. The first run converts a public set's files (`python -m tfhand.data convert`).
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfhand.compiled import KernelError
from tfhand.constants import SIGN_LOGITS
from tfhand.data.datasets import DATASETS, get_dataset, open_dataset
from trainers.data import FirstSamples, validation_backgrounds

if TYPE_CHECKING:
    from trainers.evaluation.runner import Run


def main(argv: Sequence[str] | None = None) -> int:
    """Evaluates; returns the exit status.

    Args:
        argv: arguments without the program's name; None takes the process's.
    """
    arguments = _parser().parse_args(argv)
    try:
        evaluate(arguments)
    except (ValueError, OSError, KernelError) as error:  # STB's depth is seen anew by a compiled rasteriser
        print(f"trainers.evaluate: {error}", file=sys.stderr)
        return 1
    return 0


def evaluate(arguments: argparse.Namespace) -> None:
    """Runs the evaluation that the arguments describe.

    Raises:
        ValueError, OSError: something given is wrong or missing; the message says what to do.
    """
    from tfhand.metrics import get_protocol

    for name, value in (("--batch-size", arguments.batch_size), ("--max-samples", arguments.max_samples)):
        if value is not None and value < 1:
            raise ValueError(f"{name}: expected at least 1, got {value}.")
    if arguments.fit_rig and arguments.direct_lbs:
        raise ValueError("--fit-rig, --direct-lbs: expected one of them, got both.")
    chosen = get_dataset(arguments.dataset)
    split = chosen.check_split(arguments.split or chosen.evaluation_split)
    protocol = get_protocol(arguments.protocol or chosen.protocols[0])
    dataset = _open(arguments, split)
    out = Path(arguments.out)
    _make_folder(out)

    from tfhand.mesh import HandTemplate
    from tfhand.models import load_network
    from trainers.evaluation.causes import find_causes, parts_mm
    from trainers.evaluation.groups import CAUSE, group_errors, group_lines, write_groups
    from trainers.evaluation.pictures import write_extremes
    from trainers.evaluation.report import table, write_report
    from trainers.evaluation.runner import run_network
    from trainers.evaluation.signs import SignMeter

    model = load_network(arguments.preset, arguments.weights, joint_readout=arguments.joint_readout)
    adapter = chosen.adapter_for(model.joint_definition)
    template = HandTemplate.load() if arguments.direct_lbs or arguments.fit_rig else None
    signs = SignMeter(model, validation_backgrounds()) if SIGN_LOGITS in getattr(model, "output", ()) else None
    rig = {"direct_lbs" if arguments.direct_lbs else "fit_rig": template}
    run = run_network(model, dataset, adapter, arguments.batch_size, other_mesh=chosen.other_mesh, signs=signs, **rig)
    predictions = run.predictions if protocol.visible_only else dataclasses.replace(run.predictions, visible=None)
    evaluation = protocol.evaluate(arguments.dataset, predictions)
    joints = run.predictions.joints_pred, run.predictions.joints_true
    further = {**({} if signs is None else signs.figures()), **parts_mm(*joints)}
    evaluation = dataclasses.replace(evaluation, metrics={**evaluation.metrics, **further})
    write_report(evaluation, out)
    causes = find_causes(*joints)
    found = [{**groups, CAUSE: [cause]} for groups, cause in zip(run.groups, causes, strict=True)]
    groups = group_errors(found, evaluation.sample_pose_error_mm, evaluation.sample_mesh_error_mm)
    write_groups(groups, out)
    if arguments.pictures > 0 and run.vertices_mm is not None:
        faces = model.faces if template is None else template.faces
        write_extremes(run, evaluation.sample_pose_error_mm, causes, dataset, faces, out, arguments.pictures)
    print(table(evaluation, protocol, split))
    for line in group_lines(groups):
        print(line)
    if chosen.name == "freihand":
        print(_export(run, dataset, out))
    print(f"written to {out}")


def _open(arguments: argparse.Namespace, split: str) -> Any:
    """The samples that are asked for, with the masks that crops without a hand are made by, where there are some."""
    dataset = open_dataset(arguments.dataset, arguments.data_dir, split, with_hand_alpha=True)
    return dataset if arguments.max_samples is None else FirstSamples(dataset, arguments.max_samples)


def _export(run: Run, dataset: Any, out: Path) -> str:
    """FreiHAND's pred.json, where every image has its entry; says what was done."""
    from trainers.evaluation.pred_json import PRED_FILE, write_pred_json

    if run.vertices_mm is None:
        return f"{PRED_FILE} is not written: it must have meshes, and the network gives joints alone."
    whole = getattr(dataset, "info", {}).get("source_samples")
    if whole != len(run.names):
        return f"{PRED_FILE} is not written: it must have every image of the split, and some were left out."
    return f"predictions for the benchmark in {write_pred_json(run, out)}"


def _make_folder(out: Path) -> None:
    """Makes the folder and writes to it once, so that a long evaluation does not end on an error."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise OSError(f"--out: expected a folder that can be written to, got {out}: {error.strerror}.") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trainers.evaluate",
        description=__doc__.split("\n")[0],
        epilog="Without errors the exit status is 0. Figures of different protocols can't be compared.",
    )
    parser.add_argument("--dataset", required=True, choices=sorted(DATASETS), help="kind of the set")
    parser.add_argument("--data-dir", metavar="DIR", help="its folder (default: $TFHAND_DATA/NAME or ~/tfhand_data/NAME)")
    parser.add_argument("--split", metavar="NAME", help="default: the one for evaluation; see python -m tfhand.data info")
    protocols = sorted({name for info in DATASETS.values() for name in info.protocols})
    parser.add_argument("--protocol", choices=protocols, help="default: the set's usual one")
    parser.add_argument("--out", required=True, metavar="DIR", help="where to write; made if missing")
    parser.add_argument("--preset", help="network (default: mobile, or what a .keras file holds)")
    parser.add_argument("--weights", default="default", help=".safetensors or .keras (default: those in the package)")
    parser.add_argument("--joint-readout", choices=("mesh", "heatmap"), help="default: the preset's")
    parser.add_argument("--direct-lbs", action="store_true", help="a mesh by inverse kinematics for a network without one")
    parser.add_argument("--fit-rig", action="store_true", help="the rig's hands that fit predictions best in their place")
    parser.add_argument("--batch-size", type=int, default=32, metavar="N", help="default: %(default)s")
    parser.add_argument("--max-samples", type=int, metavar="N", help="only the first N samples")
    pictures = "samples in worst.png and best.png, of a network with a mesh; 0: no pictures, nor causes.png"
    parser.add_argument("--pictures", type=int, default=8, metavar="N", help=pictures)
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""Brings the authors' released PyTorch weights into one Keras file.

    python -m export.pytorch_checkpoint --release DIR --template 0214_lowP_vn_g.0001.obj --out hand.keras

DIR holds net_hm.pth, net_feat_mesh.pth and net_mesh_pose.pth. The file then goes wherever a preset's weights go:
`--weights hand.keras` of `tfhand predict`, `trainers.evaluate` and the exporters. PyTorch is not needed.
docs/released_weights.md has the rest. The release is for non-commercial use only, and so is what is made of it.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from export.release import tree_order
from export.release.mesh import read_hand_faces
from export.release.state_dict import read_state_dict
from tfhand.io import atomic_path, make_folder
from tfhand.mesh.coarsening import graph_from_permutation
from tfhand.mesh.graph import adjacency

if TYPE_CHECKING:
    from tfhand.models import GraphTopology, HandMeshNet

SUFFIX = ".keras"


def import_release(release: Path, template: Path, graph_perm: Path | None = None) -> HandMeshNet:
    """Builds the released network with its weights.

    Args:
        release: folder of the three state dicts.
        template: the release's OBJ file.
        graph_perm: file of the tree order; None computes it again. Says on standard output what it found.

    Returns:
        The network, of the preset "released" with the files' width, its topology that of the template.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a file is not the release's, the order is not one of 1280 places, or tensors do not fit: all that
            are missing, unknown or of another shape are listed.
        ModuleNotFoundError: a file needs PyTorch, which is not installed.
    """
    from export.release.mapping import FILES, channels_of, fill
    from tfhand.models import HandMeshNet, get_preset

    missing = [name for name in FILES if not (release / name).is_file()]
    if missing:
        raise FileNotFoundError(f"--release: {release} lacks {', '.join(missing)}.")
    preset = get_preset("released")
    topology = read_topology(template, graph_perm, preset.rescaling)
    state_dicts = {name: read_state_dict(release / name) for name in FILES}
    backbone = dataclasses.replace(preset.backbone, channels=channels_of(state_dicts))
    model = HandMeshNet(dataclasses.replace(preset, backbone=backbone), topology)
    unused = fill(model, state_dicts)
    print(
        f"weights: {backbone.channels} channels, {model.count_params():,} numbers; {unused} tensors that the release's "
        "network has no use for are left out"
    )
    return model


def read_topology(template: Path, graph_perm: Path | None, rescaling: str) -> GraphTopology:
    """Graph and faces of the release's hand.

    Args:
        template: the release's OBJ file.
        graph_perm: file of the tree order; None computes it again. Says on standard output what it found.
        rescaling: of the Laplacians, see `tfhand.mesh.graph.rescaled_laplacian`.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a file is not the release's, or the order is not one of 1280 places.
    """
    from tfhand.models import GraphTopology

    faces, num_vertices = read_hand_faces(template)
    weights = adjacency(faces, num_vertices)
    if graph_perm is None:
        source, order = "computed as NumPy sorted in 2019", tree_order.recompute_order(weights)
        tree_order.check_order(order, num_vertices, f"--template: the order of {template}")
    else:
        source, order = str(graph_perm), tree_order.read_order(graph_perm)
        tree_order.check_order(order, num_vertices, f"--graph-perm: {graph_perm}")
    print(f"tree order: {len(order)} places for {num_vertices} vertices, as it has to be ({source})")
    print("  the released weights fit one order only; with a wrong one of 1280 places the mesh is garbage")
    strangers = tree_order.strangers(order, weights)
    if strangers:
        print(f"  and this one is wrong: {strangers} pairs of siblings are no neighbours on the mesh", file=sys.stderr)
    permutation = np.where(order < num_vertices, order, -1)
    graph = graph_from_permutation(weights, permutation, tree_order.LEVELS, self_loops=True)
    return GraphTopology.from_graph(graph, faces, rescaling)


def main(argv: Sequence[str] | None = None) -> int:
    """Imports; returns the exit status.

    Args:
        argv: arguments without the program's name; None takes the process's.
    """
    parser = argparse.ArgumentParser(prog="python -m export.pytorch_checkpoint", description=__doc__.split("\n")[0])
    parser.add_argument("--release", required=True, type=Path, metavar="DIR", help="folder of the three .pth files")
    parser.add_argument("--template", required=True, type=Path, metavar="OBJ", help="the release's 0214_lowP_vn_g.0001.obj")
    parser.add_argument(
        "--graph-perm", type=Path, metavar="NPY", help="order of the tree, .npy or graph_dict.npy (default: computed)"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help=f"file to write, ending in {SUFFIX}")
    arguments = parser.parse_args(argv)
    try:
        out = arguments.out
        if out.suffix != SUFFIX or out.is_dir():
            raise ValueError(f"--out: expected a file ending in {SUFFIX}, got {out}{' (a folder)' if out.is_dir() else ''}.")
        make_folder(out.parent, "--out")
        model = import_release(arguments.release, arguments.template, arguments.graph_perm)
        with atomic_path(out) as temporary:
            model.save(temporary)
        print(f"{out}: {out.stat().st_size / 1e6:.1f} MB")
    except (ValueError, OSError, ModuleNotFoundError) as error:
        print(f"export.pytorch_checkpoint: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

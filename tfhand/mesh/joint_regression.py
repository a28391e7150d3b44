"""Fits the sparse regressor from mesh vertices to joints, over random poses and shapes."""

from __future__ import annotations

import numpy as np
import scipy.optimize
import scipy.sparse

from tfhand.mesh.template import HandTemplate

#: Vertices that may have a weight for a joint (the nearest ones), and that have one in the end.
_NUM_CANDIDATES = 80
_NUM_VERTICES = 16
_WEIGHT_BOUNDS = (-0.3, 1.0)
#: Squared-weight penalty, mm^2: how much noise of a vertex is feared.
_RIDGE_MM2 = 1.0
_SUM_WEIGHT_MM = 1e3
#: Flexion, abduction, twist of each kind of bone: lowest and highest angle of the random poses, degrees.
_ANGLES = {
    "wrist": ((-60, -20, -30), (60, 20, 30)),
    "metacarpal": ((-3, -3, 0), (10, 3, 0)),
    "thumb_metacarpal": ((-25, -20, -20), (45, 35, 30)),
    "thumb_proximal": ((-15, -8, -5), (60, 8, 5)),
    "thumb_distal": ((-20, 0, 0), (80, 0, 0)),
    "proximal": ((-25, -20, -5), (90, 20, 5)),
    "middle": ((-15, 0, 0), (105, 0, 0)),
    "distal": ((-15, 0, 0), (70, 0, 0)),
}


def random_poses(template: HandTemplate, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Poses and shapes the template at random, within anatomical limits.

    Args:
        template: a template with a rig.
        count: how many hands (N).
        seed: seed of the random numbers.

    Returns:
        (N, V, 3) network vertices and (N, 21, 3) joints, float64 mm, template frame.
    """
    generator = np.random.default_rng(seed)
    limits = np.deg2rad([_ANGLES.get(name) or _ANGLES[name.split("_")[-1]] for name in template.bone_names])
    low, high = template.shape_ranges.T
    vertices, joints = [], []
    for _ in range(count):
        rotations = template.bone_rotations(generator.uniform(limits[:, 0], limits[:, 1]))
        hand = template.pose(rotations, 0.7 * generator.uniform(low, high))
        vertices.append(hand.vertices)
        joints.append(hand.joints)
    return np.stack(vertices).astype(np.float64), np.stack(joints).astype(np.float64)


def fit_joint_regressor(template: HandTemplate, count: int = 240, seed: int = 0) -> scipy.sparse.csr_matrix:
    """Writes every joint as a weighted mean of at most 16 nearby vertices.

    Bounded ridge regression on the nearest vertices; the smallest weights are dropped in steps.

    Args:
        template: a template with a rig.
        count: random hands to fit to.
        seed: seed of the random numbers.

    Returns:
        (21, V) float32 csr matrix; its rows sum to 1, so it commutes with rotation and translation.
    """
    vertices, joints = random_poses(template, count, seed)
    rest = template.pose()
    rows, columns, values = [], [], []
    for joint, position in enumerate(rest.joints):
        distance = np.linalg.norm(rest.vertices - position, axis=1)
        members = np.sort(np.argsort(distance, kind="stable")[:_NUM_CANDIDATES])
        weights = _weights(vertices[:, members], joints[:, joint])
        while len(members) > _NUM_VERTICES:
            kept = max(_NUM_VERTICES, int(0.7 * len(members)))
            strongest = np.sort(np.argsort(-np.abs(weights), kind="stable")[:kept])
            members = members[strongest]
            weights = _weights(vertices[:, members], joints[:, joint])
        rows += [joint] * len(members)
        columns += members.tolist()
        values += (weights / weights.sum()).tolist()
    regressor = scipy.sparse.csr_matrix((values, (rows, columns)), shape=(len(rest.joints), template.num_vertices))
    regressor.sort_indices()
    return regressor.astype(np.float32)


def _weights(vertices: np.ndarray, joint: np.ndarray) -> np.ndarray:
    """Weights (M,) with sum 1 that take vertices (N, M, 3) to a joint (N, 3)."""
    count, members, _ = vertices.shape
    # Relative to the vertices' mean, so that shapes and not positions are fitted.
    centre = vertices.mean(axis=1, keepdims=True)
    matrix = (vertices - centre).transpose(0, 2, 1).reshape(3 * count, members)
    target = (joint - centre[:, 0]).reshape(-1)
    matrix = np.vstack(
        [matrix, np.sqrt(count * _RIDGE_MM2) * np.eye(members), np.full((1, members), _SUM_WEIGHT_MM)]
    )
    target = np.concatenate([target, np.zeros(members), [_SUM_WEIGHT_MM]])
    return scipy.optimize.lsq_linear(matrix, target, bounds=_WEIGHT_BOUNDS, method="bvls", tol=1e-12).x

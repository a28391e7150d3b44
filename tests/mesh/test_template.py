"""The shipped hand: skinning, axes, shape keys, joints, files."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tfhand.constants import BONES, JOINT_NAMES
from tfhand.mesh import LABELS, HandTemplate
from tfhand.mesh.joint_regression import fit_joint_regressor, random_poses
from tfhand.mesh.normals import face_normals, vertex_normals
from tfhand.mesh.skinning import axis_rotations
from tfhand.mesh.validation import border_edges, check_mesh


@pytest.fixture(scope="module")
def template() -> HandTemplate:
    return HandTemplate.load()


def _random_rotations(template: HandTemplate, seed: int) -> np.ndarray:
    return template.bone_rotations(np.random.default_rng(seed).uniform(-0.5, 1.0, (20, 3)))


def _bent(template: HandTemplate, bone: str, axis: int, degrees: float) -> np.ndarray:
    angles = np.zeros((20, 3))
    angles[template.bone_names.index(bone), axis] = np.deg2rad(degrees)
    return template.pose(template.bone_rotations(angles)).joints


def test_sizes_and_meshes(template):
    assert 1600 <= len(template.surface_vertices) <= 1842
    assert 950 <= template.num_vertices <= 1000
    assert len(template.bone_names) == 20
    check_mesh(template.surface_vertices, template.surface_faces)
    check_mesh(template.vertices, template.faces)
    assert len(border_edges(template.surface_faces)) == 0
    border = dict(border_edges(template.faces).tolist())
    start = current = min(border)
    for steps in range(1, len(border) + 1):
        current = border[current]
        if current == start:
            break
    assert steps == len(border), "more than one border loop"
    # Winding is outward: the signed volume is positive (and that of a hand and forearm).
    a, b, c = template.surface_vertices[template.surface_faces.T].astype(np.float64)
    assert 400e3 < np.sum(a * np.cross(b, c)) / 6 < 900e3


def test_proportions_of_an_average_adult(template):
    joints = template.pose().joints
    lengths = {child: np.linalg.norm(joints[child] - joints[parent]) for parent, child in BONES}
    assert 45 < lengths[10] < 52
    assert 80 < lengths[9] < 92
    assert 180 < lengths[9] + lengths[10] + lengths[11] + lengths[12] < 195
    np.testing.assert_allclose(joints[0], 0, atol=1e-4)
    assert joints[5, 0] > joints[17, 0], "x points to the thumb's side"
    assert joints[12, 1] < joints[9, 1] < 0, "y points from the fingers to the wrist"


def test_rest_pose_is_the_surface(template):
    hand = template.pose()
    np.testing.assert_allclose(hand.surface_vertices, template.surface_vertices, atol=1e-4)
    np.testing.assert_array_equal(hand.vertices, hand.surface_vertices[template.vertex_ids])
    identity = template.pose(np.tile(np.eye(3, dtype=np.float32), (20, 1, 1)), np.zeros(len(template.shape_names)))
    np.testing.assert_allclose(identity.surface_vertices, hand.surface_vertices, atol=1e-4)
    assert hand.surface_vertices.dtype == hand.joints.dtype == np.float32


def blended_rigidly(transforms, weights, point):
    """Dual quaternion blending of one point, with matrices of scipy's (Kavan et al. 2008, algorithm 1)."""
    real, dual, first = np.zeros(4), np.zeros(4), None
    for weight, transform in zip(weights, transforms):
        if weight > 0:
            x, y, z, w = Rotation.from_matrix(transform[:3, :3]).as_quat()
            turn = np.array([w, x, y, z])
            first = turn if first is None else first
            turn = turn if turn @ first >= 0 else -turn
            tx, ty, tz = transform[:3, 3]
            move = np.array([[0, -tx, -ty, -tz], [tx, 0, -tz, ty], [ty, tz, 0, -tx], [tz, -ty, tx, 0]])
            real, dual = real + weight * turn, dual + weight * 0.5 * move @ turn
    length = np.linalg.norm(real)
    (w, *axis), (dual_w, *dual_axis) = real / length, dual / length
    axis, dual_axis = np.array(axis), np.array(dual_axis)
    shift = 2 * (w * dual_axis - dual_w * axis + np.cross(axis, dual_axis))
    return Rotation.from_quat([*axis, w]).apply(point) + shift


def test_skinning_matches_a_naive_loop(template):
    rotations = _random_rotations(template, 0)
    shape = np.random.default_rng(1).uniform(-1, 1, len(template.shape_names))
    turn = axis_rotations(np.array([[0.6, 0.0, 0.8]], np.float32), np.array([0.7]))[0]
    shift = np.array([10.0, -20.0, 500.0])
    rig = template.rig
    rest = template.surface_vertices + np.einsum("b,bsk->sk", shape, template.shape_deltas)
    points = rig.points + np.einsum("b,bpk->pk", shape, rig.point_deltas)
    transforms = []
    for bone, parent in enumerate(rig.bone_parents):
        local = np.eye(4)
        local[:3, :3] = rotations[bone]
        local[:3, 3] = points[bone] - rotations[bone] @ points[bone]
        transforms.append((transforms[parent] if parent >= 0 else np.eye(4)) @ local)
    transforms.append(np.eye(4))
    hand = template.pose(rotations, shape, turn, shift)
    for vertex in range(0, len(rest), 37):
        moved = blended_rigidly(transforms, rig.skin_weights[vertex], rest[vertex])
        np.testing.assert_allclose(hand.surface_vertices[vertex], turn @ moved + shift, atol=2e-3)
    for joint, (point, bone) in enumerate(zip(rig.joint_points, rig.joint_bones)):
        moved = (transforms[bone] @ np.append(points[point], 1))[:3]
        np.testing.assert_allclose(hand.joints[joint], turn @ moved + shift, atol=2e-3)


def test_skin_weights_are_at_most_four_and_sum_to_one(template):
    assert ((template.skin_weights > 0).sum(axis=1) <= 4).all()
    assert (template.skin_weights >= 0).all()
    np.testing.assert_allclose(template.skin_weights.sum(axis=1), 1, atol=1e-5)


def test_bending_keeps_bone_lengths(template):
    rest, bent = template.pose().joints, template.pose(_random_rotations(template, 2)).joints
    # The palm's bones move too, so only the bones beyond the knuckles keep their lengths exactly.
    for parent, child in BONES:
        if parent:
            length = np.linalg.norm(rest[child] - rest[parent])
            assert np.linalg.norm(bent[child] - bent[parent]) == pytest.approx(length, abs=1e-3)


@pytest.mark.parametrize("finger", ["thumb", "index", "middle", "ring", "little"])
def test_positive_flexion_curls_to_the_palm(template, finger):
    rest = template.pose().joints
    tip = JOINT_NAMES.index(f"{finger}4")
    palm = rest[[0, 5, 9, 13, 17]].mean(axis=0) + [0.0, 0.0, -20.0]
    bones = ("metacarpal", "proximal", "distal") if finger == "thumb" else ("proximal", "middle", "distal")
    for bone in bones:
        bent = _bent(template, f"{finger}_{bone}", 0, 30)[tip]
        stretched = _bent(template, f"{finger}_{bone}", 0, -20)[tip]
        assert np.linalg.norm(bent - palm) < np.linalg.norm(rest[tip] - palm) < np.linalg.norm(stretched - palm)
        if finger != "thumb":
            assert bent[2] < rest[tip, 2] - 3, "the palm's side is -z"


@pytest.mark.parametrize(
    ("finger", "side"), [("index", 1), ("middle", 1), ("ring", -1), ("little", -1)]
)
def test_positive_abduction_spreads(template, finger, side):
    tip = JOINT_NAMES.index(f"{finger}4")
    moved = _bent(template, f"{finger}_proximal", 1, 15)[tip] - template.pose().joints[tip]
    assert side * moved[0] > 10


def test_thumb_abduction_leaves_the_palm_and_opposition_reaches_the_little_finger(template):
    rest = template.pose().joints
    moved = _bent(template, "thumb_metacarpal", 1, 25)
    assert moved[4, 2] < rest[4, 2] - 8
    assert np.linalg.norm(moved[4] - moved[5]) > np.linalg.norm(rest[4] - rest[5])
    angles = np.zeros((20, 3))
    for bone, values in {
        "thumb_metacarpal": (41, 15, 11), "thumb_proximal": (50, 0, 0), "thumb_distal": (43, 0, 0),
        "little_proximal": (48, 0, 0), "little_middle": (64, 0, 0), "little_distal": (50, 0, 0),
    }.items():
        angles[template.bone_names.index(bone)] = np.deg2rad(values)
    opposed = template.pose(template.bone_rotations(angles)).joints
    assert np.linalg.norm(opposed[4] - opposed[20]) < 5


def test_wrist_flexes_to_the_palm_and_leaves_the_forearm(template):
    angles = np.zeros((20, 3))
    angles[0, 0] = 0.8
    hand, rest = template.pose(template.bone_rotations(angles)), template.pose()
    assert hand.joints[12, 2] < rest.joints[12, 2] - 80
    far = template.surface_vertices[:, 1] > 60
    np.testing.assert_allclose(hand.surface_vertices[far], rest.surface_vertices[far], atol=1e-3)


def test_joints_lie_inside_whatever_the_shape(template):
    generator = np.random.default_rng(4)
    low, high = template.shape_ranges.T
    for _ in range(5):
        hand = template.pose(None, 0.7 * generator.uniform(low, high))
        corners = hand.surface_vertices[template.surface_faces].astype(np.float64)[None] - hand.joints[:, None, None]
        a, b, c = (corners[:, :, corner] for corner in range(3))
        la, lb, lc = (np.linalg.norm(x, axis=2) for x in (a, b, c))
        angle = np.arctan2(
            np.sum(a * np.cross(b, c), axis=2),
            la * lb * lc + np.sum(a * b, 2) * lc + np.sum(b * c, 2) * la + np.sum(c * a, 2) * lb,
        )
        np.testing.assert_allclose(2 * angle.sum(axis=1) / (4 * np.pi), 1, atol=1e-2)


def test_shape_keys_do_what_they_say(template):
    def shaped(name: str, value: float) -> np.ndarray:
        shape = np.zeros(len(template.shape_names))
        shape[template.shape_names.index(name)] = value
        return template.pose(None, shape).joints

    def length(joints: np.ndarray, first: int, last: int) -> float:
        return float(sum(np.linalg.norm(joints[i + 1] - joints[i]) for i in range(first, last)))

    rest = template.pose().joints
    assert length(shaped("hand_size", 1), 9, 12) == pytest.approx(1.19 * length(rest, 9, 12), rel=0.03)
    assert length(shaped("finger_length", -1), 9, 12) < length(rest, 9, 12) - 8
    assert length(shaped("child", 1), 9, 12) < 0.85 * length(rest, 9, 12)
    assert length(shaped("sex", 1), 9, 12) > 1.05 * length(rest, 9, 12)
    for finger, first in (("thumb", 1), ("index", 5), ("ring", 13), ("little", 17)):
        longer = shaped(f"{finger}_length", 1)
        assert length(longer, first, first + 3) > 1.07 * length(rest, first, first + 3)
    assert np.linalg.norm(shaped("palm_width", 1)[5] - shaped("palm_width", 1)[17]) > 1.05 * np.linalg.norm(
        rest[5] - rest[17]
    )
    assert shaped("palm_length", 1)[9, 1] == pytest.approx(1.08 * rest[9, 1], rel=1e-3)
    for name in template.shape_names:
        np.testing.assert_allclose(shaped(name, 1)[0], 0, atol=0.05, err_msg="the wrist stays the origin")


def test_labels_are_where_they_belong(template):
    joints, vertices = template.pose().joints, template.surface_vertices
    for finger, tip in zip(LABELS[3:8], (4, 8, 12, 16, 20)):
        members = vertices[template.surface_labels == LABELS.index(finger)]
        assert len(members) > 80
        distance = np.linalg.norm(members[:, None] - joints[None, [4, 8, 12, 16, 20]], axis=2)
        assert (distance.min(axis=0).argmin() * 4 + 4) == tip or distance[:, tip // 4 - 1].min() < 8
    nails = vertices[template.surface_labels == LABELS.index("nail")]
    assert np.linalg.norm(nails[:, None] - joints[None, [4, 8, 12, 16, 20]], axis=2).min(axis=1).max() < 15
    assert (template.labels == LABELS.index("nail")).sum() > 40, "nails survive the decimation"
    palm, back = (vertices[template.surface_labels == LABELS.index(name)][:, 2].mean() for name in ("palm", "back"))
    assert palm < back - 10


def test_regressor_follows_the_joints(template):
    vertices, joints = random_poses(template, 60, seed=7)
    regressor = template.joint_regressor
    assert regressor.shape == (21, template.num_vertices)
    assert np.diff(regressor.indptr).max() <= 16
    np.testing.assert_allclose(np.asarray(regressor.sum(axis=1)).ravel(), 1, atol=1e-5)
    errors = np.linalg.norm(np.stack([regressor @ one for one in vertices]) - joints, axis=2)
    assert errors.mean() < 0.7
    assert errors.max() < 3.0


def test_fitting_the_regressor_again_gives_the_same(template):
    again = fit_joint_regressor(template, count=40)
    vertices, joints = random_poses(template, 20, seed=8)
    errors = np.linalg.norm(np.stack([again @ one for one in vertices]) - joints, axis=2)
    assert errors.mean() < 0.8
    assert (again != fit_joint_regressor(template, count=40)).nnz == 0


def test_decimation_stays_near_the_surface(template):
    """Every dropped vertex lies within a millimetre or so of the network mesh's planes around it."""
    dropped = np.setdiff1d(np.flatnonzero(template.surface_vertices[:, 1] < 20), template.vertex_ids)
    centres = template.vertices[template.faces].mean(axis=1)
    normals = face_normals(template.vertices, template.faces)
    distances = []
    for vertex in template.surface_vertices[dropped]:
        near = np.argsort(np.linalg.norm(centres - vertex, axis=1))[:4]
        distances.append(np.abs(np.sum((vertex - centres[near]) * normals[near], axis=1)).min())
    assert np.mean(distances) < 0.15
    assert np.max(distances) < 1.5


def test_vertex_normals_match_a_loop(template):
    vertices, faces = template.vertices.astype(np.float64), template.faces
    expected = np.zeros_like(vertices)
    for a, b, c in faces:
        for vertex in (a, b, c):
            expected[vertex] += np.cross(vertices[b] - vertices[a], vertices[c] - vertices[a])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(vertex_normals(vertices, faces), expected, atol=1e-12)
    lonely = vertex_normals(np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [5, 5, 5]]), np.array([[0, 1, 2]]))
    np.testing.assert_allclose(lonely, [[0, 0, 1]] * 3 + [[0, 0, 0]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bone_rotations": np.zeros((19, 3, 3))}, r"bone_rotations: expected shape \(20, 3, 3\), got \(19, 3, 3\)"),
        ({"shape": np.zeros(3)}, "shape: expected shape"),
        ({"rotation": np.zeros(3)}, "rotation: expected shape"),
        ({"translation_mm": np.zeros((1, 3))}, "translation_mm: expected shape"),
    ],
)
def test_wrong_shapes_are_refused(template, arguments, message):
    with pytest.raises(ValueError, match=message):
        template.pose(**arguments)


def test_bad_angles_are_refused(template):
    with pytest.raises(ValueError, match=r"angles: expected shape \(20, 3\), got \(20,\)"):
        template.bone_rotations(np.zeros(20))
    with pytest.raises(ValueError, match="angles: expected finite"):
        template.bone_rotations(np.full((20, 3), np.nan))


def test_the_package_of_meshes_does_not_load_tensorflow():
    code = "import sys, tfhand.mesh; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

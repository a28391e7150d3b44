"""Every loss term against its equation written as plain loops."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.losses.toys import BATCH, MAP, NUM_JOINTS, gaussian_maps, make_batch, naive_xyz
from tfhand.geometry import uvd_to_xyz, xyz_to_uvd
from tfhand.losses import MeshTopology, get_loss, loss_names

HEATMAP_TERMS = ("heatmap", "heatmap_cross_entropy", "joint_uv")
MESH_TERMS = ("vertex", "vertex_l1", "normal", "edge", "laplacian")
POSE_TERMS = ("pose", "pose_l1")
PSEUDO_TERMS = ("pseudo_edge", "pseudo_laplacian")
WEAK_TERMS = ("depth", "silhouette", *PSEUDO_TERMS)  # silhouette: test_silhouette.py
SIGN_TERMS = ("presence", "handedness")  # test_signs.py


def value(name: str, mesh, y_true: dict, y_pred: dict, **options) -> float:
    term = get_loss(name)(MeshTopology.from_template(mesh), **options)
    result = keras.ops.convert_to_numpy(term(y_true, y_pred))
    assert result.shape == () and result.dtype == np.float32
    return float(result)


@pytest.fixture(params=["octahedron", "fan"])
def mesh(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def batch(rng, mesh):
    return make_batch(rng, mesh.num_vertices)


def neighbours(mesh) -> list[set[int]]:
    found: list[set[int]] = [set() for _ in range(mesh.num_vertices)]
    for face in mesh.faces.tolist():
        for i in face:
            found[i] |= set(face) - {i}
    return found


def test_every_term_is_tested_here():
    assert set(loss_names()) == {*HEATMAP_TERMS, *MESH_TERMS, *POSE_TERMS, *WEAK_TERMS, *SIGN_TERMS}


def test_vertex(mesh, batch):
    y_true, y_pred = batch
    true, pred = (naive_xyz(y["vertices_uvd"], y_true) for y in batch)
    expected = 0.0
    for b in range(BATCH):
        for i in range(mesh.num_vertices):
            expected += ((true[b, i] - pred[b, i]) ** 2).sum()
            expected += ((y_true["vertices_uvd"][b, i, :2] - y_pred["vertices_uvd"][b, i, :2]) ** 2).sum()
    assert value("vertex", mesh, *batch) == pytest.approx(expected / BATCH, rel=1e-4)


def test_vertex_l1(mesh, batch):
    y_true, y_pred = batch
    true, pred = (naive_xyz(y["vertices_uvd"], y_true) for y in batch)
    expected = 0.0
    for b in range(BATCH):
        for i in range(mesh.num_vertices):
            offset = np.abs(y_true["vertices_uvd"][b, i] - y_pred["vertices_uvd"][b, i])
            expected += np.abs(true[b, i] - pred[b, i]).sum() + 3.0 * offset[:2].sum() + 0.5 * offset[2]
    expected /= BATCH * mesh.num_vertices
    assert value("vertex_l1", mesh, *batch, uv_weight=3.0, depth_weight=0.5) == pytest.approx(expected, rel=1e-4)


def test_normal(mesh, batch):
    true, pred = (naive_xyz(y["vertices_uvd"], batch[0]) for y in batch)
    expected = 0.0
    for b in range(BATCH):
        for i, j, k in mesh.faces:
            normal = np.cross(true[b, j] - true[b, i], true[b, k] - true[b, i])
            normal /= np.linalg.norm(normal)
            for start, end in ((i, j), (j, k), (k, i)):
                expected += ((pred[b, start] - pred[b, end]) @ normal) ** 2
    assert value("normal", mesh, *batch) == pytest.approx(expected / BATCH, rel=1e-4)


def test_edge(mesh, batch):
    true, pred = (naive_xyz(y["vertices_uvd"], batch[0]) for y in batch)
    pairs = {tuple(sorted(pair)) for i, j, k in mesh.faces.tolist() for pair in ((i, j), (j, k), (k, i))}
    expected = 0.0
    for b in range(BATCH):
        for i, j in pairs:
            expected += (((true[b, i] - true[b, j]) ** 2).sum() - ((pred[b, i] - pred[b, j]) ** 2).sum()) ** 2
    assert value("edge", mesh, *batch) == pytest.approx(expected / BATCH, rel=1e-4)


def test_laplacian(mesh, batch):
    true, pred = (naive_xyz(y["vertices_uvd"], batch[0]) for y in batch)
    expected = 0.0
    for b in range(BATCH):
        delta = true[b] - pred[b]
        for i, around in enumerate(neighbours(mesh)):
            mean = sum(delta[k] for k in around) / len(around) if around else 0.0
            expected += ((delta[i] - mean) ** 2).sum()
    assert value("laplacian", mesh, *batch) == pytest.approx(expected / BATCH, rel=1e-4)


@pytest.mark.parametrize("name", PSEUDO_TERMS)
def test_pseudo_terms_are_those_of_the_mesh_with_another_reference(mesh, batch, name):
    y_true, y_pred = batch
    swapped = {**y_true, "vertices_uvd": y_true["pseudo_vertices_uvd"]}
    expected = value(name.removeprefix("pseudo_"), mesh, swapped, y_pred)
    assert value(name, mesh, y_true, y_pred) == expected
    assert expected != pytest.approx(value(name.removeprefix("pseudo_"), mesh, *batch), rel=1e-2)
    del y_true["vertices_uvd"]
    assert value(name, mesh, y_true, y_pred) == expected


@pytest.mark.parametrize("beta", [1.0, 0.2])
def test_depth(mesh, batch, beta):
    y_true, y_pred = batch
    y_true["depth_map"][0, 0, :4] = [np.nan, np.inf, -3.0, 500.0]
    y_pred["depth_map"][0, 0, :4] = [500.0, 500.0, 500.0, 0.0]
    y_pred["depth_map"][:, 2] = 0.0
    expected, kinds = 0.0, set()
    for b in range(BATCH):
        *_, z_root, scale, _ = y_true["camera"][b].astype(np.float64)
        for measured, rendered in zip(y_true["depth_map"][b].ravel(), y_pred["depth_map"][b].ravel(), strict=True):
            kinds.add((measured > 0, rendered > 0))
            if np.isfinite(measured) and measured > 0 and rendered > 0:
                x = abs((rendered - z_root) / scale - (measured - z_root) / scale)
                expected += 0.5 * x**2 / beta if x < beta else x - 0.5 * beta
    assert len(kinds) == 4
    assert value("depth", mesh, *batch, beta=beta) == pytest.approx(expected / BATCH * 1024 / 36, rel=1e-4)


def test_depth_does_not_grow_with_the_size_of_the_map(mesh, batch):
    large = [{**part, "depth_map": part["depth_map"].repeat(2, axis=1).repeat(2, axis=2)} for part in batch]
    assert value("depth", mesh, *large) == pytest.approx(value("depth", mesh, *batch), rel=1e-5)


def test_a_reference_of_holes_is_no_loss(mesh, batch):
    y_true, y_pred = batch
    y_true["depth_map"][:] = 0.0
    assert value("depth", mesh, y_true, y_pred) == 0.0


def test_depth_maps_of_two_sizes(mesh, batch):
    y_true, y_pred = batch
    y_pred["depth_map"] = y_pred["depth_map"][:, :5, :5]
    with pytest.raises(ValueError, match=r"depth_map: expected \(6, 6\) of y_pred as of y_true, got \(5, 5\)"):
        value("depth", mesh, y_true, y_pred)


@pytest.mark.parametrize("beta", [0.0, -1.0, float("nan")])
def test_bad_beta(octahedron, beta):
    with pytest.raises(ValueError, match="beta: expected a positive"):
        get_loss("depth")(MeshTopology.from_template(octahedron), beta=beta)


def test_pose_and_pose_l1(mesh, batch):
    y_true, y_pred = batch
    true, pred = naive_xyz(y_true["joints_uvd"], y_true), naive_xyz(y_pred["joints_uvd_mesh"], y_true)
    squared = absolute = 0.0
    for b in range(BATCH):
        for j in range(NUM_JOINTS):
            squared += ((true[b, j] - pred[b, j]) ** 2).sum()
            absolute += np.abs(true[b, j] - pred[b, j]).sum()
            absolute += 2.0 * abs(y_true["joints_uvd"][b, j, 2] - y_pred["joints_uvd_mesh"][b, j, 2])
    assert value("pose", mesh, *batch) == pytest.approx(squared / BATCH, rel=1e-4)
    expected = absolute / (BATCH * NUM_JOINTS)
    assert value("pose_l1", mesh, *batch, depth_weight=2.0) == pytest.approx(expected, rel=1e-4)


def test_heatmap(mesh, batch):
    y_true, y_pred = batch
    target = gaussian_maps(y_true["joints_uvd"], sigma=4.0 * MAP[1] / 64)
    expected = sum(((y_pred[key] - target) ** 2).sum() for key in ("heatmaps_1", "heatmaps_2")) / BATCH
    assert value("heatmap", mesh, *batch) == pytest.approx(expected, rel=1e-4)


def test_heatmap_sigma_is_in_heatmap_pixels(mesh, batch):
    y_true, y_pred = batch
    y_pred["heatmaps_1"] = y_pred["heatmaps_2"] = gaussian_maps(y_true["joints_uvd"], sigma=1.7)
    assert value("heatmap", mesh, y_true, y_pred, sigma=1.7) == pytest.approx(0.0, abs=1e-8)
    assert value("heatmap", mesh, y_true, y_pred) > 1.0


def softmax(logits: np.ndarray) -> np.ndarray:
    exponents = np.exp(logits - logits.max())
    return exponents / exponents.sum()


def test_heatmap_cross_entropy(mesh, batch):
    y_true, y_pred = batch
    y_true["joints_uvd"][0, 5, 0] = 1.2
    target = gaussian_maps(y_true["joints_uvd"], sigma=1.1)
    expected = 0.0
    for key in ("heatmaps_1", "heatmaps_2"):
        for b in range(BATCH):
            inside = [j for j in range(NUM_JOINTS) if (b, j) != (0, 5)]
            for j in inside:
                wanted = target[b, :, :, j] / target[b, :, :, j].sum()
                expected -= (wanted * np.log(softmax(y_pred[key][b, :, :, j]))).sum() / len(inside)
    assert value("heatmap_cross_entropy", mesh, *batch, sigma=1.1) == pytest.approx(expected / BATCH, rel=1e-4)


def test_joint_uv(mesh, batch):
    y_true, y_pred = batch
    y_true["joints_uvd"][1, 3, 1] = -0.1
    expected = 0.0
    for key in ("heatmaps_1", "heatmaps_2"):
        for b in range(BATCH):
            inside = [j for j in range(NUM_JOINTS) if (b, j) != (1, 3)]
            for j in inside:
                shares = softmax(y_pred[key][b, :, :, j])
                uv = np.zeros(2)
                for row in range(MAP[0]):
                    for column in range(MAP[1]):
                        uv += shares[row, column] * np.array([(column + 0.5) / MAP[1], (row + 0.5) / MAP[0]])
                expected += np.abs(uv - y_true["joints_uvd"][b, j, :2]).sum() / len(inside)
    assert value("joint_uv", mesh, *batch) == pytest.approx(expected / BATCH, rel=1e-4)


@pytest.mark.parametrize("name", [*MESH_TERMS, *POSE_TERMS])
def test_zero_at_the_ground_truth_and_positive_off_it(mesh, batch, name):
    y_true, y_pred = batch
    assert value(name, mesh, y_true, y_pred) > 1e-3
    y_pred = {"vertices_uvd": y_true["vertices_uvd"], "joints_uvd_mesh": y_true["joints_uvd"]}
    assert value(name, mesh, y_true, y_pred) == pytest.approx(0.0, abs=1e-8)


def test_heatmap_terms_are_least_at_the_ground_truth(mesh, batch):
    y_true, y_pred = batch
    sigma = 0.8
    maps = gaussian_maps(y_true["joints_uvd"], sigma)
    best = {"heatmaps_1": maps}
    assert value("heatmap", mesh, y_true, best, sigma=sigma) == pytest.approx(0.0, abs=1e-8)
    assert value("heatmap", mesh, y_true, y_pred, sigma=sigma) > 1.0
    shares = maps / maps.sum(axis=(1, 2), keepdims=True)
    entropy = -(shares * np.log(np.maximum(shares, 1e-30))).sum(axis=(1, 2)).mean()
    logits = {"heatmaps_1": np.log(np.maximum(maps, 1e-30))}
    options = {"sigma": sigma}
    assert value("heatmap_cross_entropy", mesh, y_true, logits, **options) == pytest.approx(entropy, rel=1e-4)
    assert value("heatmap_cross_entropy", mesh, y_true, {"heatmaps_1": y_pred["heatmaps_1"]}, **options) > entropy
    assert value("joint_uv", mesh, y_true, logits) < 0.03
    assert value("joint_uv", mesh, y_true, y_pred) > 0.1


def test_no_joint_in_the_crop_is_no_loss(mesh, batch):
    y_true, y_pred = batch
    y_true["joints_uvd"][..., 0] += 2.0
    assert value("heatmap_cross_entropy", mesh, y_true, y_pred) == 0.0
    assert value("joint_uv", mesh, y_true, y_pred) == 0.0


def test_vertices_without_faces_add_nothing_to_surface_terms(fan, rng):
    y_true, y_pred = make_batch(rng, fan.num_vertices)
    before = {name: value(name, fan, y_true, y_pred) for name in ("normal", "edge")}
    y_pred["vertices_uvd"][:, 5] += 7.0
    assert {name: value(name, fan, y_true, y_pred) for name in ("normal", "edge")} == before


@pytest.mark.parametrize("name", MESH_TERMS)
def test_the_order_of_vertices_does_not_matter(mesh, batch, rng, name):
    y_true, y_pred = batch
    order = rng.permutation(mesh.num_vertices)
    place = np.argsort(order).astype(np.int32)
    renamed = type(mesh)(faces=place[mesh.faces], num_vertices=mesh.num_vertices)
    moved_true = {**y_true, "vertices_uvd": y_true["vertices_uvd"][:, order]}
    moved_pred = {**y_pred, "vertices_uvd": y_pred["vertices_uvd"][:, order]}
    assert value(name, renamed, moved_true, moved_pred) == pytest.approx(value(name, mesh, *batch), rel=1e-5)


@pytest.mark.parametrize("name", ["normal", "edge", "laplacian"])
def test_surface_terms_do_not_see_a_shift_in_space(octahedron, rng, name):
    y_true, _ = make_batch(rng, 6)
    camera = y_true["camera"]
    shifted = uvd_to_xyz(y_true["vertices_uvd"], camera) + np.array([12.0, -7.0, 20.0])
    y_pred = {"vertices_uvd": xyz_to_uvd(shifted, camera).astype(np.float32)}
    assert value("vertex", octahedron, y_true, y_pred) > 1.0
    assert value(name, octahedron, y_true, y_pred) < 1e-6


@pytest.mark.parametrize("name", ["heatmap", "heatmap_cross_entropy"])
@pytest.mark.parametrize("sigma", [0.0, -1.0, float("nan")])
def test_bad_sigma(octahedron, name, sigma):
    with pytest.raises(ValueError, match="sigma: expected a positive"):
        get_loss(name)(MeshTopology.from_template(octahedron), sigma=sigma)


@pytest.mark.parametrize("name", sorted({*HEATMAP_TERMS, *MESH_TERMS, *POSE_TERMS, *WEAK_TERMS}))
def test_a_missing_output_is_named(octahedron, rng, name):
    y_true, _ = make_batch(rng, 6)
    with pytest.raises(ValueError, match=r"y_pred: expected .*, got \['other'\]"):
        value(name, octahedron, y_true, {"other": 1.0})

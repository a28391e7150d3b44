"""The import of the authors' release: a made-up one against plain numpy, and mistakes in its files."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from export.pytorch_checkpoint import main
from export.release.mapping import FILES
from tests.export import made_up_release as made_up
from tests.export import naive_release
from tfhand.inference import HandEstimator
from tfhand.models import load_network


@pytest.fixture(scope="session")
def release(tmp_path_factory) -> SimpleNamespace:
    """Folder of a made-up release, `states` in it, its `mesh` and `order` files, and the `arguments` that import it."""
    folder = tmp_path_factory.mktemp("release")
    states = made_up.state_dicts(np.random.default_rng(2))
    made_up.write_legacy(folder / FILES[0], states[FILES[0]])
    for name in FILES[1:]:
        made_up.write_archive(folder / name, states[name])
    text, faces = made_up.hand_mesh()
    mesh, order = folder / "hand.obj", made_up.tree_order(faces)
    mesh.write_text(text)
    np.save(folder / "order.npy", order)
    arguments = ["--release", str(folder), "--template", str(mesh), "--graph-perm", str(folder / "order.npy")]
    return SimpleNamespace(folder=folder, states=states, faces=faces, order=order, mesh=mesh, arguments=arguments)


@pytest.fixture(scope="session")
def imported(release, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("imported") / "hand.keras"
    assert main([*release.arguments, "--out", str(out)]) == 0
    return out


def differs(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def test_import_computes_what_the_release_does(release, imported) -> None:
    """Every layer, against the description of the release in plain numpy."""
    image_bgr = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    expected = naive_release.forward(release.states, release.faces, release.order, image_bgr)
    found = load_network(weights=imported).predict(image_bgr[None, ..., ::-1], verbose=0)
    for stack in (1, 2):
        maps = expected[f"heatmaps_{stack}"].transpose(1, 2, 0)
        assert np.ptp(maps) > 1e-2 and differs(found[f"heatmaps_{stack}"][0], maps) < 1e-5
    place = np.argsort(release.order)[: made_up.VERTICES]
    assert np.ptp(expected["uvd"]) > 1e-2 and differs(found["vertices_uvd"][0], expected["uvd"][place]) < 1e-4
    joints = found["joints_uvd"][0]
    assert np.ptp(expected["depth"]) > 1e-3 and differs(joints[1:, 2], expected["depth"]) < 1e-4 and joints[0, 2] == 0
    for joint, heatmap in enumerate(expected["heatmaps_2"]):
        column, row = (joints[joint, :2] * 256).round().astype(int)
        height = naive_release.resized(heatmap)
        assert height[row, column] >= height.max() - 1e-5 * np.abs(height).max()


def test_every_weight_comes_from_the_release(release, imported) -> None:
    model = load_network(weights=imported)
    assert model.preset.name == "released" and model.preset.backbone.channels == made_up.CHANNELS
    used = [
        value for state in release.states.values() for key, value in state.items()
        if not key.endswith("num_batches_tracked") and not (state is release.states[FILES[2]] and key.startswith("bn."))
    ]  # fmt: skip

    def sums(arrays) -> list[float]:
        return sorted(float(np.abs(np.asarray(array, np.float64)).sum()) for array in arrays)

    np.testing.assert_allclose(sums(model.weights), sums(used), rtol=1e-6)
    np.testing.assert_array_equal(np.sort(model.faces, axis=0), np.sort(release.faces, axis=0))


@pytest.mark.slow
def test_hands_of_both_sides_are_mirror_images(imported) -> None:
    """The release knows left hands: they reach it as they are, right ones mirrored."""
    estimator = HandEstimator.from_preset(weights=imported)
    photo = np.random.default_rng(3).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    camera = np.array([400.0, 400.0, 128.0, 128.0])
    left = estimator(photo, side="left", camera=camera, root_depth_mm=450.0, hand_scale_mm=50.0)
    right = estimator(photo[:, ::-1], side="right", camera=camera, root_depth_mm=450.0, hand_scale_mm=50.0)
    np.testing.assert_allclose(right.vertices_mm * [-1, 1, 1], left.vertices_mm, atol=1e-3)
    np.testing.assert_allclose(right.joints_mm * [-1, 1, 1], left.joints_mm, atol=1e-3)
    np.testing.assert_array_equal(left.faces, estimator.model.faces)
    np.testing.assert_array_equal(right.faces, left.faces[:, ::-1])
    assert left.vertices_mm.shape == (made_up.VERTICES, 3)
    raw = estimator.model.predict(photo[None], verbose=0)["joints_uvd"][0]
    np.testing.assert_allclose(left.joints_uv, raw[:, :2] * 256, atol=1e-2)


def test_says_what_it_found(release, tmp_path, capsys) -> None:
    shuffled = tmp_path / "shuffled.npy"
    np.save(shuffled, np.random.default_rng(0).permutation(made_up.PLACES))
    out = tmp_path / "hand.keras"
    assert main([*release.arguments[:-1], str(shuffled), "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert "tree order: 1280 places for 954 vertices" in said.out and "4 channels" in said.out
    assert "with a wrong one of 1280 places the mesh is garbage" in said.out
    assert "this one is wrong" in said.err


def fails(capsys, release, *changes: str, out: str = "hand.keras") -> str:
    """The message of an import with other or more arguments; checks that nothing is written."""
    before = sorted(release.folder.rglob("*"))
    assert main([*release.arguments, "--out", str(release.folder / out), *changes]) == 1
    assert sorted(release.folder.rglob("*")) == before
    message = capsys.readouterr().err
    assert message.startswith("export.pytorch_checkpoint: ") and "Traceback" not in message
    return message


def test_everything_that_does_not_fit_is_listed_and_nothing_written(release, tmp_path, capsys) -> None:
    states = {name: dict(state) for name, state in release.states.items()}
    del states[FILES[0]]["hourglass.1.low2.low2.low2.low2_.1.bn2.running_var"]
    del states[FILES[2]]["fc.fc_2.fc.bias"]
    states[FILES[1]]["mesh_net.cl.9.weight"] = np.zeros((2, 2), np.float32)
    states[FILES[1]]["mesh_net.fc.fc_1.fc.weight"] = np.zeros((512, 60), np.float32)
    states[FILES[2]]["cl.0.weight"] = np.full((32, 9), np.nan, np.float32)
    for name, state in states.items():
        made_up.write_archive(tmp_path / name, state)
    out = tmp_path / "hand.keras"
    out.write_bytes(b"an older file")
    assert main([*release.arguments, "--release", str(tmp_path), "--out", str(out)]) == 1
    message = capsys.readouterr().err
    for line in (
        "5 tensors of the release do not fit",
        "net_hm.pth: hourglass.1.low2.low2.low2.low2_.1.bn2.running_var: missing",
        "net_mesh_pose.pth: fc.fc_2.fc.bias: missing",
        "net_feat_mesh.pth: mesh_net.cl.9.weight: not part of the network",
        "net_feat_mesh.pth: mesh_net.fc.fc_1.fc.weight: expected shape (512, 64), got (512, 60)",
        "net_mesh_pose.pth: cl.0.weight: not finite",
    ):
        assert line in message
    assert message.count(".pth: ") == 5
    assert out.read_bytes() == b"an older file" and len(list(tmp_path.iterdir())) == 4


def test_files_of_something_else_are_named(release, tmp_path, capsys) -> None:
    assert "lacks net_hm.pth, net_feat_mesh.pth, net_mesh_pose.pth" in fails(capsys, release, "--release", str(tmp_path))
    for name in FILES:
        made_up.write_archive(tmp_path / name, {"weight": np.zeros(3, np.float32)})
    message = fails(capsys, release, "--release", str(tmp_path))
    assert "net_hm.pth is not the release's: lin_.0.0.weight, which tells its width, is missing" in message
    made_up.write_archive(tmp_path / FILES[0], {"lin_.0.0.weight": np.zeros((5, 5, 1, 1), np.float32)})
    assert "expected shape (C, C, 1, 1), C even, got (5, 5, 1, 1)" in fails(capsys, release, "--release", str(tmp_path))


def test_other_meshes_and_targets_are_named(release, tmp_path, capsys) -> None:
    assert "--template: no file at" in fails(capsys, release, "--template", str(tmp_path / "absent.obj"))
    triangle = tmp_path / "triangle.obj"
    triangle.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    message = fails(capsys, release, "--template", str(triangle))
    assert "--template: expected the release's mesh of 1010 vertices, got 3" in message
    assert "--out: expected a file ending in .keras" in fails(capsys, release, out="hand.h5")


def test_orders_of_another_length_are_refused(release, tmp_path, capsys) -> None:
    short = tmp_path / "short.npy"
    np.save(short, np.arange(1216))
    message = fails(capsys, release, "--graph-perm", str(short))
    assert "expected an order of 1280 places, got 1216" in message and "the mesh is garbage" in message
    np.save(short, np.zeros(1280, int))
    assert "expected each of 0..1279 once" in fails(capsys, release, "--graph-perm", str(short))
    # The strip's own order, as the release would find it.
    arguments = ["--release", str(release.folder), "--template", str(release.mesh), "--out", str(tmp_path / "hand.keras")]
    assert main(arguments) == 1 and "expected an order of 1280 places, got 1168" in capsys.readouterr().err
    assert not (tmp_path / "hand.keras").exists()

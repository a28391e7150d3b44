"""The import against what the authors' own network computes (a fixture outside of the repository), in every format."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from export.pytorch_checkpoint import main
from export.release.tree_order import read_order
from export.runners import open_runner
from export.saved_model import export_saved_model
from tfhand.geometry import camera_vector, uvd_to_xyz
from tfhand.models import load_network

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = ROOT.parent / "shared" / "reference_parity"

pytestmark = pytest.mark.skipif(not FIXTURE.is_dir(), reason="the fixture is not beside the repository")


@pytest.fixture(scope="module")
def imported(tmp_path_factory) -> Path:
    """The release as a Keras file, its tree order recomputed."""
    out = tmp_path_factory.mktemp("imported") / "hand.keras"
    template = FIXTURE / "0214_lowP_vn_g.0001.obj"
    assert main(["--release", str(FIXTURE), "--template", str(template), "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def expected() -> SimpleNamespace:
    """Images as we take them, and the release's answers as we give them."""
    with np.load(FIXTURE / "expected.npz") as file:
        given = dict(file)
    order = read_order(FIXTURE / "graph_perm.npy")
    place = np.argsort(order)[: given["mesh_xyz_cm"].shape[1]]
    protocol = zip(given["cam_param"], given["bbox"], given["pose_root"], given["pose_scale"], strict=True)
    return SimpleNamespace(
        pixels=np.ascontiguousarray(given["images_bgr"][..., ::-1]),
        images=given["images_bgr"][..., ::-1].astype(np.float32) / 255,
        heatmaps_1=given["heatmaps_stage1"].transpose(0, 2, 3, 1),
        heatmaps_2=given["heatmaps_stage2"].transpose(0, 2, 3, 1),
        uvd=given["mesh_uvd_tree_order"][:, place],
        depths=given["joint_relative_depth"],
        joints_px=given["joint_uv"],
        mesh_mm=given["mesh_xyz_cm"] * 10,
        joints_mm=given["joint_xyz_cm"] * 10,
        cameras=np.stack([camera_vector(camera, box, 10 * root[2], 10 * scale) for camera, box, root, scale in protocol]),
    )


def check(found: dict[str, np.ndarray], expected: SimpleNamespace) -> None:
    """Heat-maps, where given, and uvd to 1e-4 of their largest value, joint u, v to the pixel, mesh and joints to 1e-3 cm."""
    joints = found["joints_uvd"]
    pairs = [(found["vertices_uvd"], expected.uvd), (joints[:, 1:, 2], expected.depths)]
    pairs += [(found[name], vars(expected)[name]) for name in found if name.startswith("heatmaps_")]
    for value, true in pairs:
        assert np.abs(value - true).max() < 1e-4 * np.abs(true).max()
    # One pixel aside, where two maxima are equally high to float32.
    aside = np.abs(joints[..., :2] * 256 - expected.joints_px).max(axis=-1)
    assert (aside < 1e-3).mean() > 0.95 and aside.max() < 1.001
    mesh, pose = (uvd_to_xyz(value, expected.cameras) for value in (found["vertices_uvd"], joints))
    assert np.linalg.norm(mesh - expected.mesh_mm, axis=-1).max() < 1e-2
    # The release copies the given root into its joints.
    apart = np.linalg.norm(pose - expected.joints_mm, axis=-1)[:, 1:]
    assert apart[aside[:, 1:] < 1e-3].max() < 1e-2


def test_recomputed_order_is_the_one_that_the_weights_fit(imported) -> None:
    order = read_order(FIXTURE / "graph_perm.npy")
    np.testing.assert_array_equal(load_network(weights=imported).topology.permutation, np.where(order < 954, order, -1))


def test_keras(imported, expected) -> None:
    check(load_network(weights=imported).predict(expected.images, verbose=0), expected)


@pytest.mark.slow
def test_dense_propagation(imported, expected) -> None:
    check(load_network(weights=imported, propagation="dense").predict(expected.images, verbose=0), expected)


@pytest.mark.slow
def test_saved_model(imported, expected, tmp_path) -> None:
    export_saved_model(load_network(weights=imported), tmp_path / "hand")
    check(open_runner(tmp_path / "hand")(expected.pixels), expected)


@pytest.mark.slow  # 1 minute; Keras and SavedModel are compared in any case
def test_tflite(imported, expected, tmp_path) -> None:
    """Converted in a process of its own: the converter keeps memory."""
    pytest.importorskip("ai_edge_litert")
    out = tmp_path / "hand.tflite"
    command = [sys.executable, "-m", "export.tflite", "--weights", str(imported), "--out", str(out)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-2000:]
    check(open_runner(out)(expected.pixels), expected)

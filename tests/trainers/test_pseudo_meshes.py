"""Pseudo-ground truth: what is computed, how it is kept, and how it moves with its sample."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from toy import SIZE, Hands, ToyNet

from tfhand.data import crop
from tfhand.models.given_heatmaps import GivenHeatmaps
from trainers import pseudo_meshes
from trainers.pseudo_meshes import compute_pseudo_meshes
from trainers.weak_samples import WeakSamples


class MixedHands(Hands):
    """Toy hands beside the optical axis, every other one a left hand."""

    def __getitem__(self, index):
        intrinsics = np.array([80.0, 80.0, -20.0, 30.0])
        return dataclasses.replace(super().__getitem__(index), intrinsics=intrinsics, side=("right", "left")[index % 2])


@pytest.fixture(scope="module")
def network() -> ToyNet:
    return ToyNet()


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(pseudo_meshes, "PART", 4)


@pytest.mark.parametrize("axis", ["camera", "crop"])
def test_crops_carry_what_the_network_said_of_them(tmp_path, axis):
    network = ToyNet()
    network.depth_axis = axis
    hands = MixedHands(10)
    samples = WeakSamples(hands, meshes=compute_pseudo_meshes(network, hands, "toy/train", tmp_path))
    model = GivenHeatmaps(network)
    for index in (0, 3, 9):
        view = crop(samples[index], SIZE, depth_axis=axis)
        assert view["side_mirrored"] == bool(index % 2) and "vertices_uvd" not in view
        expected = model({"image": view["image"][None], "joints_uv": view["joints_uvd"][None, :, :2]})[0].numpy()
        # What lies behind the camera is brought before it.
        nearest = -0.9 * view["camera"][4] / view["camera"][5]
        expected = np.concatenate([expected[:, :2], np.maximum(expected[:, 2:], nearest)], axis=-1)
        np.testing.assert_allclose(view["pseudo_vertices_uvd"], expected, rtol=1e-4, atol=2e-4)


def test_only_what_is_missing_is_computed(network, tmp_path):
    hands = Hands(10)
    first = compute_pseudo_meshes(network, hands, "toy/train", tmp_path)
    files = sorted(tmp_path.glob("*/meshes-*.npy"))
    assert len(files) == 3 and len(first) == 10
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in files]
    files[1].unlink()
    compute_pseudo_meshes(network, hands, "toy/train", tmp_path)
    after = [(path.read_bytes(), path.stat().st_mtime_ns) for path in files]
    assert [one for one, _ in before] == [one for one, _ in after]
    assert [one[1] == other[1] for one, other in zip(before, after, strict=True)] == [True, False, True]


def test_key_tells_weights_and_data_apart(network):
    keys = {pseudo_meshes.key(network, Hands(10), "toy/train"), pseudo_meshes.key(network, Hands(10), "toy/train")}
    assert len(keys) == 1
    other = ToyNet()
    other.set_weights([weight + 1e-3 for weight in network.get_weights()])
    keys |= {
        pseudo_meshes.key(other, Hands(10), "toy/train"),
        pseudo_meshes.key(network, Hands(9), "toy/train"),
        pseudo_meshes.key(network, MixedHands(10), "toy/train"),
        pseudo_meshes.key(network, Hands(10), "other/train"),
    }
    assert len(keys) == 5


def test_a_run_goes_on_with_the_meshes_that_it_began_with(network, tmp_path):
    record = tmp_path / "run" / "pseudo_meshes.txt"
    for _ in range(2):
        compute_pseudo_meshes(network, Hands(4), "toy/train", tmp_path / "meshes", record=record)
    other = ToyNet()
    other.set_weights([weight + 1e-3 for weight in network.get_weights()])
    with pytest.raises(ValueError, match="weights: expected those that .*run began with, got others"):
        compute_pseudo_meshes(other, Hands(4), "toy/train", tmp_path / "meshes", record=record)
    assert len(list((tmp_path / "meshes").iterdir())) == 1


def test_samples_out_of_step_and_damaged_files_are_named(network, tmp_path):
    hands = Hands(10)
    meshes = compute_pseudo_meshes(network, hands, "toy/train", tmp_path)
    with pytest.raises(ValueError, match="sample 4 .'5'. has changed"):
        meshes.of(4, hands[5])
    path = sorted(tmp_path.glob("*/meshes-*.npy"))[0]
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(ValueError, match="meshes-00000.npy is damaged"):
        compute_pseudo_meshes(network, hands, "toy/train", tmp_path)


def test_3d_labels_do_not_matter(network, tmp_path):
    hands = Hands(4)
    meshes = compute_pseudo_meshes(network, hands, "toy/train", tmp_path)
    sample = hands[2]
    far = dataclasses.replace(sample, joints_mm=sample.joints_mm * 1.5, vertices_mm=None)
    np.testing.assert_array_equal(meshes.of(2, far), meshes.of(2, sample))

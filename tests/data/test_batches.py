from __future__ import annotations

import itertools

import numpy as np
import pytest

from tfhand.data.augment import AugmentConfig, crop
from tfhand.data.batches import BatchSource, iterate
from tfhand.data.depth_noise import DepthNoiseConfig


class Memory(list):
    """A dataset in memory."""


@pytest.fixture
def dataset(sample_factory):
    return Memory(sample_factory(i) for i in range(10))


def assert_same(one, two):
    np.testing.assert_array_equal(one[0], two[0])
    assert one[1].keys() == two[1].keys()
    for key in one[1]:
        np.testing.assert_array_equal(one[1][key], two[1][key])


def test_a_batch_depends_on_seed_and_number_only(dataset):
    def new(seed):
        return BatchSource(dataset, 4, 32, AugmentConfig(), seed=seed)

    source = new(3)
    for i in (7, 0, 2):
        assert_same(source[i], new(3)[i])
    assert np.abs(source[0][0].astype(int) - new(4)[0][0]).mean() > 1
    images, targets = source[0]
    assert images.shape == (4, 32, 32, 3) and images.dtype == np.uint8
    assert {key: value.shape for key, value in targets.items()} == {
        "vertices_uvd": (4, 50, 3), "joints_uvd": (4, 21, 3), "camera": (4, 7)
    }  # fmt: skip
    assert all(value.dtype == np.float32 for value in targets.values())


def test_every_epoch_holds_each_sample_once_in_a_new_order(dataset):
    source = BatchSource(dataset, 4, 32, seed=1)
    places = list(itertools.chain.from_iterable(source.indices(i) for i in range(10)))
    epochs = [places[start : start + 10] for start in range(0, 40, 10)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 4 and len(source) == 2


def test_a_sample_is_augmented_differently_every_epoch(dataset):
    source = BatchSource(dataset[:1], 1, 32, AugmentConfig())
    assert np.abs(source[0][1]["camera"] - source[1][1]["camera"]).max() > 1e-3


def test_without_shuffling_each_sample_comes_once(dataset):
    source = BatchSource(dataset, 4, 32, shuffle=False)
    assert len(source) == 3 and [len(images) for images, _ in source] == [4, 4, 2]
    with pytest.raises(IndexError):
        source[3]


def test_sets_without_meshes(sample_factory):
    source = BatchSource([sample_factory(0, vertices=None)], 1, 32)
    assert set(source[0][1]) == {"joints_uvd", "camera"}
    assert set(source.target_shapes) == {"joints_uvd", "camera"}


def test_depth_maps_come_where_asked_for_and_move_nothing_else(dataset):
    for sample in dataset:
        sample.depth_mm[sample.depth_mm > 0] = 500  # A sensor sees nothing of a surface that is all jags.
        sample.scene_depth_mm = sample.depth_mm
    noise = DepthNoiseConfig()
    with_depth = BatchSource(dataset, 4, 32, AugmentConfig(), depth_size=12, depth_noise=noise)
    (images, targets), (plain_images, plain) = with_depth[2], BatchSource(dataset, 4, 32, AugmentConfig())[2]
    assert with_depth.target_shapes["depth_map"] == (12, 12) and "depth_map" not in plain
    maps = targets.pop("depth_map")
    assert_same((images, targets), (plain_images, plain))
    for place, index in enumerate(with_depth.indices(2)):
        rng = np.random.default_rng([0, 8 + place])
        view = crop(dataset[index], 32, AugmentConfig(), rng, depth_size=12, depth_noise=noise)
        np.testing.assert_array_equal(maps[place], view["depth_map"])
    assert (maps > 0).any() and (maps == 0).any()
    exact = BatchSource(dataset, 2, 32, depth_size=12, shuffle=False)[0][1]["depth_map"]
    np.testing.assert_array_equal(exact[1], crop(dataset[1], 32, depth_size=12)["depth_map"])


def test_a_sample_without_the_labels_of_the_first_is_named(dataset):
    dataset[2].depth_mm = None
    dataset[3].vertices_mm = dataset[3].vertices_mm[:7]
    source = BatchSource(dataset, 1, 32, shuffle=False, depth_size=8)
    with pytest.raises(ValueError, match=r"sample 'sample 2': expected depth_map of shape \(8, 8\).* got none"):
        source[2]
    with pytest.raises(ValueError, match=r"'sample 3': expected vertices_uvd of shape \(50, 3\).* got \(7, 3\)"):
        source[3]


def test_pseudo_meshes_move_as_meshes_do(dataset):
    for sample in dataset:
        sample.pseudo_vertices_mm = sample.vertices_mm
    targets = BatchSource(dataset, 4, 32, AugmentConfig())[1][1]
    np.testing.assert_array_equal(targets["pseudo_vertices_uvd"], targets["vertices_uvd"])


def test_whole_batches_are_asked_for_where_the_dataset_can(dataset):
    class Many(Memory):
        def __getitems__(self, indices):
            self.asked = indices
            return [self[i] for i in indices]

    many = Many(dataset)
    assert_same(BatchSource(many, 4, 32)[1], BatchSource(dataset, 4, 32)[1])
    assert many.asked == BatchSource(dataset, 4, 32).indices(1)


def test_threads_keep_the_order(dataset):
    source = BatchSource(dataset, 3, 32, AugmentConfig())
    for i, batch in enumerate(iterate(source, start_step=2, steps=5, workers=3)):
        assert_same(batch, source[2 + i])
    assert i == 4
    assert_same(next(iterate(source)), source[0])
    assert len(list(iterate(BatchSource(dataset, 4, 32, shuffle=False), start_step=1))) == 2


def test_tf_data_gives_the_same_batches(dataset):
    pytest.importorskip("tensorflow")
    from tfhand.data.pipeline import to_tf_dataset

    source = BatchSource(dataset, 3, 32, AugmentConfig(), depth_size=8)
    stream = to_tf_dataset(source, start_step=2)
    assert stream.element_spec[0].shape == (3, 32, 32, 3) and stream.element_spec[1]["vertices_uvd"].shape == (3, 50, 3)
    for i, (images, targets) in enumerate(stream.take(6)):
        assert_same((images.numpy(), {key: value.numpy() for key, value in targets.items()}), source[2 + i])
    rest = to_tf_dataset(BatchSource(dataset, 4, 32, shuffle=False))
    assert rest.element_spec[0].shape.as_list() == [None, 32, 32, 3]
    assert [len(images) for images, _ in rest] == [4, 4, 2]


def test_bad_arguments(dataset):
    with pytest.raises(ValueError, match="batch_size: expected"):
        BatchSource(dataset, 0, 32)
    with pytest.raises(ValueError, match="dataset: expected at least one"):
        BatchSource([], 1, 32)

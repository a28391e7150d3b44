from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest

from tfhand.data.augment import AugmentConfig, crop, mirror
from tfhand.data.sample import PIXEL_FIELDS, encode
from tfhand.geometry import project, uvd_to_xyz
from tfhand.rendering.joint_visibility import REACH
from tfhand.rendering.rasterizer import rasterize
from tfhand.synthetic.generator import HandGenerator, SyntheticConfig, render_sample, sample_seed
from tfhand.synthetic.gestures import FAMILY_OF, GESTURES
from tfhand.synthetic.pose_sampler import NO_SIGNS, gesture_pose
from tfhand.synthetic.viewpoint import HABITS


def inside(mask, pixels):
    """Share of the pixels (N, 2) that lie in the mask or next to it; those off the image don't count."""
    mask = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3)))
    columns, rows = np.floor(pixels).astype(int).T
    seen = (columns >= 0) & (columns < mask.shape[1]) & (rows >= 0) & (rows < mask.shape[0])
    return mask[rows[seen], columns[seen]].mean()


def test_same_seed_same_sample(generator, samples):
    again = generator.render(3)
    assert encode(again) == encode(samples[3]) != encode(samples[4])
    assert encode(render_sample(3, generator.config)) == encode(samples[3])


def test_samples_are_complete(generator, samples):
    for sample in samples:
        assert sample.image.shape == (96, 96, 3) and sample.alpha.shape == (96, 96) == sample.depth_mm.shape
        assert sample.vertices_mm.shape == (generator.template.num_vertices, 3)
        assert sample.image.std() > 5 and np.isfinite(sample.vertices_mm).all()
        assert sample.joints_mm[:, 2].min() > 100
    assert {sample.side for sample in samples} == {"left", "right"}


def test_projected_labels_meet_mask_and_depth(samples):
    on_surface = []
    for sample in samples:
        hand = sample.depth_mm > 0
        # Between fingers that nearly touch, a slit narrower than a pixel may miss all centres.
        assert (sample.alpha[cv2.erode(hand.astype(np.uint8), np.ones((3, 3))) > 0] > 250).mean() > 0.97
        pixels = project(sample.vertices_mm, sample.intrinsics)
        assert inside(sample.alpha > 0, pixels) > 0.99
        assert inside(sample.alpha > 0, project(sample.joints_mm, sample.intrinsics)) > 0.95
        # No vertex in front of the scene; those that face the camera lie on it.
        columns, rows = np.floor(pixels).astype(int).T
        seen = (columns > 0) & (columns < 95) & (rows > 0) & (rows < 95)
        scene = np.where(sample.scene_depth_mm > 0, sample.scene_depth_mm, 1e9).astype(np.float32)
        near = cv2.erode(scene, np.ones((3, 3)))[rows[seen], columns[seen]]
        gaps = near - sample.vertices_mm[seen, 2]
        assert np.percentile(gaps[near < 1e8], 99) < 4
        on_surface.append((np.abs(gaps[hand[rows[seen], columns[seen]]]) < 6).mean())
    # A fist seen from behind shows few.
    assert min(on_surface) > 0.08 and np.mean(on_surface) > 0.2


def test_labels_of_pixels_agree(samples):
    for sample in samples:
        hand = sample.depth_mm > 0
        np.testing.assert_array_equal(sample.scene_depth_mm[hand], sample.depth_mm[hand])
        assert (sample.hand_alpha <= sample.alpha).all()
        assert (sample.hand_alpha[hand] > 0).mean() > 0.99
        assert (sample.alpha[sample.scene_depth_mm > 0] > 0).mean() > 0.99
        assert hand[sample.hand_alpha == 255].mean() > 0.99
        # A visible joint's pixel shows skin no farther in front of it than a hand is thick; at the wrist also the arm's.
        columns, rows = np.floor(project(sample.joints_mm, sample.intrinsics)).astype(int).T
        for joint in np.flatnonzero(sample.joint_visible):
            depth = sample.scene_depth_mm[rows[joint], columns[joint]]
            assert 0 < depth < sample.joints_mm[joint, 2] + 5
            assert sample.joints_mm[joint, 2] - depth < REACH * sample.hand_scale_mm
    visible = np.mean([sample.joint_visible for sample in samples])
    assert 0.3 < visible < 0.95


def test_objects_can_be_left_out(generator, samples):
    """The rest of a picture doesn't depend on what is in it."""
    found = {seed: sample for seed, sample in enumerate(samples) if sample.extras["things"]}
    assert 3 <= len(found) < len(samples)
    bare = HandGenerator(dataclasses.replace(generator.config, without=("objects",)))
    changed = 0
    for seed, sample in list(found.items())[:4]:
        without = bare.render(seed)
        assert without.extras["things"] == []
        changed += not np.array_equal(without.image, sample.image)
        for field in ("joints_mm", "vertices_mm", "intrinsics", "box"):
            np.testing.assert_array_equal(getattr(without, field), getattr(sample, field))
        # Things hide parts of the hand, and show none; where none is before it, it is as deep as ever.
        both = (without.depth_mm > 0) & (sample.depth_mm > 0)
        assert (sample.hand_alpha <= without.hand_alpha).all() and (sample.alpha >= without.alpha).all()
        np.testing.assert_array_equal(without.depth_mm[both], sample.depth_mm[both])
    assert changed >= 2
    seed = next(seed for seed, sample in enumerate(samples) if not sample.extras["things"])
    assert encode(bare.render(seed)) == encode(samples[seed])


def test_small_depth_map_is_that_of_the_mesh_rasterised_in_the_crop(generator, samples):
    gaps, hits = [], []
    for sample in samples[:8]:
        view = crop(sample, 64, AugmentConfig(), np.random.default_rng(1), depth_size=32)
        camera, depth = view["camera"], view["depth_map"]
        assert depth.shape == (32, 32) and depth.dtype == np.float32
        xyz = uvd_to_xyz(view["vertices_uvd"], camera)
        mesh = rasterize(xyz, generator.template.faces, camera[:4] * 32, (32, 32)).depth_mm
        both = (mesh > 0) & (depth > 0)
        gaps.append(np.abs(mesh - depth)[both])
        hits.append([(depth > 0).sum(), both.sum()])
        # Each value is one of the exact map's: nothing is mixed.
        assert np.isin(depth, sample.depth_mm).all()
    assert np.median(np.concatenate(gaps)) < 2 and np.percentile(np.concatenate(gaps), 90) < 8
    total, both = np.sum(hits, axis=0)
    assert both > 0.93 * total


def test_depth_is_that_of_the_network_mesh_nearly(generator, samples):
    for sample in samples:
        right = mirror(sample) if sample.side == "left" else sample
        mesh = rasterize(right.vertices_mm, generator.template.faces, right.intrinsics, (96, 96)).depth_mm
        both = (mesh > 0) & (right.depth_mm > 0)
        assert both.sum() > 0.5 * (mesh > 0).sum()
        assert np.median(np.abs(mesh[both] - right.depth_mm[both])) < 1.5


def test_joints_lie_within_the_hand_and_the_box(samples):
    for sample in samples:
        pixels = project(sample.joints_mm, sample.intrinsics)
        low, high = sample.box[:2], sample.box[:2] + sample.box[2:]
        assert ((pixels > low - 1) & (pixels < high + 1)).all()
        assert (np.abs(sample.vertices_mm[None] - sample.joints_mm[:, None]).max(-1).min(1) < 20).all()
        # The square around the box was rendered, unless the photograph ends across the hand.
        cut = ((pixels < 0) | (pixels > 96)).any()
        assert cut or ((low > 5).all() and (high < 91).all())


def test_left_hands_are_mirrored_right_hands():
    right, left = (HandGenerator(SyntheticConfig(size=64, left_share=share)).render(5) for share in (0.0, 1.0))
    assert (right.side, left.side) == ("right", "left")
    back = mirror(left)
    np.testing.assert_allclose(back.intrinsics, right.intrinsics, rtol=1e-6)
    for field in ("image", *PIXEL_FIELDS, "joint_visible", "joints_mm", "vertices_mm"):
        np.testing.assert_array_equal(getattr(back, field), getattr(right, field))
    views = crop(left, 48), crop(right, 48)
    np.testing.assert_allclose(views[0]["joints_uvd"], views[1]["joints_uvd"], atol=1e-5)
    assert np.abs(views[0]["image"].astype(int) - views[1]["image"]).max() <= 2


def test_streams_of_a_seed_do_not_depend_on_each_other(generator, samples):
    """Other backgrounds or another size leave the hand as it was."""
    config = dataclasses.replace(generator.config, size=64, photograph_share=0.0)
    for seed in (0, 1):
        np.testing.assert_array_equal(HandGenerator(config).render(seed).joints_mm, samples[seed].joints_mm)


def test_augmented_crops_of_samples(samples):
    for seed, sample in enumerate(samples[:4]):
        view = crop(sample, 64, AugmentConfig(), np.random.default_rng(seed))
        assert ((view["joints_uvd"][:, :2] > -0.5) & (view["joints_uvd"][:, :2] < 1.5)).all()


def test_hands_held_up_make_signs(generator):
    """Fingers are within noise and untangling of a gesture; other hands often are of none."""
    telling = np.stack([gesture_pose(name)[:16] for name in GESTURES if FAMILY_OF[name] not in NO_SIGNS])
    scenes = [generator.scene(np.random.default_rng(seed)).facts for seed in range(150)]
    away = [np.sqrt(((telling - facts["pose_deg"][:16]) ** 2).mean(axis=1).min()) for facts in scenes]
    held_up = np.array([HABITS[facts["view"]].signs for facts in scenes])
    assert 30 < held_up.sum() < 70
    away = np.array(away)
    assert np.median(away[held_up]) < 5 and (away[held_up] > 9).mean() < 0.05 and (away[~held_up] > 9).mean() > 0.2


def test_seeds_of_samples_differ():
    seeds = {sample_seed(seed, index) for seed in range(3) for index in range(1000)}
    assert len(seeds) == 3000 and min(seeds) >= 0 and sample_seed(1, 2) == sample_seed(1, 2)


@pytest.mark.parametrize("change", [{"size": 8}, {"left_share": 1.5}, {"photograph_share": -1}, {"penetration_mm": -1}])
def test_impossible_settings(change):
    with pytest.raises(ValueError, match=f"{next(iter(change))}: expected"):
        SyntheticConfig(**change)


def test_bad_folders_of_backgrounds(tmp_path):
    with pytest.raises(FileNotFoundError, match="backgrounds"):
        HandGenerator(SyntheticConfig(backgrounds=str(tmp_path / "none")))
    with pytest.raises(ValueError, match="no picture"):
        HandGenerator(SyntheticConfig(backgrounds=str(tmp_path)))

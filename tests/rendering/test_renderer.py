"""Whole pictures of the shipped hand: masks, depth and colours agree; same seed, same picture."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.rendering.naive import cast_rays
from tfhand.mesh.template import LABELS, HandTemplate
from tfhand.rendering.arm import AROUND, UPPER_ARM_MM, ArmParams, leaving
from tfhand.rendering.background import BackgroundSource
from tfhand.rendering.camera_effects import CameraParams, take_photograph
from tfhand.rendering.lighting import LightParams
from tfhand.rendering.rasterizer import rasterize
from tfhand.rendering.renderer import HandRenderer
from tfhand.rendering.skin import SkinParams, mean_albedo

SIZE = (96, 128)
INTRINSICS = np.array([250.0, 250.0, 64.0, 48.0], np.float32)


@pytest.fixture(scope="module")
def template():
    return HandTemplate.load()


@pytest.fixture(scope="module")
def renderer(template):
    return HandRenderer(template)


def posed(template, seed, distance=450.0):
    rng = np.random.default_rng(seed)
    rotation, triangle = np.linalg.qr(rng.normal(size=(3, 3)))
    rotation *= np.sign(np.diag(triangle))
    rotation[:, 0] *= np.linalg.det(rotation)
    angles = np.zeros((20, 3))
    angles[:, 0] = rng.uniform(0, 0.9, 20)
    hand = template.pose(template.bone_rotations(angles), None, rotation, np.zeros(3))
    return hand.surface_vertices - hand.joints[9] + np.float32([0, 0, distance])


def arm_of(seed, **changes):
    return dataclasses.replace(ArmParams.sample(np.random.default_rng(seed)), **changes)


def draw(renderer, vertices, seed, size=SIZE, intrinsics=INTRINSICS, **arm):
    rng = np.random.default_rng(seed)
    skin, lights = SkinParams.sample(rng), LightParams.sample(rng)
    return renderer.render(vertices, intrinsics, size, skin, lights, arm_of(seed, **arm))


@pytest.mark.parametrize("seed", range(4))
def test_masks_depth_and_colours_agree(renderer, template, seed):
    rendered = draw(renderer, posed(template, seed), seed)
    assert rendered.rgb.shape == (*SIZE, 3) and rendered.alpha.shape == rendered.depth_mm.shape == SIZE
    assert all(getattr(rendered, name).dtype == np.float32 for name in ("rgb", "alpha", "hand_alpha", "depth_mm"))
    assert 0.02 < rendered.hand_alpha.mean() < 0.9
    assert (rendered.hand_alpha <= rendered.alpha).all() and rendered.alpha.max() == 1
    assert np.isfinite(rendered.rgb).all() and (rendered.rgb >= 0).all()
    assert (rendered.rgb[rendered.alpha == 0] == 0).all() and (rendered.rgb[rendered.alpha == 1].sum(axis=1) > 0).all()
    # A pixel whose centre sees the hand is covered, and one covered whole is seen at its centre.
    assert (rendered.hand_alpha[rendered.depth_mm > 0] > 0).mean() > 0.995
    assert (rendered.depth_mm[rendered.hand_alpha == 1] > 0).mean() > 0.995


def test_depth_is_the_hand_s_own_by_ray_cast(renderer, template):
    vertices, size, intrinsics = posed(template, 7), (24, 32), INTRINSICS / 4
    rendered = draw(renderer, vertices, 0, size=size, intrinsics=intrinsics, sleeve_start_mm=None)
    drawn = renderer.surface.place(vertices, arm_of(0, sleeve_start_mm=None))
    ids, _, depth, margin = cast_rays(drawn.vertices, drawn.faces, intrinsics, size)
    depth[ids >= drawn.num_hand_faces] = 0
    both = (rendered.depth_mm > 0) & (depth > 0) & (margin > 0.01)
    assert both.sum() > 20
    np.testing.assert_allclose(rendered.depth_mm[both], depth[both], atol=0.05)
    assert ((rendered.depth_mm > 0) & (depth == 0) & (margin > 0.01)).sum() == 0


def test_window_does_not_change_the_picture(renderer, template):
    """The part of the image that is rasterised depends on where the hand is; its pixels must not."""
    vertices = posed(template, 3)
    rendered = draw(renderer, vertices, 3)
    wide = draw(renderer, vertices, 3, size=(160, 200), intrinsics=INTRINSICS + np.float32([0, 0, 36, 32]))
    inner = wide.depth_mm[32 : 32 + SIZE[0], 36 : 36 + SIZE[1]]
    same = (inner > 0) == (rendered.depth_mm > 0)
    assert same.mean() > 0.999
    assert np.quantile(np.abs(inner - rendered.depth_mm)[same], 0.999) < 0.1
    colours = wide.rgb[32 : 32 + SIZE[0], 36 : 36 + SIZE[1]]
    assert np.abs(colours - rendered.rgb).mean() < 2e-3


def test_coverage_is_the_mean_of_finer_pixels(renderer, template):
    vertices = posed(template, 5)
    rendered = draw(renderer, vertices, 5, sleeve_start_mm=None)
    drawn = renderer.surface.place(vertices, arm_of(5, sleeve_start_mm=None))
    fine = rasterize(drawn.vertices, drawn.faces, 8 * INTRINSICS, (8 * SIZE[0], 8 * SIZE[1])).face_ids >= 0
    expected = fine.reshape(SIZE[0], 8, SIZE[1], 8).mean(axis=(1, 3))
    assert np.abs(rendered.alpha - expected).max() <= 0.5
    assert rendered.alpha.mean() == pytest.approx(expected.mean(), abs=2e-3)


def test_same_seed_same_photograph(renderer, template):
    source, images = BackgroundSource(), []
    for _ in range(2):
        rng = np.random.default_rng(11)
        hand = draw(renderer, posed(template, 11), 11)
        images.append(take_photograph(hand, source.sample(rng, SIZE), CameraParams.sample(rng)))
    np.testing.assert_array_equal(*images)


def test_hand_out_of_view_or_behind_the_camera_is_an_empty_picture(renderer, template):
    for shift in ([5000, 0, 0], [0, 0, -2000]):
        vertices = posed(template, 1) + np.float32(shift)
        rendered = draw(renderer, vertices, 1)
        assert not rendered.alpha.any() and not rendered.depth_mm.any() and not rendered.rgb.any()
        background = np.full((*SIZE, 3), 90, np.uint8)
        assert take_photograph(rendered, background, CameraParams.sample(np.random.default_rng(0))).shape == (*SIZE, 3)


def test_hand_around_the_camera_is_finite(renderer, template):
    rendered = draw(renderer, posed(template, 2, distance=20.0), 2)
    assert np.isfinite(rendered.rgb).all() and rendered.alpha.any()


def test_hand_ends_where_the_network_mesh_ends(renderer, template):
    drawn = renderer.surface.place(posed(template, 0), arm_of(0))
    inside = np.unique(drawn.faces[: drawn.num_hand_faces])
    assert np.isin(template.vertex_ids, inside).all()
    rest = template.surface_vertices
    behind = np.setdiff1d(np.arange(len(rest)), inside)
    assert len(behind) > 20
    assert rest[behind, 1].min() > rest[template.vertex_ids, 1].max() - 5


def test_sleeve_surrounds_the_forearm_in_any_pose(renderer, template):
    for seed in range(3):
        drawn = renderer.surface.place(posed(template, seed), arm_of(seed, sleeve_start_mm=20.0, elbow_bend=0.0))
        first = drawn.faces[drawn.num_skin_faces :].min()
        rings = drawn.vertices[first:].reshape(-1, 18, 3)
        centres = rings.mean(axis=1)
        steps = np.diff(centres[1:], axis=0)
        axis = steps.sum(axis=0) / np.linalg.norm(steps.sum(axis=0))
        assert (steps @ axis > 0).all()
        radii = np.linalg.norm(rings - centres[:, None], axis=-1)[:-1]  # the last ring is the point that closes it
        assert 18 < radii.min() and radii.max() < 100
        forearm = drawn.vertices[np.flatnonzero(template.surface_labels == LABELS.index("forearm"))]
        along = (forearm - centres[0]) @ axis
        arm_points = forearm[(along > 5) & (along < 90)]
        away = np.linalg.norm(np.cross(arm_points - centres[0], axis), axis=1)
        assert len(arm_points) > 20 and away.max() < 1.15 * radii[1:].max()


def test_winding_is_one_and_normals_are_unit(renderer, template):
    drawn = renderer.surface.place(posed(template, 0), arm_of(1, sleeve_start_mm=30.0))
    skin = drawn.faces[: drawn.num_skin_faces]
    sleeve = drawn.faces[drawn.num_skin_faces :]
    for part in (skin, sleeve):
        half = np.concatenate([part[:, [0, 1]], part[:, [1, 2]], part[:, [2, 0]]])
        assert len(np.unique(half, axis=0)) == len(half)
    np.testing.assert_allclose(np.linalg.norm(drawn.normals, axis=1), 1, atol=1e-3)
    # Outward: the volume within is positive, of the hand and of the sleeve.
    for part in (skin, sleeve):
        a, b, c = (drawn.vertices[part[:, k]].astype(np.float64) - drawn.vertices[part[0, 0]] for k in range(3))
        assert np.einsum("ij,ij->", a, np.cross(b, c)) > 0


def test_bent_elbow_stays_out_of_the_view_of_the_hand(renderer, template):
    for seed in range(8):
        vertices = posed(template, seed)
        straight, bent = (draw(renderer, vertices, seed, sleeve_start_mm=None, elbow_bend=bend) for bend in (0.0, 1.6))
        assert bent.hand_alpha.sum() > 0.9 * straight.hand_alpha.sum()


def test_arms_leave_the_picture(renderer, template):
    """An arm that would end within the picture is stretched; others stay as drawn."""
    ended, size, intrinsics = 0, (96, 96), np.array([150.0, 150.0, 48.0, 48.0])
    for seed in range(12):
        vertices = posed(template, seed)
        sections = renderer.surface.forearm_sections(vertices)
        for turn in range(4):
            drawn = arm_of(seed, elbow_bend=1.4, elbow_turn=1.5 * turn, sleeve_start_mm=None)
            arm = leaving(sections, drawn, intrinsics, size)
            ended += arm is not drawn
            end = renderer.surface.place(vertices, arm).vertices[-2 * AROUND : -AROUND].mean(axis=0)
            pixel = end[:2] / end[2] * 150 + 48
            # Straight behind the hand, an arm has nowhere to go.
            behind = np.linalg.norm(sections[-1].mean(axis=0)[:2] - sections[0].mean(axis=0)[:2]) < 20
            assert behind or end[2] < 60 or (pixel < 0).any() or (pixel > 96).any()
            assert leaving(sections, arm, intrinsics, size).elbow_bend == arm.elbow_bend
    assert 4 < ended < 48


def test_ends_of_arm_and_sleeve_are_closed(renderer, template):
    drawn = renderer.surface.place(posed(template, 0), arm_of(1, sleeve_start_mm=30.0))
    arm, sleeve = drawn.vertices[template.surface_vertices.shape[0] :], drawn.vertices[-AROUND:]
    upper = arm[: len(UPPER_ARM_MM) * AROUND]
    for last in (upper[-AROUND:], sleeve):
        np.testing.assert_allclose(last, last[:1].repeat(AROUND, axis=0), atol=1e-3)
    assert np.ptp(upper[-2 * AROUND : -AROUND], axis=0).max() > 60
    # The sleeve goes on beyond the arm.
    elbow = upper[-2 * AROUND : -AROUND].mean(axis=0)
    assert np.linalg.norm(sleeve[0] - upper[0]) > np.linalg.norm(elbow - upper[0])


def test_sleeve_and_arm_are_not_the_hand(renderer, template):
    vertices = posed(template, 4)
    bare = draw(renderer, vertices, 4, sleeve_start_mm=None)
    sleeved = draw(renderer, vertices, 4, sleeve_start_mm=-25.0)
    assert sleeved.hand_alpha.sum() < bare.hand_alpha.sum()
    assert bare.alpha.sum() > bare.hand_alpha.sum()


def test_skin_tones_run_from_light_to_dark():
    skin = SkinParams.sample(np.random.default_rng(0))
    tones = [mean_albedo(dataclasses.replace(skin, melanin=m, blood=0.5, yellow=0.3)) for m in np.linspace(0, 1, 8)]
    assert (np.diff(np.array(tones), axis=0) < 0).all()
    assert tones[0][1] > 0.3 and tones[-1][1] < 0.06
    assert all(tone[0] > tone[1] > tone[2] for tone in tones)


def test_wrong_vertices_are_named(renderer):
    with pytest.raises(ValueError, match="vertices"):
        draw(renderer, np.zeros((10, 3)), 0)
    with pytest.raises(ValueError, match="vertices.*finite"):
        draw(renderer, np.full((renderer.surface.num_vertices, 3), np.nan), 0)

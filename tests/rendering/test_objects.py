"""Things about a hand: closed bodies, in place, drawn in the passes that draw the hand."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from tests.rendering.naive import cast_rays
from tfhand.constants import FINGER_JOINTS, FINGERS
from tfhand.mesh.template import HandTemplate
from tfhand.rendering.arm import ArmParams
from tfhand.rendering.joint_visibility import REACH, JointVisibility
from tfhand.rendering.lighting import LightParams
from tfhand.rendering.objects import sampler as sampler_module
from tfhand.rendering.objects.held import TOUCH_MM, held, palm_frame
from tfhand.rendering.objects.in_front import MOST_COVERED, in_front
from tfhand.rendering.objects.ring import Rings, fitted_ellipse
from tfhand.rendering.objects.sampler import SHARES, ThingSampler
from tfhand.rendering.objects.watch import watch
from tfhand.rendering.renderer import HandRenderer
from tfhand.rendering.skin import SkinParams

SIZE = (64, 80)
INTRINSICS = np.array([160.0, 160.0, 40.0, 32.0], np.float32)


@pytest.fixture(scope="module")
def room():
    template = HandTemplate.load()
    renderer = HandRenderer(template)
    return SimpleNamespace(
        template=template,
        renderer=renderer,
        things=ThingSampler(template, renderer.surface),
        rings=Rings(template),
        visibility=JointVisibility(template),
    )


def posed(room, seed, curl=0.9, distance=450.0):
    """A hand in any direction: surface and joints in the camera frame, bone rotations of random curl."""
    rng = np.random.default_rng(seed)
    rotation, triangle = np.linalg.qr(rng.normal(size=(3, 3)))
    rotation *= np.sign(np.diag(triangle))
    rotation[:, 0] *= np.linalg.det(rotation)
    angles = np.zeros((20, 3))
    angles[:, 0] = rng.uniform(0, curl, 20)
    hand = room.template.pose(room.template.bone_rotations(angles), None, rotation, np.zeros(3))
    shift = np.float32([0, 0, distance]) - hand.joints[9]
    return hand.surface_vertices + shift, hand.joints + shift


def bare_arm(seed=0):
    return dataclasses.replace(ArmParams.sample(np.random.default_rng(seed)), sleeve_start_mm=None)


def draw(room, vertices, things, size=SIZE, intrinsics=INTRINSICS):
    rng = np.random.default_rng(0)
    looks = SkinParams.sample(rng), LightParams.sample(rng)
    return room.renderer.render(vertices, intrinsics, size, *looks, bare_arm(), things)


def volume(vertices, faces):
    a, b, c = (vertices[faces[:, k]].astype(np.float64) - vertices.mean(axis=0) for k in range(3))
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


@pytest.mark.parametrize("seed", range(4))
def test_rings_follow_their_fingers(room, seed):
    vertices, joints = posed(room, seed)
    found = 0
    for draw_seed in range(6):
        for solid in room.rings.sample(vertices, np.random.default_rng(draw_seed)):
            if len(solid.vertices) < 150:
                continue  # a stone
            found += 1
            middle = solid.vertices.mean(axis=0)
            offsets, gaps = [], []
            for finger in FINGERS:
                first = FINGER_JOINTS[finger][1 if finger == "thumb" else 0]
                bone = joints[first + 1] - joints[first]
                share = (middle - joints[first]) @ bone / (bone @ bone)
                offsets.append(share)
                gaps.append(np.linalg.norm(middle - joints[first] - share * bone))
            nearest = int(np.argmin(gaps))
            assert gaps[nearest] < 7 and 0.4 < offsets[nearest] < 0.95
            spread = np.linalg.norm(solid.vertices - middle, axis=1)
            assert 5 < spread.min() and spread.max() < 20
    assert found >= 6


def test_ellipse_of_an_ellipse():
    angles = np.arange(24) * (2 * np.pi / 24)
    section = np.stack([8 * np.cos(angles), 6 * np.sin(angles), 0 * angles], axis=1) + [1, 2, 3]
    centre, ellipse = fitted_ellipse(section, np.array([0.0, 0.0, 1.0]))
    np.testing.assert_allclose(centre, [1, 2, 3])
    np.testing.assert_allclose(ellipse + centre, section)


@pytest.mark.parametrize("seed", range(4))
def test_watches_are_around_the_wrist_and_leave_sleeves_alone(room, seed):
    vertices, joints = posed(room, seed)
    sections = room.renderer.surface.forearm_sections(vertices)
    centres = sections.mean(axis=1)
    axis = (centres[5] - centres[1]) / np.linalg.norm(centres[5] - centres[1])
    kinds = set()
    for draw_seed in range(12):
        solids = watch(sections, 0, np.random.default_rng(draw_seed))
        kinds.add(len(solids))
        band = solids[0].vertices
        along = (band - centres[0]) @ axis - 4  # sections begin 4 mm before the wrist
        assert -2 < along.min() and along.max() < 60
        assert np.linalg.norm(np.cross(band - centres[2], axis), axis=1).max() < 50
        assert volume(solids[0].vertices, solids[0].faces) > 0
        for free in (10.0, 30.0, 60.0):
            shortened = watch(sections, 0, np.random.default_rng(draw_seed), free)
            parts = [(solid.vertices - centres[0]) @ axis - 4 for solid in shortened]
            assert all(part.max() < free + 6 for part in parts)
    assert kinds == {1, 3}


def test_held_things_barely_touch(room):
    """Seen from the faces of a convex body, no skin lies deep behind all of them, and some lies close to them."""
    found = 0
    for seed in range(32):
        vertices, joints = posed(room, seed, curl=1.2)
        hand = vertices[room.things._hand]
        solids = held(hand, vertices[room.things._palm], joints, np.random.default_rng(seed))
        if not solids or len(solids[0].vertices) not in (8 * 20, 56, 15 * 20):
            continue  # a bottle, a pen
        found += 1
        body = solids[0]
        a, b, c = (body.vertices[body.faces[:, k]].astype(np.float64) for k in range(3))
        normals = np.cross(b - a, c - a)
        areas = np.linalg.norm(normals, axis=1)
        normals, a = normals[areas > 1e-3] / areas[areas > 1e-3, None], a[areas > 1e-3]
        outside = np.einsum("pfi,fi->pf", hand[:, None] - a, normals).max(axis=1)
        assert -TOUCH_MM - 0.3 < outside.min() < 5
    assert found >= 8


def test_palm_frame(room):
    frame = palm_frame(room.template.pose().joints)
    np.testing.assert_allclose(frame @ frame.T, np.eye(3), atol=1e-6)
    assert np.linalg.det(frame) == pytest.approx(1)
    # Template: x to the thumb, y to the wrist, z to the back.
    assert frame[0, 0] > 0.9 and frame[1, 1] < -0.9 and frame[2, 2] < -0.9


def test_things_in_front_cover_no_more_than_a_third_and_touch_nothing(room):
    covered = []
    for seed in range(20):
        vertices, _ = posed(room, seed)
        hand, arm = vertices[room.things._hand], vertices[room.things._forearm]
        solids = in_front(hand, room.things._areas, arm, 0.7, np.random.default_rng(seed))
        bare = draw(room, vertices, [])
        with_things = draw(room, vertices, solids)
        covered.append(1 - with_things.hand_alpha.sum() / bare.hand_alpha.sum())
        ahead = with_things.scene_depth_mm < bare.scene_depth_mm - 1e-3
        # It is nearer wherever it is seen before the hand: nothing of it comes out behind.
        assert (with_things.bone_ids[ahead] == -1).all()
        for solid in solids:
            assert solid.vertices[:, 2].min() > 0
    assert max(covered) < MOST_COVERED + 0.1 and np.mean(covered) > 0.05
    assert np.mean(np.array(covered) > MOST_COVERED + 0.03) < 0.1


def test_scene_depth_and_masks_by_ray_cast(room):
    """Rings, watch, a thing held and one in front, all at once, against rays and triangles in plain loops."""
    size, intrinsics = (16, 20), INTRINSICS * np.float32(0.25)
    vertices, joints = posed(room, 3, curl=0.4)
    rng = np.random.default_rng(5)
    hand, arm = vertices[room.things._hand], vertices[room.things._forearm]
    things = room.rings.sample(vertices, rng)
    things += watch(room.renderer.surface.forearm_sections(vertices), 0, rng)
    things += held(hand, vertices[room.things._palm], joints, rng) + in_front(hand, room.things._areas, arm, 0.7, rng)
    assert len(things) >= 4
    rendered = draw(room, vertices, things, size, intrinsics)
    drawn = room.renderer.surface.place(vertices, bare_arm(), things)
    ids, _, depth, margin = cast_rays(drawn.vertices, drawn.faces, intrinsics, size)
    clear = margin > 0.01
    assert clear.mean() > 0.5 and (ids[clear] >= drawn.thing_faces[0]).sum() > 8
    np.testing.assert_allclose(rendered.scene_depth_mm[clear], depth[clear], atol=0.05)
    hand_depth = np.where((ids >= 0) & (ids < drawn.num_hand_faces), depth, 0)
    np.testing.assert_allclose(rendered.depth_mm[clear], hand_depth[clear], atol=0.05)
    assert (rendered.hand_alpha[clear & (hand_depth > 0)] > 0).all()
    assert (rendered.alpha[clear & (depth > 0)] > 0).all()
    assert np.isfinite(rendered.rgb).all() and (rendered.rgb[rendered.alpha == 1].sum(axis=1) > 0).all()


@pytest.mark.parametrize("seed", range(3))
def test_visible_joints_by_ray_cast(room, seed):
    """One ray through the middle of each joint's pixel; the bone of what it meets first, from the skin's weights."""
    vertices, joints = posed(room, seed, curl=1.2)
    hand, arm = vertices[room.things._hand], vertices[room.things._forearm]
    things = in_front(hand, room.things._areas, arm, 0.7, np.random.default_rng(seed))
    rendered = draw(room, vertices, things)
    found = room.visibility(rendered.bone_ids, rendered.scene_depth_mm, joints, INTRINSICS)
    drawn = room.renderer.surface.place(vertices, bare_arm(), things)
    names = [*room.template.bone_names, "forearm"]
    scale, compared = np.linalg.norm(joints[9] - joints[10]), 0
    for joint, (x, y, z) in enumerate(joints.astype(np.float64)):
        pixel = np.floor([x / z * 160 + 40, y / z * 160 + 32])
        face, depth, margin = first_hit((pixel + 0.5 - [40, 32]) / 160, drawn)
        visible = False
        inside = ((pixel >= 0) & (pixel < SIZE[::-1])).all()
        if inside and 0 <= face < drawn.num_skin_faces and (drawn.faces[face] < len(vertices)).all():
            bone = names[int(room.template.skin_weights[drawn.faces[face]].sum(axis=0).argmax())]
            visible = z - depth < REACH * scale and bone in expected_bones(joint)
        if margin > 1e-3:
            compared += 1
            assert found[joint] == visible
    assert compared > 15 and found.any() and not found.all()


def first_hit(ray, drawn):
    """The face that a ray (x, y, 1) meets first (-1: none), the depth there, and how far its edges are."""
    a, b, c = (drawn.vertices[drawn.faces[:, k]].astype(np.float64) for k in range(3))
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], axis=1) @ np.append(ray, 1.0)
        weights /= weights.sum(axis=1, keepdims=True)
        depth = (weights * np.stack([a, b, c], axis=1)[..., 2]).sum(axis=1)
    hit = (weights.min(axis=1) >= 0) & (depth > 1)
    face = int(np.argmin(np.where(hit, depth, np.inf))) if hit.any() else -1
    return face, depth[face], weights[face].min() if face >= 0 else 1.0


def expected_bones(joint):
    if joint == 0:
        return {"forearm", "wrist"} | {f"{finger}_metacarpal" for finger in FINGERS[1:]}
    finger, place = divmod(joint - 1, 4)
    if finger == 0:
        return [{"wrist", "thumb_metacarpal"}, {"thumb_metacarpal", "thumb_proximal"},
                {"thumb_proximal", "thumb_distal"}, {"thumb_distal"}][place]  # fmt: skip
    name = FINGERS[finger]
    around = {f"{FINGERS[other]}_metacarpal" for other in range(max(finger - 1, 1), min(finger + 2, 5))}
    return [around | {f"{name}_proximal"}, {f"{name}_proximal", f"{name}_middle"},
            {f"{name}_middle", f"{name}_distal"}, {f"{name}_distal"}][place]  # fmt: skip


def test_joints_outside_of_the_picture_or_of_another_shape(room):
    bones, depth = np.full(SIZE, 3, np.int32), np.full(SIZE, 400.0, np.float32)
    joints = np.tile(np.float32([5000, 0, 400]), (21, 1)) + np.arange(21)[:, None]
    assert not room.visibility(bones, depth, joints, INTRINSICS).any()
    with pytest.raises(ValueError, match="joints_mm: expected"):
        room.visibility(bones, depth, joints[:20], INTRINSICS)


def test_same_seed_same_things_and_each_kind_its_own_stream(room, monkeypatch):
    vertices, joints = posed(room, 1)
    arguments = vertices, joints, INTRINSICS, SIZE, bare_arm()
    # Presence is drawn first, for every kind: a share moves no other kind.
    monkeypatch.setattr(sampler_module, "SHARES", dict.fromkeys(SHARES, 1.0))
    all_kinds = room.things.sample(*arguments, np.random.default_rng(2))
    again = room.things.sample(*arguments, np.random.default_rng(2))
    assert all_kinds.keys() == again.keys() and "ring" in all_kinds
    for name in SHARES:
        monkeypatch.setattr(sampler_module, "SHARES", {**dict.fromkeys(SHARES, 0.0), name: 1.0})
        alone = room.things.sample(*arguments, np.random.default_rng(2))
        assert alone.keys() == {name} & all_kinds.keys()
        for things in (again, alone):
            for one, two in zip(things.get(name, []), all_kinds.get(name, []), strict=True):
                np.testing.assert_array_equal(one.vertices, two.vertices)
    monkeypatch.setattr(sampler_module, "SHARES", dict.fromkeys(SHARES, 0.0))
    assert room.things.sample(*arguments, np.random.default_rng(2)) == {}

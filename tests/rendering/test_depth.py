"""The differentiable depth renderer: backends against each other and a ray caster, gradients against differences."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rendering.naive import cast_rays

tf = pytest.importorskip("tensorflow")

from tfhand.rendering.depth import renderer, tensor_triangles  # noqa: E402
from tfhand.rendering.depth.renderer import map_intrinsics, render_depth  # noqa: E402

INTRINSICS = np.array([[60.0, 55.0, 12.0, 9.5], [40.0, 50.0, 8.0, 13.0]], np.float32)
SIZE = 22
BACKENDS = ("tf", "tfg")


def soup(seed, count, spread, size, centre=(0, 0, 400)):
    """Two samples of random triangles of both windings, each with corners of its own."""
    rng = np.random.default_rng(seed)
    middles = rng.uniform(-1, 1, (2, count, 1, 3)) * spread + centre
    vertices = (middles + rng.normal(size=(2, count, 3, 3)) * size).reshape(2, -1, 3).astype(np.float32)
    return vertices, np.arange(3 * count, dtype=np.int32).reshape(-1, 3)


def rays(vertices, faces, size=SIZE):
    """Depths (2, S, S) by the ray caster, and where a pixel is clear of every edge."""
    cast = [cast_rays(v, faces, k, (size, size)) for v, k in zip(vertices, INTRINSICS, strict=True)]
    return np.stack([c[2] for c in cast]), np.stack([c[3] for c in cast]) > 0.02


SCENES = {
    "in view": ((60, 60, 60), 20, (0, 0, 400)),
    "off screen": ((400, 300, 60), 60, (0, 0, 400)),
    "behind": ((80, 80, 300), 120, (0, 0, 150)),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("scene", SCENES)
def test_equals_ray_caster(scene, backend):
    vertices, faces = soup(1, 40, *SCENES[scene])
    depth, clear = rays(vertices, faces)
    assert 0.1 < (depth > 0).mean() and clear.mean() > 0.3
    found = render_depth(vertices, faces, INTRINSICS, SIZE, backend).numpy()
    np.testing.assert_allclose(found[clear], depth[clear], rtol=2e-4, atol=0.02)
    assert (np.abs(found - depth) < 0.5).mean() > 0.99


@pytest.mark.parametrize("scene", SCENES)
def test_backends_agree(scene):
    vertices, faces = soup(2, 60, *SCENES[scene])
    first, second = (render_depth(vertices, faces, INTRINSICS, SIZE, name).numpy() for name in BACKENDS)
    assert (np.abs(first - second) < 1e-3).mean() > 0.99


def test_small_blocks_change_nothing(monkeypatch):
    vertices, faces = soup(3, 40, *SCENES["in view"])
    whole = render_depth(vertices, faces, INTRINSICS, SIZE, "tf").numpy()
    monkeypatch.setattr(tensor_triangles, "_BLOCK", 97)
    np.testing.assert_array_equal(render_depth(vertices, faces, INTRINSICS, SIZE, "tf").numpy(), whole)


@pytest.mark.parametrize("backend", BACKENDS)
def test_perspective_of_a_slanted_plane(backend):
    # The plane z = 300 + x: depth on the ray (p, q, 1) is 300 / (1 - p).
    vertices = np.array([[[-200, -300, 100], [400, -300, 700], [400, 300, 700], [-200, 300, 100]]] * 2, np.float32)
    faces = np.array([[0, 1, 2], [0, 3, 2]])
    columns = (np.arange(SIZE) + 0.5 - INTRINSICS[:, 2:3]) / INTRINSICS[:, :1]
    expected = np.broadcast_to((300 / (1 - columns))[:, None], (2, SIZE, SIZE))
    np.testing.assert_allclose(render_depth(vertices, faces, INTRINSICS, SIZE, backend), expected, rtol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_nothing_in_view(backend):
    vertices, faces = soup(3, 20, (50, 50, 50), 10)
    nowhere = (vertices * [1, 1, -1], vertices + [5000, 0, 0], vertices / 1000, vertices * np.nan)
    for moved in (*nowhere, np.zeros_like(vertices)):
        with tf.GradientTape() as tape:
            points = tf.constant(moved.astype(np.float32))
            tape.watch(points)
            depth = render_depth(points, faces, INTRINSICS, SIZE, backend)
        assert depth.shape == (2, SIZE, SIZE) and not depth.numpy().any()
        assert not np.nan_to_num(tf.convert_to_tensor(tape.gradient(depth, points)), nan=1).any()
    assert not render_depth(vertices, np.zeros((0, 3), int), INTRINSICS, SIZE, backend).numpy().any()


@pytest.mark.parametrize("backend", BACKENDS)
def test_degenerate_and_non_finite_triangles_are_left_out(backend):
    vertices, faces = soup(4, 30, (60, 60, 60), 20)
    expected = render_depth(vertices, faces, INTRINSICS, SIZE, backend).numpy()
    line = np.repeat([[[-100, 0, 300], [0, 0, 300], [100, 0, 300], [0, 0, 600], [np.nan, 0, 200]]], 2, axis=0)
    more = np.concatenate([line.astype(np.float32), vertices], axis=1)
    worse = np.concatenate([[[0, 1, 1], [2, 2, 2], [0, 1, 2], [0, 3, 4]], faces + 5])
    with tf.GradientTape() as tape:
        points = tf.constant(more)
        tape.watch(points)
        found = render_depth(points, worse, INTRINSICS, SIZE, backend)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert np.isfinite(tf.convert_to_tensor(tape.gradient(found, points))).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_gradients_equal_differences(backend):
    vertices, faces = soup(5, 12, (40, 40, 60), 40)
    _, clear = rays(vertices, faces)
    weights = np.random.default_rng(0).normal(size=clear.shape)
    depth, _ = rays(vertices, faces)

    def gradient_of(weights):
        with tf.GradientTape() as tape:
            points = tf.constant(vertices)
            tape.watch(points)
            total = tf.reduce_sum(render_depth(points, faces, INTRINSICS, SIZE, backend) * weights.astype("float32"))
        return tf.convert_to_tensor(tape.gradient(total, points)).numpy()

    step = 1e-3
    moved = np.random.default_rng(1).normal(size=vertices.shape)
    high, low = (rays(vertices.astype(float) + s * moved, faces)[0] for s in (step, -step))
    # Pixels that see the same surface before and after.
    stays = clear & (np.abs(high - low) < 1) & (depth > 0)
    assert stays.sum() > 100
    slopes = (high - low) / (2 * step)
    found = np.sum(gradient_of(weights * stays) * moved)
    np.testing.assert_allclose(found, np.sum(weights * stays * slopes), rtol=2e-3, atol=1e-2)
    for sample, row, column in np.argwhere(stays)[::40]:
        one = np.zeros_like(weights)
        one[sample, row, column] = 1
        np.testing.assert_allclose(np.sum(gradient_of(one) * moved), slopes[sample, row, column], rtol=2e-3, atol=1e-3)


@pytest.mark.parametrize("backend", BACKENDS)
def test_descent_finds_the_depth(backend):
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(np.linspace(-150, 150, 5), np.linspace(-150, 150, 5)), -1).reshape(-1, 2)
    corner = np.array([[i, i + 1, i + 5] for i in range(19) if i % 5 < 4])
    faces = np.concatenate([corner, np.array([[f[1], f[2], f[2] + 1] for f in corner])])
    faces = faces[faces.max(axis=1) < 25]
    goal, start = (np.c_[grid, 400 + rng.normal(size=25) * 10][None].astype(np.float32) for _ in range(2))
    target = render_depth(goal, faces, INTRINSICS[:1], SIZE, backend)
    points = tf.Variable(start)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((render_depth(points, faces, INTRINSICS[:1], SIZE, backend) - target) ** 2)
        points.assign_sub(4 * tf.convert_to_tensor(tape.gradient(loss, points)) * [0.0, 0.0, 1.0])
        return loss

    losses = [float(step()) for _ in range(60)]
    assert losses[-1] < 0.05 * losses[0]


@pytest.mark.parametrize("backend", BACKENDS)
def test_inside_a_function_of_unknown_shapes(backend):
    vertices, faces = soup(6, 20, *SCENES["in view"])
    spec = [tf.TensorSpec((None, None, 3)), tf.TensorSpec((None, 3), tf.int32), tf.TensorSpec((None, 4))]
    traced = tf.function(lambda *inputs: render_depth(*inputs, SIZE, backend), input_signature=spec)
    for count in (2, 1, 0):
        found = traced(vertices[:count], faces, INTRINSICS[:count])
        expected = render_depth(vertices[:count], faces, INTRINSICS[:count], SIZE, backend)
        assert found.shape == (count, SIZE, SIZE)
        np.testing.assert_allclose(found, expected, atol=1e-3)


def test_auto_without_a_kernel(monkeypatch):
    def fail():
        raise renderer.KernelError("no compiler")

    monkeypatch.setattr(renderer, "load_library", fail)
    renderer.default_backend.cache_clear()
    try:
        assert renderer.default_backend() == "tf"
    finally:
        renderer.default_backend.cache_clear()
    vertices, faces = soup(1, 2, *SCENES["in view"])
    with pytest.raises(renderer.KernelError, match="no compiler"):
        render_depth(vertices, faces, INTRINSICS, SIZE, "tfg")


def test_intrinsics_of_a_crop():
    camera = np.array([[2.5, 2.25, 0.5, 0.75, 400, 30]])
    np.testing.assert_allclose(map_intrinsics(camera, 32), [[80, 72, 16, 24]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vertices": np.zeros((4, 3))}, "vertices"),
        ({"faces": np.zeros((2, 4), int)}, "faces"),
        ({"faces": np.zeros((2, 3))}, "faces: expected integers"),
        ({"faces": np.full((2, 3), 99)}, r"0\.\.5"),
        ({"intrinsics": np.ones((3, 4))}, "intrinsics"),
        ({"size": 0}, "size"),
        ({"backend": "gl"}, "'tfg', 'tf'"),
    ],
)
def test_mistakes(change, message):
    vertices, faces = soup(1, 2, *SCENES["in view"])
    good = {"vertices": vertices, "faces": faces, "intrinsics": INTRINSICS, "size": SIZE, "backend": "tf"}
    with pytest.raises(ValueError, match=message):
        render_depth(**{**good, **change})


@pytest.mark.parametrize("backend", BACKENDS)
def test_surface_points_are_the_pixels_own_and_move_with_the_surface(backend):
    vertices, faces = soup(8, 40, *SCENES["off screen"])
    place = np.stack(np.meshgrid(np.arange(SIZE) + 0.5, np.arange(SIZE) + 0.5), axis=-1)

    def points_of(shift):
        # Where vertices go that move by the same way across the picture, whatever their depth.
        z = vertices[..., 2:]
        moved = np.concatenate([vertices[..., :2] + z * shift / INTRINSICS[:, None, :2], z], axis=-1)
        return tf.constant(moved.astype(np.float32))

    depth, points = renderer.render_surface(points_of(np.zeros(2)), faces, INTRINSICS, SIZE, backend)
    seen = depth.numpy() > 0
    np.testing.assert_allclose(points.numpy()[seen] * SIZE, np.broadcast_to(place, (2, SIZE, SIZE, 2))[seen], atol=2e-2)
    assert seen.mean() > 0.1 and not points.numpy()[~seen].any()
    shift = tf.Variable(np.zeros(2, np.float32))
    for axis in range(2):
        with tf.GradientTape() as tape:
            z = vertices[..., 2:]
            moved = tf.concat([vertices[..., :2] + z * shift / INTRINSICS[:, None, :2], z], axis=-1)
            total = tf.reduce_sum(renderer.render_surface(moved, faces, INTRINSICS, SIZE, backend)[1][..., axis])
        np.testing.assert_allclose(tape.gradient(total, shift).numpy() * SIZE, seen.sum() * np.eye(2)[axis], rtol=2e-3)

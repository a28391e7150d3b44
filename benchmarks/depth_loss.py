"""The depth loss with its rendering, forward and backward, beside a step of a fully supervised config.

    python -m benchmarks.depth_loss --sizes 16 32 64
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np

from benchmarks.common import TIMING_HEADERS, measure, parser, print_machine, print_table, set_threads
from benchmarks.training_step import random_batch

CONFIGS = Path(__file__).resolve().parents[1] / "configs"


def main(arguments: list[str] | None = None) -> None:
    """Runs the command."""
    options = parser(__doc__, repeats=10)
    options.add_argument("--config", type=Path, default=CONFIGS / "mobile.yaml", help="whose training step counts")
    options.add_argument("--batch", type=int, default=32, help="hands in a batch (default: %(default)s)")
    options.add_argument("--sizes", nargs="+", type=int, default=[32], help="sides of the depth maps")
    options.add_argument("--no-step", action="store_true", help="don't time the training step")
    args = options.parse_args(arguments)
    set_threads(args.threads)
    print_machine()
    step = None if args.no_step else step_milliseconds(args.config, args.batch, args.repeats)
    rows = []
    for size in args.sizes:
        for backend, losses in itertools.product(("tfg", "tf"), (["depth"], ["depth", "silhouette"])):
            timing = measure(depth_step(args.batch, size, backend, losses), args.repeats)
            share = "" if step is None else f"{100 * timing.median / step:.1f} %"
            rows.append([backend, " + ".join(losses), f"{size} x {size}", share, *timing.cells(args.batch)])
    of_step = "of a step" if step is None else f"of a step of {step:.0f} ms"
    headers = ["backend", "losses", "map", of_step, *TIMING_HEADERS]
    print_table(f"Depth loss, forward + backward, batch {args.batch}, items are hands", headers, rows)


def depth_step(batch: int, size: int, backend: str, losses: list[str]):
    """A compiled call: rendering, loss, and gradients in the vertices, of hands at rest about the crop's centre."""
    import tensorflow as tf

    from tfhand.geometry import xyz_to_uvd
    from tfhand.geometry.camera_ops import uvd_to_xyz
    from tfhand.losses import CompositeLoss
    from tfhand.mesh import HandTemplate
    from tfhand.rendering.depth.renderer import map_intrinsics, render_depth, render_surface

    template = HandTemplate.load()
    camera = random_batch(batch, 8, 1)[1]["camera"]
    rest = template.surface_vertices[template.vertex_ids]
    rest = rest - rest.mean(axis=0) + [0, 0, camera[0, 4]]
    rng = np.random.default_rng(0)
    hands = (rest + rng.normal(0, 8, (batch, 1, 3))).astype(np.float32)
    measured = render_depth(hands + [2, -1, 4], template.faces, map_intrinsics(camera, size), size, backend).numpy()
    if not (measured > 0).mean() > 0.1:
        raise RuntimeError("the benchmark's hands are out of view")
    loss = CompositeLoss(dict.fromkeys(losses, 1.0), template)
    labels = {"depth_map": measured, "camera": camera}

    @tf.function
    def step(uvd: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(uvd)
            vertices = uvd_to_xyz(uvd, camera)
            depth, points = render_surface(vertices, template.faces, map_intrinsics(camera, size), size, backend)
            total, _ = loss(labels, {"depth_map": depth, "surface_uv": points})
        return tape.gradient(total, uvd)

    uvd = tf.constant(xyz_to_uvd(hands, camera), tf.float32)
    return lambda: step(uvd)


def step_milliseconds(path: Path, batch: int, repeats: int) -> float:
    """Median of a training step of the config's last stage, ms."""
    from benchmarks.training_step import time_step

    return time_step(path, batch, repeats)[1].median


if __name__ == "__main__":
    main()

"""One optimisation step of the last stage of a training config, on a batch that is already in memory.

    python -m benchmarks.training_step --configs configs/mobile.yaml configs/paper.yaml

On CPUs each config is timed with TensorFlow's own kernels, with those that `compiled_kernels` compiles, and, where the
processor has bfloat16, with `precision: bfloat16_convolutions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.common import TIMING_HEADERS, Timing, measure, parser, print_machine, print_table, set_threads

#: Options that choose kernels for CPUs, by the names of the table's rows.
OVERRIDES = {
    "tensorflow": ["--compiled_kernels=false", "--precision=float32"],
    "compiled": ["--compiled_kernels=true", "--precision=float32", "--jit_compile=false"],
    "bfloat16": ["--compiled_kernels=true", "--precision=bfloat16_convolutions", "--jit_compile=false"],
}
CONFIGS = Path(__file__).resolve().parents[1] / "configs"


def main(arguments: list[str] | None = None) -> None:
    """Runs the command."""
    options = parser(__doc__, repeats=5)
    default = [CONFIGS / "mobile.yaml", CONFIGS / "paper.yaml"]
    options.add_argument("--configs", nargs="+", type=Path, default=default, help="training configs")
    options.add_argument("--batch", type=int, default=0, help="batch size; 0 takes the config's")
    args = options.parse_args(arguments)
    set_threads(args.threads)
    print_machine()
    names = variants()
    rows = [row(path, args.batch, args.repeats, variant) for path in args.configs for variant in names]
    headers = ["config", "kernels", "stage", "precision", "batch", "share of losses", *TIMING_HEADERS]
    print_table("Training step, items are images", headers, rows)


def variants() -> list[str]:
    """Names of the kernels with which a step can be trained here, those of `OVERRIDES` or the backend's."""
    import keras

    from tfhand.compiled import KernelError
    from tfhand.layers import kernels

    if keras.backend.backend() != "tensorflow":
        return [keras.backend.backend()]
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        return ["tensorflow"]
    try:
        kernels.enable()
    except KernelError as error:
        print(error)
        return ["tensorflow"]
    return [name for name in OVERRIDES if name != "bfloat16" or kernels.has_bfloat16()]


def row(path: Path, batch: int, repeats: int, variant: str = "compiled") -> list[str]:
    """Times the last stage of a config: the whole step, and its losses with their gradients alone."""
    import keras

    cells, step, share = time_step(path, batch, repeats, OVERRIDES.get(variant, ()))
    keras.backend.clear_session()
    return [path.name, variant, *cells, f"{100 * share:.1f} %", *step.cells(int(cells[-1]))]


def time_step(path: Path, batch: int, repeats: int, overrides: Sequence[str] = ()) -> tuple[list[str], Timing, float]:
    """Times the last stage of a config.

    Args:
        path: the config.
        batch: samples in a batch; 0 takes the config's.
        repeats: calls that are timed.
        overrides: options in place of the config's.

    Returns:
        Stage, precision and batch as words, the time of a step, and the losses' share of it.
    """
    import keras

    from tfhand.losses import CompositeLoss
    from tfhand.mesh import HandTemplate
    from tfhand.models import build_network
    from trainers import devices
    from trainers.average import WeightAverage
    from trainers.config import TrainConfig
    from trainers.config_file import load_config
    from trainers.model import TrainingModel
    from trainers.optimizers import build_optimizer

    config = load_config(TrainConfig, path, list(overrides))
    devices.set_kernels(config)
    name, stage = config.active_stages[-1]
    batch = batch or stage.batch_size
    keras.mixed_precision.set_global_policy(devices.policy(config))
    template = HandTemplate.load()
    loss = CompositeLoss(stage.losses, template, stage.loss_options)
    signs = "signs" in loss.supervision or None
    network, copy = (build_network(config.preset, template=template, signs=signs) for _ in range(2))
    average = WeightAverage(network, copy, config.ema_decay)
    model = TrainingModel(network, average, loss, stage.kind, stage.parts, stage.frozen)
    model.compile(optimizer=build_optimizer(stage.optimizer, stage.steps, model), jit_compile=config.jit_compile)
    images, labels = random_batch(batch, network.input_size, template.num_vertices)
    inputs = {"image": images, **labels}
    step = measure(lambda: model.train_on_batch(inputs, labels), repeats)
    outputs = model(inputs, training=False)
    share = measure(loss_with_gradients(loss, labels, outputs), repeats).median / step.median
    return [name, config.precision, str(batch)], step, share


def random_batch(batch: int, size: int, num_vertices: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Images of noise with labels of the right shapes and sizes."""
    from tfhand.constants import DEFAULT_HAND_SCALE_MM, DEFAULT_ROOT_DEPTH_MM, NUM_JOINTS
    from tfhand.geometry import camera_vector, default_intrinsics

    rng = np.random.default_rng(0)
    depth, scale = np.full(batch, DEFAULT_ROOT_DEPTH_MM), np.full(batch, DEFAULT_HAND_SCALE_MM)
    camera = camera_vector(default_intrinsics((640, 480)), [200.0, 120.0, 240.0, 240.0], depth, scale)
    labels = {
        name: rng.uniform([0, 0, -2], [1, 1, 2], (batch, count, 3)).astype(np.float32)
        for name, count in (("vertices_uvd", num_vertices), ("joints_uvd", NUM_JOINTS))
    }
    signs = {name: np.ones(batch, np.float32) for name in ("present", "known_side")}
    return rng.integers(0, 256, (batch, size, size, 3), dtype=np.uint8), {**labels, **signs, "camera": camera}


def loss_with_gradients(loss, labels, outputs):
    """A call that computes the losses and their gradients in the network's outputs."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        function = jax.jit(jax.grad(lambda values: loss(labels, values)[0]))
        return lambda: function(outputs)
    import tensorflow as tf

    @tf.function
    def function(values):
        with tf.GradientTape() as tape:
            tape.watch(values)
            total, _ = loss(labels, values)
        return [slope for slope in tape.gradient(total, list(values.values())) if slope is not None]

    return lambda: function(outputs)


if __name__ == "__main__":
    main()

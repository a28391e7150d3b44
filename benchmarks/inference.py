"""The network, stage by stage: heat-maps, encoder and Graph CNN, pose regressor.

    python -m benchmarks.inference --presets mobile paper --batches 1 8
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.common import TIMING_HEADERS, compiled, measure, parser, print_machine, print_table, set_threads


def main(arguments: list[str] | None = None) -> None:
    """Runs the command."""
    options = parser(__doc__, repeats=20)
    options.add_argument("--presets", nargs="+", default=["mobile", "paper"], help="network presets")
    options.add_argument("--batches", nargs="+", type=int, default=[1, 8], help="batch sizes")
    args = options.parse_args(arguments)
    set_threads(args.threads)
    print_machine()
    rows = []
    for preset in args.presets:
        for batch in args.batches:
            for stage, call in stage_calls(preset, batch):
                rows.append([preset, str(batch), stage, *measure(call, args.repeats).cells(batch)])
    print_table("Inference, items are images", ["preset", "batch", "stage", *TIMING_HEADERS], rows)


def stage_calls(preset: str, batch: int) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every stage of a preset, fed with what the stage before it computed, and the whole network."""
    import keras

    from tfhand.models import HandMeshNet, get_preset

    model = HandMeshNet.from_preset(preset, signs=True if get_preset(preset).signs is not None else None)
    size = model.input_size
    images = np.random.default_rng(0).random((batch, size, size, 3), np.float32)
    images = keras.ops.convert_to_tensor(images)
    features = dict(model.heatmap_stage(images, training=False))
    features["heatmaps"] = features[max(name for name in features if name.startswith("heatmaps_"))]
    features = {name: features[name] for name in model.mesh_stage.input}
    places = model.mesh_stage(features, training=False)
    for name, stage, inputs in (
        ("heat-maps", model.heatmap_stage, images),
        ("encoder + Graph CNN", model.mesh_stage, features),
        ("pose regressor", model.pose_stage, places),
        ("all", model, images),
    ):
        call = compiled(lambda x, stage=stage: stage(x, training=False))
        yield name, lambda call=call, inputs=inputs: call(inputs)


if __name__ == "__main__":
    main()

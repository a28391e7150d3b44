"""What all benchmarks share: timing, the table, the options, the machine."""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


@dataclass(frozen=True)
class Timing:
    """Durations of repeated calls.

    Attributes:
        milliseconds: (R,) ms a call.
    """

    milliseconds: np.ndarray

    @property
    def median(self) -> float:
        """Median, ms."""
        return float(np.median(self.milliseconds))

    def cells(self, items: int) -> list[str]:
        """Median and 10th to 90th percentile in ms, and items a second at the median."""
        low, high = np.percentile(self.milliseconds, [10, 90])
        return [number(self.median), f"{number(low)} - {number(high)}", number(1000.0 * items / self.median)]


TIMING_HEADERS = ("median ms", "10 - 90 % ms", "items/s")


def measure(function: Callable[[], Any], repeats: int, warm_up: int = 2) -> Timing:
    """Times a call, its result brought to the host so that nothing is still running.

    Args:
        function: what to time.
        repeats: calls that are timed.
        warm_up: calls before (tracing, compilation, caches).
    """
    for _ in range(warm_up):
        wait_for(function())
    durations = []
    for _ in range(repeats):
        start = time.perf_counter()
        wait_for(function())
        durations.append(time.perf_counter() - start)
    return Timing(1000.0 * np.array(durations))


def wait_for(result: Any) -> None:
    """Returns when the tensors in a (nested) result are computed."""
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, (list, tuple)):
        for value in result:
            wait_for(value)
    elif hasattr(result, "block_until_ready"):
        result.block_until_ready()
    elif hasattr(result, "numpy"):
        result.numpy()


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiles a function of tensors the way Keras' backend does it: a TensorFlow graph, or XLA under JAX."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.function(function, autograph=False)
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    return function


def number(value: float) -> str:
    """Three significant digits, no exponent."""
    digits = max(0, 2 - int(np.floor(np.log10(abs(value))))) if value else 0
    return f"{value:.{digits}f}"


def print_table(title: str, headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a Markdown table with aligned columns, as it can go into the README."""
    lines = [list(headers), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headers))]

    def show(line: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"

    print(f"\n### {title}\n")
    print(show(lines[0]))
    print("| " + " | ".join("-" * width for width in widths) + " |")
    for line in lines[1:]:
        print(show(line))


def parser(description: str, repeats: int | None = None, threads: bool = True) -> argparse.ArgumentParser:
    """Command line with the options that benchmarks share: `repeats` where calls are timed, `threads` where TensorFlow
    does the work."""
    summary, _, examples = description.partition("\n")
    form = argparse.RawDescriptionHelpFormatter
    result = argparse.ArgumentParser(description=summary, epilog=examples.strip("\n"), formatter_class=form)
    if repeats is not None:
        result.add_argument("--repeats", type=int, default=repeats, help="calls that are timed (default: %(default)s)")
    if threads:
        result.add_argument("--threads", type=int, default=0, help="CPU threads of TensorFlow; 0 takes all cores")
    return result


def set_threads(threads: int) -> None:
    """Limits TensorFlow's threads; 0 leaves them alone. To be called before TensorFlow computes anything.

    Raises:
        ValueError: a negative number.
    """
    if threads < 0:
        raise ValueError(f"threads: expected 0 or more, got {threads}.")
    if threads:
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)


def print_machine() -> None:
    """Prints what the figures were measured on."""
    import keras

    versions = f"Python {platform.python_version()}, Keras {keras.version()} on {keras.backend.backend()}"
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
        names = [tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus]
        versions += f" {tf.__version__}, {', '.join(names) or 'no GPU'}"
    print(f"{processor_name()}, {os.cpu_count()} cores; {versions}")


def processor_name() -> str:
    """The processor's name where the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()

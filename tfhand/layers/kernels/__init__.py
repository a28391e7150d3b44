"""C++ kernels for training on CPUs, where TensorFlow's own are slow: compiled once per user, used only when asked for.

`enable()` compiles and loads them; from then on layers that are trained under TensorFlow take them:

* `depthwise_filter_gradient.cc`: the gradient of 5 x 5 depthwise filters (`DepthwiseConv`);
* `graph_product.cc`: the sparse products of a graph convolution and of its gradient (`GraphOperator`).

They give the same numbers up to rounding. Inference and export never see them.
"""

from __future__ import annotations

import functools
import hashlib
import platform
from pathlib import Path
from types import ModuleType

from tfhand.compiled import build

_SOURCES = tuple(Path(__file__).parent / f"{name}.cc" for name in ("depthwise_filter_gradient", "graph_product"))
_FLAGS = ("-O3", "-shared", "-fPIC", "-w", "-ffp-contract=fast", "-fno-math-errno")
_loaded: ModuleType | None = None


def enable() -> None:
    """Compiles (the first time, ten seconds) and loads the kernels; layers that are trained from now on take them.

    Imports TensorFlow.

    Raises:
        tfhand.compiled.KernelError: no compiler, or it failed; the message says what to install.
    """
    global _loaded
    _loaded = _load()


def disable() -> None:
    """Layers that are traced from now on take TensorFlow's own kernels again."""
    global _loaded
    _loaded = None


def enabled() -> ModuleType | None:
    """Returns the kernels' ops, or None where they are not to be used."""
    return _loaded


@functools.cache
def _load() -> ModuleType:
    import tensorflow as tf

    # The registers of this very processor: the file is no use on others.
    own = ["-march=native"] if platform.machine().lower() in ("x86_64", "amd64") else []
    flags = [*_FLAGS, *own, *tf.sysconfig.get_compile_flags()]
    path = build("training_kernels", _SOURCES, flags, (), tf.sysconfig.get_link_flags(), f"{tf.__version__} {_processor()}")
    return tf.load_op_library(str(path))


def _processor() -> str:
    """What sets this machine's processor apart, where the system says so."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    flags = next((line for line in lines if line.startswith("flags")), "")
    return hashlib.sha256(flags.encode()).hexdigest()

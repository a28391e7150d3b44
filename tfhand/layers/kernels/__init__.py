"""C++ kernels for training on CPUs, where TensorFlow's own are slow: compiled once per user, used only when asked for.

`enable()` compiles and loads them; from then on layers that are trained under TensorFlow take them:

* `depthwise_filter_gradient.h`: the gradient of 5 x 5 depthwise filters (`DepthwiseConv`);
* `graph_product.h`: the sparse products of a graph convolution and of its gradient (`GraphOperator`);
* `casts.h`: to bfloat16 and back, for the products of 1 x 1 convolutions (`PointwiseConv`) if those are asked for, too.

The first two give the same numbers up to rounding. Inference and export never see any.
"""

from __future__ import annotations

import functools
import hashlib
import platform
from pathlib import Path
from types import ModuleType
from typing import Any

import keras

_FOLDER = Path(__file__).parent
_HEADERS = tuple(_FOLDER / f"{name}.h" for name in ("casts", "depthwise_filter_gradient", "graph_product"))
_FLAGS = ("-O3", "-shared", "-fPIC", "-w", "-ffp-contract=fast", "-fno-math-errno")
_loaded: ModuleType | None = None
_bfloat16 = False


def enable(bfloat16: bool = False) -> None:
    """Compiles (the first time, ten seconds) and loads the kernels; layers that are trained from now on take them.

    Imports TensorFlow.

    Args:
        bfloat16: whether products of 1 x 1 convolutions are to be in bfloat16; see `has_bfloat16`.

    Raises:
        tfhand.compiled.KernelError: no compiler, or it failed; the message says what to install.
    """
    global _loaded, _bfloat16
    _loaded, _bfloat16 = _load(), bfloat16


def disable() -> None:
    """Layers that are traced from now on take TensorFlow's own kernels again."""
    global _loaded, _bfloat16
    _loaded, _bfloat16 = None, False


def enabled() -> ModuleType | None:
    """Returns the kernels' ops, or None where they are not to be used."""
    return _loaded


def enabled_for(tensor: Any) -> ModuleType | None:
    """Returns the kernels' ops where they can take this tensor: TensorFlow's, in float32; else None."""
    fits = keras.backend.backend() == "tensorflow" and keras.backend.standardize_dtype(tensor.dtype) == "float32"
    return _loaded if fits else None


def bfloat16_enabled() -> bool:
    """Returns whether products of 1 x 1 convolutions are to be in bfloat16."""
    return _bfloat16


def has_bfloat16() -> bool:
    """Returns whether the processor multiplies bfloat16 itself, as far as the system says; elsewhere it is slow."""
    return any(flag in _processor_flags().split() for flag in ("avx512_bf16", "amx_bf16", "bf16"))


@functools.cache
def _load() -> ModuleType:
    import tensorflow as tf

    from tfhand.compiled import KernelError, build  # not on every system; layers are

    # The registers of this very processor: the file is no use on others.
    own = ["-march=native"] if platform.machine().lower() in ("x86_64", "amd64") else []
    flags = [*_FLAGS, *own, *tf.sysconfig.get_compile_flags()]
    tag = f"{tf.__version__} {_processor()}"
    sources, link_flags = [_FOLDER / "training.cc"], tf.sysconfig.get_link_flags()
    path = build("training_kernels", "training kernel", sources, flags, _HEADERS, link_flags, tag)
    try:
        return tf.load_op_library(str(path))
    except (tf.errors.OpError, RuntimeError, OSError) as error:
        raise KernelError(f"Can't load {path}: {error}. Set TFHAND_CACHE to a folder whose files may be executed.") from error


def _processor_flags() -> str:
    """What the processor can do, as Linux lists it; empty elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2] for line in lines if line.startswith(("flags", "Features"))), "")


def _processor() -> str:
    """What sets this machine's processor apart, where the system says so."""
    return hashlib.sha256(f"{platform.processor()} {_processor_flags()}".encode()).hexdigest()

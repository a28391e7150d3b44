"""Devices, threads and numbers' precision: what must be settled before the first tensor."""

from __future__ import annotations

import contextlib
from typing import Any

import cv2
import keras

from tfhand.compiled import KernelError
from tfhand.layers import kernels
from trainers.config import TrainConfig


def set_up(config: TrainConfig) -> Any:
    """Seeds everything, sets precision and threads, and chooses the devices.

    Args:
        config: the run's config.

    Returns:
        A `tf.distribute` strategy, or None for one device (and always under other backends than TensorFlow).

    Raises:
        ValueError: more devices than there are or samples in a batch, XLA on several, or a precision that can't be had; see `check_precision`.
    """
    keras.utils.set_random_seed(config.seed)
    cv2.setNumThreads(1)  # Batches are prepared side by side; threads within one would only get in the step's way.
    keras.mixed_precision.set_global_policy(policy(config))
    check_precision(config)
    if keras.backend.backend() != "tensorflow":
        _hide_gpus_from_tensorflow()
        return None
    import tensorflow as tf

    if config.threads:
        tf.config.threading.set_intra_op_parallelism_threads(config.threads)
    devices = _choose(tf, config.devices)
    if len(devices) < 2:
        return None
    if config.jit_compile:
        raise ValueError(
            f"jit_compile: expected false on {len(devices)} devices, got true; Keras can't compile replicated steps"
        )
    for name, stage in config.active_stages:
        if stage.batch_size < len(devices):
            raise ValueError(f"stages.{name}.batch_size: expected one for each of {len(devices)} devices, got {stage.batch_size}")
    return tf.distribute.MirroredStrategy(devices)


def policy(config: TrainConfig) -> str:
    """The Keras dtype policy of a config's precision."""
    return "float32" if _narrows_convolutions(config) else config.precision


def check_precision(config: TrainConfig) -> None:
    """Checks that the precision can be had here.

    Args:
        config: the run's config.

    Raises:
        ValueError: bfloat16_convolutions where they can't be computed, or would be slow.
    """
    if not _narrows_convolutions(config):
        return
    if not _for_kernels(config):
        expected = "float32 or mixed_bfloat16 without compiled_kernels, with jit_compile, on GPUs and under JAX"
        raise ValueError(f"precision: expected {expected}, got {config.precision!r}")
    if not kernels.has_bfloat16():
        raise ValueError(f"precision: expected float32 on this processor, which has no bfloat16, got {config.precision!r}")


def set_kernels(config: TrainConfig) -> None:
    """Compiles kernels for training where they can be used, and says where they can't for want of a compiler.

    See `tfhand.layers.kernels`; does nothing under other backends than TensorFlow, on GPUs and with XLA.

    Args:
        config: the run's config, whose precision was checked.

    Raises:
        KernelError: bfloat16_convolutions can't be computed, for want of a compiler, say.
    """
    kernels.disable()
    if not _for_kernels(config):
        return
    try:
        kernels.enable(bfloat16=_narrows_convolutions(config))
    except KernelError as error:
        if _narrows_convolutions(config):
            raise
        print(f"note: training goes on with TensorFlow's own kernels, which takes longer. {error.brief}")


def _for_kernels(config: TrainConfig) -> bool:
    if keras.backend.backend() != "tensorflow" or not config.compiled_kernels or config.jit_compile:
        return False
    import tensorflow as tf

    return not tf.config.list_physical_devices("GPU")


def _narrows_convolutions(config: TrainConfig) -> bool:
    return config.precision == "bfloat16_convolutions"


def scope(strategy: Any) -> contextlib.AbstractContextManager[Any]:
    """Where variables must be made for `strategy` (None: anywhere)."""
    return contextlib.nullcontext() if strategy is None else strategy.scope()


def num_replicas(strategy: Any) -> int:
    """How many devices share a batch."""
    return 1 if strategy is None else strategy.num_replicas_in_sync


def _choose(tf: Any, wanted: int) -> list[str]:
    """Names of the devices: all GPUs (or `wanted` of them); without GPUs `wanted` logical CPUs, or one."""
    gpus = [device.name for device in tf.config.list_logical_devices("GPU")]
    names = gpus or [device.name for device in tf.config.list_logical_devices("CPU")]
    count = wanted or (len(gpus) or 1)
    if count > len(names):
        raise ValueError(f"devices: expected at most the {len(names)} that are visible, got {wanted}")
    return names[:count]


def _hide_gpus_from_tensorflow() -> None:
    """TensorFlow only prepares the input here; it must not take the GPUs' memory."""
    import tensorflow as tf

    tf.config.set_visible_devices([], "GPU")

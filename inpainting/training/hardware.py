"""What the machine can do: number format and XLA."""

import contextlib
import os
import platform
from pathlib import Path

import tensorflow as tf
from tensorflow import keras


def precision(wanted):
    """The Keras dtype policy for `--precision` and the reason: (policy, reason).

    auto: bfloat16 on a GPU of compute capability 8 or more and on a CPU that multiplies in it, float32
    elsewhere.
    """
    if wanted != "auto":
        return wanted, "as asked"
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        capability = tf.config.experimental.get_device_details(gpus[0]).get("compute_capability", (0, 0))
        if capability >= (8, 0):
            return "mixed_bfloat16", f"GPU of compute capability {capability[0]}.{capability[1]}"
        return "float32", "GPU without bfloat16"
    flags = _cpu_flags()
    for flag in ("amx_bf16", "avx512_bf16"):
        if flag in flags:
            return "mixed_bfloat16", f"CPU with {flag}"
    return "float32", "CPU without bfloat16"


def cpu():
    """What a published number says of the machine: "2 cores of AMD EPYC"."""
    return f"{os.cpu_count()} cores of {_cpu_info('model name') or platform.machine()}"


def machine():
    """Where a run is trained: its GPUs or its processor, and TensorFlow."""
    gpus = [
        tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
        for gpu in tf.config.list_physical_devices("GPU")
    ]
    return f"{', '.join(gpus) or cpu()}, TensorFlow {tf.__version__}"


def _cpu_flags():
    return _cpu_info("flags").split()


def _cpu_info(key):
    """A line of /proc/cpuinfo; an empty text where there is none."""
    if platform.system() != "Linux":
        return ""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith(key)), "")


def jit(wanted, *, deterministic=False, density=False, devices=1):
    """Whether to compile with XLA, and the reason: (bool, reason).

    auto: on a GPU; on a CPU it is slower. A density model's step has shapes that XLA does not know; that
    of several devices is many graphs.
    """
    if density:
        return False, "density model"
    if devices > 1:
        return False, "several devices"
    if deterministic:
        return False, "deterministic"  # Keras 3 would refuse to combine them
    if wanted != "auto":
        return wanted == "on", "as asked"
    if tf.config.list_physical_devices("GPU"):
        return True, "GPU"
    return False, "CPU"


@contextlib.contextmanager
def dtype_policy(name):
    """Layers made within compute in this dtype policy."""
    previous = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(name)
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(previous)

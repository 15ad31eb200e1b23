"""Number formats: what the machine is fast at, and float32 where a model is stored."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras


def has_fast_bfloat16() -> bool:
    """Whether mixed_bfloat16 pays here: there is a GPU, or a CPU that is faster with it than with float32.

    Intel's vector instructions for it are slower than those for float32; its matrix unit (AMX) is faster.
    """
    if keras.distribution.list_devices("gpu"):
        return True
    try:
        about = Path("/proc/cpuinfo").read_text()
        return "amx_bf16" in about or ("avx512_bf16" in about and "AuthenticAMD" in about)
    except OSError:
        return False


@contextmanager
def in_float32() -> Iterator[None]:
    """Build or load models in float32 inside, whatever training computes in."""
    policy = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.mixed_precision.set_dtype_policy(policy)

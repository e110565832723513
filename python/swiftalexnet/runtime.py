"""The engine itself: its version, the processor, the kernels that were chosen, the number of threads."""

from . import _native
from ._support.arrays import as_integer

__version__ = _native.VERSION


class Info(dict[str, str]):
    """What `info` returns: a dict that prints as a table."""

    def __str__(self) -> str:
        return "\n".join(f"{name.replace('_', ' '):<18}{value}" for name, value in self.items())

    __repr__ = __str__


def info() -> Info:
    """Return version, cpu, instruction_set, available, gemm, precisions and threads of the engine.

    `instruction_set` follows the processor, or the environment variable SWIFTALEXNET_ISA; `precisions` are those
    that it computes in. `gemm` says who multiplies matrices, swift or openblas: SWIFTALEXNET_GEMM, or else OpenBLAS
    where the processor has only the portable kernels and the library can be loaded.

    Raises
    ------
    UnsupportedError
        The environment asks for what this processor does not have, or for OpenBLAS where it cannot be loaded.
    """
    return Info(_native.runtime_info() | {"threads": str(get_num_threads())})


def set_num_threads(count: int) -> None:
    """Compute on `count` threads, 1 to 256, the calling one included; results do not depend on it."""
    _native.set_num_threads(as_integer(count, "count", "set_num_threads", 1, 256))


def get_num_threads() -> int:
    """Return on how many threads the engine computes.

    By default the smallest of the processors that this process may use, its cgroup's quota, and what the environment
    asks for.
    """
    return _native.get_num_threads()


def fma_limits() -> dict[str, float]:
    """Measure how many GFLOP/s the threads in use can multiply and add, by precision: the limit of every layer's speed.

    float32, and bfloat16 where the processor has instructions for it. A multiply-add is two operations. It takes some
    tens of milliseconds of all threads; other work on the machine lowers the figures.
    """
    return {precision: limit / 1e9 for precision, limit in _native.fma_limits().items()}

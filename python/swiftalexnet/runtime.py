"""The engine itself: version, processor, selected kernels and number of threads."""

import os

from . import _native
from ._support.arrays import as_integer

__version__ = _native.VERSION

_chosen = False


class Info(dict[str, str]):
    """What `info` returns: a dict that prints as a table."""

    def __str__(self) -> str:
        return "\n".join(f"{name.replace('_', ' '):<18}{value}" for name, value in self.items())

    __repr__ = __str__


def info() -> Info:
    """Return the engine's version, cpu, instruction_set, available, gemm, precisions, threads and more.

    `instruction_set` depends on the processor or the environment variable SWIFTALEXNET_ISA; `precisions` are those
    it can compute in, `auto_precision` what precision="auto" is. `int8_products` is "vnni", or "widened" on a
    processor without instructions for them, where int8 is no faster than float32 (`fma_limits` measures both).
    `gemm` is the matrix multiplication in use, swift or openblas: SWIFTALEXNET_GEMM selects it; by default it is
    OpenBLAS if the processor has only the portable kernels and the library can be loaded.

    Raises
    ------
    UnsupportedError
        An environment variable asks for instructions that this processor does not have, or for OpenBLAS and it cannot
        be loaded.
    """
    return Info(_native.runtime_info() | {"threads": str(get_num_threads())})


def set_num_threads(count: int) -> None:
    """Compute on `count` threads, 1 to 256, including the caller's; results do not depend on the number."""
    global _chosen
    _native.set_num_threads(as_integer(count, "count", "set_num_threads", 1, 256))
    _chosen = True


def get_num_threads() -> int:
    """Return the number of threads the engine computes on.

    The default is the smallest of: the processors this process may use, its cgroup's quota, and the number that the
    environment asks for.
    """
    return _native.get_num_threads()


def threads_are_chosen() -> bool:
    """Return whether the program or the environment has said on how many threads to compute."""
    return _chosen or any(name in os.environ for name in ("SWIFTALEXNET_NUM_THREADS", "OMP_NUM_THREADS"))


def fma_limits() -> dict[str, float]:
    """Measure the peak multiply-add rate of the threads in use, in GFLOP/s by precision: no layer can be faster.

    float32, int8, and bfloat16 if the processor has instructions for it. A multiply-add counts as two operations. It
    takes some tens of milliseconds on all threads; other work on the machine lowers the figures.
    """
    return {precision: limit / 1e9 for precision, limit in _native.fma_limits().items()}

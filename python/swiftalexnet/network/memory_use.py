"""The memory that a network needs, without running it."""

from dataclasses import dataclass, fields

from .. import _native
from .._support.arithmetic import DIFFERENTIABLE, PRECISIONS, choose_arithmetic
from .._support.arrays import as_integer
from .._support.native_arguments import Arithmetic
from .._support.shown import shown
from .base import BaseModel
from .weights import Weights

MAX_BATCH = 2**20


@dataclass(frozen=True)
class Memory:
    """Memory of the engine for a batch, in bytes, without the caller's arrays and images.

    Writing or reading a model or checkpoint takes another 8 MiB, whatever its size; of a quantised model, as many bytes
    as its file has.

    Attributes
    ----------
    title : str
    weights, gradients, velocities : int
        Of all parameters; inference has no gradients and velocities.
    activations : int
        Outputs of layers and their gradients, and everything that the forward pass keeps for the backward pass.
    scratch : int
        Packed weights, the working memory of each thread, and temporary copies.
    """

    title: str
    weights: int
    gradients: int
    velocities: int
    activations: int
    scratch: int

    @property
    def total(self) -> int:
        """The sum: the peak memory."""
        return sum(getattr(self, name) for name in _parts())

    def __str__(self) -> str:
        rows = [*((name, getattr(self, name)) for name in _parts()), ("total", self.total)]
        return "\n".join([self.title, *(f"  {name:<12}{count / 1e6:>12,.1f} MB" for name, count in rows)])

    __repr__ = __str__


def memory(
    network: BaseModel | str,
    batch: int,
    training: bool = False,
    precision: str | None = None,
    weights: str = "float",
    fast_math: bool = False,
) -> Memory:
    """Return the memory that a batch will need, in bytes, without allocating it or computing anything.

    The computation is rehearsed on addresses without memory, so the result is valid for the current number of threads
    and instruction set, and for one call at a time. While arrays of `Model.parameters` are alive, inference keeps no
    packed weights but packs them in every call.

    Parameters
    ----------
    network : Model or str
        A model, or the text of a specification, as returned by `Model.spec`; such a network need not fit into memory.
    batch : int
        Images in a training step; crops per batch in inference, of which `predict` and `evaluate` use at most 120.
    training : bool
    precision, weights, fast_math
        How it will compute; `weights` is for inference. By default in float32, or a quantised model's int8.

    Returns
    -------
    Memory

    Raises
    ------
    TypeError, ValueError
        A batch that is not a number from 1 to 2²⁰, or a text that does not describe a network.
    UnsupportedError
        The processor does not support the arithmetic.
    MemoryError
        The network is too large for any machine.
    """
    if not isinstance(network, (str, Weights)):
        raise TypeError(f"memory: network is {shown(network)}, expected a Model, or the text that Model.spec returns")
    own = "float32" if training or isinstance(network, str) else network.precision
    among = DIFFERENTIABLE if training else PRECISIONS
    arithmetic = choose_arithmetic("memory", own if precision is None else precision, weights, fast_math, among)
    return engine_memory(network, as_integer(batch, "batch", "memory", 1, MAX_BATCH), bool(training), arithmetic)


def engine_memory(network: BaseModel | str, batch: int, training: bool, arithmetic: Arithmetic) -> Memory:
    """Return the same for a checked arithmetic."""
    if isinstance(network, str):
        name, parts = "network", _native.spec_memory(network, batch, training, arithmetic)
    else:
        name, parts = repr(network), network.network.memory(batch, training, arithmetic)
    work = "a training step" if training else "inference"
    return Memory(f"{name}, {work} on {batch} {'image' if batch == 1 else 'images'}", *parts)


def available() -> int | None:
    """Return the free memory for this process in bytes: the machine's, or that of its container or `ulimit -v`."""
    count = _native.available_bytes()
    return None if count < 0 else count


def _parts() -> list[str]:
    return [field.name for field in fields(Memory) if field.name != "title"]

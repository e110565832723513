"""How much memory a network takes, before anything runs."""

from dataclasses import dataclass, fields

from .. import _native
from .._support.arithmetic import choose_arithmetic
from .._support.arrays import as_integer
from .._support.native_arguments import Arithmetic
from .._support.shown import shown
from .base import BaseModel
from .weights import Weights

MAX_BATCH = 2**20


@dataclass(frozen=True)
class Memory:
    """Bytes that the engine takes for a batch. Arrays and images of the caller come on top.

    So do 8 MiB while a model or a checkpoint is written or read, whatever its size.

    Attributes
    ----------
    title : str
    weights, gradients, velocities : int
        Of all parameters; inference has neither of the latter two.
    activations : int
        Outputs of layers and their gradients, and what the forward pass keeps for the backward pass.
    scratch : int
        Packed weights, what each thread works in, and what lies side by side only for a moment.
    """

    title: str
    weights: int
    gradients: int
    velocities: int
    activations: int
    scratch: int

    @property
    def total(self) -> int:
        """The sum: the most bytes at once."""
        return sum(getattr(self, name) for name in _parts())

    def __str__(self) -> str:
        rows = [*((name, getattr(self, name)) for name in _parts()), ("total", self.total)]
        return "\n".join([self.title, *(f"  {name:<12}{count / 1e6:>12,.1f} MB" for name, count in rows)])

    __repr__ = __str__


def memory(
    network: BaseModel | str,
    batch: int,
    training: bool = False,
    precision: str = "float32",
    weights: str = "float",
    fast_math: bool = False,
) -> Memory:
    """Return the bytes that a batch will take, without allocating or computing anything.

    The computation is rehearsed on addresses without memory, so that the figure holds for the threads and
    the instruction set in use now, and for one call at a time. While arrays of `Model.parameters` are alive, inference
    keeps no packed weights but makes them in every call.

    Parameters
    ----------
    network : Model or str
        A model, or the text of a specification, as `Model.spec` returns it, whose network need not fit into memory.
    batch : int
        Images in a training step; crops that are computed at once in inference, of which `predict` and `evaluate`
        never have more than 120.
    training : bool
    precision, weights, fast_math
        How it will compute; training takes a precision only.

    Returns
    -------
    Memory

    Raises
    ------
    TypeError, ValueError
        A batch that is not a number from 1 to 2²⁰, or a text that describes no network.
    UnsupportedError
        The processor does not have the arithmetic.
    MemoryError
        The network is too large for any machine.
    """
    if not isinstance(network, (str, Weights)):
        raise TypeError(f"memory: network is {shown(network)}, expected a Model, or the text that Model.spec returns")
    arithmetic = choose_arithmetic("memory", precision, weights, fast_math)
    return engine_memory(network, as_integer(batch, "batch", "memory", 1, MAX_BATCH), bool(training), arithmetic)


def engine_memory(network: BaseModel | str, batch: int, training: bool, arithmetic: Arithmetic) -> Memory:
    """Return the same for an arithmetic that has been chosen."""
    if isinstance(network, str):
        name, parts = "network", _native.spec_memory(network, batch, training, arithmetic)
    else:
        name, parts = repr(network), network.network.memory(batch, training, arithmetic)
    work = "a training step" if training else "inference"
    return Memory(f"{name}, {work} on {batch} {'image' if batch == 1 else 'images'}", *parts)


def available() -> int | None:
    """Return the bytes that this process may still take: the machine's, or less in a container or under `ulimit -v`."""
    count = _native.available_bytes()
    return None if count < 0 else count


def _parts() -> list[str]:
    return [field.name for field in fields(Memory) if field.name != "title"]

"""What is sent of a gradient.

"float32" sends it as it is. "bfloat16" rounds it to the nearest bfloat16, ties to even, and so halves the bytes; sums
are float32. In every addition both numbers are rounded first, also within one process, and so is the whole sum at the
end: the bits then depend neither on who adds nor on how many ranks there are. "factors" sends the factors of the dense
layers' gradients, see `factors`, and the other gradients as "float32" does: the bits are those of "float32".
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .. import _native
from .spare import Spare

Float32 = NDArray[np.float32]
Buffer = NDArray[np.generic]

WIRES = ("float32", "bfloat16", "factors")


class Wire(Protocol):
    """How numbers travel, and how they are added.

    Attributes
    ----------
    rounds : bool
        Both numbers of every addition are rounded to bfloat16 first.
    factors : bool
        Dense layers give the factors of their gradients.
    """

    rounds: bool
    factors: bool

    def encoded(self, numbers: Float32) -> AbstractContextManager[Buffer]:
        """Return a context with what is sent of some numbers, which may be the numbers themselves."""

    def buffer(self, count: int) -> AbstractContextManager[Buffer]:
        """Return a context with room for what arrives of so many numbers."""

    def add(self, numbers: Float32, came: Buffer) -> None:
        """Add the partner's numbers to these."""

    def round(self, numbers: Float32) -> None:
        """Round a finished sum to what others are sent of it."""

    def received_into(self, numbers: Float32) -> AbstractContextManager[Buffer]:
        """Return a context with room for finished numbers, from which `decode` brings them to their place."""

    def decode(self, came: Buffer, numbers: Float32) -> None:
        """Bring what has arrived to its place."""


class Float32Wire:
    """Numbers as they are."""

    rounds = False

    def __init__(self, factors: bool = False):
        self.factors = factors
        self._spare = Spare()

    def encoded(self, numbers: Float32) -> AbstractContextManager[Buffer]:
        """Return the numbers themselves: in no round does a rank change what it sends in it."""
        return nullcontext(numbers)

    def buffer(self, count: int) -> AbstractContextManager[Buffer]:
        """Return an array of float32."""
        return self._spare.array(count, np.float32)

    def add(self, numbers: Float32, came: Buffer) -> None:
        """Add in float32."""
        np.add(numbers, came, out=numbers)

    def round(self, numbers: Float32) -> None:
        """Do nothing."""

    def received_into(self, numbers: Float32) -> AbstractContextManager[Buffer]:
        """Return the place itself."""
        return nullcontext(numbers)

    def decode(self, came: Buffer, numbers: Float32) -> None:
        """Do nothing: they arrived in their place."""


class Bfloat16Wire:
    """Numbers rounded to bfloat16, of 2 bytes."""

    rounds, factors = True, False

    def __init__(self) -> None:
        self._spare = Spare()

    @contextmanager
    def encoded(self, numbers: Float32) -> Iterator[Buffer]:
        """Return the numbers as bfloat16."""
        with self.buffer(len(numbers)) as narrow:
            _native.narrow(numbers, narrow)
            yield narrow

    def buffer(self, count: int) -> AbstractContextManager[Buffer]:
        """Return an array of bfloat16."""
        return self._spare.array(2 * count, np.uint8)

    def add(self, numbers: Float32, came: Buffer) -> None:
        """Add in float32 what both have been rounded to."""
        self.round(numbers)
        with self._spare.array(len(numbers), np.float32) as wide:
            _native.widen(came, wide)
            np.add(numbers, wide, out=numbers)

    def round(self, numbers: Float32) -> None:
        """Round to the nearest bfloat16."""
        with self.encoded(numbers) as narrow:
            _native.widen(narrow, numbers)

    def received_into(self, numbers: Float32) -> AbstractContextManager[Buffer]:
        """Return an array of bfloat16."""
        return self.buffer(len(numbers))

    def decode(self, came: Buffer, numbers: Float32) -> None:
        """Widen to float32, which is exact."""
        _native.widen(came, numbers)


def wire_named(name: str) -> Wire:
    """Return the wire of a name in WIRES."""
    return Bfloat16Wire() if name == "bfloat16" else Float32Wire(factors=name == "factors")

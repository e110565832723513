"""Sums over all ranks whose bits do not depend on how many ranks there are.

A batch has a fixed number of shards, a power of two, and a sum over them is a fixed tree of pairs: (0 + 1) + (2 + 3) …
A rank holds neighbouring shards and has summed its part of the tree; this is the rest. Ranks r and r ^ 1 add first,
then r and r ^ 2, and so on. In every round partners swap halves of what they still hold and add them (recursive
halving); then they collect the finished parts in the opposite order (doubling). 2 (N − 1) / N of a block's bytes pass
each rank's wire in each direction, the least possible (Rabenseifner 2004; Thakur, Rabenseifner and Gropp 2005, section
4.5). a + b and b + a are the same bits in IEEE arithmetic, so that it does not matter which partner adds.
"""

from collections.abc import Generator
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from .communicator import Communicator, Request
from .wire import Wire

Result = TypeVar("Result")


class Pending(NamedTuple):
    """A message under way, and the rank at its other end."""

    request: Request
    peer: int


# Yields the messages that it waits for.
Exchange = Generator[list[Pending], None, Result]

ROUNDS = 64  # tags that one sum may use


def sum_over_ranks(
    communicator: Communicator, block: NDArray[np.float32], wire: Wire, tag: int
) -> Exchange[NDArray[np.float32]]:
    """Replace a block by the sum of all ranks' blocks, the same bits on all of them.

    Parameters
    ----------
    communicator : Communicator
        Its size is a power of two.
    block : array of float32, [count]
    wire : Wire
        What is sent of a number.
    tag : int
        The first of `ROUNDS` tags that no other message uses.
    """
    rank, low, high = communicator.rank, 0, len(block)
    held: list[tuple[int, int, int]] = []  # what the partner of each round has finished: (partner, low, high)
    bit = 1
    while bit < communicator.size:
        partner, middle = rank ^ bit, (low + high) // 2
        mine, other = ((low, middle), (middle, high)) if not rank & bit else ((middle, high), (low, middle))
        with wire.encoded(block[slice(*other)]) as sent, wire.buffer(mine[1] - mine[0]) as came:
            yield _swap(communicator, sent, came, partner, tag)
            wire.add(block[slice(*mine)], came)
        held.append((partner, *other))
        low, high, bit, tag = *mine, bit << 1, tag + 1
    wire.round(block[low:high])  # what this rank keeps is what the others get
    for partner, start, end in reversed(held):
        with wire.encoded(block[low:high]) as sent, wire.received_into(block[start:end]) as came:
            yield _swap(communicator, sent, came, partner, tag)
            wire.decode(came, block[start:end])
        low, high, tag = min(low, start), max(high, end), tag + 1
    return block


def swapped(
    communicator: Communicator, sent: NDArray[np.generic], came: NDArray[np.generic], partner: int, tag: int
) -> Exchange[None]:
    """Swap buffers with another rank; an empty one is not sent."""
    yield _swap(communicator, sent, came, partner, tag)


def _swap(
    communicator: Communicator, sent: NDArray[np.generic], came: NDArray[np.generic], partner: int, tag: int
) -> list[Pending]:
    """Begin to swap buffers; an empty one is not sent, and the partner knows."""
    swapped = []
    if came.size:
        swapped.append(Pending(communicator.receive(came, partner, tag), partner))
    if sent.size:
        swapped.append(Pending(communicator.send(sent, partner, tag), partner))
    return swapped

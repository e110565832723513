"""Short messages from every rank to every rank."""

import numpy as np
from numpy.typing import NDArray

from .communicator import Communicator
from .tree import Exchange, Pending

_HEAD, _REST = 1, 2  # tags
_AT_ONCE = 504  # bytes that travel with their number
_MOST = 1 << 30


def gather_all(communicator: Communicator, data: bytes) -> Exchange[list[bytes]]:
    """Return what each rank has handed over, in their order, on all of them.

    Partners at distance 1, 2, 4 … swap all that they have (recursive doubling), a number of messages that grows with
    the logarithm of the number of ranks, which is a power of two.
    """
    rank, held, bit = communicator.rank, [data], 1
    while bit < communicator.size:
        partner = rank ^ bit
        came = yield from _swap(communicator, _joined(held), partner)
        held = held + came if not rank & bit else came + held
        bit <<= 1
    return held


def _swap(communicator: Communicator, data: bytes, partner: int) -> Exchange[list[bytes]]:
    """Swap messages of any length: the first bytes travel with the length, the rest, if any, follows."""
    head, came = _head(data), np.empty(_AT_ONCE + 8, np.uint8)
    yield [
        Pending(communicator.receive(came, partner, _HEAD), partner),
        Pending(communicator.send(head, partner, _HEAD), partner),
    ]
    length = int(came[:8].view(np.int64)[0])
    if not 0 <= length <= _MOST:
        raise ValueError(f"rank {partner} announced a message of {length} bytes, expected 0 to {_MOST}")
    rest, room = np.frombuffer(data[_AT_ONCE:], np.uint8), np.empty(max(0, length - _AT_ONCE), np.uint8)
    more = []
    if room.size:
        more.append(Pending(communicator.receive(room, partner, _REST), partner))
    if rest.size:
        more.append(Pending(communicator.send(rest, partner, _REST), partner))
    if more:
        yield more
    return _split(came[8 : 8 + min(length, _AT_ONCE)].tobytes() + room.tobytes())


def _head(data: bytes) -> NDArray[np.uint8]:
    head = np.zeros(_AT_ONCE + 8, np.uint8)
    head[:8].view(np.int64)[0] = len(data)
    start = np.frombuffer(data[:_AT_ONCE], np.uint8)
    head[8 : 8 + len(start)] = start
    return head


def _joined(parts: list[bytes]) -> bytes:
    """Return several messages as one: their number, their lengths, and themselves."""
    return np.array([len(parts), *map(len, parts)], np.int64).tobytes() + b"".join(parts)


def _split(data: bytes) -> list[bytes]:
    count = int(np.frombuffer(data, np.int64, 1)[0])
    lengths = np.frombuffer(data, np.int64, count, 8)
    ends = 8 + 8 * count + np.cumsum(lengths)
    return [data[end - length : end] for length, end in zip(lengths.tolist(), ends.tolist(), strict=True)]

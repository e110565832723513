"""What the package needs of a message-passing library: a number of processes, the ranks, that send each other buffers.

Everything else (agreement, sums, liveness) is made of these few calls, so that another library, or threads in a test,
can stand in for MPI. All calls of one communicator come from one thread at a time.
"""

from typing import Any, Protocol

from .._support.shown import shown

ANY = -1  # the source of a message that any rank may send


class Request(Protocol):
    """A message that is being sent or received."""

    def test(self) -> bool:
        """Return whether it has arrived, or the buffer may be used again; every call moves messages on."""

    def cancel(self) -> None:
        """Give up receiving."""


class Communicator(Protocol):
    """The ranks of a job, of which this process is one.

    Attributes
    ----------
    rank, size : int
        This process's number, from 0, and how many there are.
    """

    @property
    def rank(self) -> int:
        """Number of this process, from 0."""

    @property
    def size(self) -> int:
        """The number of ranks."""

    def send(self, data: Any, to: int, tag: int) -> Request:
        """Begin to send a buffer, which must not change until the request is done."""

    def receive(self, data: Any, source: int, tag: int) -> Request:
        """Begin to receive a message of at most the buffer's length; messages of a source and tag keep their order."""

    def abort(self, status: int) -> None:
        """End all ranks."""


class LocalCommunicator:
    """One rank: this process alone, by the same path as many."""

    rank, size = 0, 1

    def send(self, data: Any, to: int, tag: int) -> Request:
        """Raise, because there is nobody."""
        raise ValueError(f"LocalCommunicator.send: to is {to}, and there is no other rank")

    def receive(self, data: Any, source: int, tag: int) -> Request:
        """Raise, because there is nobody."""
        raise ValueError(f"LocalCommunicator.receive: source is {source}, and there is no other rank")

    def abort(self, status: int) -> None:
        """End the process."""
        raise SystemExit(status)


def as_communicator(given: Any, operation: str) -> Communicator | None:
    """Return a communicator, or None for None.

    Raises
    ------
    TypeError
        It lacks a method.
    ValueError
        Its rank is not one of its ranks.
    """
    if given is None:
        return None
    methods = ("send", "receive", "abort")
    if isinstance(given, type) or not all(callable(getattr(given, name, None)) for name in methods):
        hint = "swiftalexnet.distributed.mpi() makes one"
        raise TypeError(f"{operation}: communicator is {shown(given)}, expected a communicator: {hint}")
    rank, size = getattr(given, "rank", None), getattr(given, "size", None)
    if not (isinstance(rank, int) and isinstance(size, int) and 0 <= rank < size):
        raise ValueError(f"{operation}: communicator has rank {shown(rank)} of {shown(size)}, expected 0 ≤ rank < size")
    communicator: Communicator = given
    return communicator

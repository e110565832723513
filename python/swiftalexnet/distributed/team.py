"""The ranks of one training run: what they agree on, what they sum, and what happens if one of them fails.

All ranks make the same calls of `agree` and `summing` in the same order. A rank that fails in between tells the others
in its next `agree`; there all of them raise. So all leave the run at the same step, and none waits for one that has
left. What cannot be told, because a rank has been killed or stopped, the signs of life show: see `pulse`.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .._support.numbers import check_number
from . import failure
from .communicator import Communicator, LocalCommunicator
from .gather import gather_all
from .interrupts import Interrupts
from .pulse import State
from .summing import FIRST_TAG, Factors, Summing
from .traffic import Job, Traffic
from .tree import Exchange, Result, swapped
from .wire import Float32Wire, Wire
from .witness import hush_witness

_SOUND, _FAILED = b"\0", b"\1"


class Team:
    """The ranks of a run, or one process alone, which then always agrees with itself; a context manager.

    Parameters
    ----------
    communicator : Communicator
    wire : Wire
    timeout : float
        Seconds that a rank waits for another, and after which one that is not heard of is lost.
    """

    def __init__(self, communicator: Communicator, wire: Wire, timeout: float):
        self._communicator, self.wire = communicator, wire
        self.rank, self.size = communicator.rank, communicator.size
        self._state = State("beginning", time.monotonic(), False, False)
        self._interrupts = Interrupts()
        self._traffic = Traffic(communicator, timeout, self._now) if self.size > 1 else None
        self._told: BaseException | None = None  # the failure that all ranks know of
        self._from_another = False

    @property
    def leads(self) -> bool:
        """Whether this rank does what only one can: write files, and talk."""
        return self.rank == 0

    def __enter__(self) -> Self:
        if self._traffic is not None:
            self._interrupts.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._traffic is not None:
            self._traffic.close()
            self._interrupts.__exit__(kind, error, trace)

    def doing(self, what: str, for_all: bool = False, repeats: bool = False) -> None:
        """Note what this rank does next, for messages.

        With `for_all` the others wait for it as long as it takes; if it also `repeats`, as long as it is noted again
        within `timeout`.
        """
        self._state = State(what, time.monotonic(), False, for_all, repeats)

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Tell the other ranks of an exception in this block, unless they know of it."""
        try:
            yield
        except BaseException as error:
            self.tell(error)
            raise

    def tell(self, error: BaseException) -> None:
        """Let the others raise the same in their next `agree`, unless they know of this exception.

        It then has an attribute `all_ranks_know`.
        """
        if self._traffic is None:
            return
        error.all_ranks_know = True  # type: ignore[attr-defined]
        if self._knows(error):
            return
        self._told, self._from_another = error, False
        hush_witness()
        error.add_note(f"on rank {self.rank} of {self.size}")
        self._gather(_FAILED + failure.to_bytes(error))

    def part(self) -> None:
        """Wait, after a failure that all know of, until rank 0 has written what it can."""
        if self._traffic is not None:
            self._gather(_SOUND)

    def received(self, error: BaseException) -> bool:
        """Return whether this is the exception of another rank."""
        return error is self._told and self._from_another

    def known(self, error: BaseException) -> BaseException:
        """Return an exception that all ranks raise by themselves, at the same place."""
        self._told, self._from_another = error, False
        return error

    def uninterrupted(self) -> AbstractContextManager[object]:
        """Return a context in which no signal raises; its exception comes at the end, or in the next `agree`."""
        return nullcontext() if self._traffic is not None else Interrupts()

    def gather(self, data: bytes) -> list[bytes]:
        """Return what each rank has handed over, in their order.

        Raises
        ------
        BaseException
            Another rank has failed, or Ctrl-C has reached it or this one: on all ranks, of the same type.
        """
        if self._traffic is None:
            return [data]
        if interrupt := self._interrupts.taken():
            self.tell(interrupt)
            raise interrupt
        told = self._gather(_SOUND + data)
        for rank, each in enumerate(told):
            if each[:1] == _FAILED:
                self._told, self._from_another = failure.from_bytes(each[1:], rank), True
                self._interrupts.taken()  # one that reached this rank, too, would end the last checkpoint
                hush_witness()
                raise self._told
        return [each[1:] for each in told]

    def agree(self, value: Any = None) -> list[Any]:
        """Return the value of each rank, as JSON keeps it; raises like `gather`."""
        return [json.loads(each) for each in self.gather(json.dumps(value).encode())]

    def total(self, own: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the sum of all ranks' integers; raises like `gather`."""
        parts = [np.frombuffer(each, np.int64) for each in self.gather(own.tobytes())]
        total: NDArray[np.int64] = np.sum(parts, axis=0)
        return total.reshape(own.shape)

    def summing(
        self, blocks: Sequence[NDArray[np.float32]], ready: Callable[[], int], factors: Factors | None = None
    ) -> AbstractContextManager[None]:
        """Return a context in which blocks are filled; at its end they are the sums of all ranks' blocks.

        Parts of them are sent as soon as they are ready. An exception in the context leaves it only after the others
        have got what they wait for, which they will then not use.

        Parameters
        ----------
        blocks : sequence of arrays of float32, [count] each
            As many and of the same sizes on all ranks.
        ready : callable
            How many of their leading numbers are final; called on another thread. 0 until the computation begins.
        factors : Factors, optional
            What is gathered before.
        """
        return Summing(self._communicator, self._traffic, self.wire, blocks, ready, factors, self._waits)

    def _knows(self, error: BaseException | None) -> bool:
        """Return whether all know of an exception, or of the one that it followed from."""
        while error is not None:
            if error is self._told:
                return True
            error = error.__cause__ or error.__context__
        return False

    def swap(self, sent: NDArray[np.generic], came: NDArray[np.generic]) -> None:
        """Swap arrays with the other one of two ranks, once both are known to be well; raises like `gather`.

        Parameters
        ----------
        sent, came : array
            C-contiguous; empty where the other rank expects or sends nothing.
        """
        self.gather(b"")
        self._run(swapped(self._communicator, sent, came, 1 - self.rank, FIRST_TAG))

    def _gather(self, data: bytes) -> list[bytes]:
        assert self._traffic is not None  # as there are others
        return self._run(gather_all(self._communicator, data))

    def _run(self, exchange: Exchange[Result]) -> Result:
        assert self._traffic is not None
        job = self._traffic.start(Job([(lambda: True, exchange)]))
        with self._waits():
            return job.result()[0]

    @contextmanager
    def _waits(self) -> Iterator[None]:
        before = self._state
        self._state = before._replace(waits=True)
        try:
            yield
        finally:
            self._state = State(before.doing, time.monotonic(), False, False)

    def _now(self) -> State:
        """Return the state as others are told it."""
        state = self._state
        return state._replace(since=time.monotonic() - state.since)


def alone() -> Team:
    """Return the team of this process."""
    return Team(LocalCommunicator(), Float32Wire(), 0.0)


def require_timeout(timeout: Any, operation: str) -> None:
    """Raise TypeError or ValueError unless it is a number of seconds above 0."""
    check_number(timeout, "timeout", operation)
    if not timeout:
        raise ValueError(f"{operation}: timeout is 0, expected seconds, more than a step takes")

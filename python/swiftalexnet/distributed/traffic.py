"""One thread makes all calls of MPI, while the engine computes on others.

MPI moves large messages only inside of its calls, so this thread asks again and again, and sleeps between: the engine
has the processors, and communication goes on behind the computation. As no two threads call MPI at once,
MPI_THREAD_SERIALIZED is enough.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from .communicator import Communicator
from .pulse import Pulse, State
from .tree import Exchange, Pending
from .watchdog import Watchdog, end

_BRIEFLY = 50  # looks without sleeping: most short messages arrive within them
_SHARE = 1 / 8  # of the time that has been waited for a message is the next sleep
_LONGEST_SLEEP = 0.002  # seconds; at 10 Gbit/s the buffers of a connection hold what arrives meanwhile
_UNREADY = 0.01  # seconds between two looks at what is to be sent
_IDLE = 0.02  # and while there is no job
_OFTEN = 0.05  # between two looks at signs of life
_AT_ONCE = 4  # exchanges under way, which bounds their memory
_PATIENCE = 2.0  # seconds after which a call of MPI that does not return has failed

Result = TypeVar("Result")


class Job(Generic[Result]):
    """Exchanges that are handed over together, begun in their order as soon as each may begin.

    Parameters
    ----------
    exchanges : iterable of (callable, Exchange)
        When an exchange may begin, and what it does.
    """

    def __init__(self, exchanges: Iterable[tuple[Callable[[], bool], Exchange[Result]]]):
        self._waiting: Iterator[tuple[Callable[[], bool], Exchange[Result]]] = iter(exchanges)
        self._next = next(self._waiting, None)
        self._active: list[tuple[int, Exchange[Result], list[Pending]]] = []
        self._results: dict[int, Result] = {}
        self._begun = 0
        self._hurry, self._done = threading.Event(), threading.Event()

    @property
    def peers(self) -> set[int]:
        """The ranks whose messages are awaited."""
        return {each.peer for _, _, pending in self._active for each in pending}

    @property
    def done(self) -> bool:
        """Whether all have ended."""
        return self._next is None and not self._active

    def advance(self) -> bool:
        """Begin what may begin, and go on where messages have arrived; return whether anything has moved."""
        moved = False
        while self._next is not None and len(self._active) < _AT_ONCE and self._next[0]():
            self._active.append((self._begun, self._next[1], []))
            self._begun, self._next, moved = self._begun + 1, next(self._waiting, None), True
        for each in list(self._active):
            number, exchange, pending = each
            left = [message for message in pending if not _arrived(message)]
            moved = moved or len(left) < len(pending)
            pending[:] = left
            if not left:
                try:
                    pending.extend(next(exchange))
                except StopIteration as end_of_it:
                    self._results[number] = end_of_it.value
                    self._active.remove(each)
        return moved

    def wait(self, looks: int, seconds: float) -> None:
        """Wait before `advance` is called again, after so many calls and seconds in which nothing has moved."""
        if not self._active:
            self._hurry.wait(_UNREADY)
        else:
            time.sleep(0 if looks < _BRIEFLY else min(_LONGEST_SLEEP, seconds * _SHARE))

    def finish(self) -> None:
        """Let the thread that waits go on."""
        self._done.set()

    def result(self) -> list[Result]:
        """Wait until all have ended; return what they return, in their order. What may not begin yet may so soon."""
        self._hurry.set()
        self._done.wait()
        return [self._results[number] for number in range(self._begun)]


def _arrived(message: Pending) -> bool:
    try:
        return message.request.test()
    except ConnectionError:
        raise
    except Exception as error:
        raise ConnectionError(f"rank {message.peer}: {' '.join(str(error).split())}") from error


class Traffic:
    """The thread.

    Parameters
    ----------
    communicator : Communicator
        Used by nobody else meanwhile.
    timeout : float
        Seconds; see `Team`.
    state : callable
        What this rank's main thread is doing.
    """

    def __init__(self, communicator: Communicator, timeout: float, state: Callable[[], State]):
        self._rank, self._timeout, self._state = communicator.rank, timeout, state
        self._pulse = Pulse(communicator, timeout)
        self._looked = 0.0
        self._jobs: SimpleQueue[Job[object] | None] = SimpleQueue()
        self._watchdog = Watchdog(timeout + _PATIENCE, self._stuck)
        self._thread = threading.Thread(target=self._work, name="swiftalexnet-traffic", daemon=True)
        self._thread.start()

    def start(self, job: Job[Result]) -> Job[Result]:
        """Hand over a job."""
        self._jobs.put(job)  # type: ignore[arg-type]
        return job

    def close(self) -> None:
        """End the thread after its last job."""
        self._jobs.put(None)
        self._thread.join()
        self._watchdog.close()

    def _stuck(self) -> str:
        return f"rank {self._rank}: MPI has not returned from a call for {self._timeout + _PATIENCE:g} s"

    def _work(self) -> None:
        try:
            while True:
                self._look()
                try:
                    job = self._jobs.get(timeout=_IDLE)
                except Empty:
                    continue
                if job is None:
                    break
                self._do(job)
            self._pulse.close()
        except BaseException as error:  # the others cannot be told, as this thread is what tells them
            end(f"rank {self._rank}: {str(error) or type(error).__name__}")

    def _do(self, job: Job[object]) -> None:
        looks, moved_at = 0, time.monotonic()
        while True:
            if job.advance() or not job.peers:
                looks, moved_at = 0, time.monotonic()
            elif time.monotonic() - moved_at > self._timeout:
                moved_at = self._judge(moved_at)
            if job.done:
                job.finish()
                return
            looks += 1
            job.wait(looks, time.monotonic() - moved_at)
            if looks >= _BRIEFLY or not job.peers:
                self._look()

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked < _OFTEN:
            return
        self._looked = now
        self._watchdog.alive()
        self._pulse.beat(self._state())
        if silent := self._pulse.silent():
            end(f"rank {self._rank}: {silent}")

    def _judge(self, moved_at: float) -> float:
        """End the process, or return from when on the wait counts."""
        if self._pulse.quiet():
            return moved_at  # whether that rank is there will soon be known
        if time.monotonic() - moved_at < self._timeout + 2 * self._pulse.pause and self._pulse.all_wait():
            return moved_at
        standstill = self._pulse.standstill()
        if standstill is None:
            end(f"rank {self._rank}: {self._pulse.busy()}")
        return time.monotonic() - standstill

"""A few threads that work in advance for their caller.

Not those of `concurrent.futures`, which refuse work once the main thread has ended: a run in another thread continues.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from queue import SimpleQueue
from typing import Generic, TypeVar

_NAME = "swiftalexnet-decode"

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Task(Generic[_Result]):
    """A call on one of the threads, and its result."""

    def __init__(self, call: Callable[[], _Result]):
        self._call, self._ended = call, threading.Event()
        self._value: list[_Result] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        """Make the call."""
        try:
            self._value.append(self._call())
        except BaseException as error:  # `result` raises it
            self._error = error
        self._ended.set()

    def result(self) -> _Result:
        """Wait until the call has ended; return its value, or raise its exception."""
        self._ended.wait()
        if self._error is not None:
            raise self._error
        return self._value[0]


class Threads:
    """Threads that make calls in the order in which they were handed over.

    They start with the first call, and are daemons: a caller that forgets to close them does not keep the process.

    Parameters
    ----------
    count : int
        0: `submit` makes each call itself, at once.
    """

    def __init__(self, count: int):
        self._calls: SimpleQueue[Task[object] | None] = SimpleQueue()
        self._count, self._closed = count, threading.Event()
        self._threads: list[threading.Thread] = []

    def submit(self, call: Callable[[], _Result]) -> Task[_Result]:
        """Hand over a call."""
        task = Task(call)
        if not self._count:
            task.run()
            return task
        if not self._threads:
            self._start()
        self._calls.put(task)  # type: ignore[arg-type]
        return task

    def close(self) -> None:
        """Drop the calls that have not begun and wait for those that have."""
        self._closed.set()
        for _ in self._threads:
            self._calls.put(None)
        for thread in self._threads:
            _join(thread)

    def _start(self) -> None:
        """Start the threads, or as many as the system grants, but at least one."""
        while len(self._threads) < self._count:
            thread = threading.Thread(target=self._work, name=_NAME, daemon=True)
            self._threads.append(thread)  # before it runs: `close` must know it if Ctrl-C comes now
            try:
                thread.start()
            except RuntimeError:
                self._threads.remove(thread)
                if not self._threads:
                    raise
                break

    def _work(self) -> None:
        while (task := self._calls.get()) is not None:
            if not self._closed.is_set():
                task.run()


def _join(thread: threading.Thread) -> None:
    """Wait until a thread has ended; one that Ctrl-C met while it was started begins within moments, or never."""
    for _ in range(20):
        try:
            thread.join()
        except RuntimeError:  # it has not begun
            time.sleep(0.01)
        else:
            return


def map_ahead(
    function: Callable[[_Item], _Result], items: Iterable[_Item], threads: int
) -> Generator[_Result, None, None]:
    """Yield `function(item)` of each item in order, computed ahead on threads; closing it ends them."""
    pool = Threads(threads)
    queue: deque[Task[_Result]] = deque()
    try:
        for item in items:
            queue.append(pool.submit(lambda item=item: function(item)))  # type: ignore[misc]
            if len(queue) > 2 * threads:
                yield queue.popleft().result()
        while queue:
            yield queue.popleft().result()
    finally:
        pool.close()

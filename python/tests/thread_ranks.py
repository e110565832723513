"""Ranks that are threads of one process, for tests of what needs no MPI."""

import threading
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

import numpy as np

from swiftalexnet.distributed.communicator import ANY


class Mail:
    """The messages between all ranks, by receiver and tag."""

    def __init__(self, size: int):
        self.size, self.lock = size, threading.Lock()
        self.boxes: dict[tuple[int, int], deque] = defaultdict(deque)


class Sent:
    """A message that has left at once."""

    def test(self) -> bool:
        return True

    def cancel(self) -> None: ...


class Awaited:
    """A message that is to come."""

    def __init__(self, mail: Mail, rank: int, data: np.ndarray, source: int, tag: int):
        self._box, self._lock, self._data, self._source = mail.boxes[rank, tag], mail.lock, data, source
        self._arrived = False

    def test(self) -> bool:
        with self._lock:
            if self._arrived:
                return True
            for at, (source, data) in enumerate(self._box):
                if self._source in (source, ANY):
                    del self._box[at]
                    view = memoryview(self._data).cast("B")
                    assert len(data) <= len(view)
                    view[: len(data)] = data
                    self._arrived = True
                    return True
        return False

    def cancel(self) -> None: ...


class ThreadCommunicator:
    """One rank of several in this process; `bytes_sent` counts what it sends of gradients."""

    def __init__(self, mail: Mail, rank: int):
        self._mail, self.rank, self.size = mail, rank, mail.size
        self.bytes_sent = 0

    def send(self, data: np.ndarray, to: int, tag: int) -> Sent:
        if tag >= 64:
            self.bytes_sent += data.nbytes
        with self._mail.lock:
            self._mail.boxes[to, tag].append((self.rank, memoryview(data).cast("B").tobytes()))
        return Sent()

    def receive(self, data: np.ndarray, source: int, tag: int) -> Awaited:
        return Awaited(self._mail, self.rank, data, source, tag)

    def abort(self, status: int) -> None:
        raise SystemExit(status)


def communicators(size: int) -> list[ThreadCommunicator]:
    """Return the communicators of so many ranks."""
    mail = Mail(size)
    return [ThreadCommunicator(mail, rank) for rank in range(size)]


def on_ranks(size: int, work: Callable[[Any], Any]) -> list[Any]:
    """Return what `work(communicator)` returns or raises on each of `size` threads."""
    results: list[Any] = [None] * size

    def run(communicator: ThreadCommunicator) -> None:
        try:
            results[communicator.rank] = work(communicator)
        except BaseException as error:
            results[communicator.rank] = error

    threads = [threading.Thread(target=run, args=(each,), daemon=True) for each in communicators(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a rank hangs"
    return results

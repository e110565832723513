"""Decoded batches, read ahead on threads, in the order that was asked for.

Pillow releases the interpreter's lock while it decodes, so threads are enough. The queue is bounded: a few batches.
"""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ._arrays import require_memory
from .data import Dataset
from .preprocessing import Geometry, Whole
from .progress import Progress

if TYPE_CHECKING:
    from concurrent.futures import Future

_BATCHES_AHEAD = 3
_PICTURES_A_TASK = 16
_THREAD_NAME = "swiftalexnet-decode"

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Batch(NamedTuple):
    """Pictures and their labels; skipped pictures are missing."""

    images: NDArray[np.uint8]  # [count, size, size, channels]
    labels: NDArray[np.int32]  # [count]


class Loader:
    """Iterate over batches of a data set; use it as a context manager, which ends the threads.

    Parameters
    ----------
    dataset : Dataset
    batches : iterable of integer arrays
        The pictures of each batch, by index, in order.
    geometry : Geometry or callable
        What pictures are decoded to; or what gives it for an index (`ScaleJitter`), then of one size and as many
        channels for all.

    Raises
    ------
    OSError, ValueError
        While iterating: a picture of that batch cannot be read and the data set does not skip it.
    MemoryError
        While iterating, before anything of that batch is decoded: it would not fit into free memory.
    """

    def __init__(
        self,
        dataset: Dataset,
        batches: Iterable[NDArray[np.intp]],
        geometry: Geometry | Whole | Callable[[int], Geometry],
    ):
        from concurrent.futures import ThreadPoolExecutor  # slow to import

        self._dataset, self._geometry = dataset, geometry
        any_of_them = self._geometry_of(0)
        self._shape = any_of_them.size, any_of_them.size, any_of_them.channels
        self._batches = iter(batches)
        self._stop = threading.Event()
        self._threads = ThreadPoolExecutor(dataset.workers, thread_name_prefix=_THREAD_NAME)
        self._queue: deque[tuple[NDArray[np.intp], list[Future[_Decoded]]]] = deque()

    def __enter__(self) -> "Loader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Batch]:
        while self._fill() or self._queue:
            indices, tasks = self._queue.popleft()
            yield self._assemble(indices, [picture for task in tasks for picture in task.result()])

    def close(self) -> None:
        """Drop what was read ahead and end the threads; each finishes at most the picture that it is decoding."""
        self._stop.set()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _fill(self) -> bool:
        """Queue batches up to the bound; return whether any was queued."""
        before = len(self._queue)
        while len(self._queue) < _BATCHES_AHEAD and (indices := next(self._batches, None)) is not None:
            require_memory((len(indices), *self._shape), 1, "decoding a batch")
            parts = range(0, len(indices), _PICTURES_A_TASK)
            tasks = [self._threads.submit(self._decode, indices[at : at + _PICTURES_A_TASK]) for at in parts]
            self._queue.append((indices, tasks))
        return len(self._queue) > before

    def _decode(self, indices: NDArray[np.intp]) -> "_Decoded":
        return [None if self._stop.is_set() else self._image(int(index)) for index in indices]

    def _image(self, index: int) -> NDArray[np.uint8] | None:
        return self._dataset.image(index, self._geometry_of(index))

    def _geometry_of(self, index: int) -> Geometry | Whole:
        return self._geometry if isinstance(self._geometry, (Geometry, Whole)) else self._geometry(index)

    def _assemble(self, indices: NDArray[np.intp], pictures: "_Decoded") -> Batch:
        kept = [picture for picture in pictures if picture is not None]
        labels = self._dataset.labels[indices[[picture is not None for picture in pictures]]]
        images = np.stack(kept) if kept else np.empty((0, *self._shape), np.uint8)
        return Batch(images, np.ascontiguousarray(labels, np.int32))


_Decoded = Sequence[NDArray[np.uint8] | None]


def read_pictures(
    dataset: Dataset,
    chosen: NDArray[np.intp],
    batch_size: int,
    geometry: Geometry | Whole,
    bar: tuple[bool, str],
    operation: str,
) -> Generator[NDArray[np.uint8], None, None]:
    """Yield the chosen pictures in batches, none of them empty; `contextlib.closing` ends its threads.

    Parameters
    ----------
    bar : (bool, str)
        Whether to show a progress bar, and its title.
    operation : str
        What messages begin with.

    Raises
    ------
    ValueError
        None of them could be read; and what `Loader` raises.
    """
    count = 0
    with Progress(len(chosen), *bar) as progress, Loader(dataset, split(chosen, batch_size), geometry) as loader:
        for images, _ in loader:
            if len(images):
                yield images
            count += len(images)
            progress.advance(len(images))
    if not count:
        raise ValueError(f"{operation}: none of {len(dataset)} pictures could be read")


def map_ahead(
    function: Callable[[_Item], _Result], items: Iterable[_Item], threads: int
) -> Generator[_Result, None, None]:
    """Yield `function(item)` of each item in order, computed ahead on threads; closing it ends them."""
    from concurrent.futures import ThreadPoolExecutor  # slow to import

    pool = ThreadPoolExecutor(threads, thread_name_prefix=_THREAD_NAME)
    queue: deque[Future[_Result]] = deque()
    try:
        for item in items:
            queue.append(pool.submit(function, item))
            if len(queue) > 2 * threads:
                yield queue.popleft().result()
        while queue:
            yield queue.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def evenly_spread(count: int, most: int) -> NDArray[np.intp]:
    """Return the indices of at most so many of `count` pictures, spread evenly over them."""
    return np.linspace(0, count - 1, min(count, most)).astype(np.intp)


def in_order(count: int, batch_size: int) -> Iterator[NDArray[np.intp]]:
    """Yield the indices of all pictures in batches; the last one may be smaller."""
    return split(np.arange(count), batch_size)


def split(order: NDArray[np.intp], batch_size: int) -> Iterator[NDArray[np.intp]]:
    """Cut an order into batches; the last one may be smaller."""
    return (order[at : at + batch_size] for at in range(0, len(order), batch_size))


def shuffled(count: int, seed: int, epoch: int) -> NDArray[np.intp]:
    """Return the order of one epoch: a permutation that depends on (seed, epoch) only.

    Philox's raw words are sorted, because numpy fixes its bit streams for ever but not its `permutation`.
    """
    words = np.random.Philox(key=np.array((seed, epoch), np.uint64)).random_raw(count)
    return np.argsort(words, kind="stable")

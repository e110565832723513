"""Decoded batches, read ahead on threads, in the order that was asked for.

Pillow releases the interpreter's lock while it decodes, so threads are enough. The queue is bounded: a few batches.
"""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _native
from ._arrays import require_memory
from .data import Dataset
from .dataset_checks import checked_image, checked_labels, checked_workers
from .preprocessing import Geometry, Whole
from .progress import Progress
from .threads import Task, Threads

_BATCHES_AHEAD = 3
_PICTURES_A_TASK = 16


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
    labels : array of int32, [count], optional
        In place of the data set's, for instance numbers that tell which pictures could be read.

    Attributes
    ----------
    missing : list of int
        Which pictures of the batches so far were left out.

    Raises
    ------
    TypeError, ValueError
        The data set has no labels or number of threads; while iterating, an image that is none.
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
        labels: NDArray[np.int32] | None = None,
    ):
        self._dataset, self._geometry = dataset, geometry
        self._labels = checked_labels(dataset, "loading") if labels is None else labels
        self.missing: list[int] = []
        any_of_them = self._geometry_of(0)
        self._shape = any_of_them.size, any_of_them.size, any_of_them.channels
        self._batches = iter(batches)
        self._stop = threading.Event()
        self._threads = Threads(checked_workers(dataset, "loading"))
        self._queue: deque[tuple[NDArray[np.intp], list[Task[_Decoded]]]] = deque()

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
        self._threads.close()

    def _fill(self) -> bool:
        """Queue batches up to the bound; return whether any was queued."""
        before = len(self._queue)
        while len(self._queue) < _BATCHES_AHEAD and (indices := next(self._batches, None)) is not None:
            require_memory((len(indices), *self._shape), 1, "decoding a batch")
            parts = range(0, len(indices), _PICTURES_A_TASK)
            tasks = [self._threads.submit(partial(self._decode, indices[at : at + _PICTURES_A_TASK])) for at in parts]
            self._queue.append((indices, tasks))
        return len(self._queue) > before

    def _decode(self, indices: NDArray[np.intp]) -> "_Decoded":
        return [None if self._stop.is_set() else self._image(int(index)) for index in indices]

    def _image(self, index: int) -> NDArray[np.uint8] | None:
        geometry = self._geometry_of(index)
        return checked_image(self._dataset.image(index, geometry), self._dataset, geometry)

    def _geometry_of(self, index: int) -> Geometry | Whole:
        return self._geometry if isinstance(self._geometry, (Geometry, Whole)) else self._geometry(index)

    def _assemble(self, indices: NDArray[np.intp], pictures: "_Decoded") -> Batch:
        kept = [picture for picture in pictures if picture is not None]
        there = np.array([picture is not None for picture in pictures], np.bool_)
        self.missing += indices[~there].tolist()
        labels = self._labels[indices[there]]
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
    """Return the order of one epoch: a permutation that depends on (seed, epoch) only, the engine's."""
    return np.frombuffer(_native.shuffle(count, seed, epoch), np.int64)

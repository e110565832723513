"""Batches of decoded images in a given order, decoded in advance on threads.

Pillow releases the interpreter's lock while it decodes, so threads are enough. The queue is limited to a few batches.
"""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import require_memory
from .._support.progress import Progress
from .._support.threads import Task, Threads
from ..images.geometry import Geometry, Whole
from .checks import checked_image, checked_labels, checked_workers
from .dataset import Dataset
from .order import split

_BATCHES_AHEAD = 3
_IMAGES_PER_TASK = 16


class Batch(NamedTuple):
    """Images and their labels; skipped images are missing, or black with the label −1 (`keeps_places`)."""

    images: NDArray[np.uint8]  # [count, size, size, channels]
    labels: NDArray[np.int32]  # [count]


class Loader:
    """An iterator over batches of a data set; use it as a context manager, which ends its threads.

    Parameters
    ----------
    dataset : Dataset
    batches : iterable of integer arrays
        The images of each batch, by index, in order.
    geometry : Geometry or callable
        What images are decoded to, or a function of the index that returns it (`ScaleJitter`), with the same size and
        channels for all.
    numbered : bool
        Give the images' indices in place of labels.
    keeps_places : bool
        Leave no image out of a batch: one that is skipped is black and has the label −1.

    Attributes
    ----------
    missing : list of int
        Indices of the images that were left out of the batches so far.

    Raises
    ------
    TypeError, ValueError
        The data set has invalid labels or number of threads; while iterating, an invalid image.
    OSError, ValueError
        While iterating: an image of the batch cannot be read and the data set does not skip it.
    MemoryError
        While iterating: the batch would not fit into free memory; none of it has been decoded.
    """

    def __init__(
        self,
        dataset: Dataset,
        batches: Iterable[NDArray[np.intp]],
        geometry: Geometry | Whole | Callable[[int], Geometry],
        numbered: bool = False,
        keeps_places: bool = False,
    ):
        self._dataset, self._geometry, self._keeps_places = dataset, geometry, keeps_places
        self._labels = None if numbered else checked_labels(dataset, "loading")
        self.missing: list[int] = []
        any_of_them = self._geometry_of(0)
        self._shape = any_of_them.size, any_of_them.size, any_of_them.channels
        self._batches = iter(batches)
        self._stop = threading.Event()
        workers = checked_workers(dataset, "loading")
        self._threads = Threads(workers if len(dataset) > 1 else 0)  # a single image needs no thread
        self._queue: deque[tuple[NDArray[np.intp], list[Task[_Decoded]]]] = deque()

    def __enter__(self) -> "Loader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Batch]:
        while self._fill() or self._queue:
            indices, tasks = self._queue.popleft()
            yield self._assemble(indices, [image for task in tasks for image in task.result()])

    def close(self) -> None:
        """Discard queued batches and end the threads; each first finishes the image that it is decoding."""
        self._stop.set()
        self._threads.close()

    def _fill(self) -> bool:
        """Queue batches up to the limit; return whether any was queued."""
        before = len(self._queue)
        while len(self._queue) < _BATCHES_AHEAD and (indices := next(self._batches, None)) is not None:
            require_memory((len(indices), *self._shape), 1, "decoding a batch")
            parts = range(0, len(indices), _IMAGES_PER_TASK)
            tasks = [self._threads.submit(partial(self._decode, indices[at : at + _IMAGES_PER_TASK])) for at in parts]
            self._queue.append((indices, tasks))
        return len(self._queue) > before

    def _decode(self, indices: NDArray[np.intp]) -> "_Decoded":
        return [None if self._stop.is_set() else self._image(int(index)) for index in indices]

    def _image(self, index: int) -> NDArray[np.uint8] | None:
        geometry = self._geometry_of(index)
        return checked_image(self._dataset.image(index, geometry), self._dataset, geometry)

    def _geometry_of(self, index: int) -> Geometry | Whole:
        return self._geometry if isinstance(self._geometry, (Geometry, Whole)) else self._geometry(index)

    def _assemble(self, indices: NDArray[np.intp], decoded: "_Decoded") -> Batch:
        there = np.array([image is not None for image in decoded], np.bool_)
        self.missing += indices[~there].tolist()
        labels = indices if self._labels is None else self._labels[indices]
        if self._keeps_places:
            labels = np.where(there, labels, -1)
            black = np.zeros(self._shape, np.uint8)
            kept = [black if image is None else image for image in decoded]
        else:
            labels = labels[there]
            kept = [image for image in decoded if image is not None]
        images = np.stack(kept) if kept else np.empty((0, *self._shape), np.uint8)
        return Batch(images, np.ascontiguousarray(labels, np.int32))


_Decoded = Sequence[NDArray[np.uint8] | None]


def read_images(
    dataset: Dataset,
    chosen: NDArray[np.intp],
    batch_size: int,
    geometry: Geometry | Whole,
    bar: tuple[bool, str],
    operation: str,
    may_be_none: bool = False,
) -> Generator[NDArray[np.uint8], None, None]:
    """Yield the chosen images in batches, none of them empty; use `contextlib.closing` to end its threads.

    Parameters
    ----------
    bar : (bool, str)
        Whether to show a progress bar, and its title.
    operation : str
        The beginning of messages.
    may_be_none : bool
        It is no error if none of them can be read.

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
    if not count and not may_be_none:
        raise ValueError(f"{operation}: none of {len(dataset)} images could be read")

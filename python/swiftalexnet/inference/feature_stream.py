"""An iterator over images as a data set: only the images that are in work are in memory."""

import threading
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..images.geometry import Geometry, Whole
from ..images.inputs import Images, as_images
from ..runtime import get_num_threads


class Stream:
    """The items of an iterator as a data set; an item is there from `pull` to `drop`."""

    classes, skipped = None, 0

    def __init__(self, items: Iterator[Any], *how: Any):
        self._source, self._how, self._next = items, how, 0
        self._waiting: dict[int, Images] = {}
        self._lock = threading.Lock()
        self.labels = np.zeros(0, np.int32)
        self.workers = get_num_threads()

    def __len__(self) -> int:
        return 2**31 - 1  # the end is not known

    def pull(self, count: int) -> Iterator[int]:
        """Take items from the iterator, each one image; yield their numbers."""
        for item in islice(self._source, count):
            number = self._next
            self._waiting[number], self._next = as_images([item], *self._how), number + 1
            yield number

    def drop(self, number: int) -> None:
        """Forget an item."""
        del self._waiting[number]

    def item(self, number: int) -> Any:
        """Return an item: a path, a Pillow image or an array."""
        return self._waiting[number].items[0]

    def image(self, index: int, geometry: Geometry | Whole) -> NDArray[np.uint8]:
        """Decode an item."""
        image = self._waiting[index]
        if image.all_files:
            return image.image(0, geometry)
        with self._lock:  # a Pillow image may come twice and must not be decoded by two threads
            return image.image(0, geometry)

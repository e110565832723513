"""Memory that is used again and again: fresh pages cost more than adding what arrives in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Spare:
    """Memory for arrays that are needed for a short time, by one thread at a time."""

    def __init__(self) -> None:
        self._free: list[NDArray[np.uint8]] = []

    @contextmanager
    def array(self, count: int, kind: DTypeLike) -> Iterator[NDArray[Any]]:
        """Return a context with an array, [count], of a kind; its numbers are arbitrary, its memory is used again."""
        size = count * np.dtype(kind).itemsize
        fitting = [at for at, room in enumerate(self._free) if len(room) >= size]
        at = min(fitting, key=lambda at: len(self._free[at]), default=None)
        room = np.empty(size, np.uint8) if at is None else self._free.pop(at)
        try:
            yield room[:size].view(kind)
        finally:
            self._free.append(room)

"""A data set whose unreadable images are left out and counted."""

import threading

import numpy as np
from numpy.typing import NDArray

from ..images.geometry import Geometry, Whole
from .checks import checked_workers
from .dataset import Dataset
from .error_budget import allowed_errors


class Tolerant:
    """A data set whose images are left out if they cannot be read.

    Parameters
    ----------
    data : Dataset
    skips : bool
        Otherwise the first error is raised.
    max_errors : int or float, optional
        The most images that may be left out, as a number or a fraction of all: see `as_budget`.
    operation : str
        The beginning of messages.

    Attributes
    ----------
    skipped : int
        Images that have been left out; can be set to those of an earlier run.
    """

    classes = None

    def __init__(self, data: Dataset, skips: bool, max_errors: int | float | None, operation: str):
        self._data, self._skips, self._max_errors, self._operation = data, skips, max_errors, operation
        self._lock, self._why = threading.Lock(), dict[int, str]()
        self.labels, self.workers, self.skipped = data.labels, checked_workers(data, operation), 0

    def __len__(self) -> int:
        return len(self._data)

    def image(self, index: int, geometry: Geometry | Whole) -> NDArray[np.uint8] | None:
        """Decode an image; None if it is left out.

        Raises
        ------
        OSError, ValueError
            It cannot be read and may not be left out, or more than `max_errors` have been.
        """
        try:
            pixels = self._data.image(index, geometry)
        except (OSError, ValueError) as error:
            if not self._skips:
                raise
            self._count(index, error)
            return None
        if pixels is None:
            self._count(index, getattr(self._data, "why_missing", lambda _: "left out by the data set")(index))
        return pixels

    def why_missing(self, index: int) -> str:
        """Return, once, why an image was left out, in one line."""
        with self._lock:
            return self._why.pop(index, "")

    def _count(self, index: int, why: object) -> None:
        with self._lock:
            self.skipped += 1
            self._why[index] = " ".join(str(why).split())
            allowed = allowed_errors(self._max_errors, len(self))
            if allowed is not None and self.skipped > allowed:
                images = "1 image" if self.skipped == 1 else f"{self.skipped} images"
                raise ValueError(
                    f"{self._operation}: {images} cannot be read, max_errors allows {allowed}; "
                    f"one of them: {self._why[index]}"
                )

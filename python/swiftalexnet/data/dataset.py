"""The interface of data sets."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..images.geometry import Geometry, Whole


class Dataset(Protocol):
    """The interface that `fit` and `evaluate` require of a data set."""

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Names of the classes by label, if they have names."""

    @property
    def labels(self) -> NDArray[np.int32]:
        """Class of each image, [count]."""

    @property
    def workers(self) -> int:
        """Number of decoding threads; 1 if there is no such attribute."""

    @property
    def skipped(self) -> int:
        """Number of images that could not be read so far."""

    def __len__(self) -> int: ...

    def image(self, index: int, geometry: Geometry | Whole) -> NDArray[np.uint8] | None:
        """Return image `index` as [size, size, channels], or [height, width, channels] for a `Whole`.

        None if it is skipped.
        """

"""The features of a data set: what the frozen part of a network computes of every image, in every view."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _native
from .._support.arithmetic import PRECISIONS
from .._support.arrays import LAYOUTS
from .._support.digests import array_digest, weights_digest
from .._support.native_arguments import Arithmetic
from .._support.progress import Progress
from ..data.dataset import Dataset
from ..data.feature_file import Contents
from ..data.fingerprint import Fingerprint, fingerprint
from ..errors import NonFiniteError
from ..inference.batches import batches
from ..inference.inputs import network_crops
from ..network.base import BaseModel
from .frozen_part import FrozenPart

_VIEWS_AT_ONCE = 32  # no more than a usual batch, so that memory is that of training


class Features(NamedTuple):
    """The features of one data set; `name` is "train" or "validation"."""

    name: str
    model: BaseModel
    part: FrozenPart
    data: Dataset
    views: int
    arithmetic: Arithmetic

    def contents(self) -> tuple[Contents, Fingerprint]:
        """Return what a file of these features holds, if no image is missing, and of what images they are.

        Without the latter's key, such a file is of no use to later runs.
        """
        images = fingerprint(self.data)
        info = _native.runtime_info()
        key = {
            "network": list(self.part.spec),
            "weights (SHA-256)": weights_digest(self.part.arrays(self.model)),
            "preprocessing": self._preprocessing(),
            "precision": PRECISIONS[self.arithmetic.precision],
            **({"fast_math": True} if self.arithmetic.fast_math else {}),
            "engine": {name: info[name] for name in ("version", "instruction_set", "gemm")},
            "images": images.key,
        }
        return Contents(key, self.part.shape, len(self.data), self.views, (), images.young), images

    def compute(self, progress: bool) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float32]]]:
        """Yield indices of images and the features of their views, [images · views, height, width, channels].

        Raises
        ------
        OSError, ValueError
            An image cannot be read, or none can.
        NonFiniteError
            A feature is not finite.
        """
        arithmetic, layout, seen = self.arithmetic, LAYOUTS["NHWC"], 0
        size = max(1, _VIEWS_AT_ONCE // self.views)
        with Progress(len(self.data), progress, f"features: {self.name}") as bar:
            for squares, numbers in batches(self.data, self.model.preprocessing.geometry, size, bar.advance):
                x = network_crops(self.model, squares, self.views)
                rows = np.empty((len(x), *self.part.shape), np.float32)
                self.model.network.capture(x, layout, (self.part.node,), arithmetic, (rows,))
                if not np.isfinite(rows).all():
                    row = int(np.argmin([np.isfinite(each).all() for each in rows]))
                    cause = self.model.network.non_finite_cause(x[row : row + 1], layout, arithmetic)
                    which = f"{self.part.node} of image {numbers[row // self.views]}"
                    raise NonFiniteError(f"fit: cache_features: {which} is not finite: {cause}")
                seen += len(numbers)
                yield numbers, rows
        if not seen:
            raise ValueError(f"fit: none of {len(self.data)} images could be read")

    def _preprocessing(self) -> dict[str, Any]:
        preprocessing = self.model.preprocessing
        arrays = {"mean": preprocessing.mean, "whitening": preprocessing.whitening}
        return preprocessing.to_json() | {
            name: None if array is None else array_digest(array) for name, array in arrays.items()
        }

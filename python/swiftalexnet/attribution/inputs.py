"""The images that are to be explained, as the network's input, a batch at a time."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _native
from .._support.arithmetic import DIFFERENTIABLE, PRECISIONS, choose_precision
from .._support.arrays import as_float32, as_integer, layout_code
from .._support.native_arguments import Arithmetic, CropOptions
from .._support.shown import shown
from ..images.inputs import as_images
from ..inference.batches import batches
from ..inference.inputs import network_input
from ..network.base import BaseModel
from ..network.batch_size import BatchSize, for_inference
from ..network.checks import require_model

Float32 = NDArray[np.float32]

OPTIONS = ("layout", "value_range", "batch_size", "precision", "preprocessed")  # of `Inputs`, in every method


class Part(NamedTuple):
    """A batch: its place among all images, the network's input [batch, C, H, W], and the crops that are shown."""

    rows: slice
    x: Float32
    crops: NDArray[np.uint8] | None


class Inputs:
    """Images, or tensors, for one call of a method.

    Parameters
    ----------
    model : Model
    images : images
        See `swiftalexnet.inference.prediction.predict`; with `preprocessed` float32 tensors [count, channels, height,
        width], as `forward` reads them.
    operation : str
        The beginning of messages.
    layout, value_range
        See `swiftalexnet.inference.prediction.probabilities`. Tensors are NCHW unless `layout` is "NHWC".
    batch_size : int or "auto"
        Images, or variants of an image, that the network computes together; results do not depend on it, except for
        rounding.
    precision : {"float32", "bfloat16", "auto"}
        Of activations and gradients: see `swiftalexnet.inference.prediction.probabilities`. Of a quantised model, the
        rounded weights are explained.
    preprocessed : bool
        `images` are the network's input already.

    Raises
    ------
    TypeError, ValueError
        Something that is not an image, or numbers that do not fit.
    UnsupportedError
        The processor does not support the arithmetic.
    """

    def __init__(
        self,
        model: BaseModel,
        images: Any,
        operation: str,
        layout: str | None = None,
        value_range: tuple[float, float] | None = None,
        batch_size: BatchSize = 32,
        precision: str = "float32",
        preprocessed: bool = False,
    ):
        require_model(model, operation)
        if not isinstance(preprocessed, (bool, np.bool_)):
            raise TypeError(f"{operation}: preprocessed is {shown(preprocessed)}, expected True or False")
        self.model, self._operation = model, operation
        self.arithmetic = Arithmetic(choose_precision(operation, precision, DIFFERENTIABLE))
        self.precision = PRECISIONS[self.arithmetic.precision]
        batch_size = for_inference(model, batch_size, operation, self.arithmetic, keeps_layers=True)
        self.batch_size = as_integer(batch_size, "batch_size", operation, 1, 2**20)
        channels = model.preprocessing.channels
        self._images = None if preprocessed else as_images(images, layout, value_range, channels, operation)
        self._tensors = self._as_tensors(images, layout) if preprocessed else None

    def __len__(self) -> int:
        given = self._images if self._tensors is None else self._tensors
        return len(given) if given is not None else 0

    def parts(self) -> Iterator[Part]:
        """Yield all images in order."""
        if self._tensors is not None:
            for start in range(0, len(self._tensors), self.batch_size):
                rows = slice(start, min(start + self.batch_size, len(self._tensors)))
                yield Part(rows, self._tensors[rows], None)
        elif self._images is not None:
            for squares, numbers in batches(self._images, self.model.preprocessing.geometry, self.batch_size):
                rows = slice(int(numbers[0]), int(numbers[-1]) + 1)
                yield Part(rows, network_input(self.model, squares), self._crops(squares))

    def _as_tensors(self, images: Any, layout: str | None) -> Float32:
        x = as_float32(images, "images", self._operation, 4)
        if layout_code(layout or "NCHW", self._operation):
            x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
        if x.shape[1] != self.model.input_shape[0]:
            came, expected = (
                f"shape {x.shape}",
                f"{self.model.input_shape[0]} channels, [count, channels, height, width]",
            )
            raise ValueError(f"{self._operation}: images have {came}, expected {expected}")
        return x

    def _crops(self, squares: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the pixels that the network sees, uint8 [batch, height, width, channels]."""
        side = self.model.preprocessing.crop
        pixels = np.empty((len(squares), side, side, squares.shape[3]), np.float32)
        _native.crop_images(squares, CropOptions(side, side, None, None, 0), 1, pixels)
        return pixels.astype(np.uint8)

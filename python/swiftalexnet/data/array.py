"""Labelled images in memory."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import as_index, as_labels, as_uint8, plain
from ..images.decoding import array_to_square
from ..images.geometry import Geometry, Whole, check_geometry
from ..images.layouts import as_layout, channels_last
from ..images.levels import WAY_OUT, as_value_range, to_bytes
from .checks import as_class_names


class ArrayDataset:
    """Images that are already in memory.

    Parameters
    ----------
    images : array, [count, height, width, channels] or [count, height, width]
        uint8, or other numbers with `value_range`. Grey and RGB images are converted to the network's channels; any
        other number of channels must match.
    labels : integers, [count]
        Counted from 0.
    classes : sequence of str, optional
        Names by label.
    layout : {"NHWC", "NCHW"}, optional
        NCHW: [count, channels, height, width]. NHWC by default; it must be given if the second axis could be the
        channels too.
    value_range : (float, float), optional
        The values of black and white in images that are not uint8, for example (0, 1); they are rounded to uint8.

    Raises
    ------
    TypeError, ValueError
        Arrays of another type, rank or length, no images, or labels out of range.
    """

    workers = 1
    skipped = 0

    def __init__(
        self,
        images: Any,
        labels: Any,
        classes: Sequence[str] | None = None,
        layout: str | None = None,
        value_range: tuple[float, float] | None = None,
    ):
        levels = as_value_range(value_range, "ArrayDataset")
        if isinstance(images, np.ndarray) and images.dtype != np.uint8:
            plain(images, "images", "ArrayDataset", "uint8")
            if levels is None:
                raise TypeError(f"ArrayDataset: images have dtype {images.dtype}, expected uint8: {WAY_OUT}")
            images = to_bytes(images, levels, "ArrayDataset")
        pixels = as_uint8(images, "images", "ArrayDataset", ndim=(3, 4))
        pixels = channels_last(pixels, as_layout(layout, "ArrayDataset"), "ArrayDataset")
        self.images = as_uint8(pixels[..., None] if pixels.ndim == 3 else pixels, "images", "ArrayDataset")
        self.layout_is_clear = layout is not None or pixels.ndim == 3
        self.classes = None if classes is None else as_class_names(classes, "ArrayDataset")
        end = None if self.classes is None else len(self.classes)
        self.labels = as_labels(labels, "labels", "ArrayDataset", len(self.images), end)

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        return f"ArrayDataset: {len(self)} images of {' × '.join(map(str, self.images.shape[1:]))}"

    def image(self, index: int, geometry: Geometry | Whole) -> NDArray[np.uint8]:
        """Return one image as uint8 [height, width, channels], resized if it has another size."""
        check_geometry(geometry, "ArrayDataset.image")
        pixels: NDArray[np.uint8] = self.images[as_index(index, len(self), "ArrayDataset.image")]
        if pixels.shape == (geometry.size, geometry.size, geometry.channels) and geometry.side == geometry.size:
            return pixels
        return array_to_square(pixels, geometry)

"""Images from callers, in any form, as a list of single images that are decoded to uint8."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .._support.arrays import as_float32, as_uint8, plain
from ..runtime import get_num_threads
from .decoding import array_to_square, image_to_array, named_errors, read_image
from .geometry import Geometry, Whole
from .layouts import as_layout, channel_axis
from .levels import Range, as_value_range, require_range, to_bytes, to_levels


class Images:
    """Images without labels as a data set for a `Loader`, which decodes files on several threads.

    Parameters
    ----------
    images : sequence
        Each a path, a Pillow image or an array of uint8 [height, width, channels].
    value_range : (float, float), optional
        The values of black and white in files and Pillow images of more than 8 bits.
    """

    classes, skipped = None, 0

    def __init__(self, images: Sequence[Any], value_range: Range | None = None):
        self.items, self._value_range = images, value_range
        self.labels = np.zeros(len(images), np.int32)
        self.all_files = all(isinstance(image, (str, os.PathLike)) for image in images)
        # A Pillow image may occur twice in the list and must not be decoded by two threads.
        self.workers = min(len(images), get_num_threads()) if self.all_files else 1

    def __len__(self) -> int:
        return len(self.items)

    def image(self, index: int, geometry: Geometry | Whole) -> NDArray[np.uint8]:
        """Decode one image to uint8 [height, width, channels] with the size of `geometry`.

        Raises
        ------
        OSError, ValueError
            A file that cannot be read, pixels of unknown range, or a number of channels that does not fit.
        """
        image = self.items[index]
        if isinstance(image, np.ndarray):
            return array_to_square(image, geometry)
        if not isinstance(image, Image.Image):
            return read_image(image, geometry, value_range=self._value_range)
        with named_errors(f"image {index}, a Pillow image of mode {image.mode},"):
            return image_to_array(image, geometry, value_range=self._value_range)

    def squares(self, geometry: Geometry) -> Iterator[NDArray[np.uint8]]:
        """Yield each image as uint8 [size, size, channels]."""
        return (self.image(index, geometry) for index in range(len(self)))


def as_images(
    images: Any, layout: str | None, value_range: Any, channels: int, operation: str, beyond: float | None = None
) -> Images:
    """Split the caller's images into single images.

    Parameters
    ----------
    images : images
        An array, a path, a Pillow image, or a list or tuple of these, each item one image; or the result of this
        function, which is returned as it is.
    layout : {"NHWC", "NCHW"}, optional
        Axis order of arrays: see `as_batch`.
    value_range : (float, float), optional
        The values of black and white in images of more than 8 bits.
    channels : int
        Of the network's input: distinguishes one colour image from several grey ones.
    operation : str
        The beginning of messages.
    beyond : float, optional
        Keep arrays of other types than uint8 as float32 levels that are not rounded: see `levels.to_levels`.

    Raises
    ------
    TypeError, ValueError
        Something that is not an image, or an array with an ambiguous layout.
    """
    layout, levels = as_layout(layout, operation), as_value_range(value_range, operation)
    if isinstance(images, Images):
        return images

    def singles(item: Any) -> list[Any]:
        if isinstance(item, (str, os.PathLike, Image.Image)):
            return [item]
        if _is_array(item):
            return list(as_batch(item, layout, levels, channels, operation, beyond))
        expected = "images: an array, paths, Pillow images, or a list of these"
        raise TypeError(f"{operation}: got {type(item).__name__}, expected {expected}")

    if not isinstance(images, Sequence) or isinstance(images, (str, bytes)) or _is_array(images):
        return Images(singles(images), levels)
    if not images:
        raise ValueError(f"{operation}: got an empty list, expected at least one image")
    items = [singles(image) for image in images]
    if any(len(item) != 1 for item in items):
        raise ValueError(f"{operation}: a list contains an array of several images, expected one image per item")
    return Images([item[0] for item in items], levels)


def as_batch(
    images: Any,
    layout: str | None,
    value_range: Range | None,
    channels: int,
    operation: str,
    beyond: float | None = None,
) -> NDArray[Any]:
    """Return an array of images as uint8 [count, height, width, channels]; with `beyond`, others as float32 levels.

    Four axes are a batch, three with channels are one image, three without are grey images [count, height, width], two
    are one grey image: see `layouts`.

    Raises
    ------
    TypeError, ValueError
        Not such an array, an ambiguous layout, or numbers that need `value_range`.
    MemoryError
        A copy that would not fit into free memory.
    """
    array = np.asarray(plain(images, "images", operation, "uint8"))
    if array.ndim not in (2, 3, 4) or 0 in array.shape:
        raise ValueError(f"{operation}: images have shape {array.shape}, expected [count, height, width, channels]")
    if array.dtype != np.uint8:
        require_range(array.dtype, value_range, operation)
    axis = channel_axis(array.shape, layout, channels, operation)
    pixels: NDArray[Any] = array
    if array.dtype != np.uint8 and beyond is not None:
        pixels = to_levels(array, value_range, operation, beyond=beyond)
    elif array.dtype != np.uint8:
        pixels = to_bytes(array, value_range, operation)
    if axis is None:
        pixels, axis = pixels[..., None], -1
    pixels = np.moveaxis(pixels, axis, -1)
    batch = pixels if pixels.ndim == 4 else pixels[None]  # copied if necessary
    return as_uint8(batch, "images", operation) if batch.dtype == np.uint8 else as_float32(batch, "images", operation)


def _is_array(item: Any) -> bool:
    """Return whether it is an array, of any library; a type such as `np.ndarray` is not."""
    return isinstance(item, (np.ndarray, memoryview)) or (hasattr(item, "__array__") and not isinstance(item, type))

"""The door for pictures: whatever a caller holds, as a list of single pictures, then as uint8."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._arrays import as_uint8, plain, require_memory
from ._choices import choose
from .data import array_to_square
from .decoding import picture_to_array, read_picture
from .preprocessing import Geometry, Whole


def as_pictures(
    images: Any, layout: str, value_range: tuple[float, float] | None, channels: int, operation: str = "predict"
) -> list[Any]:
    """Split what a caller gave into single pictures: paths, Pillow images, or uint8 arrays [height, width, channels].

    Parameters
    ----------
    images : pictures
        An array, a path, a Pillow image, or a sequence of these.
    layout : {"NHWC", "NCHW"}
        Order of arrays.
    value_range : (float, float) or None
        What black and white are in float arrays.
    channels : int
        What the network reads: tells one colour picture from several grey ones.

    Raises
    ------
    TypeError, ValueError
        Something that is no picture.
    """
    choose(operation, "layout", layout, ("NHWC", "NCHW"))
    if isinstance(images, (str, os.PathLike)) or _is_pillow(images):
        return [images]
    if isinstance(images, np.ndarray):
        return list(_array_pictures(images, layout, value_range, channels, operation))
    if not isinstance(images, Sequence) or isinstance(images, bytes):
        raise TypeError(f"{operation}: got {type(images).__name__}, expected pictures: an array, paths, Pillow images")
    if not images:
        raise ValueError(f"{operation}: got an empty list, expected at least one picture")
    singles = [as_pictures(image, layout, value_range, channels, operation) for image in images]
    if any(len(single) != 1 for single in singles):
        raise ValueError(f"{operation}: a list holds an array of several pictures, expected one picture an item")
    return [single[0] for single in singles]


class Pictures:
    """Pictures without labels as a data set, which a `Loader` decodes; files on several threads."""

    classes, skipped = None, 0

    def __init__(self, pictures: Sequence[Any]):
        self._pictures = pictures
        self.labels = np.zeros(len(pictures), np.int32)
        # A Pillow image may stand in the list twice, and must not be decoded by two threads.
        self.workers = min(len(pictures), len(os.sched_getaffinity(0))) if all_files(pictures) else 1

    def __len__(self) -> int:
        return len(self._pictures)

    def image(self, index: int, geometry: Geometry | Whole) -> NDArray[np.uint8]:
        """Decode one picture to the size of `geometry`."""
        return decode(self._pictures[index], geometry)


def all_files(pictures: Sequence[Any]) -> bool:
    """Tell whether every picture is a path."""
    return all(isinstance(picture, (str, os.PathLike)) for picture in pictures)


def decode(picture: Any, geometry: Geometry | Whole) -> NDArray[np.uint8]:
    """Bring a path, a Pillow image or an array to uint8 [height, width, channels] of `geometry`.

    Raises
    ------
    OSError, ValueError
        A file that cannot be read, or a number of channels that does not fit.
    """
    if isinstance(picture, np.ndarray):
        return array_to_square(picture, geometry)
    return picture_to_array(picture, geometry) if _is_pillow(picture) else read_picture(picture, geometry)


def iterate_squares(pictures: Sequence[Any], geometry: Geometry) -> Iterator[NDArray[np.uint8]]:
    """Yield each picture as uint8 [size, size, channels]: see `decode`."""
    return (decode(picture, geometry) for picture in pictures)


def _array_pictures(
    array: NDArray[Any], layout: str, value_range: tuple[float, float] | None, channels: int, operation: str
) -> NDArray[np.uint8]:
    """Return uint8 [count, height, width, channels]."""
    pixels: NDArray[np.uint8] = _as_uint8(array, value_range, operation)
    colors = {1, 3, channels}
    one = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[-1 if layout == "NHWC" else 0] in colors)
    if one:
        pixels = pixels[None]
    if pixels.ndim == 3:
        pixels = pixels[..., None] if layout == "NHWC" else pixels[:, None]
    if pixels.ndim != 4 or 0 in pixels.shape:
        raise ValueError(f"{operation}: pictures have shape {array.shape}, expected [count, height, width, channels]")
    if layout == "NCHW":
        pixels = pixels.transpose(0, 2, 3, 1)
    if pixels.shape[-1] not in colors:
        raise ValueError(f"{operation}: pictures have {pixels.shape[-1]} channels in {layout}, expected {channels}")
    return as_uint8(pixels, "pictures", operation)  # a copy where needed, if there is memory for it


def _as_uint8(array: NDArray[Any], value_range: tuple[float, float] | None, operation: str) -> NDArray[np.uint8]:
    plain(array, "images", operation, "uint8")
    if array.dtype == np.uint8:
        return np.asarray(array, np.uint8)
    if array.dtype.kind != "f":
        raise TypeError(f"{operation}: pictures have dtype {array.dtype}, expected uint8")
    if value_range is None:
        raise ValueError(f"{operation}: float pictures need value_range=(black, white), for instance (0, 1)")
    black, white = map(float, value_range)
    if not (np.isfinite((black, white)).all() and black < white):
        raise ValueError(f"{operation}: value_range is {value_range}, expected two numbers, black < white")
    require_memory(array.shape, 12, f"{operation}: float pictures")  # three arrays of float32 at a time
    levels = (array.astype(np.float32) - np.float32(black)) * np.float32(255 / (white - black))
    if not (np.isfinite(levels).all() and levels.min() > -1 and levels.max() < 256):
        raise ValueError(f"{operation}: float pictures hold values outside value_range {value_range}")
    pixels: NDArray[np.uint8] = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    return pixels


def _is_pillow(image: Any) -> bool:
    """Tell a Pillow image without importing Pillow."""
    return any(base.__module__ == "PIL.Image" and base.__name__ == "Image" for base in type(image).__mro__)

"""Images of any form as grey levels 0 … 255 at their own sizes, read in batches of one size."""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .._support.shown import shown
from .._support.threads import map_ahead
from ..images.decoding import image_size, named_errors, upright_size
from ..images.geometry import as_it_is
from ..images.inputs import as_images
from ..images.layouts import as_layout, channel_axis
from ..images.levels import as_value_range

Float32 = NDArray[np.float32]
Size = tuple[int, int]

BYTES = (0.0, 255.0)


class Levels:
    """Images from a caller as [height, width, 3]: uint8, or float32 that is not rounded.

    Parameters
    ----------
    images : images
        An array, a path, a Pillow image, or a list or tuple of these.
    layout, value_range
        As for `Model.predict`.
    beyond : float
        How far outside black and white values may lie, in levels.

    Attributes
    ----------
    sizes : list of (int, int)
        Height and width of each image, read from the heads of files.
    alone : bool
        Whether it is one image, and not a batch or a list.
    """

    def __init__(self, images: Any, layout: str | None, value_range: Any, beyond: float = 1):
        for item in images if isinstance(images, (list, tuple)) else [images]:
            _require_channels(item, layout)
        self._images = as_images(images, layout, value_range, 3, "LPIPS", beyond)
        self._layout, self._range = as_layout(layout, "LPIPS"), as_value_range(value_range, "LPIPS")
        self._given = np.asarray(images) if isinstance(images, memoryview) else images
        self._is_list = isinstance(self._given, Sequence) and not isinstance(self._given, str)
        self.alone = len(self._images) == 1 and not self._is_list and getattr(self._given, "ndim", 3) < 4
        self.sizes = [self._size(item, index) for index, item in enumerate(self._images.items)]

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def value_range(self) -> tuple[float, float]:
        """The values of black and white: 0 and 255 unless an array of other numbers was given."""
        own = (item.dtype == np.uint8 for item in self._images.items if isinstance(item, np.ndarray))
        return BYTES if self._range is None or all(own) else self._range

    def one_size(self) -> Size:
        """Return the size of all images.

        Raises
        ------
        ValueError
            There are two sizes.
        """
        for index, size in enumerate(self.sizes):
            if size != self.sizes[0]:
                raise ValueError(
                    f"LPIPS: image {index}, {self.name(index)}, has {in_text(size)} pixels and image 0 "
                    f"{in_text(self.sizes[0])}; all must have one size: resize them alike"
                )
        return self.sizes[0]

    def name(self, index: int) -> str:
        """Return what messages call an image."""
        item = self._images.items[index]
        return "an array" if isinstance(item, np.ndarray) else shown(item)

    def read(self, batches: Sequence[NDArray[np.intp]]) -> Iterator[NDArray[Any]]:
        """Yield the images of each batch, [n, height, width, 3], decoded ahead if they are files.

        Raises
        ------
        OSError, ValueError
            An image that cannot be read.
        """
        workers = self._images.workers if self._images.all_files and len(self) > 1 else 0
        with closing(map_ahead(self._image, chain.from_iterable(batches), workers)) as images:
            for batch in batches:
                yield np.stack(list(islice(images, len(batch))))

    def like(self, gradients: Sequence[Float32]) -> Any:
        """Return gradients with respect to levels, each [height, width, 3], in the form and units of the images."""
        if self._is_list:
            return [self._like(item, gradient[None]) for item, gradient in zip(self._given, gradients, strict=True)]
        return self._like(self._given, np.stack(gradients))

    def _like(self, given: Any, gradient: Float32) -> Float32:
        """Return a gradient [n, height, width, 3] as that of an array, which may be grey or have its channels first."""
        if isinstance(given, (str, os.PathLike, Image.Image)):
            first: Float32 = gradient[0]
            return first
        array = np.asarray(given)
        if array.dtype != np.uint8 and self._range is not None:
            gradient = gradient * np.float32(255 / (self._range[1] - self._range[0]))
        axis = channel_axis(array.shape, self._layout, 3, "LPIPS")
        if axis is None or array.shape[axis] == 1:  # a grey value is all three
            gradient, axis = gradient.sum(axis=-1, keepdims=True), -1
        shaped: Float32 = np.moveaxis(gradient, -1, axis).reshape(array.shape)
        return np.ascontiguousarray(shaped)

    def _image(self, index: int) -> NDArray[Any]:
        item = self._images.items[index]
        if isinstance(item, np.ndarray) and item.dtype != np.uint8:
            return np.broadcast_to(item, (*item.shape[:2], 3))
        return self._images.image(index, as_it_is(3))

    def _size(self, item: Any, index: int) -> Size:
        if isinstance(item, np.ndarray):
            if item.shape[-1] not in (1, 3):
                raise ValueError(f"LPIPS: image {index} has {item.shape[-1]} channels, expected 1 or 3")
            return item.shape[0], item.shape[1]
        if isinstance(item, Image.Image):
            with named_errors(f"image {index}, a Pillow image of mode {item.mode},"):
                return upright_size(item)
        return image_size(item)


def pairs(a: Levels, b: Levels) -> list[Size]:
    """Return the size of each pair; one image goes with all of the other side.

    Raises
    ------
    ValueError
        Their numbers differ, or the sizes of a pair.
    """
    count = max(len(a), len(b))
    if len(a) != len(b) and 1 not in (len(a), len(b)):
        raise ValueError(
            f"LPIPS: got {len(a)} and {len(b)} images, expected as many, or one for all: cdist compares all"
        )
    for index in range(count):
        left, right = index % len(a), index % len(b)
        if a.sizes[left] != b.sizes[right]:
            raise ValueError(
                f"LPIPS: pair {index} has images of {in_text(a.sizes[left])} and {in_text(b.sizes[right])} pixels "
                f"({a.name(left)}, {b.name(right)}); the two of a pair must have one size: resize or crop one of them"
            )
    return [a.sizes[index % len(a)] for index in range(count)]


def batches_of(sizes: Sequence[Size], most: dict[Size, int]) -> list[NDArray[np.intp]]:
    """Cut 0, 1, 2 … into batches of neighbours of one size, each at most so many."""
    found: list[list[int]] = []
    for index, size in enumerate(sizes):
        if not found or sizes[found[-1][0]] != size or len(found[-1]) == most[size]:
            found.append([])
        found[-1].append(index)
    return [np.array(batch, np.intp) for batch in found]


def _require_channels(item: Any, layout: str | None) -> None:
    """Refuse an array of three axes without channels, which elsewhere is a batch of grey images.

    Pixels of four channels would be one: that is more likely transparency.
    """
    shape = getattr(item, "shape", ())
    if (
        isinstance(shape, tuple)
        and len(shape) == 3
        and 0 not in shape
        and channel_axis(shape, layout, 3, "LPIPS") is None
    ):
        raise ValueError(
            f"LPIPS: an array has shape {shape}, expected [height, width, 3]: with transparency give image[..., :3] or "
            "a Pillow image, which is put on white; grey images are [n, height, width, 1]"
        )


def in_text(size: Size) -> str:
    """Return a size as messages show it."""
    return f"{size[0]} × {size[1]}"

"""The images of an extraction in their order, with names, and with what tells whether they are still the same."""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .._support.choices import choose
from ..data.array import ArrayDataset
from ..data.checks import require_clear_layout, snapshot, source
from ..data.error_budget import as_budget
from ..data.folder import ImageFolder
from ..data.folder_listing import list_files
from ..data.loader import Loader
from ..data.order import split
from ..data.shards.dataset import ShardedDataset
from ..data.tolerant import Tolerant
from ..files.paths import as_path
from ..images.geometry import Geometry
from ..images.inputs import as_images
from ..network.base import BaseModel
from .feature_stream import Stream


class Entry(NamedTuple):
    """An image that has been read, or could not be.

    Attributes
    ----------
    name : str
        A file's, below its folder if a folder was given; a shard's and the image's in it; otherwise its number, counted
        from 0.
    stamp : str
        Size and time of a file, or a digest of an image in memory: another stamp is another image.
    error : str or None
        Why it was left out.
    """

    name: str
    stamp: str
    error: str | None = None


class InShard(NamedTuple):
    """An image in a shard: its name, and what tells whether the shards are still the same."""

    name: str
    stamp: str


class Chunk(NamedTuple):
    """Some consecutive images.

    Attributes
    ----------
    entries : list of Entry
        Of all of them.
    numbers : array of int, [count]
        Of those that could be read.
    squares : array of uint8, [count, size, size, channels]
        These, decoded.
    """

    entries: list[Entry]
    numbers: NDArray[np.int32]
    squares: NDArray[np.uint8]


class Given:
    """Images from a caller.

    Parameters
    ----------
    data : Tolerant
        The images as a data set.
    item : callable
        Returns what an image is made from, given its number: a path, a part of a shard, a Pillow image, an
        array, or None.
    root : Path, optional
        The folder that names of files begin at.
    stream : Stream, optional
        The images, if their number is not known.

    Attributes
    ----------
    data : Tolerant
    count : int or None
    stamped : bool
        Whether entries get stamps.
    """

    def __init__(
        self, data: Tolerant, item: Callable[[int], Any], root: Path | None = None, stream: "Stream | None" = None
    ):
        self.data, self._item, self._root, self._stream = data, item, root, stream
        self.count = None if stream is not None else len(data)
        self.stamped = False

    def batches(self, geometry: Geometry, size: int, start: int) -> Iterator[Chunk]:
        """Yield consecutive images from number `start` on, which are decoded ahead."""
        waiting: deque[NDArray[np.intp]] = deque()

        def indices() -> Iterator[NDArray[np.intp]]:
            for batch in self._indices(size, start):
                waiting.append(batch)
                yield batch

        with Loader(self.data, indices(), geometry, numbered=True) as loader:
            for images, numbers in loader:
                yield Chunk(self._entries(waiting.popleft(), set(numbers.tolist())), numbers, images)

    def first(self, count: int) -> Iterator[Entry]:
        """Yield the entries of the first images, fewer if there are fewer; `batches` then begins after them."""
        numbers = range(min(count, len(self.data))) if self._stream is None else self._stream.pull(count)
        return map(self._entry, numbers)

    def _indices(self, size: int, start: int) -> Iterator[NDArray[np.intp]]:
        if self._stream is None:
            yield from split(np.arange(start, len(self.data)), size)
            return
        while batch := list(self._stream.pull(size)):
            yield np.array(batch)

    def _entries(self, numbers: NDArray[np.intp], there: set[int]) -> list[Entry]:
        entries = []
        for number in map(int, numbers):
            error = None if number in there else self.data.why_missing(number)
            entries.append(self._entry(number)._replace(error=error))
        return entries

    def _entry(self, number: int) -> Entry:
        """Return the entry of an image; of a stream, the image is then forgotten."""
        item = self._item(number)
        name = str(number)
        if is_file := isinstance(item, (str, os.PathLike)):
            name = os.fspath(item if self._root is None else Path(item).relative_to(self._root))
        elif isinstance(item, InShard):
            name = item.name
        stamp = "" if not self.stamped else _file_stamp(item) if is_file else _memory_stamp(item)
        if self._stream is not None:
            self._stream.drop(number)
        return Entry(name, stamp)


def given_images(
    images: Any,
    model: BaseModel,
    layout: str | None,
    value_range: Any,
    on_error: str,
    max_errors: int | float | None,
    operation: str,
) -> Given:
    """Return the caller's images.

    Parameters
    ----------
    images : images
        A folder, a data set, an iterator, or what `as_images` takes.
    model : Model
    layout, value_range
        See `as_images`.
    on_error : {"raise", "skip"}
    max_errors : int or float, optional
    operation : str
        The beginning of messages.

    Raises
    ------
    TypeError, ValueError, OSError
        Something that is not images, or a folder without any.
    """
    channels = model.preprocessing.channels
    budget = as_budget(max_errors, choose(operation, "on_error", on_error, ("raise", "skip")), operation)

    def tolerant(data: Any) -> Tolerant:
        return Tolerant(data, on_error == "skip", budget, operation)

    if hasattr(images, "image") and hasattr(type(images), "__len__"):
        data = snapshot(images, operation)
        require_clear_layout(data, channels, operation)
        return Given(tolerant(data), _maker(source(data)), images.root if isinstance(images, ImageFolder) else None)
    if isinstance(images, Iterator):
        if isinstance(budget, float):
            raise TypeError(f"{operation}: max_errors is {budget}, a fraction, expected an integer for an iterator")
        stream = Stream(images, layout, value_range, channels, operation)
        return Given(tolerant(stream), stream.item, stream=stream)
    root = None
    if isinstance(images, (str, os.PathLike)) and os.path.isdir(images):
        root = as_path(images, "images", operation)
        images, _ = list_files(root)
        if not images:
            raise ValueError(f"{operation}: no images below {root}")
    listed = as_images(images, layout, value_range, channels, operation)
    return Given(tolerant(listed), listed.items.__getitem__, root)


def _maker(data: Any) -> Callable[[int], Any]:
    """Return what tells what a data set makes an image from: a file, a part of one, an array, or None."""
    if isinstance(data, ShardedDataset):
        return lambda number: InShard(data.name(number), data.bytes_digest[:16])
    items = data.images if isinstance(data, ArrayDataset) else getattr(data, "paths", None)
    return (lambda _: None) if items is None else items.__getitem__


def _file_stamp(path: str | os.PathLike[str]) -> str:
    """Return size and time of a file; of one that cannot be opened, that it is missing."""
    try:
        status = os.stat(path)
    except OSError:
        return "missing"
    return f"{status.st_size} {status.st_mtime_ns}"


def _memory_stamp(item: Any) -> str:
    """Return a digest of an image in memory or of its shards; nothing for an image that only its data set knows."""
    if isinstance(item, InShard):
        return item.stamp
    digest = hashlib.sha256()
    if isinstance(item, Image.Image):
        digest.update(f"{item.mode} {item.size}".encode() + item.tobytes())
    elif isinstance(item, np.ndarray):
        array = np.ascontiguousarray(item)
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(array)
    else:
        return ""
    return f"sha256 {digest.hexdigest()[:32]}"

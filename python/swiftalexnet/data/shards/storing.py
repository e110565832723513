"""The run that fills shards, one after the other."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._support.progress import Progress
from ..._support.threads import map_ahead
from ...files.atomic import replacing
from ...runtime import get_num_threads
from .dataset import LARGEST
from .encoding import Encoding
from .journal import Journal, LeftOut, Written
from .sources import EncodedImages
from .tar_writing import TarWriter, tar_size


class Limits(NamedTuple):
    """The most images and bytes of a shard."""

    images: int
    bytes: int | None

    def room(self, count: int, size: int, image: "_Stored") -> bool:
        """Return whether a shard of `count` images and `size` bytes has room for one more, as the first always has."""
        if not count:
            return True
        return count < self.images and (self.bytes is None or size + image.size_in_tar <= self.bytes)


class _Stored(NamedTuple):
    """An image at its place in the order: what is stored of it, or why it is left out."""

    place: int
    name: str
    label: bytes
    data: bytes
    extension: str
    why: str = ""

    @property
    def size_in_tar(self) -> int:
        """Bytes that it and its class take."""
        return tar_size(len(self.data)) + tar_size(len(self.label))


class Work(NamedTuple):
    """What is to be stored, and how.

    Attributes
    ----------
    images : EncodedImages
    places : array of int, [count]
        Their order.
    encoding : Encoding
    limits : Limits
    skips : bool
        Whether an image that cannot be read is left out.
    allowed : int or None
        The most images that may be.
    overwrite : bool
        Whether files of others are replaced.
    """

    images: EncodedImages
    places: NDArray[np.intp]
    encoding: Encoding
    limits: Limits
    skips: bool
    allowed: int | None
    overwrite: bool


def store(work: Work, journal: Journal, progress: bool) -> None:
    """Fill the shards that the journal does not have yet.

    Raises
    ------
    OSError, ValueError
        An image cannot be read, or a shard not be written.
    """
    count, done = len(work.images), journal.end
    with (
        Progress(count, progress, "shards", done) as bar,
        closing(map_ahead(partial(_stored, work), range(done, count), get_num_threads())) as stored,
    ):
        _write(_kept(stored, journal, work.allowed, bar), journal, work, count)


def _write(kept: Iterator[_Stored], journal: Journal, work: Work, count: int) -> None:
    """Write images, all of them there, into shards that follow those of the journal."""
    image = next(kept, None)
    while image is not None:
        path, first = journal.shard(len(journal.shards)), journal.end
        journal.begin(path, work.overwrite)
        with replacing(path) as descriptor:
            tar, images = TarWriter(descriptor), 0
            while image is not None and work.limits.room(images, tar.size, image):
                key = f"{image.place:08d}"
                tar.add(f"{key}.{image.extension}", image.data)
                tar.add(f"{key}.cls", image.label)
                images, image = images + 1, next(kept, None)
            tar.finish()
        journal.complete(Written(path.name, tar.size, first, count if image is None else image.place))


def _kept(stored: Iterator[_Stored], journal: Journal, allowed: int | None, bar: Progress) -> Iterator[_Stored]:
    """Yield images that are there, and note the others in the journal.

    Raises
    ------
    ValueError
        More are left out than are allowed.
    """
    for image in stored:
        bar.advance(1)
        if not image.why:
            yield image
            continue
        journal.left_out.append(LeftOut(image.place, image.name, image.why))
        if allowed is not None and len(journal.left_out) > allowed:
            images = "1 image" if len(journal.left_out) == 1 else f"{len(journal.left_out)} images"
            count = f"{images} cannot be read, max_errors allows {allowed}"
            raise ValueError(f"write_shards: {count}; one of them: {image.why}")


def _stored(work: Work, place: int) -> _Stored:
    """Read an image and encode it."""
    index = int(work.places[place])
    name, label = work.images.name(index), str(work.images.labels[index]).encode()
    try:
        data, extension = work.encoding(work.images.encoded(index), name)
        if len(data) > LARGEST:
            raise ValueError(f"{name} has {len(data):,} bytes, expected at most {LARGEST:,}")
        return _Stored(place, name, label, data, extension)
    except (OSError, ValueError) as error:
        if not work.skips:
            raise
        return _Stored(place, name, label, b"", "", " ".join(str(error).split()))

"""Decoded images in one file, so that later epochs read pixels instead of decoding.

An `indexed_file` of format 2. Its pieces are pixels, uint8 [height, width, channels], one image after another. Its
index is JSON: `settings`, `began_ns`, and a row for each image (its name, then `Entry`).

The whole image is stored, with its shorter side resized to `side` pixels. Only the settings are read from a file of
format 1, whose images were resized differently.
"""

import json
import os
import time
import warnings
import zlib
from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import as_integer, require_memory
from .._support.choices import choose
from .._support.shown import shown
from ..errors import MALFORMED, CacheCorruptError
from ..files.atomic import write_all
from ..files.paths import open_regular
from ..images.decoding import array_to_square
from ..images.geometry import RESAMPLERS, Geometry, Whole
from ..images.levels import Range, as_value_range
from .indexed_file import HEADER_BYTES, IndexedFile, Kind, begin, finish, is_of_kind

_KIND = Kind(b"saxpixel", (1, 2), "a cache of images")
_OLD_FORMAT = 1


class Settings(NamedTuple):
    """How images are decoded and resized before they are stored: see `Geometry` and `ImageFolder`."""

    side: int = 256
    channels: int = 3
    resample: str = "area"
    warp: bool = False
    value_range: Range | None = None


class Source(NamedTuple):
    """The state of an image's file when it was decoded."""

    bytes: int
    mtime_ns: int
    sha256: str


UNREAD = Source(-1, 0, "")  # of a file that could not be opened or read


class Entry(NamedTuple):
    """A row of the index; an image that could not be decoded, or is not worth storing, has a height of 0."""

    source: Source
    height: int = 0
    width: int = 0
    offset: int = 0
    crc32: int = 0


class ImageCache:
    """A file of decoded images, open for reading; threads may share it, and processes after a fork.

    Parameters
    ----------
    path : path
    file : file, optional
        The open file that will have that name.

    Attributes
    ----------
    settings : Settings
    entries : dict of str to Entry
        By the image's file name relative to its folder.
    began_ns : int
        When writing started, in nanoseconds since 1970.
    is_old : bool
        Whether it has format 1 and therefore no entries.

    Raises
    ------
    OSError
        The file cannot be read.
    CacheCorruptError
        It is damaged, cut short, or not such a file.
    """

    def __init__(self, path: str | os.PathLike[str], file: BufferedReader | None = None):
        self.path, self._warned = Path(path), set[int]()
        self._file = IndexedFile(open_regular(path) if file is None else file, self.path, _KIND)
        self.is_old = self._file.format == _OLD_FORMAT
        try:
            self.settings, self.entries, self.began_ns = _parse(self._file.index, self._file.index_offset)
            if self.is_old:
                self.entries = {}
        except CacheCorruptError:
            raise
        except MALFORMED as error:
            raise CacheCorruptError(f"{self.path} is damaged: {error}") from error

    def __reduce__(self) -> tuple[Any, ...]:
        return ImageCache, (self.path,)

    def image(self, name: str, geometry: Geometry | Whole) -> NDArray[np.uint8] | None:
        """Return an image with the given geometry; None if it is not stored, or must be decoded from its file.

        At a shorter side of `settings.side` it has the same bits as the decoded file. At smaller sides only crops from
        anywhere in the image (scale jitter) are resized from the stored pixels; for others a UserWarning tells, once,
        how to cache them.

        Raises
        ------
        ValueError
            The geometry does not match the stored images.
        CacheCorruptError
            The pixels are damaged.
        """
        self._require_kind(geometry)
        jitters = isinstance(geometry, Geometry) and geometry.short is not None
        if geometry.side != self.settings.side and not jitters:
            self._warn(geometry.side)
            return None
        pixels = self.read(name)
        return None if pixels is None else array_to_square(pixels, geometry)

    def read(self, name: str) -> NDArray[np.uint8] | None:
        """Return an image's pixels as stored, [height, width, channels]; None if it is not stored.

        Raises
        ------
        CacheCorruptError
            The pixels are damaged.
        """
        entry = self.entries.get(name)
        if entry is None or not entry.height:
            return None
        shape = entry.height, entry.width, self.settings.channels
        require_memory(shape, 1, f"reading {self.path}")
        pixels = np.empty(shape, np.uint8)
        self._file.fill(memoryview(pixels.reshape(-1)), entry.offset)
        if zlib.crc32(pixels) != entry.crc32:
            raise CacheCorruptError(f"{self.path} is damaged: the checksum of {name!r} does not match")
        return pixels

    def _require_kind(self, geometry: Geometry | Whole) -> None:
        warp = isinstance(geometry, Geometry) and geometry.warp
        asked = self.settings._replace(
            side=geometry.side, channels=geometry.channels, resample=geometry.resample, warp=warp
        )
        if asked[1:] != self.settings[1:] or asked.side > self.settings.side:
            wanted = ", ".join(f"{name}={value!r}" for name, value in asked._asdict().items() if name != "value_range")
            raise ValueError(
                f"{self.path} stores images as {self.settings}, expected for this: cache_to(another file, {wanted})"
            )

    def _warn(self, side: int) -> None:
        """Warn once per side that the cache has another one."""
        if side not in self._warned:
            self._warned.add(side)
            warnings.warn(
                f"{self.path} stores images of side {self.settings.side}: those of side {side} are decoded from their "
                f"files, as without a cache; cache_to(another file, side={side}) stores them",
                UserWarning,
                stacklevel=2,
            )


class CacheWriter:
    """Write a cache to an open, empty file: `add` every image, then `finish`."""

    def __init__(self, descriptor: int, settings: Settings):
        self._descriptor, self._settings = descriptor, settings
        self._rows: list[tuple[Any, ...]] = []
        self._offset, self._began_ns = HEADER_BYTES, time.time_ns()
        begin(descriptor)

    def add(self, name: str, source: Source, pixels: NDArray[np.uint8] | None) -> None:
        """Append an image; None for one that is not stored."""
        entry = Entry(source)
        if pixels is not None:
            height, width, _ = pixels.shape
            entry = Entry(source, height, width, self._offset, zlib.crc32(pixels))
            write_all(self._descriptor, memoryview(pixels.reshape(-1)))
            self._offset += pixels.size
        self._rows.append((name, *entry.source, *entry[1:]))

    def finish(self) -> None:
        """Append the index and fill in the header."""
        parts = {"settings": self._settings._asdict(), "began_ns": self._began_ns, "images": self._rows}
        finish(self._descriptor, _KIND, self._offset, json.dumps(parts).encode())


def is_cache(path: str | os.PathLike[str]) -> bool:
    """Return whether a file starts like a cache of images, damaged or not."""
    return is_of_kind(path, _KIND)


def as_settings(values: Mapping[str, Any], operation: str) -> Settings:
    """Check and return settings.

    Raises
    ------
    TypeError, ValueError
        Unknown settings.
    """
    settings = Settings(**values)
    settings = settings._replace(
        side=as_integer(settings.side, "side", operation, 1, 2**15),
        channels=as_integer(settings.channels, "channels", operation, 1, 3),
        value_range=as_value_range(settings.value_range, operation),
    )
    choose(operation, "resample", settings.resample, RESAMPLERS)
    if settings.channels == 2:
        raise ValueError(f"{operation}: channels is 2, expected 1 or 3")
    if not isinstance(settings.warp, bool):
        raise TypeError(f"{operation}: warp is {shown(settings.warp)}, expected True or False")
    return settings


def _parse(text: bytes, end: int) -> tuple[Settings, dict[str, Entry], int]:
    """Return settings, entries and `began_ns` of an index, checked; all pixels must lie before `end`."""
    index = json.loads(text)
    settings = as_settings(index["settings"], "index")
    began_ns = as_integer(index["began_ns"], "began_ns", "index")
    entries = {}
    rows = index["images"] if "images" in index else index["pictures"]  # which older versions wrote
    for name, size, mtime_ns, sha256, *numbers in rows:
        if not isinstance(name, str) or not isinstance(sha256, str) or name in entries:
            raise ValueError(f"the row of {name!r} has no valid name and hash, or repeats a name")
        source = Source(as_integer(size, "bytes", name, -1), as_integer(mtime_ns, "mtime_ns", name), sha256)
        height, width, offset, crc32 = (as_integer(number, "a number", name, 0) for number in numbers)
        entries[name] = Entry(source, height, width, offset, crc32)
        if height and not (
            min(height, width) == settings.side
            and (height == width or not settings.warp)
            and offset >= HEADER_BYTES
            and offset + height * width * settings.channels <= end
        ):
            raise ValueError(f"{name!r} lies outside the pixels or has another size")
    return settings, entries, began_ns

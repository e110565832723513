"""Update a cache of decoded images from their files: keep unchanged images, decode the others."""

import hashlib
import os
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._support.progress import Progress
from .._support.threads import map_ahead
from ..errors import CacheCorruptError
from ..files.atomic import replacing
from ..files.paths import as_path, open_regular
from ..images.decoding import decoding, image_to_array
from ..images.geometry import Geometry, Whole
from ..images.resampling import LONGEST
from .cache_file import UNREAD, CacheWriter, ImageCache, Settings, Source, as_settings, is_cache

if TYPE_CHECKING:
    from PIL.Image import Image

# A file modified less than this before it was decoded may change again without a new time: file systems store times
# in ticks, FAT in ticks of 2 seconds.
TICK_NS = 2_000_000_000


class CacheChanges(NamedTuple):
    """The changes made by an update of a cache, as numbers of images.

    Attributes
    ----------
    unchanged, decoded, removed : int
        Copied from the old cache, decoded from their files, and removed because their files are gone.
    left_out : int
        Not stored because they cannot be decoded, or are more than eight times as long as wide; they are read from
        their files.
    """

    unchanged: int
    decoded: int
    removed: int
    left_out: int


def update_cache(
    path: str | os.PathLike[str],
    root: Path,
    names: Sequence[str],
    changes: dict[str, Any],
    workers: int,
    verify: bool = False,
    progress: bool = False,
) -> tuple[ImageCache, CacheChanges]:
    """Return an open cache of the images `names` below `root`, and the changes made to it.

    A file is unchanged if its size and time are the same as when it was decoded, and also its SHA-256 if it had just
    been modified then; a file that could not be opened, if it still cannot. With `verify` every SHA-256 is compared,
    the checksums of stored pixels are checked, and files that could not be decoded are tried again. If anything has
    changed, a new cache is written with the valid images of the old one, and replaces it.

    Parameters
    ----------
    changes : dict
        Settings that differ from the old cache's, or from the defaults of `Settings`.

    Raises
    ------
    OSError
        The cache cannot be written, for example for lack of space; the old one is unchanged.
    CacheCorruptError
        The file is not a cache; a damaged cache is rewritten.
    TypeError, ValueError
        Unknown settings.
    """
    old = _open(path)
    settings = as_settings((old.settings if old else Settings())._asdict() | changes, "ImageFolder.cache_to")
    if old and old.settings != settings:
        old = None
    with Progress(len(names), progress and verify, "verify") as bar:
        fresh = _fresh(old, root, names, workers, verify, bar)
    removed = len(old.entries.keys() - set(names)) if old else 0
    cache, decoded = old, 0
    if cache is None or cache.is_old or removed or len(fresh) < len(names):
        cache, decoded = _write(path, _Images(root, settings, old, fresh), names, workers, progress)
    left_out = sum(not entry.height for entry in cache.entries.values())
    return cache, CacheChanges(len(names) - decoded, decoded, removed, left_out)


def file_for(path: str | os.PathLike[str], root: Path) -> Path:
    """Return the file itself, or for an existing folder a file in it that is named after `root`."""
    given = as_path(path, "path", "ImageFolder.cache_to")
    if not given.is_dir():
        return given
    key = hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()[:16]
    return given / f"{root.resolve().name}-{key}.images"


class _Image(NamedTuple):
    name: str
    source: Source
    pixels: NDArray[np.uint8] | None
    decoded: bool


class _Images:
    """The source of a new cache's images: the old cache, or their files."""

    def __init__(self, root: Path, settings: Settings, old: ImageCache | None, fresh: set[str]):
        self.settings, self._root, self._old, self._fresh = settings, root, old, fresh

    def __call__(self, name: str) -> _Image:
        """Return an image; one that cannot be decoded, or is too long to be stored, has no pixels."""
        if name in self._fresh and (kept := self._kept(name)) is not None:
            return kept
        path = self._root / name
        try:
            with open_regular(path) as file:
                status = os.fstat(file.fileno())
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                source = Source(status.st_size, status.st_mtime_ns, digest)
                kept = self._kept(name, digest)
                if kept is not None:
                    return kept._replace(source=source)
                file.seek(0)
                return _Image(name, source, _decode(file, path, self.settings), True)
        except OSError:
            return _Image(name, UNREAD, None, True)

    def _kept(self, name: str, digest: str | None = None) -> _Image | None:
        """Return the old cache's image of a file if it has the given hash; None if missing or damaged.

        Given a hash, a file that could not be decoded is tried again.
        """
        entry = self._old.entries.get(name) if self._old else None
        if self._old is None or entry is None:
            return None
        if digest is not None and (digest != entry.source.sha256 or not entry.height):
            return None
        try:
            return _Image(name, entry.source, self._old.read(name), False)
        except CacheCorruptError:
            return None


def _open(path: str | os.PathLike[str]) -> ImageCache | None:
    try:
        return ImageCache(path)
    except FileNotFoundError:
        return None
    except CacheCorruptError:
        if not is_cache(path):  # do not replace another program's file
            raise
        return None


def _fresh(
    old: ImageCache | None, root: Path, names: Sequence[str], workers: int, verify: bool, bar: Progress
) -> set[str]:
    """Return the names whose entries in the old cache are still valid."""
    if old is None:
        return set()
    sources = {name: old.entries[name].source for name in names if name in old.entries}
    fresh = {name for name, source in sources.items() if _unchanged(root / name, source)}
    young = old.began_ns - TICK_NS
    stamped = ((name, source) for name, source in sources.items() if name in fresh and source != UNREAD)
    doubtful = [name for name, source in stamped if verify or source.mtime_ns >= young]
    bar.advance(len(names) - len(doubtful))
    with closing(map_ahead(partial(_holds, old, root, verify), doubtful, workers)) as checks:
        for name, holds in zip(doubtful, checks, strict=True):
            bar.advance(1)
            if not holds:
                fresh.remove(name)
    return fresh


def _holds(cache: ImageCache, root: Path, verify: bool, name: str) -> bool:
    """Compare an image's file with its hash in the cache; with `verify` check the stored pixels too."""
    try:
        if verify and cache.read(name) is None:
            return False
        with open_regular(root / name) as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == cache.entries[name].source.sha256
    except (OSError, CacheCorruptError):
        return False


def _unchanged(path: Path, source: Source) -> bool:
    """Compare a file's size and time; a file that could not be opened is unchanged if it still cannot."""
    try:
        if source == UNREAD:
            open_regular(path).close()
            return False
        status = os.stat(path)
    except OSError:
        return source == UNREAD
    return source[:2] == (status.st_size, status.st_mtime_ns)


def _write(
    path: str | os.PathLike[str], images: _Images, names: Sequence[str], workers: int, progress: bool
) -> tuple[ImageCache, int]:
    """Write a cache; return it, even if another process replaces the file, and the number of decoded images."""
    decoded = 0
    with (
        replacing(path) as descriptor,
        Progress(len(names), progress, "cache") as bar,
        closing(map_ahead(images, names, workers)) as in_order,
    ):
        writer = CacheWriter(descriptor, images.settings)
        for image in in_order:
            writer.add(image.name, image.source, image.pixels)
            decoded += image.decoded
            bar.advance(1)
        writer.finish()
        cache = ImageCache(path, os.fdopen(os.dup(descriptor), "rb"))
    return cache, decoded


def _decode(file: BufferedReader, path: Path, settings: Settings) -> NDArray[np.uint8] | None:
    try:
        with decoding(file, path) as image:
            return _resized(image, settings)
    except ValueError:
        return None


def _resized(image: "Image", settings: Settings) -> NDArray[np.uint8] | None:
    """Return the cached pixels of an image; None for a very long one, most of whose pixels would never be read."""
    side, channels, resample, warp, value_range = settings
    if not warp and max(image.size) > LONGEST * min(image.size):
        return None
    geometry = Geometry(side, channels, resample, warp=True) if warp else Whole(side, channels, resample)
    return np.ascontiguousarray(image_to_array(image, geometry, value_range=value_range))

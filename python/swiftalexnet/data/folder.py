"""Labelled images in a folder of class folders.

A data set has a length, `classes`, `labels` and `image(index, geometry)`; anything with these works in `fit` and
`evaluate`. `image` returns None for an image that is skipped.
"""

import copy
import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import as_index, as_integer
from .._support.choices import choose
from .._support.shown import shown
from ..files.paths import as_path
from ..images.decoding import read_image
from ..images.formats import way_to_read
from ..images.geometry import Geometry, Whole, check_geometry
from ..images.levels import as_value_range
from ..runtime import get_num_threads
from .error_budget import allowed_errors, as_budget
from .folder_listing import class_folders, list_files, reasons

if TYPE_CHECKING:
    from .cache_file import ImageCache
    from .cache_update import CacheChanges


class ImageFolder:
    """Photographs in one folder per class: `root/cat/1.jpg`, `root/dog/2.png`.

    Parameters
    ----------
    root : path
        The folder of class folders. Names that begin with a dot are ignored; class folders are searched to any depth.
        Class folders and images may be symbolic links; links to folders below a class are not followed.
    classes : sequence of str, optional
        The classes in the order of their labels, for example `train.classes` for the validation folder; some may then
        have no images. By default the sorted names of the class folders, each of which must contain an image.
    on_error : {"raise", "skip"}
        What happens if an image cannot be read: an error that names the file, or the image is left out and counted.
    workers : int, optional
        Decoding threads; by default as many as the engine computes on, `swiftalexnet.get_num_threads()`.
    cache : bool or path
        True caches decoded images in memory: count × size × size × channels bytes. Random crops of whole images
        (`Recipe.scale`) differ every time and are not cached. A path caches them in a file: see `cache_to`.
    draft : bool
        Decode large JPEGs at a reduced size that is still at least twice the requested one: faster, but the pixels
        differ.
    max_errors : int or float, optional
        With on_error="skip": the most images that may be left out, as a number, or as a fraction from 0 to 1. By
        default any number, but `fit` and `evaluate` raise an error if a class loses all its images.
    value_range : (float, float), optional
        The values of black and white in images of more than 8 bits: see `Model.probabilities`.

    Attributes
    ----------
    paths : list of Path
        The files, sorted by class and name.
    labels : array of int32, [count]
    classes : tuple of str
    errors : dict
        Maps the files of skipped images to the reasons.
    others : dict
        Maps classes to the files that are left out because of their extension.

    Raises
    ------
    ValueError
        No class folders, a class without images, or a class folder that is not in `classes`.
    OSError
        `root` or a folder below it cannot be read.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        classes: Sequence[str] | None = None,
        on_error: str = "raise",
        workers: int | None = None,
        cache: bool | str | os.PathLike[str] = False,
        draft: bool = False,
        max_errors: int | float | None = None,
        value_range: tuple[float, float] | None = None,
    ):
        self.root = as_path(root, "root", "ImageFolder")
        self.on_error = choose("ImageFolder", "on_error", on_error, ("raise", "skip"))
        self.workers = workers
        self.value_range = as_value_range(value_range, "ImageFolder")
        self.classes = class_folders(self.root, classes)
        found, others = zip(*(list_files(self.root / name) for name in self.classes), strict=True)
        self.others = {name: files for name, files in zip(self.classes, others, strict=True) if files}
        self._require_images(found, classes is not None)
        self.paths = [path for files in found for path in files]
        self.labels = np.repeat(np.arange(len(found), dtype=np.int32), [len(files) for files in found])
        self.errors: dict[Path, str] = {}
        self.max_errors = as_budget(max_errors, self.on_error, "ImageFolder")
        if not isinstance(draft, bool):
            raise TypeError(f"ImageFolder: draft is {shown(draft)}, expected True or False")
        self.draft = draft
        self._folder = self.paths  # all of them, even in a part made by `split`
        self._cache: dict[tuple[int, Geometry | Whole], NDArray[np.uint8]] | None = {} if cache is True else None
        self._file: ImageCache | None = None
        if not isinstance(cache, bool):
            self.cache_to(cache)

    def __len__(self) -> int:
        return len(self.paths)

    def __repr__(self) -> str:
        return f"ImageFolder({str(self.root)!r}): {len(self)} images of {len(self.classes)} classes"

    def _require_images(self, found: Sequence[Sequence[Path]], may_be_empty: bool) -> None:
        """Refuse a class without images, unless it is in `classes` and has no photographs of unreadable formats."""
        empty = [name for name, files in zip(self.classes, found, strict=True) if not files]
        if may_be_empty and len(empty) < len(found):
            unread = [name for name, files in self.others.items() if any(way_to_read(path.suffix) for path in files)]
            empty = [name for name in empty if name in unread]
        if empty:
            folders = ", ".join(str(self.root / name) for name in empty)
            there = reasons([path for name in empty for path in self.others.get(name, ())])
            found_there = "".join(f"; {count} files {why}" for why, count in there.items())
            raise ValueError(f"ImageFolder: no image in {folders}{found_there}")

    @property
    def workers(self) -> int:
        """Number of decoding threads."""
        return get_num_threads() if self._workers is None else self._workers

    @workers.setter
    def workers(self, count: int | None) -> None:
        self._workers = None if count is None else as_integer(count, "workers", "ImageFolder", 1, 256)

    @property
    def skipped(self) -> int:
        """Number of images that could not be read so far."""
        return len(self.errors)

    def left_out(self) -> dict[str, dict[str, int]]:
        """Return the number of files left out so far, by class and reason."""
        broken = Counter(path.relative_to(self.root).parts[0] for path in tuple(self.errors))
        counts = {name: {"broken": broken[name]} if broken[name] else {} for name in self.classes}
        for name, files in self.others.items():
            counts[name] |= reasons(files)
        return {name: each for name, each in counts.items() if each}

    def why_missing(self, index: int) -> str:
        """Return why an image was left out; "" if it was not.

        Raises
        ------
        IndexError, TypeError
            There is no such image.
        """
        return self.errors.get(self.paths[as_index(index, len(self), "ImageFolder.why_missing")], "")

    def note_missing(self, index: int, reason: str) -> None:
        """Count an image as left out, because another process that trains the same network could not read it.

        Raises
        ------
        IndexError, TypeError
            There is no such image.
        ValueError
            More images have been left out than `max_errors`.
        """
        path = self.paths[as_index(index, len(self), "ImageFolder.note_missing")]
        self.errors.setdefault(path, reason)
        self._require_budget(path)

    @property
    def file_names(self) -> list[bytes]:
        """File names relative to `root`, in the order of the images, as bytes of the file system."""
        return [os.fsencode(self._name(path)) for path in self.paths]

    def split(self, parts: int = 5, held_out: int = 1) -> "tuple[ImageFolder, ImageFolder]":
        """Split into training images, and a held-out fraction of `held_out` / `parts`.

        The SHA-256 of the file name relative to `root` decides, so an image stays in its part when others are added or
        removed. If a whole class would be held out, its first image is kept for training.

        Raises
        ------
        ValueError
            No image would be held out, `parts` is less than 2, or `held_out` not from 1 to `parts` − 1.
        """
        parts = as_integer(parts, "parts", "ImageFolder.split", 2)
        share = as_integer(held_out, "held_out", "ImageFolder.split", 1, parts - 1)
        apart = np.array([int(hashlib.sha256(name).hexdigest(), 16) % parts < share for name in self.file_names])
        for label in np.unique(self.labels):
            members = np.flatnonzero(self.labels == label)
            apart[members[0]] &= not apart[members].all()
        if not apart.any():
            raise ValueError(f"ImageFolder.split: {len(self)} images are too few to hold out {share} in {parts}")
        return self._subset(~apart, self.others), self._subset(apart, {})

    def cache_to(
        self, path: str | os.PathLike[str], verify: bool = False, progress: bool = False, **settings: Any
    ) -> "CacheChanges":
        """Cache decoded images in a file, which is created or updated, and read them from there from now on.

        All images below `root` are stored whole and resized; the centre square of `side` pixels that is cut from them
        has the same bits as without a cache. Files that are new, or whose size or time has changed, are decoded; the
        pixels of the others are copied. Files that were less than 2 seconds old when decoded are also compared by
        their SHA-256, because they may have changed again within one tick of the clock. Later changes of the files are
        noticed only by the next call. Images that cannot be decoded, or are more than eight times as long as wide, are
        read from their files.

        Parameters
        ----------
        path : path
            A file, or an existing folder, in which the file is named after `root`.
        verify : bool
            Compare the SHA-256 of every file and the checksum of all stored pixels; retry files that could not be
            decoded.
        progress : bool
            Show a bar.
        side : int, optional
            Pixels of the shorter side: the `resize` of the network's preprocessing, or the high end of `Recipe.scale`.
            Settings that are not given are those of the existing file, or 256, "area", 3 and False.
        resample : {"area", "bilinear", "opencv_bilinear", "box"}, optional
        channels : {1, 3}, optional
        warp : bool, optional
            Squeeze images to `side` × `side`: see `Preprocessing`.

        Returns
        -------
        CacheChanges
            `unchanged`, `decoded`, `removed` and `left_out`, in images.

        Raises
        ------
        OSError
            The file cannot be written, for example for lack of space; an existing one is unchanged.
        CacheCorruptError
            The file at `path` is not a cache. A damaged cache is rewritten.
        TypeError, ValueError
            Unknown settings, or `draft`: a cache holds exact pixels.
        """
        from .cache_update import file_for, update_cache

        if self.draft:
            raise ValueError("ImageFolder: a cache stores exactly decoded images, expected draft=False")
        names = [self._name(path) for path in self._folder]
        if settings.get("value_range") is not None:
            raise TypeError("ImageFolder.cache_to: value_range belongs to the folder: ImageFolder(…, value_range=…)")
        settings["value_range"] = self.value_range
        self._file, changes = update_cache(
            file_for(path, self.root), self.root, names, settings, self.workers, verify, progress
        )
        return changes

    def _name(self, path: "Path") -> str:
        return str(path.relative_to(self.root))

    def _subset(self, chosen: NDArray[np.bool_], others: dict[str, list[Path]]) -> "ImageFolder":
        part = copy.copy(self)
        part.paths = [path for path, wanted in zip(self.paths, chosen, strict=True) if wanted]
        part.labels = self.labels[chosen]
        part.errors = {}
        part.others = others
        part._cache = None if self._cache is None else {}
        return part

    def image(self, index: int, geometry: Geometry | Whole) -> NDArray[np.uint8] | None:
        """Decode one image to uint8 [height, width, channels]; None if it is broken and `on_error` is "skip".

        Raises
        ------
        OSError, ValueError
            It cannot be read, and `on_error` is "raise"; or the geometry does not match the file that `cache_to` wrote.
        IndexError, TypeError
            The index is out of range, or the geometry is not one.
        CacheCorruptError
            The cache file is damaged.
        """
        check_geometry(geometry, "ImageFolder.image")
        index = as_index(index, len(self), "ImageFolder.image")
        if self._cache is not None and (index, geometry) in self._cache:
            return self._cache[index, geometry]
        path = self.paths[index]
        if self._file is not None:
            kept = self._file.image(self._name(path), geometry)
            if kept is not None:
                return kept
        if path in self.errors:
            self._require_budget(path)
            return None
        try:
            pixels = read_image(path, geometry, self.draft, self.value_range)
        except (OSError, ValueError) as error:
            if self.on_error == "raise":
                raise
            self.errors[path] = str(error)
            self._require_budget(path)
            return None
        if self._cache is not None and isinstance(geometry, Geometry) and geometry.short is None:
            self._cache[index, geometry] = pixels
        return pixels

    def _require_budget(self, path: Path) -> None:
        """Raise ValueError if more images have been left out than `max_errors`; `path` is one of them."""
        allowed = allowed_errors(self.max_errors, len(self))
        if allowed is not None and len(self.errors) > allowed:
            count = f"{len(self.errors)} cannot be read, max_errors allows {allowed}"
            raise ValueError(f"{self!r}: {count}; one of them: {self.errors[path]}")

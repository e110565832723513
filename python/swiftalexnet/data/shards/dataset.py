"""Labelled images in shards."""

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from ..._support.arrays import as_index, as_integer
from ..._support.choices import choose
from ..._support.shown import shown
from ...images.decoding import read_opened
from ...images.geometry import Geometry, Whole, check_geometry
from ...images.levels import as_value_range
from ...runtime import get_num_threads
from ..checks import as_class_names
from ..error_budget import allowed_errors, as_budget
from .companions import index_of, names_beside
from .index import Index
from .openers import Opened, Opener, open_shard
from .patterns import base_name, shard_names
from .scanning import require_header
from .tar_members import BLOCK

LARGEST = 1 << 28  # bytes of an encoded image: hardly one within Pillow's limit of pixels has more
_OPERATION = "ShardedDataset"


class ShardedDataset:
    """Images in tar files of thousands each, as the package webdataset has them: `000001.jpg`, then `000001.cls`.

    An index says where each image is, so that images are read in any order: `fit` shuffles all of them, and resumes in
    the middle of an epoch, as with an `ImageFolder`, and to the same bits. It takes 20 bytes an image in memory, and is
    made by reading the shards' headers once, then kept in a file.

    Parameters
    ----------
    shards : path or sequence of paths
        `"train-{000..146}.tar"` names 147 files; a name that begins with http:// or https:// is read from the web.
    classes : sequence of str, optional
        Names by label. By default those of `classes.json` (a list) or `classes.txt` (one a line), in the shards or
        beside the first of them; without such a file the classes have no names.
    on_error : {"raise", "skip"}
        What happens if an image cannot be decoded: an error that names it, or it is left out and counted. A shard that
        cannot be read is always an error, because the same image could be read the next time.
    workers : int, optional
        Decoding threads; by default as many as the engine computes on, `swiftalexnet.get_num_threads()`.
    draft : bool
        Decode large JPEGs at a reduced size: see `ImageFolder`.
    max_errors : int or float, optional
        With on_error="skip": the most images that may be left out, as a number, or as a fraction from 0 to 1.
    value_range : (float, float), optional
        The values of black and white in images of more than 8 bits: see `Model.probabilities`.
    index : path, optional
        The file of the index, which is made if it does not exist. By default a file beside the first shard, named after
        it, also on the web; an index that cannot be written there is made each time, with a warning.
    opener : callable, optional
        Takes a shard's name and returns an object with its `size` in bytes and `read(offset, count)`, which threads
        share. By default local files and addresses are opened.
    rescan : bool
        Make the index anew.
    progress : bool
        Show a bar while the index is made.

    Attributes
    ----------
    shards : tuple of str
    labels : array of int32, [count]
    classes : tuple of str or None
    errors : dict
        Maps the indices of skipped images to the reasons.
    bytes_digest : str
        SHA-256 of the shards' sizes and of some of the images of each.

    Raises
    ------
    TypeError, ValueError
        A pattern that names nothing, a shard that is cut short or is no tar of images and classes, an index of other
        shards, or a label without a name.
    OSError
        A shard is missing or cannot be read, or `index` cannot be written.
    CacheCorruptError
        The index is damaged.

    Notes
    -----
    A member that is no regular file is refused. `evaluate` and `features` read images in their order in the shards.
    """

    def __init__(
        self,
        shards: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        classes: Sequence[str] | None = None,
        on_error: str = "raise",
        workers: int | None = None,
        draft: bool = False,
        max_errors: int | float | None = None,
        value_range: tuple[float, float] | None = None,
        index: str | os.PathLike[str] | None = None,
        opener: Opener | None = None,
        rescan: bool = False,
        progress: bool = False,
    ):
        self.on_error = choose(_OPERATION, "on_error", on_error, ("raise", "skip"))
        self.max_errors = as_budget(max_errors, self.on_error, _OPERATION)
        self.workers = workers
        self.value_range = as_value_range(value_range, _OPERATION)
        for name, value in (("draft", draft), ("rescan", rescan), ("progress", progress)):
            if not isinstance(value, bool):
                raise TypeError(f"{_OPERATION}: {name} is {shown(value)}, expected True or False")
        if opener is not None and not callable(opener):
            raise TypeError(f"{_OPERATION}: opener is {shown(opener)}, expected a function of a shard's name")
        self.draft = draft
        self.shards = shard_names(shards, _OPERATION)
        names = None if classes is None else as_class_names(classes, _OPERATION)
        self._opened = Opened(self.shards, opener or open_shard)
        self._index = index_of(self._opened, index, rescan, progress)
        self.labels: NDArray[np.int32] = self._index.rows["label"].astype(np.int32)
        self.classes = names or self._index.classes or (None if opener else names_beside(self.shards[0]))
        highest = max(int(self.labels.max()), *self._index.without_image, 0)
        if self.classes is not None and highest >= len(self.classes):
            raise ValueError(f"{_OPERATION}: label {highest} has no name: there are {len(self.classes)} classes")
        self.bytes_digest = _digest_of_shards(self._index)
        self.errors: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        first, last = (base_name(self.shards[at]) for at in (0, -1))
        if len(self.shards) == 1:
            return f"ShardedDataset({first!r}): {len(self)} images"
        return f"ShardedDataset({first!r} to {last!r}): {len(self)} images in {len(self.shards)} shards"

    @property
    def workers(self) -> int:
        """Number of decoding threads."""
        return get_num_threads() if self._workers is None else self._workers

    @workers.setter
    def workers(self, count: int | None) -> None:
        self._workers = None if count is None else as_integer(count, "workers", _OPERATION, 1, 256)

    @property
    def skipped(self) -> int:
        """Number of images that could not be decoded so far."""
        return len(self.errors)

    @property
    def names_digest(self) -> str:
        """SHA-256 of the names and sizes of all images in order: what a checkpoint knows the set by."""
        return self._index.names

    def left_out(self) -> dict[str, dict[str, int]]:
        """Return the number of samples left out so far, by class and reason."""
        found: dict[str, dict[str, int]] = {}
        for label, count in sorted(Counter(int(self.labels[index]) for index in tuple(self.errors)).items()):
            found.setdefault(self._class(label), {})["broken"] = count
        for label, count in sorted(self._index.without_image.items()):
            found.setdefault(self._class(label), {})["without an image"] = count
        return found

    def why_missing(self, index: int) -> str:
        """Return why an image was left out; "" if it was not.

        Raises
        ------
        IndexError, TypeError
            There is no such image.
        """
        return self.errors.get(as_index(index, len(self), "ShardedDataset.why_missing"), "")

    def note_missing(self, index: int, reason: str) -> None:
        """Count an image as left out, because another process that trains the same network could not decode it.

        Raises
        ------
        IndexError, TypeError
            There is no such image.
        ValueError
            More images have been left out than `max_errors`.
        """
        index = as_index(index, len(self), "ShardedDataset.note_missing")
        self.errors.setdefault(index, reason)
        self._require_budget(index)

    def name(self, index: int) -> str:
        """Return the shard's name and the image's name in it, `train-000.tar/000001.jpg`.

        Raises
        ------
        IndexError, TypeError
            There is no such image.
        OSError, ValueError
            The shard cannot be read, or has changed.
        """
        shard, offset, size, _ = self._index.rows[as_index(index, len(self), "ShardedDataset.name")].item()
        return self._name(shard, self._opened.read(shard, offset - BLOCK, BLOCK), size)

    def encoded(self, index: int) -> bytes:
        """Return the bytes of an image's file.

        Raises
        ------
        IndexError, TypeError
            There is no such image.
        OSError, ValueError
            The shard cannot be read, or has changed.
        """
        return self._read(as_index(index, len(self), "ShardedDataset.encoded"))[1]

    def image(self, index: int, geometry: Geometry | Whole) -> NDArray[np.uint8] | None:
        """Decode one image to uint8 [height, width, channels]; None if it is broken and `on_error` is "skip".

        Raises
        ------
        OSError
            The shard cannot be read.
        ValueError
            The image cannot be decoded and is not skipped, more than `max_errors` have been, or the shard has changed
            since its index was made.
        IndexError, TypeError
            There is no such image; not a geometry.
        """
        check_geometry(geometry, "ShardedDataset.image")
        index = as_index(index, len(self), "ShardedDataset.image")
        if index in self.errors:
            self._require_budget(index)
            return None
        name, data = self._read(index)
        try:
            if len(data) > LARGEST:
                raise ValueError(f"{name} has more than {LARGEST:,} bytes")
            return read_opened(BytesIO(data), name, geometry, self.draft, self.value_range)
        except ValueError as error:
            if self.on_error == "raise":
                raise
            self.errors[index] = str(error)
            self._require_budget(index)
            return None

    def _read(self, index: int) -> tuple[str, bytes]:
        """Return the name and the bytes of an image, at most one more than `LARGEST`; its header is read with it."""
        shard, offset, size, _ = self._index.rows[index].item()
        data = self._opened.read(shard, offset - BLOCK, BLOCK + min(size, LARGEST + 1))
        return self._name(shard, data[:BLOCK], size), data[BLOCK:]

    def _name(self, shard: int, header: bytes, size: int) -> str:
        return f"{base_name(self.shards[shard])}/{require_header(header, size, self.shards[shard])}"

    def _class(self, label: int) -> str:
        return str(label) if self.classes is None else self.classes[label]

    def _require_budget(self, index: int) -> None:
        """Raise ValueError if more images have been left out than `max_errors`; `index` is one of them."""
        allowed = allowed_errors(self.max_errors, len(self))
        if allowed is not None and len(self.errors) > allowed:
            count = f"{len(self.errors)} cannot be decoded, max_errors allows {allowed}"
            raise ValueError(f"{self!r}: {count}; one of them: {self.errors[index]}")


def _digest_of_shards(index: Index) -> str:
    return hashlib.sha256("\n".join(f"{shard.bytes} {shard.spots}" for shard in index.shards).encode()).hexdigest()

"""Write shards: tar files of images and classes, as webdataset writes them, with the same bytes each time."""

import errno
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..._support.arrays import as_integer, as_seed
from ..._support.choices import choose
from ..._support.numbers import check_number
from ..._support.shown import shown
from ...files.atomic import write_atomically
from ...files.paths import as_path
from ...images.geometry import RESAMPLERS
from ..error_budget import allowed_errors, as_budget
from ..order import shuffled
from .dataset import ShardedDataset
from .encoding import Encoding
from .journal import WAY_OUT, Journal
from .parquet import ParquetImages
from .patterns import default_index
from .samples import CLASSES_FILE
from .sources import as_encoded_images
from .storing import Limits, Work, store

if TYPE_CHECKING:
    from ..folder import ImageFolder

_OPERATION = "write_shards"
_SHUFFLED, _STORED = ORDERS = ("shuffled", "stored")
_IMAGES = 10_000  # of a shard, by default
_MOST = 2**31 - 1  # images of a shard
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", re.ASCII)


class ShardsWritten(NamedTuple):
    """What `write_shards` has written.

    Attributes
    ----------
    pattern : str
        For `ShardedDataset`: "out/train-{000000..000128}.tar".
    shards : tuple of Path
    images : int
        Number of images in them.
    left_out : dict
        Maps the names of images that could not be read to the reasons.
    """

    pattern: str
    shards: tuple[Path, ...]
    images: int
    left_out: dict[str, str]


def write_shards(
    source: "str | os.PathLike[str] | ImageFolder | ShardedDataset",
    out: str | os.PathLike[str],
    name: str = "train",
    images_per_shard: int | None = None,
    megabytes: float | None = None,
    order: str | None = None,
    seed: int = 0,
    resize: int | None = None,
    quality: int = 95,
    resample: str = "area",
    labels: str | os.PathLike[str] | None = None,
    on_error: str = "raise",
    max_errors: int | float | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> ShardsWritten:
    """Write images into shards for `ShardedDataset`, with their index and the names of their classes.

    A call that was interrupted goes on where it ended when it is repeated, and a complete one has nothing to do. The
    bytes depend on the images and arguments alone, and with `resize` on the versions of Pillow and libjpeg.

    Parameters
    ----------
    source : path, ImageFolder or ShardedDataset
        A folder of class folders; a folder, a pattern or a list of parquet files as Hugging Face keeps imagenet-1k
        (columns `image` and `label`); ILSVRC2012_img_train.tar, or ILSVRC2012_img_val.tar, which are not unpacked.
    out : path
        A folder, which is created if necessary. It gets `train-000000.tar`, …, the index, `train.shards.json` (what is
        complete) and `classes.json`.
    name : str
        How the shards' names begin.
    images_per_shard : int, optional
        Images of a shard; by default 10,000, or without limit if `megabytes` is given.
    megabytes : float, optional
        The most million bytes of a shard, which holds at least one image.
    order : {"shuffled", "stored"}, optional
        The order of images: shuffled by `seed`, so that programs that read shards from beginning to end see all
        classes, or as the source has them; by default "stored" for parquet, of which a whole group of rows is read for
        an image, otherwise "shuffled". `fit` shuffles all images of a `ShardedDataset` in any case.
    seed : int
    resize : int, optional
        Reduce the shorter side to so many pixels, for example 256, and store JPEGs; images that are no larger keep
        their bytes. By default all images do.
    quality : int
        Of these JPEGs, 1 to 95 as Pillow counts; colours have half the resolution (4:2:0).
    resample : {"area", "bilinear", "opencv_bilinear", "box"}
        How images are reduced: see `Preprocessing`.
    labels : path, optional
        Of ILSVRC2012_img_val.tar: ILSVRC2012_devkit_t12.tar.gz, or its unpacked folder.
    on_error : {"raise", "skip"}
        What happens to an image that cannot be read, or with `resize` not be decoded.
    max_errors : int or float, optional
        With on_error="skip": the most images that may be left out, as a number, or as a fraction from 0 to 1.
    overwrite : bool
        Replace shards of this name that other arguments have made.
    progress : bool
        Show a bar.

    Raises
    ------
    FileExistsError
        There are shards of this name from other images or arguments, or a `classes.json` with other names.
    OSError
        An image cannot be read, or a shard not be written, for example for lack of space. What is complete stays.
    TypeError, ValueError
        Arguments that say nothing or contradict each other, an image that cannot be decoded, or a changed shard.
    ImportError
        A library that reads the source is missing: pyarrow for parquet.
    """
    folder = as_path(out, "out", _OPERATION)
    limits, encoding = _as_limits(images_per_shard, megabytes), _as_encoding(resize, quality, resample)
    if order is not None:
        choose(_OPERATION, "order", order, ORDERS)
    budget = as_budget(max_errors, choose(_OPERATION, "on_error", on_error, ("raise", "skip")), _OPERATION)
    for what, value in (("overwrite", overwrite), ("progress", progress)):
        if not isinstance(value, bool):
            raise TypeError(f"{_OPERATION}: {what} is {shown(value)}, expected True or False")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"{_OPERATION}: name is {shown(name)}, expected letters, digits, dots, - and _")
    seed = as_seed(seed, "seed", _OPERATION)
    images = as_encoded_images(source, labels, _OPERATION, progress)
    order = order or (_STORED if isinstance(images, ParquetImages) else _SHUFFLED)
    plan = {
        "images": len(images),
        "names (SHA-256)": images.names_digest,
        "classes": images.classes,
        "order": order,
        "seed": seed if order == _SHUFFLED else None,
        "limits": limits._asdict(),
        "encoding": None if encoding.resize is None else encoding._asdict(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    _write_classes(folder / CLASSES_FILE, images.classes, overwrite)
    journal = Journal(folder, name, plan)
    journal.start(overwrite)
    places = np.arange(len(images)) if order == _STORED else shuffled(len(images), seed, 0)
    fresh = journal.end < len(images)
    allowed = allowed_errors(budget, len(images))
    store(Work(images, places, encoding, limits, on_error == "skip", allowed, overwrite), journal, progress)
    return _result(journal, fresh, progress)


def _result(journal: Journal, fresh: bool, progress: bool) -> ShardsWritten:
    """Read what has been written, which makes its index."""
    if not journal.shards:
        raise ValueError(f"{_OPERATION}: none of the images can be read; one of them: {journal.left_out[0].why}")
    paths = tuple(journal.folder / written.name for written in journal.shards)
    names = [str(path) for path in paths]
    data = ShardedDataset(names, index=default_index(names), rescan=fresh, progress=progress)
    first, last = (path.stem.rpartition("-")[2] for path in (paths[0], paths[-1]))
    pattern = names[0] if len(paths) == 1 else f"{names[0].removesuffix(f'{first}.tar')}{{{first}..{last}}}.tar"
    return ShardsWritten(pattern, paths, len(data), {each.name: each.why for each in journal.left_out})


def _write_classes(path: Path, classes: tuple[str, ...] | None, overwrite: bool) -> None:
    """Write the names of classes, as JSON because a folder's name may hold anything.

    Raises
    ------
    FileExistsError
        There are other ones.
    """
    if classes is None:
        return
    text = json.dumps(classes, indent=0).encode()
    if path.exists() and not overwrite:
        if path.stat().st_size != len(text) or path.read_bytes() != text:
            raise FileExistsError(errno.EEXIST, f"has the names of other classes; {WAY_OUT}", str(path))
        return
    write_atomically(path, text)


def _as_limits(images: Any, megabytes: Any) -> Limits:
    if images is not None:
        images = as_integer(images, "images_per_shard", _OPERATION, 1, _MOST)
    if megabytes is None:
        return Limits(images or _IMAGES, None)
    check_number(megabytes, "megabytes", _OPERATION)
    if not 0 < megabytes <= 1e9:
        raise ValueError(f"{_OPERATION}: megabytes is {shown(megabytes)}, expected more than 0")
    return Limits(images or _MOST, int(megabytes * 1e6))


def _as_encoding(resize: Any, quality: Any, resample: Any) -> Encoding:
    side = None if resize is None else as_integer(resize, "resize", _OPERATION, 1, 2**15)
    choose(_OPERATION, "resample", resample, RESAMPLERS)
    return Encoding(side, as_integer(quality, "quality", _OPERATION, 1, 95), resample)

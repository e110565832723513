"""CIFAR-10 as image files, `{train,test}/<class>/NNNN.jpg`, in a zip archive or a folder.

Images are sorted by class and file name. An archive is read without unpacking it to disk.
"""

import errno
import hashlib
import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._support.threads import map_ahead
from ...errors import MALFORMED
from ...files.atomic import write_atomically
from ...files.paths import open_regular
from ...runtime import get_num_threads
from .batches import CHANNELS, SIDE, Cifar, Images

_EXTENSIONS = (".jpg", ".jpeg", ".png")
_BYTES_LIMIT = 1 << 16  # of a file of 32 × 32 pixels
_COUNT_LIMIT = 1 << 17
_IMAGES_PER_TASK = 512
_ENCRYPTED = 1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class _File(NamedTuple):
    """An image before it is read."""

    part: str
    class_name: str
    name: str
    size: int
    stamp: int  # changes when the content changes
    handle: Any  # for the source's function that reads the file


def is_image_folder(folder: Path) -> bool:
    """Return whether a folder contains both parts as folders."""
    return all((folder / part).is_dir() for part in ("train", "test"))


def read_image_folder(folder: Path, cache: Path | None) -> Cifar:
    """Read a folder of `{train,test}/<class>/NNNN.jpg`.

    Raises
    ------
    OSError
        Something is not readable.
    ValueError
        An image is broken or does not have 32 × 32 pixels, or the two parts have different classes.
    """

    def read(path: str) -> bytes:
        with open_regular(path) as file:
            return file.read(_BYTES_LIMIT + 1)

    return _read_all(_files_in(folder), read, str(folder), cache)


def read_image_archive(path: Path, cache: Path | None) -> Cifar:
    """Read a zip archive of `{train,test}/<class>/NNNN.jpg`.

    Raises
    ------
    OSError
        It is not readable.
    ValueError
        It is not a zip archive or is damaged, an image is broken, or the two parts have different classes.
    """
    with open_regular(path) as file:
        with _zip_errors(path):
            archive = zipfile.ZipFile(file)
        with archive:

            def read(member: zipfile.ZipInfo) -> bytes:
                with _zip_errors(path, member.filename), archive.open(member) as content:
                    return content.read(_BYTES_LIMIT + 1)

            return _read_all(_members(archive, path), read, str(path), cache)


@contextmanager
def _zip_errors(path: Path, member: str = "") -> Iterator[None]:
    """Turn errors caused by a damaged archive into a ValueError that names it."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, struct.error, OSError, *MALFORMED) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # EINVAL: a damaged offset before the start
            raise
        where = f"{member}: " if member else ""
        raise ValueError(f"{path} is not a complete zip archive: {where}{error}") from error


def _files_in(folder: Path) -> list[_File]:
    files = []
    for part in ("train", "test"):
        for parent in sorted(path for path in (folder / part).iterdir() if path.is_dir()):
            for entry in os.scandir(parent):
                if entry.name.lower().endswith(_EXTENSIONS):
                    status = entry.stat()
                    key = part, parent.name, entry.name
                    files.append(_File(*key, status.st_size, status.st_mtime_ns, entry.path))
    return files


def _members(archive: zipfile.ZipFile, path: Path) -> list[_File]:
    members = archive.infolist()
    if len(members) > _COUNT_LIMIT:
        raise ValueError(f"{path} has {len(members):,} files, expected about 60,000")
    files = []
    for member in members:
        part, class_name, name, *rest = [*member.filename.split("/"), "", ""][:4]
        if part in ("train", "test") and not any(rest) and name.lower().endswith(_EXTENSIONS):
            if member.flag_bits & _ENCRYPTED:
                raise ValueError(f"{path} is encrypted")
            if member.compress_type not in _METHODS:
                raise ValueError(f"{path} has {member.filename} compressed by a method other than stored or deflated")
            files.append(_File(part, class_name, name, member.file_size, member.CRC, member))
    return files


def _read_all(files: Iterable[_File], read: Callable[[Any], bytes], source: str, cache: Path | None) -> Cifar:
    """Decode all images in a fixed order, or read them from the cache if it was made from the same files."""
    ordered = sorted(files, key=lambda file: (file.part, file.class_name, file.name))
    parts = {part: [file for file in ordered if file.part == part] for part in ("train", "test")}
    classes = _classes(parts, source)
    key = hashlib.sha256(repr([file[:-1] for file in ordered]).encode()).hexdigest()
    if cache is not None and (found := _from_cache(cache, key, classes)) is not None:
        return found
    train, test = (_decode_all(parts[part], read, source, classes) for part in ("train", "test"))
    if cache is not None:
        _to_cache(cache, key, train, test)
    return Cifar(train, test, classes)


def _classes(parts: dict[str, list[_File]], source: str) -> tuple[str, ...]:
    train, test = (sorted({file.class_name for file in files}) for files in parts.values())
    if not train or train != test:
        found = f"{len(train)} classes in train and {len(test)} in test"
        raise ValueError(f"{source} has {found}, expected the same in both: {{train,test}}/<class>/<image>.jpg")
    return tuple(train)


def _decode_all(files: Sequence[_File], read: Callable[[Any], bytes], source: str, classes: tuple[str, ...]) -> Images:
    images = np.empty((len(files), SIDE, SIDE, CHANNELS), np.uint8)

    def decode(start: int) -> None:
        for index in range(start, min(start + _IMAGES_PER_TASK, len(files))):
            file = files[index]
            images[index] = _decode(read(file.handle), f"{source}: {'/'.join(file[:3])}")

    starts = range(0, len(files), _IMAGES_PER_TASK)
    with closing(map_ahead(decode, starts, get_num_threads())) as tasks:
        for _ in tasks:
            pass
    labels = np.array([classes.index(file.class_name) for file in files], np.int32)
    return Images(images, labels)


def _decode(data: bytes, name: str) -> NDArray[np.uint8]:
    from PIL import Image

    if len(data) > _BYTES_LIMIT:
        raise ValueError(f"{name} has more than {_BYTES_LIMIT:,} bytes, expected an image of {SIDE} × {SIDE} pixels")
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
            size = image.size
            pixels = np.asarray(image.convert("RGB")) if size == (SIDE, SIDE) else None
    except MemoryError:
        raise
    except Exception as error:  # Pillow's decoders raise nearly every type
        raise ValueError(f"{name} cannot be decoded: {error}") from error
    if pixels is None:
        raise ValueError(f"{name} has {size[0]} × {size[1]} pixels, expected {SIDE} × {SIDE}")
    return pixels


def _from_cache(path: Path, key: str, classes: tuple[str, ...]) -> Cifar | None:
    """Return the cached images, or None if the cache is missing, damaged in any way, or made from other files."""
    try:
        with open_regular(path) as file, np.load(file, allow_pickle=False) as arrays:
            if str(arrays["key"]) != key:
                return None
            train, test = (Images(arrays[f"{part}_images"], arrays[f"{part}_labels"]) for part in ("train", "test"))
            sound = all(_is_sound(part, len(classes)) for part in (train, test))
    except Exception:  # a damaged file raises nearly every type, and the images can be decoded again
        return None
    return Cifar(train, test, classes) if sound else None


def _is_sound(part: Images, classes: int) -> bool:
    images, labels = part
    return (
        images.dtype == np.uint8
        and labels.dtype == np.int32
        and labels.ndim == 1
        and images.shape == (len(labels), SIDE, SIDE, CHANNELS)
        and len(labels) > 0
        and 0 <= int(labels.min()) <= int(labels.max()) < classes
    )


def _to_cache(path: Path, key: str, train: Images, test: Images) -> None:
    arrays = {
        f"{part}_{name}": array
        for part, each in (("train", train), ("test", test))
        for name, array in each._asdict().items()
    }
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, key=np.array(key), **arrays)
    write_atomically(path, buffer.getvalue())

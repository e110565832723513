"""CIFAR-10 as its authors publish it: five training files and a test file, as binary records or as Python 2 pickles.

https://www.cs.toronto.edu/~kriz/cifar.html describes both. They are read from a .tar.gz archive, without unpacking it
to disk, or from the folder that it unpacks to.
"""

import gzip
import os
import tarfile
import zlib
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import MALFORMED
from ...files.paths import open_regular
from .pickled_arrays import read_pickle

SIDE, CHANNELS = 32, 3
RECORDS = 10_000  # images in each file
_PIXELS = SIDE * SIDE * CHANNELS

_BINARY = tuple(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin", "batches.meta.txt"
_PYTHON = tuple(f"data_batch_{number}" for number in range(1, 6)), "test_batch", "batches.meta"
FOLDERS = ("cifar-10-batches-bin", "cifar-10-batches-py")

_UNPACKED_LIMIT = 1 << 28  # an archive unpacks to 184 MB


class Images(NamedTuple):
    """Images and their labels."""

    images: NDArray[np.uint8]  # [count, 32, 32, 3]
    labels: NDArray[np.int32]  # [count]


class Cifar(NamedTuple):
    """Both parts and the names of the classes."""

    train: Images
    test: Images
    classes: tuple[str, ...]


def is_batch_folder(folder: Path) -> bool:
    """Return whether a folder contains batches of either kind."""
    return any((folder / names[0][0]).exists() for names in (_BINARY, _PYTHON))


def read_batch_folder(folder: Path) -> Cifar:
    """Read a folder with the files of one of the archives.

    Raises
    ------
    OSError
        A file is missing or not readable.
    ValueError
        A file has another size or content.
    """
    names = _BINARY if (folder / _BINARY[0][0]).exists() else _PYTHON
    files = {}
    for name in (*names[0], names[1], names[2]):
        with open_regular(folder / name) as file:
            size = os.fstat(file.fileno()).st_size
            files[name] = _read(file, size, str(folder / name))
    return _decode(files, names, str(folder))


def read_batch_archive(path: Path) -> Cifar:
    """Read cifar-10-binary.tar.gz or cifar-10-python.tar.gz.

    Raises
    ------
    OSError
        The file is not readable.
    ValueError
        It is not such an archive, is truncated, or contains files of another size or content.
    """
    wanted = {name for names in (_BINARY, _PYTHON) for name in (*names[0], names[1], names[2])}
    files: dict[str, bytes] = {}
    with open_regular(path) as file:
        try:
            unpacked: Any = _Limited(file)
            with tarfile.open(fileobj=unpacked, mode="r|") as archive:
                for member in archive:
                    name = member.name.rpartition("/")[2]
                    if member.isreg() and name in wanted and (content := archive.extractfile(member)) is not None:
                        files[name] = _read(content, member.size, name)
            while unpacked.read(tarfile.RECORDSIZE):  # to its end, which has the checksum
                pass
        except (EOFError, zlib.error, tarfile.TarError, gzip.BadGzipFile, *MALFORMED) as error:
            raise ValueError(f"{path} is not a complete .tar.gz archive of CIFAR-10: {error}") from error
    return _decode(files, _BINARY if _BINARY[0][0] in files else _PYTHON, str(path))


class _Limited:
    """The unpacked content of a .gz file; an error if it is much longer than an archive of this data set."""

    def __init__(self, file: IO[bytes]):
        self._file, self._left = gzip.GzipFile(fileobj=file), _UNPACKED_LIMIT

    def read(self, size: int) -> bytes:
        data = self._file.read(min(size, self._left + 1))
        self._left -= len(data)
        if self._left < 0:
            raise tarfile.ReadError(f"it unpacks to more than {_UNPACKED_LIMIT:,} bytes")
        return data


def _read(file: IO[bytes], size: int, name: str) -> bytes:
    """Read a file of `size` bytes after checking the size; pickles also contain file names, 40 bytes each."""
    limit = RECORDS * (_PIXELS + 128) + 4096
    if not 0 <= size <= limit:
        raise ValueError(f"{name} has {size:,} bytes, expected at most {limit:,}")
    data = file.read(size)
    if len(data) != size:
        raise ValueError(f"{name} is cut short: {len(data):,} of {size:,} bytes")
    return data


def _decode(files: dict[str, bytes], names: tuple[tuple[str, ...], str, str], source: str) -> Cifar:
    missing = [name for name in (*names[0], names[1], names[2]) if name not in files]
    if missing:
        raise ValueError(f"{source} has no {', '.join(missing)}: it is not CIFAR-10 in binary or Python batches")
    binary = names is _BINARY
    decode, decode_names = (_binary_batch, _binary_names) if binary else (_python_batch, _python_names)
    classes = decode_names(files[names[2]], f"{source}: {names[2]}")
    parts = [decode(files[name], f"{source}: {name}") for name in (*names[0], names[1])]
    for name, part in zip((*names[0], names[1]), parts, strict=True):
        if int(part.labels.min()) < 0 or int(part.labels.max()) >= len(classes):
            raise ValueError(f"{source}: {name} has labels beyond the {len(classes)} classes")
    train = Images(np.concatenate([part.images for part in parts[:-1]]), np.concatenate([p.labels for p in parts[:-1]]))
    return Cifar(train, parts[-1], classes)


def _binary_batch(data: bytes, name: str) -> Images:
    """Split records with a label byte and three planes of pixels."""
    expected = RECORDS * (1 + _PIXELS)
    if len(data) != expected:
        raise ValueError(f"{name} has {len(data):,} bytes, expected {expected:,}")
    records = np.frombuffer(data, np.uint8).reshape(RECORDS, 1 + _PIXELS)
    return Images(_interleaved(records[:, 1:]), records[:, 0].astype(np.int32))


def _binary_names(data: bytes, name: str) -> tuple[str, ...]:
    return _class_names(data.decode("ascii", "replace").split(), name)


def _python_batch(data: bytes, name: str) -> Images:
    """Return the pixels, [count, 3072] in planes, and labels of a pickled dict."""
    batch = read_pickle(data, name)
    pixels, labels = batch.get("data"), batch.get("labels")
    if not isinstance(pixels, np.ndarray) or pixels.shape != (RECORDS, _PIXELS):
        raise ValueError(f"{name} has data {_described(pixels)}, expected uint8 of shape {(RECORDS, _PIXELS)}")
    if not isinstance(labels, list) or len(labels) != RECORDS or not all(type(label) is int for label in labels):
        raise ValueError(f"{name} has labels {_described(labels)}, expected a list of {RECORDS} integers")
    if not all(0 <= label < 256 for label in labels):
        raise ValueError(f"{name} has labels beyond a byte")
    return Images(_interleaved(pixels), np.array(labels, np.int32))


def _python_names(data: bytes, name: str) -> tuple[str, ...]:
    names = read_pickle(data, name).get("label_names")
    if not isinstance(names, list) or not all(isinstance(each, (bytes, str)) for each in names):
        raise ValueError(f"{name} has label_names {_described(names)}, expected a list of names")
    return _class_names([each.decode("ascii", "replace") if isinstance(each, bytes) else each for each in names], name)


def _class_names(names: list[str], source: str) -> tuple[str, ...]:
    if not names or len(set(names)) != len(names):
        raise ValueError(f"{source} must name every class exactly once: {', '.join(names)[:200]!r}")
    return tuple(names)


def _interleaved(planes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Convert [count, 3 × 1,024] to [count, 32, 32, 3]."""
    return np.ascontiguousarray(planes.reshape(-1, CHANNELS, SIDE, SIDE).transpose(0, 2, 3, 1))


def _described(value: Any) -> str:
    return f"of shape {value.shape}" if isinstance(value, np.ndarray) else f"of type {type(value).__name__}"

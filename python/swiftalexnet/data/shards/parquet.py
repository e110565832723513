"""Images in parquet as Hugging Face keeps imagenet-1k: a column `image` of bytes and path, and one of labels."""

import hashlib
import json
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._support.arrays import as_labels, require_memory
from ..._support.optional import require
from ...errors import MALFORMED
from ...files.paths import naming, open_regular
from ..checks import as_class_names
from .patterns import shard_names

_SUFFIX = ".parquet"
_IMAGE, _LABEL, _PATH = "image", "label", "image.path"
_FEATURES = b"huggingface"  # the key of the schema's metadata that holds the names of classes


class ParquetImages:
    """The images of some parquet files, fastest in their order, because a group of rows is read at a time.

    Raises
    ------
    ImportError
        pyarrow is not installed.
    OSError
        A file cannot be read.
    ValueError
        It is not parquet, has other columns, or a row without a class.
    """

    def __init__(self, files: Sequence[str], operation: str):
        self._error = require("pyarrow", "parquet", operation).ArrowException
        self._parquet = require("pyarrow.parquet", "parquet", operation)
        self._files, self._operation = tuple(files), operation
        self._lock, self._held = threading.Lock(), -1
        self._rows: list[dict[str, Any]] = []  # of the group that is held
        self._groups: list[tuple[int, int]] = []  # file, and group in it
        self.classes: tuple[str, ...] | None = None
        labels, ends, names = [], [0], hashlib.sha256()
        for number in range(len(self._files)):
            with self._opened(number) as file:
                self.classes = self.classes or _class_names(file.schema_arrow.metadata)
                for group in range(file.num_row_groups):
                    table = self._read(file, group, [_PATH, _LABEL])
                    labels.append(table[_LABEL].to_numpy())
                    names.update("".join(f"{row['path']}\0" for row in table[_IMAGE].to_pylist()).encode())
                    ends.append(ends[-1] + table.num_rows)
                    self._groups.append((number, group))
        if not ends[-1]:
            raise ValueError(f"{operation}: no rows in {self._files[0]}")
        self._ends = np.array(ends)
        self.labels: NDArray[np.int32] = as_labels(np.concatenate(labels), f"{_LABEL} of {self._files[0]}", operation)
        self.names_digest = names.hexdigest()

    def __len__(self) -> int:
        return len(self.labels)

    def name(self, index: int) -> str:
        """Return the file's name, the number of the row among all, and the image's own name."""
        file, row = self._row(index)
        return f"{os.path.basename(file)}/{index}/{os.path.basename(row['path'] or '')}"

    def encoded(self, index: int) -> bytes:
        """Return the image's bytes.

        Raises
        ------
        ValueError
            There are none.
        """
        file, row = self._row(index)
        if not isinstance(row["bytes"], bytes):
            raise ValueError(f"{file}: the image of row {index} has no bytes")
        return row["bytes"]

    def _row(self, index: int) -> tuple[str, dict[str, Any]]:
        """Return the file's path and the row; its group is kept for the next one."""
        place = int(np.searchsorted(self._ends, index, "right")) - 1
        number, group = self._groups[place]
        with self._lock:
            if self._held != place:
                with self._opened(number) as file:
                    self._rows, self._held = self._read(file, group, [_IMAGE])[_IMAGE].to_pylist(), place
            return self._files[number], self._rows[index - int(self._ends[place])]

    @contextmanager
    def _opened(self, number: int) -> Iterator[Any]:
        """Open a file; what pyarrow raises in the block becomes a ValueError that names it."""
        path = self._files[number]
        with open_regular(path) as opened, naming(path):
            try:
                yield self._parquet.ParquetFile(opened)
            except MemoryError:
                raise
            except (self._error, *MALFORMED) as error:
                expected = "expected parquet with columns image (bytes, path) and label"
                raise ValueError(f"{self._operation}: {path}: {expected}: {error}") from error

    def _read(self, file: Any, group: int, columns: list[str]) -> Any:
        require_memory((file.metadata.row_group(group).total_byte_size,), 2, f"{self._operation}: a group of rows")
        return file.read_row_group(group, columns=columns, use_threads=False)


def parquet_files(source: Any, operation: str) -> tuple[str, ...]:
    """Return the parquet files that a source names; none if it is something else.

    Raises
    ------
    ValueError
        A folder holds files of several parts, such as train and validation.
    """
    if isinstance(source, (str, os.PathLike)) and os.path.isdir(source):
        found = sorted(name for name in os.listdir(source) if name.endswith(_SUFFIX) and not name.startswith("."))
        parts = sorted({name.partition("-")[0] for name in found})
        if len(parts) > 1:
            ways = f"name one of them: '{os.fspath(source)}/{parts[0]}-{{00000..00013}}-of-00014.parquet'"
            raise ValueError(f"{operation}: {os.fspath(source)} holds parquet files of {', '.join(parts)}; {ways}")
        return tuple(os.path.join(os.fspath(source), name) for name in found)
    given = [source] if isinstance(source, (str, os.PathLike)) else source
    if not isinstance(given, (list, tuple)) or not given:
        return ()
    if not all(isinstance(each, (str, os.PathLike)) and os.fspath(each).endswith(_SUFFIX) for each in given):
        return ()
    return shard_names(given, operation)


def _class_names(metadata: dict[bytes, bytes] | None) -> tuple[str, ...] | None:
    """Return the names of the labels, if the file has them."""
    if not metadata or _FEATURES not in metadata:
        return None
    names = json.loads(metadata[_FEATURES])["info"]["features"].get(_LABEL, {}).get("names")
    return None if names is None else as_class_names(names, "the label's names")

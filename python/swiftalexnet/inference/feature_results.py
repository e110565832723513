"""What `features` returns: arrays by layer with the images' names, in memory or in files."""

import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._support.choices import choose, nearest
from ..errors import MALFORMED
from ..files.paths import open_regular
from .feature_arrays import map_array, map_values
from .feature_frame import frame
from .feature_images import Entry
from .feature_layers import DTYPES
from .feature_target import Target

if TYPE_CHECKING:
    from pandas import DataFrame

FORMAT = "swiftalexnet features 1"
_HDF5_START = b"\x89HDF\r\n\x1a\n"
_OF_SKIPPED = ("name", "stamp", "error")


class Features(dict[str, NDArray[Any]]):
    """Arrays [images, …] by layer: a dict that knows which image a row belongs to.

    Attributes
    ----------
    names : tuple of str
        Of the images, one a row: files' paths, below their folder if a folder was given; otherwise the images' numbers.
    skipped : dict of str to str
        Images that were left out, and why.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], names: tuple[str, ...], skipped: dict[str, str]):
        super().__init__(arrays)
        self.names, self.skipped = names, skipped

    def to_frame(self) -> "DataFrame":
        """Return a pandas DataFrame: a row an image, columns such as `fc7[0]`.

        Raises
        ------
        ImportError
            pandas is not installed.
        MemoryError
            It does not fit into free memory.
        """
        return frame(self, self.names, "Features.to_frame")


class StoredFeatures(Mapping[str, NDArray[Any]]):
    """Arrays [images, …] by layer in files, which are mapped into memory when they are used, read-only.

    Parameters
    ----------
    path : path
        What was given as `out`: a folder, or a .npy or .h5 file.

    Attributes
    ----------
    path : Path
    count : int
    provenance : dict
        What the JSON file beside the arrays says of layers, model, preprocessing and arithmetic.
    names : tuple of str
        Of the images, one a row: see `Features`.
    skipped : dict of str to str
        Images that were left out, and why.

    Raises
    ------
    OSError
        There are no complete features.
    ValueError
        What describes them is damaged.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self._target = Target(path, "open_features")
        self.path = self._target.path
        try:
            fields = read_sidecar(self._target)
        except FileNotFoundError:
            raise FileNotFoundError(errno.ENOENT, "No complete features", str(self.path)) from None
        self._images = fields.pop("images")
        self.provenance: dict[str, Any] = fields
        self.names: tuple[str, ...] = tuple(self._images["names"])
        self.skipped: dict[str, str] = {row["name"]: row["error"] for row in self._images["skipped"]}

    def __getitem__(self, layer: str) -> NDArray[Any]:
        row = self.provenance["layers"].get(layer)
        if row is None:
            raise KeyError(f"{layer!r}, expected one of {', '.join(self)}{nearest(layer, self)}")
        shape, dtype = (len(self.names), *row["shape"]), self.provenance["dtype"]
        file = self._target.final(row["file"])
        with named(file):
            if not self._target.is_hdf5:
                return map_array(file, shape, dtype)
            offset = self.provenance["offsets"][row["file"]]
            if offset is None:  # without an image
                return np.zeros(shape, dtype)
            with open_regular(file) as opened:
                start = opened.read(len(_HDF5_START))
            if start != _HDF5_START or type(offset) is not int or offset < len(start):
                raise ValueError("it is not the HDF5 file that was written")
            return map_values(file, offset, shape, dtype)

    def __iter__(self) -> Iterator[str]:
        return iter(self.provenance["layers"])

    def __len__(self) -> int:
        return len(self.provenance["layers"])

    def __repr__(self) -> str:
        count = len(self.names)
        rows = (f"{name} {' × '.join(map(str, row['shape']))}" for name, row in self.provenance["layers"].items())
        left_out = f", {len(self.skipped)} left out" if self.skipped else ""
        return f"<features of {count} images in {str(self.path)!r}: {', '.join(rows)}{left_out}>"

    def to_frame(self) -> "DataFrame":
        """Return a pandas DataFrame, which is in memory: see `Features.to_frame`."""
        return frame(self, self.names, "StoredFeatures.to_frame")

    @property
    def count(self) -> int:
        """The number of images, those that were left out among them."""
        return len(self.names) + len(self._images["skipped"])

    def entries(self) -> Iterator[Entry]:
        """Yield all images of the run in their order, those that were left out among them."""
        kept = zip(self._images["names"], self._images["stamps"], strict=True)
        skipped = {row["number"]: Entry(row["name"], row["stamp"], row["error"]) for row in self._images["skipped"]}
        for number in range(self.count):
            yield skipped[number] if number in skipped else Entry(*next(kept))


def open_features(path: str | os.PathLike[str]) -> StoredFeatures:
    """Open the features that `Model.features` or `swiftalexnet extract` has written: see `StoredFeatures`.

    Parameters
    ----------
    path : path
        The folder, or the .npy or .h5 file.

    Raises
    ------
    OSError
        There are no complete features.
    ValueError
        They are damaged.
    """
    return StoredFeatures(path)


def read_sidecar(target: Target) -> dict[str, Any]:
    """Return the content of the JSON file beside the arrays.

    Raises
    ------
    OSError
        It cannot be read.
    ValueError
        It is damaged, or of another program.
    """
    with named(target.sidecar):
        with open_regular(target.sidecar) as file:
            fields = json.loads(file.read())
        if fields["format"] != FORMAT:
            raise ValueError(f"it is of format {fields['format']!r}, expected {FORMAT!r}")
        choose("features", "dtype", fields["dtype"], DTYPES)
        rows = fields["layers"].values()
        end = "" if target.is_hdf5 else ".npy"
        sound = all(Path(row["file"]).name == row["file"] and row["file"].endswith(end) for row in rows) and all(
            isinstance(extent, int) for row in rows for extent in row["shape"]
        )
        images = fields["images"]
        texts = [*images["names"], *images["stamps"], *(row[key] for row in images["skipped"] for key in _OF_SKIPPED)]
        if not sound or not all(isinstance(text, str) for text in texts):
            raise ValueError("it names no layers and images")
        if len(images["names"]) != len(images["stamps"]):
            raise ValueError("it has another number of names than of stamps")
        numbers = {row["number"] for row in images["skipped"]}
        count = len(images["names"]) + len(images["skipped"])
        if len(numbers) < len(images["skipped"]) or not all(type(n) is int and 0 <= n < count for n in numbers):
            raise ValueError("its numbers of skipped images are none")
    content: dict[str, Any] = fields
    return content


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Turn what code raises on malformed content into a ValueError that names the file."""
    try:
        yield
    except (*MALFORMED, EOFError) as error:
        raise ValueError(f"features: {path} is damaged: {' '.join(str(error).split()) or repr(error)}") from error

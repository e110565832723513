"""What LPIPS returns: distances, of what they are made, and how they were measured."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import as_index
from .._support.optional import require

if TYPE_CHECKING:
    from pandas import DataFrame

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class Distance:
    """The distance of two images; `float` gives the number.

    Attributes
    ----------
    value : float
        0 for equal images; larger where people see more of a difference.
    per_layer : dict of str to float
        What each layer contributes; they add up to `value`.
    map : array of float32, [height, width], or None
        The distance at every pixel, if it was asked for: each layer's map enlarged to the image's size and added.
    net, version : str
        The network, "alex" or "vgg", and the version of the weights of its layers.
    value_range : (float, float)
        The values of black and white in the images.
    """

    value: float
    per_layer: dict[str, float]
    map: Float32 | None
    net: str
    version: str
    value_range: tuple[float, float]

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        return f"<LPIPS {self.value:.6g}: {_settings(self)}>"


@dataclass(frozen=True)
class Distances:
    """The distances of several pairs of images; `numpy.asarray` gives the numbers, an index gives a `Distance`.

    Attributes
    ----------
    values : array of float32, [n]
    per_layer : array of float32, [n, layers]
    layers : tuple of str
        Names of the columns of `per_layer`.
    maps : list of array of float32, [height, width], or None
    net, version, value_range
        See `Distance`.
    """

    values: Float32
    per_layer: Float32
    layers: tuple[str, ...]
    maps: list[Float32] | None
    net: str
    version: str
    value_range: tuple[float, float]

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> Distance:
        at = as_index(index, len(self), "Distances")
        parts = dict(zip(self.layers, map(float, self.per_layer[at]), strict=True))
        one = None if self.maps is None else self.maps[at]
        return Distance(float(self.values[at]), parts, one, self.net, self.version, self.value_range)

    def __iter__(self) -> Iterator[Distance]:
        return (self[index] for index in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        values = self.values if dtype is None else self.values.astype(dtype)
        return values.copy() if copy else values

    def to_frame(self) -> "DataFrame":
        """Return a pandas DataFrame: a row a pair, its value and each layer's part.

        Raises
        ------
        ImportError
            pandas is not installed.
        """
        pandas = require("pandas", "frame", "Distances.to_frame")
        columns = np.column_stack([self.values, self.per_layer])
        frame: DataFrame = pandas.DataFrame(columns, columns=["lpips", *self.layers])
        return frame

    def __repr__(self) -> str:
        mean = float(self.values.mean(dtype=np.float64))
        return f"<LPIPS of {len(self)} pairs, mean {mean:.6g}: {_settings(self)}>"


def _settings(result: Distance | Distances) -> str:
    black, white = result.value_range
    return f"net {result.net}, version {result.version}, values {black:g} to {white:g}"

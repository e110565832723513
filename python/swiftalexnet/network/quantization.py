"""What a quantised model holds besides its rounded weights: how each of its tensors is rounded to eight bits."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._support.shown import shown
from .._support.tables import html_table, lay_out

Float32 = NDArray[np.float32]

LEVELS = 256  # of an activation
_TINY = float(np.finfo(np.float32).tiny)
_LARGEST = 1 / _TINY  # of a scale, whose inverse the engine multiplies by


class Rounding(NamedTuple):
    """How a tensor is held: the integer q of 0 … 255 stands for scale · (q − zero_point)."""

    scale: float
    zero_point: int

    @property
    def range(self) -> tuple[float, float]:
        """The smallest and the largest value that it can hold."""
        return 0.0 - self.scale * self.zero_point, self.scale * (LEVELS - 1 - self.zero_point)


@dataclass(frozen=True, eq=False)
class Quantization:
    """The eight bits of a quantised model; made by `Model.quantize`.

    Attributes
    ----------
    activations : dict of str to Rounding
        Of the network's input, "data", and of every node's output, by its name.
    weights : dict of str to array of float32, [outputs]
        By parameter, the scale of each output: a weight is an integer from -127 to 127 times it.
    method : str
        How ranges were chosen: "percentile" with its number, or "mse".
    images : int
        On how many.

    Raises
    ------
    TypeError, ValueError
        Scales that are not float32 above 0 and finite, or a zero point that is not an integer from 0 to 255.
    """

    activations: Mapping[str, Rounding]
    weights: Mapping[str, Float32]
    method: str
    images: int

    def __post_init__(self) -> None:
        for name, (scale, zero_point) in self.activations.items():
            if type(zero_point) is not int or not 0 <= zero_point < LEVELS:
                raise ValueError(f"quantization: the zero point of {name} is {shown(zero_point)}, expected 0 … 255")
            if type(scale) is not float or not _TINY <= scale <= _LARGEST or float(np.float32(scale)) != scale:
                raise ValueError(
                    f"quantization: the scale of {name} is {shown(scale)}, expected a normal float32 above 0"
                )
        for name, scales in self.weights.items():
            if not isinstance(scales, np.ndarray) or scales.dtype != np.float32 or scales.ndim != 1:
                raise TypeError(f"quantization: scales of {name} are {shown(scales)}, expected an array of float32")
            if not (np.isfinite(scales) & (scales >= _TINY)).all():
                raise ValueError(f"quantization: scales of {name} are not all normal numbers above 0")

    def require_nodes(self, nodes: Collection[str], outputs: Mapping[str, int]) -> None:
        """Raise unless it is for a network of these nodes and of weights with so many outputs.

        Raises
        ------
        ValueError
            The message names the first node or parameter that is missing, unknown or of another size.
        """
        for what, own, theirs in (
            ("rounding of", self.activations.keys(), set(nodes)),
            ("scales of", self.weights.keys(), outputs.keys()),
        ):
            if own != theirs:
                name = min(own ^ theirs)
                state = "has no" if name in theirs else "is of another network: it has"
                raise ValueError(f"quantization: {state} {what} {name}")
        for name, scales in self.weights.items():
            if len(scales) != outputs[name]:
                raise ValueError(f"quantization: {name} has {len(scales)} scales, expected {outputs[name]}")

    def within(self, nodes: Collection[str], weights: Collection[str]) -> "Quantization":
        """Return the part for a network that has only some of the nodes and weights."""
        activations = {name: rounding for name, rounding in self.activations.items() if name in nodes}
        scales = {name: array for name, array in self.weights.items() if name in weights}
        return Quantization(activations, scales, self.method, self.images)

    def in_order(self, nodes: Collection[str]) -> tuple[Float32, NDArray[np.int32]]:
        """Return scales and zero points of these nodes, as the engine takes them."""
        rows = [self.activations[name] for name in nodes]
        return np.array([row.scale for row in rows], np.float32), np.array([row.zero_point for row in rows], np.int32)

    def to_json(self) -> dict[str, Any]:
        """Return everything but the scales of weights."""
        activations = {name: list(rounding) for name, rounding in self.activations.items()}
        return {"method": self.method, "images": self.images, "activations": activations}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any], weights: Mapping[str, Float32]) -> "Quantization":
        """Rebuild from `to_json` and the scales of weights.

        Raises
        ------
        TypeError, ValueError, LookupError
            It was not written by `to_json`.
        """
        activations = {name: Rounding(*pair) for name, pair in fields["activations"].items()}
        return cls(activations, weights, str(fields["method"]), int(fields["images"]))

    @property
    def title(self) -> str:
        """What it is, in a line."""
        return f"int8, ranges by {self.method} from {self.images} image{'s' if self.images != 1 else ''}"

    def __str__(self) -> str:
        activations = [_HEAD, *self._rows()]
        weights = [_HEAD_OF_WEIGHTS, *self._rows_of_weights()]
        return "\n".join([self.title, *lay_out(activations, left=(0,)), *lay_out(weights, left=(0,))])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        weights = html_table([], _HEAD_OF_WEIGHTS, self._rows_of_weights())
        return html_table([self.title], _HEAD, self._rows()) + weights

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (name, *(f"{bound:.6g}" for bound in row.range), f"{row.scale:.6g}", str(row.zero_point))
            for name, row in self.activations.items()
        ]

    def _rows_of_weights(self) -> list[tuple[str, ...]]:
        return [
            (name, str(len(scales)), f"{scales.min():.6g}", f"{scales.max():.6g}")
            for name, scales in self.weights.items()
        ]


_HEAD = ("activations", "from", "to", "scale", "zero point")
_HEAD_OF_WEIGHTS = ("weights", "scales", "from", "to")


def nearest_rounding(low: float, high: float) -> Rounding:
    """Return the rounding for values from `low` to `high`, and zero, which is held exactly.

    A range without negative values gets the zero point 0, and `high` is the highest level. A range that float32 cannot
    divide by 255 becomes that of scale 1: all its values are then held as zero.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    scale = float(np.float32((high - low) / (LEVELS - 1)))
    if not _TINY <= scale <= _LARGEST:
        return Rounding(1.0, 0)
    return Rounding(scale, min(round(-low / scale), LEVELS - 1))

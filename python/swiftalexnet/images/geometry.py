"""The size to which an image is decoded: a square, or the whole image at one scale."""

from typing import Any, NamedTuple

from .._support.arrays import as_integer
from .._support.choices import choose
from .._support.numbers import check_number

RESAMPLERS = ("area", "bilinear", "opencv_bilinear", "box")  # see resampling.py


class Geometry(NamedTuple):
    """How a data set decodes an image: to uint8 [size, size, channels].

    The shorter side of an image is resized to `short` pixels (by default `size`), and `size` × `size` pixels are cut
    out at `place`: (across, down), 0 at the left and the top, 1 at the right and the bottom. Offsets are whole pixels;
    numbers drawn uniformly from 0 … 1 make all of them equally likely. With `warp` both sides are squeezed to `short`,
    whatever their proportions.
    """

    size: int
    channels: int
    resample: str
    short: int | None = None
    place: tuple[float, float] = (0.5, 0.5)
    warp: bool = False

    @property
    def side(self) -> int:
        """Shorter side of the resized image."""
        return self.size if self.short is None else self.short


class Whole(NamedTuple):
    """Decode the whole image with a shorter side of `size` pixels, to uint8 [height, width, channels].

    With a `size` of 0 the image keeps its own: see `as_it_is`.
    """

    size: int
    channels: int
    resample: str
    whole: bool = True  # so that it is never equal to a Geometry with the same numbers

    @property
    def side(self) -> int:
        """Shorter side of the resized image."""
        return self.size


def as_it_is(channels: int) -> Whole:
    """Return the geometry of an image that is not resized."""
    return Whole(0, channels, "bilinear")


def check_geometry(geometry: Any, operation: str) -> None:
    """Raise unless it is a `Geometry` or a `Whole` with consistent numbers.

    Raises
    ------
    TypeError, ValueError
        See above.
    """
    if not isinstance(geometry, (Geometry, Whole)):
        raise TypeError(f"{operation}: geometry is of type {type(geometry).__name__}, expected a Geometry or a Whole")
    size = as_integer(geometry.size, "the geometry's size", operation, 1, 2**15)
    as_integer(geometry.side, "the geometry's shorter side", operation, size, 2**15)
    as_integer(geometry.channels, "the geometry's channels", operation, 1, 2**16)
    choose(operation, "resample", geometry.resample, RESAMPLERS)
    places = geometry.place if isinstance(geometry, Geometry) else (0, 0)
    if not isinstance(places, tuple) or len(places) != 2:
        raise TypeError(f"{operation}: the geometry's place is not a pair of numbers")
    for place in places:
        check_number(place, "the geometry's place", operation)
        if place > 1:
            raise ValueError(f"{operation}: the geometry's place is {place}, expected 0 to 1")

"""What an image's answer rests on, drawn over the image; and images that a unit answers to most."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import as_integer
from .._support.numbers import check_number
from .figures import fitted, new_figure, place, wrapped
from .sheet import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Float32 = NDArray[np.float32]

_IMAGE, _GAP, _BETWEEN, _LABEL, _MARGIN, _LINE = 2.0, 0.06, 0.2, 0.26, 0.12, 0.2  # inches


class Explained(Protocol):
    """Images and what explains them: see `swiftalexnet.attribution.Attribution`."""

    @property
    def method(self) -> str:
        """Name of the method."""

    @property
    def layer(self) -> str | None:
        """Layer of the maps or the unit."""

    @property
    def names(self) -> tuple[str, ...]:
        """What is explained of each image."""

    @property
    def scores(self) -> Float32:
        """Its logit or activation, [count]."""

    @property
    def images(self) -> NDArray[np.uint8] | None:
        """[count, height, width, channels]; None if they are not known."""

    @property
    def values(self) -> Float32:
        """[count, channels, height, width] or [count, height, width]."""

    @property
    def maps(self) -> Float32:
        """[count, height, width]."""

    @property
    def look(self) -> str:
        """How it is drawn: "heat", "signed" or "color"."""


class Made(Protocol):
    """Images that were made for a unit: see `swiftalexnet.attribution.Maximization`."""

    @property
    def images(self) -> NDArray[np.uint8]:
        """[count, height, width, channels]."""

    @property
    def names(self) -> tuple[str, ...]:
        """The units' names."""


def plot_attribution(result: Explained, columns: int = 2, opacity: float = 0.6) -> "Figure":
    """Draw each image and, beside it, what its answer rests on.

    Magnitudes are drawn over the image from dark to bright, the largest brightest; signed values in red where they
    speak for the class and in blue where they speak against it. The values of guided backpropagation and the deconvnet
    are drawn as an image around grey, as in their papers. Every image has a scale of its own.

    Parameters
    ----------
    result : Attribution
    columns : int
        Pairs in a row.
    opacity : float
        Of the values over the image, 0 to 1.

    Raises
    ------
    TypeError, ValueError
        Not a result, or numbers out of range.
    ImportError
        matplotlib is not installed.
    """
    columns = as_integer(columns, "columns", "plot_attribution", 1)
    check_number(opacity, "opacity", "plot_attribution")
    if opacity > 1:
        raise ValueError(f"plot_attribution: opacity is {opacity}, expected 0 to 1")
    count = _count(result, "values", "plot_attribution", "an Attribution")
    pictures = 1 if result.images is None else 2
    width = pictures * (_IMAGE + _GAP) - _GAP
    where = "" if result.layer is None else f", {result.layer}"
    figure, places = _sheet(count, columns, width, f"{result.method.replace('_', ' ')}{where}")
    maps = result.maps if result.look != "color" else result.values
    for number, (left, top) in enumerate(places):
        pixels = None if result.images is None else result.images[number]
        first = place(figure, left, top, _IMAGE, _IMAGE)
        label = f"{result.names[number]}: {result.scores[number]:.3g}"
        figure.text(*_corner(figure, left, top), fitted(label, width, 9), fontsize=9, va="bottom")
        if pixels is not None:
            show(first, _shown(pixels))
            first = place(figure, left + _IMAGE + _GAP, top, _IMAGE, _IMAGE)
        _draw(first, maps[number], None if pixels is None else _shown(pixels), result.look, opacity)
    return figure


def plot_maximization(result: Made, columns: int = 4) -> "Figure":
    """Draw images that were made for classes or units, with their names.

    Parameters
    ----------
    result : Maximization
    columns : int
        Images in a row.

    Raises
    ------
    TypeError, ValueError
        Not a result, or a number out of range.
    ImportError
        matplotlib is not installed.
    """
    columns = as_integer(columns, "columns", "plot_maximization", 1)
    count = _count(result, "images", "plot_maximization", "a Maximization")
    figure, places = _sheet(count, columns, _IMAGE, "")
    for (left, top), image, name in zip(places, result.images, result.names, strict=True):
        show(place(figure, left, top, _IMAGE, _IMAGE), _shown(image))
        figure.text(*_corner(figure, left, top), fitted(name, _IMAGE, 9), fontsize=9, va="bottom")
    return figure


def _count(result: object, field: str, operation: str, expected: str) -> int:
    values = getattr(result, field, None)
    if not isinstance(values, np.ndarray) or not hasattr(result, "names"):
        raise TypeError(f"{operation}: result is of type {type(result).__name__}, expected {expected}")
    if not len(values):
        raise ValueError(f"{operation}: there are no images, expected at least one")
    return len(values)


def _sheet(count: int, columns: int, width: float, title: str) -> "tuple[Figure, Sequence[tuple[float, float]]]":
    """Return a figure with a heading, and the places of `count` cells in inches from the upper left corner."""
    columns = min(columns, count)
    across = columns * (width + _BETWEEN) - _BETWEEN
    heading = wrapped(title, across, 10)
    top = _MARGIN + _LINE * len(heading.splitlines())
    height = _LABEL + _IMAGE
    figure = new_figure(across + 2 * _MARGIN, top + -(-count // columns) * height + _MARGIN)
    figure.set_layout_engine("none")
    if heading:
        wide, high = figure.get_size_inches()
        figure.text(_MARGIN / wide, 1 - _MARGIN / high, heading, fontsize=10, va="top", linespacing=1.3)
    places = [
        (_MARGIN + number % columns * (width + _BETWEEN), top + number // columns * height + _LABEL)
        for number in range(count)
    ]
    return figure, places


def _corner(figure: "Figure", left: float, top: float) -> tuple[float, float]:
    """Return where the text above a cell begins, in parts of the figure."""
    across, down = figure.get_size_inches()
    return left / across, 1 - (top - 0.05) / down


def _shown(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return channels that can be drawn: one or three, otherwise the first."""
    return pixels if pixels.shape[2] in (1, 3) else pixels[..., :1]


def _draw(axes: "Axes", values: Float32, pixels: NDArray[np.uint8] | None, look: str, opacity: float) -> None:
    """Draw one map [height, width] over the pixels, or values [channels, height, width] as an image."""
    most = max(float(np.abs(values).max()), float(np.finfo(np.float32).tiny))
    if look == "color":
        around = np.clip(0.5 + values / np.float32(2 * most), 0, 1).transpose(1, 2, 0)
        axes.imshow(around if around.shape[2] == 3 else around[..., 0], cmap="gray", vmin=0, vmax=1)
        return
    if pixels is not None:
        grey = pixels.mean(axis=2)
        axes.imshow(grey, cmap="gray", vmin=0, vmax=255)
    colors, low = ("inferno", 0.0) if look == "heat" else ("bwr", -most)
    axes.imshow(values, cmap=colors, vmin=low, vmax=most, alpha=opacity if pixels is not None else 1)

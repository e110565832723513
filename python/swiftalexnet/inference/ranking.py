"""The likeliest classes of images, with their names."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

from .._support.tables import html_table, printable
from ..images.thumbnails import Thumbnail, with_images

_SHOWN = 50  # images in a notebook


@dataclass(frozen=True)
class Prediction:
    """The likeliest classes of one image, best first.

    Attributes
    ----------
    labels : tuple of int
        Indices of the classes.
    classes : tuple of str
        Their names; the index as text if the model has no names.
    probabilities : tuple of float
    thumbnail : Thumbnail or None
        What a notebook shows of the image.
    """

    labels: tuple[int, ...]
    classes: tuple[str, ...]
    probabilities: tuple[float, ...]
    thumbnail: Thumbnail | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return ", ".join(self._answers())

    def __repr__(self) -> str:
        return f"<{self}>"

    def _repr_html_(self) -> str:
        shares = (f"{100 * probability:.1f} %" for probability in self.probabilities)
        return html_table([], ("class", "probability"), zip(self.classes, shares, strict=True))

    def _answers(self) -> list[str]:
        pairs = zip(self.classes, self.probabilities, strict=True)
        return [f"{printable(name)} {100 * probability:.1f} %" for name, probability in pairs]


class Predictions(list[Prediction]):
    """A list of predictions, one per image, which a notebook shows as a table, the first of them with their images."""

    def _repr_html_(self) -> str:
        first = self[:_SHOWN]
        names = [(each.thumbnail and each.thumbnail.name) or str(number) for number, each in enumerate(first)]
        rows = [[name, *each._answers()] for name, each in zip(names, first, strict=True)]
        others = max(map(len, rows), default=2) - 2
        more = [f"the first {_SHOWN} of {len(self)} images"] if len(self) > _SHOWN else []
        head = ("image", "likeliest class", *("then",) * others)
        return html_table(more, *with_images([each.thumbnail for each in first], head, rows))


def likeliest(
    probabilities: NDArray[np.float32],
    classes: tuple[str, ...] | None,
    top: int,
    thumbnails: Iterable[Thumbnail | None] = (),
) -> Predictions:
    """Return the `top` likeliest classes for each row of probabilities [count, classes]; ties keep their order.

    `thumbnails` are those of the first rows.
    """
    best = best_first(probabilities, top)
    names = classes or tuple(map(str, range(probabilities.shape[1])))
    return Predictions(
        Prediction(tuple(map(int, row)), tuple(names[i] for i in row), tuple(float(values[i]) for i in row), thumbnail)
        for row, values, thumbnail in zip(best, probabilities, chain(thumbnails, repeat(None)), strict=False)
    )


def best_first(probabilities: NDArray[np.float32], top: int) -> NDArray[np.intp]:
    """Return the indices of the `top` likeliest classes of each row, or of all if there are fewer; ties keep order."""
    return np.argsort(-probabilities, axis=1, kind="stable")[:, :top]

"""The likeliest classes of images, with their names."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._support.tables import html_table, printable

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
    """

    labels: tuple[int, ...]
    classes: tuple[str, ...]
    probabilities: tuple[float, ...]

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
    """A list of predictions, one per image, which a notebook shows as a table."""

    def _repr_html_(self) -> str:
        rows = [[str(number), *each._answers()] for number, each in enumerate(self[:_SHOWN])]
        others = max((len(row) for row in rows), default=2) - 2
        more = [f"the first {_SHOWN} of {len(self)} images"] if len(self) > _SHOWN else []
        return html_table(more, ("image", "likeliest class", *("then",) * others), rows)


def likeliest(probabilities: NDArray[np.float32], classes: tuple[str, ...] | None, top: int) -> Predictions:
    """Return the `top` likeliest classes for each row of probabilities [count, classes]; ties keep their order."""
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :top]
    names = classes or tuple(map(str, range(probabilities.shape[1])))
    return Predictions(
        Prediction(tuple(map(int, row)), tuple(names[i] for i in row), tuple(float(values[i]) for i in row))
        for row, values in zip(best, probabilities, strict=True)
    )

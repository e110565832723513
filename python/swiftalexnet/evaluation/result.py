"""The result of an evaluation: as text, HTML, JSON, figures or a pandas frame."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..data.dataset import Dataset
from ..inference.measurements import Measurements, rates
from . import report

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame


@dataclass(frozen=True)
class Evaluation(Measurements):
    """The errors of a model on a data set. Prints as a report; a notebook shows it as tables.

    Two are equal if their rates, counts, classes and views are equal. Attributes are those of `Measurements`.
    """

    def plot(self) -> "Figure":
        """Draw the confusion matrix, class errors and a reliability diagram: see `plots.plot_evaluation`."""
        from ..plots import plot_evaluation

        return plot_evaluation(self)

    def plot_worst(self, data: Dataset | None = None, count: int = 12) -> "Figure":
        """Draw the worst images: see `swiftalexnet.plots.plot_worst`."""
        from ..plots import plot_worst

        return plot_worst(self, data, count)

    def to_frame(self) -> "DataFrame":
        """Return a pandas DataFrame, one row per class: `label`, `class`, `images`, `mistakes`, `error`, `taken_for`.

        Raises
        ------
        ImportError
            pandas is not installed.
        """
        return report.as_frame(self)

    def to_json(self) -> dict[str, Any]:
        """Return everything except the values of single images, as values for JSON.

        Undefined values are None. `confusion` lists [right, predicted, images] for every pair that occurs.
        """
        return report.as_json(self)

    def __str__(self) -> str:
        return report.as_text(self)

    def __repr__(self) -> str:
        return f"<{rates(self)}>"

    def _repr_html_(self) -> str:
        return report.as_html(self)

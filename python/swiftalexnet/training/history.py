"""The history of a training run, one row per epoch.

Rows, which programs and checkpoints use, count epochs from 0; output for people counts them from 1.
"""

import io
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .._support.optional import require
from .._support.tables import html_table
from ..files.atomic import write_atomically
from ..files.paths import as_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from ..data.skipped import Skipped

COLUMNS = (
    "epoch",
    "learning_rate",
    "train_loss",
    "train_top1_error",
    "validation_loss",
    "validation_top1_error",
    "validation_top5_error",
    "images_per_second",
    "seconds",
)

HEADING = "epoch      rate   train loss  error %   validation loss  top-1 %  top-5 %   images/s"


class History(Sequence[dict[str, Any]]):
    """Rows of a training run: dicts with the keys of `COLUMNS`. Prints as a table; a notebook shows it as HTML.

    `epoch` counts from 0 in rows, and from 1 in output for people: text, plot, `to_frame`, `to_csv`. Errors are in
    percent; losses are means over images of −log p. The training columns are measured during training, with
    augmentation and dropout, while the weights change from step to step. If `fit` was given weights of classes or
    images, `train_loss` is the mean by these; errors and validation columns are without them. Validation columns are
    None without validation data. `learning_rate` is that of the epoch's last step, for weights in no group of the
    recipe. `seconds` is the time of the epoch without validation.

    `skipped` counts the files left out of "train" and of "validation": {part: {class: {reason: count}}}, empty if there
    were none.
    """

    def __init__(self, rows: Sequence[dict[str, Any]] = (), skipped: "dict[str, Skipped] | None" = None):
        self.rows = [dict(row) for row in rows]
        self.skipped = {} if skipped is None else skipped

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        return self.rows[index]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def column(self, name: str) -> list[Any]:
        """Return one column as a list."""
        return [row[name] for row in self.rows]

    def to_frame(self) -> "DataFrame":
        """Return a pandas DataFrame; epochs count from 1.

        Raises
        ------
        ImportError
            pandas is not installed.
        """
        pandas = require("pandas", "frame", "History.to_frame")
        frame: DataFrame = pandas.DataFrame(self._rows_from_one(), columns=list(COLUMNS))
        return frame

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the rows as a CSV file, atomically; epochs count from 1.

        Raises
        ------
        OSError
            It cannot be written, or `path` is not a regular file; an existing file is left untouched.
        """
        import csv

        target = as_path(path, "path", "History.to_csv")
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, COLUMNS)
        writer.writeheader()
        writer.writerows(self._rows_from_one())
        write_atomically(target, text.getvalue().encode())

    def plot(self) -> "Figure":
        """Draw loss and error against the epoch.

        Raises
        ------
        ImportError
            matplotlib is not installed.
        """
        from ..plots import plot_history

        return plot_history(self)

    def __str__(self) -> str:
        return "\n".join([HEADING, *map(row_text, self.rows)])

    def __repr__(self) -> str:
        if not self.rows:
            return "<History: no epochs>"
        last, count = self.rows[-1], len(self.rows)
        shown = {"training": last["train_top1_error"], "validation": last["validation_top1_error"]}
        errors = ", ".join(f"{what} {error:.2f} %" for what, error in shown.items() if error is not None)
        return f"<History: {count} epoch{'s' * (count != 1)}; top-1 error {errors}>"

    def _repr_html_(self) -> str:
        names = [name.replace("_", " ").replace("top", "top-") for name in COLUMNS]
        return html_table([repr(self)[1:-1]], names, map(_cells, self._rows_from_one()))

    def _rows_from_one(self) -> list[dict[str, Any]]:
        return [row | {"epoch": row["epoch"] + 1} for row in self.rows]


def row_text(row: dict[str, Any]) -> str:
    """Return one row in the columns of `History.__str__`."""
    loss, top1, top5 = (
        "–" if row[name] is None else f"{row[name]:.{digits}f}"
        for name, digits in (("validation_loss", 4), ("validation_top1_error", 2), ("validation_top5_error", 2))
    )
    return (
        f"{row['epoch'] + 1:5d} {row['learning_rate']:9.3g} {row['train_loss']:12.4f} {row['train_top1_error']:8.2f}"
        f" {loss:>17} {top1:>8} {top5:>8} {row['images_per_second']:10.1f}"
    )


def _cells(row: dict[str, Any]) -> list[str]:
    return [
        "–" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value) for value in row.values()
    ]

"""The result of `fit_seeds`: histories, errors with their spread, and an ensemble of all networks."""

import math
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from .._support.arrays import as_seed
from .._support.kinds import as_items, require_kind
from .._support.optional import require
from .._support.tables import html_table, lay_out
from ..evaluation.ensemble import Ensemble
from ..files.paths import as_path
from ..model import Model, load
from ..training.history import COLUMNS, History
from ..training.run_parts import checked_rows
from .record import Record
from .spread import MEASURES, Spread, spreads

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure
    from pandas import DataFrame

_HEAD = ("seed", "epochs", "train loss", "train error %", "validation loss", "top-1 error %", "top-5 error %")


class SeedFamily:
    """Networks that differ in their seed alone, trained by `fit_seeds`. A notebook shows it as a table.

    The networks stay in their files until they are asked for, so that a family of any number takes little memory.

    Parameters
    ----------
    folder : path
        Where `fit_seeds` has written.
    histories : mapping of int to History
        By seed, in the order of the seeds.

    Attributes
    ----------
    folder : Path
    histories : dict of int to History
    """

    def __init__(self, folder: str | os.PathLike[str], histories: Mapping[int, History]):
        self.folder: Path = as_path(folder, "folder", "SeedFamily")
        require_kind(histories, Mapping, "histories", "SeedFamily", "mapping of seeds to histories")
        self.histories = {as_seed(seed, "a seed", "SeedFamily"): each for seed, each in histories.items()}
        for history in self.histories.values():
            require_kind(history, History, "a history", "SeedFamily")
            try:
                checked_rows(history.rows)
            except (TypeError, ValueError) as error:
                raise ValueError(f"SeedFamily: a history is not that of a run: {error}") from error
        if not self.histories:
            raise ValueError("SeedFamily: got no histories, expected at least one")

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> "SeedFamily":
        """Return the part of a family that has been trained: all seeds of a folder that have ended.

        Raises
        ------
        OSError
            The folder or a file of it cannot be read.
        ValueError
            It holds no family, or no seed has ended yet.
        CheckpointCorruptError
            A file is damaged.
        """
        record = Record(as_path(folder, "folder", "SeedFamily.load"))
        seeds = record.finished()
        if not seeds:
            raise ValueError(f"SeedFamily.load: no seed of {folder} has ended yet")
        return cls(record.folder, {seed: record.history(seed) or History() for seed in seeds})

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, in their order."""
        return tuple(self.histories)

    @property
    def spread(self) -> dict[str, Spread]:
        """Mean, standard deviation and range over the seeds, after the last epoch, by column of the history.

        The columns are `train_loss`, `train_top1_error`, `validation_loss`, `validation_top1_error` and
        `validation_top5_error`; errors are in percent. Columns without values are left out.
        """
        return spreads([*self.histories.values()])

    def model(self, seed: int) -> Model:
        """Return the network of a seed, read from its file.

        Raises
        ------
        ValueError
            The family has no such seed.
        OSError, CheckpointCorruptError, MemoryError
            See `swiftalexnet.load`.
        """
        if as_seed(seed, "seed", "SeedFamily.model") not in self.histories:
            seeds = ", ".join(map(str, self.seeds))
            raise ValueError(f"SeedFamily.model: the family has no seed {seed}, expected one of {seeds}")
        return load(Record(self.folder).model_file(seed))

    def ensemble(self, seeds: Iterable[int] | None = None) -> Ensemble:
        """Return the networks as an ensemble, all of them in memory.

        Parameters
        ----------
        seeds : sequence of int, optional
            By default all.

        Raises
        ------
        ValueError, OSError, CheckpointCorruptError, MemoryError
            As for `model`.
        """
        chosen = self.seeds if seeds is None else as_items(seeds, "seeds", "SeedFamily.ensemble")
        return Ensemble([self.model(seed) for seed in chosen])

    def to_frame(self) -> "DataFrame":
        """Return a pandas DataFrame, one row per seed and epoch: `seed` and the columns of a history.

        Raises
        ------
        ImportError
            pandas is not installed.
        """
        pandas = require("pandas", "frame", "SeedFamily.to_frame")
        rows = [
            {"seed": seed, **row, "epoch": row["epoch"] + 1} for seed, each in self.histories.items() for row in each
        ]
        frame: DataFrame = pandas.DataFrame(rows, columns=["seed", *COLUMNS])
        return frame

    def plot(self) -> "Figure":
        """Draw loss and error against the epoch, the mean of the seeds with a band: see `plots.plot_seeds`."""
        from ..plots import plot_seeds

        return plot_seeds([*self.histories.values()])

    def __len__(self) -> int:
        return len(self.histories)

    def __str__(self) -> str:
        return "\n".join([self._title(), *lay_out([_HEAD, *self._rows()], left=())])

    def __repr__(self) -> str:
        return f"<SeedFamily: {self._title()}>"

    def _repr_html_(self) -> str:
        return html_table([self._title()], _HEAD, self._rows())

    def _title(self) -> str:
        count = len(self)
        error = self.spread.get("validation_top1_error")
        shown = "" if error is None else f"; top-1 error on validation images {error} %"
        return f"{count} network{'s' * (count != 1)} that differ in their seed{shown}"

    def _rows(self) -> list[tuple[str, ...]]:
        rows = []
        for seed, history in self.histories.items():
            last = history[-1] if len(history) else dict.fromkeys(MEASURES)
            rows.append((str(seed), str(len(history)), *(_text(last[name]) for name in MEASURES)))
        spread = self.spread
        for what in Spread._fields:
            values = (getattr(spread[name], what) if name in spread else None for name in MEASURES)
            rows.append((what, "", *map(_text, values)))
        return rows


def _text(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.4g}"

"""The registry as a table, in text and in a notebook."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..._support.optional import require
from ..._support.tables import html_table, lay_out
from .registry import Entry, numbers, registry

if TYPE_CHECKING:
    from pandas import DataFrame

_HEAD = ("name", "network", "MB", "top-1", "top-5", "publisher", "licence")
_LEFT = (0, 1, 5, 6)


@dataclass(frozen=True)
class PretrainedModels:
    """The published weights that `pretrained` knows.

    Attributes
    ----------
    entries : tuple of Entry
        Name, variant, address, size, digest, licence, published accuracies and preprocessing of each.
    """

    entries: tuple[Entry, ...]

    @property
    def names(self) -> list[str]:
        """What `pretrained` accepts."""
        return [entry.name for entry in self.entries]

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def to_frame(self) -> "DataFrame":
        """Return a pandas DataFrame.

        Raises
        ------
        ImportError
            pandas is not installed.
        """
        pandas = require("pandas", "frame", "PretrainedModels.to_frame")
        frame: DataFrame = pandas.DataFrame([vars(entry) for entry in self.entries])
        return frame

    def __str__(self) -> str:
        lines = lay_out([_HEAD, *map(_cells, self.entries)], left=_LEFT)
        return "\n".join([lines[0], "─" * max(map(len, lines)), *lines[1:]])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html_table([], _HEAD, map(_cells, self.entries))


def pretrained_models() -> PretrainedModels:
    """Return a table of the published weights that `pretrained` knows."""
    return PretrainedModels(tuple(registry().values()))


def _cells(entry: Entry) -> tuple[str, ...]:
    return entry.name, entry.variant or "", *numbers(entry), entry.publisher, entry.licence or "not stated"

"""A table of a network's layers: sizes, parameters, multiply-accumulates."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from .._support.optional import require
from .._support.tables import html_table, lay_out

if TYPE_CHECKING:
    from pandas import DataFrame


class Row(NamedTuple):
    """One node of a network."""

    name: str
    kind: str
    detail: str
    input: str
    output: tuple[int, ...]  # (channels, height, width) of one image; (channels,) for a vector
    parameters: int
    macs: int  # multiply-accumulates of one image


@dataclass(frozen=True)
class Summary:
    """A network's nodes in the order of computation.

    Attributes
    ----------
    title : str
    rows : tuple of Row
    """

    title: str
    rows: tuple[Row, ...]

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return sum(row.parameters for row in self.rows)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one image."""
        return sum(row.macs for row in self.rows)

    def to_frame(self) -> "DataFrame":
        """Return a pandas DataFrame.

        Raises
        ------
        ImportError
            pandas is not installed.
        """
        pandas = require("pandas", "frame", "Summary.to_frame")
        frame: DataFrame = pandas.DataFrame(self.rows, columns=list(Row._fields))
        return frame

    def __str__(self) -> str:
        table = [("layer", "kind", "output C × H × W", "parameters", "MACs", ""), *map(_cells, self.rows)]
        table.append(self._total())
        lines = lay_out(table, left=(0, 1, 2), last_is_free=True)
        rule = "─" * max(map(len, lines))
        return "\n".join([self.title, lines[0], rule, *lines[1:-1], rule, lines[-1]])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = ("layer", "kind", "output", "parameters", "MACs", "detail")
        return html_table([self.title], head, [*map(_cells, self.rows), self._total()])

    def _total(self) -> tuple[str, ...]:
        return "total", "", "", f"{self.parameters:,}", f"{self.macs:,}", ""


def summarize(title: str, nodes: list[tuple[str, str, str, str, tuple[int, int, int], int, int]]) -> Summary:
    """Make a summary of the extension's nodes, whose outputs are vectors from the first dense layer on."""
    kinds = [node[1] for node in nodes]
    first = next((number for number, kind in enumerate(kinds) if kind in ("dense", "softmax")), len(nodes))
    rows = (Row(*n[:4], n[4] if number < first else n[4][:1], *n[5:]) for number, n in enumerate(nodes))
    return Summary(title, tuple(rows))


def _cells(row: Row) -> tuple[str, ...]:
    output = " × ".join(map(str, row.output))
    return row.name, row.kind, output, _count(row.parameters), _count(row.macs), row.detail


def _count(number: int) -> str:
    return f"{number:,}" if number else ""

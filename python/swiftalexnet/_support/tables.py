"""Tables as lines of text, and as HTML in which names chosen by users are escaped."""

import re
from collections.abc import Container, Iterable, Sequence
from html import escape

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # but tabs and newlines
_SCROLLED = 25  # rows: a longer table scrolls in a notebook


class Markup(str):
    """A cell of `html_table` that is HTML already."""


def printable(text: str) -> str:
    """Escape characters that cannot be printed (newlines, control characters, undecodable bytes) as Python does."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def harmless(text: str) -> str:
    """Escape characters with which a text could control a terminal or turn its letters round; lines remain lines."""
    return _CONTROLS.sub(lambda each: each[0].encode("unicode_escape").decode(), text)


def lay_out(table: Sequence[Sequence[str]], left: Container[int], last_is_free: bool = False) -> list[str]:
    """Return one line per row, with each column as wide as its widest cell.

    Parameters
    ----------
    table : sequence of rows of cells
    left : container of int
        Left-aligned columns; the others are right-aligned.
    last_is_free : bool
        The last column is text of any length; nothing follows it.
    """
    columns = len(table[0]) - last_is_free
    widths = [max(len(cells[column]) for cells in table) for column in range(columns)]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=False))
        ]
        return "  ".join([*padded, *cells[columns:]]).rstrip()

    return [line(cells) for cells in table]


def html_table(captions: Sequence[str], head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in which all text is escaped, but for `Markup`; a table with many rows scrolls."""
    body = [_html_row(cells, "td") for cells in rows]
    caption = "<br>".join(escape(printable(line)) for line in captions)
    table = (
        f"<table>{f'<caption>{caption}</caption>' if caption else ''}<thead>{_html_row(head, 'th')}</thead>"
        f"<tbody>{''.join(body)}</tbody></table>"
    )
    return table if len(body) <= _SCROLLED else f'<div style="max-height: 40em; overflow: auto">{table}</div>'


def _html_row(cells: Sequence[str], tag: str) -> str:
    texts = (cell if isinstance(cell, Markup) else escape(printable(cell)) for cell in cells)
    return "<tr>" + "".join(f"<{tag}>{text}</{tag}>" for text in texts) + "</tr>"

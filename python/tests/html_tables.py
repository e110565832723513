"""Read the tables of `_repr_html_` as a browser would."""

import base64
import io
from html.parser import HTMLParser

import numpy as np
from PIL import Image


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.open, self.captions, self.tables, self.images = set(), [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag == "br":
            return
        if tag == "img":
            assert self.open[-1] == "td", "an image outside a cell"
            self.images.append(dict(attributes)["src"])
            return
        self.open.append(tag)
        match tag:
            case "table":
                self.tables.append([])
            case "tr":
                self.tables[-1].append([])
            case "td" | "th":
                self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if self.open[-1] == "caption":
            self.captions.append(data)
        else:
            assert self.open[-1] in ("td", "th"), f"{data!r} stands outside a cell"
            self.tables[-1][-1][-1] += data


def read_html(shown):
    """Return (lines of captions, tables of rows of cells) of what a notebook shows; only tables are allowed."""
    reader = _read(shown)
    assert not reader.open, f"{reader.open} stay open"
    assert reader.tags <= {"div", "table", "caption", "br", "thead", "tbody", "tr", "td", "th", "img"}, reader.tags
    for table in reader.tables:
        assert len({len(row) for row in table}) <= 1, "rows of different lengths"
    return reader.captions, reader.tables


def images_in_html(shown):
    """Return the pixels of the images in what a notebook shows, which must carry them, each uint8."""
    kind = "data:image/jpeg;base64,"
    addresses = _read(shown).images
    assert all(address.startswith(kind) for address in addresses)
    files = (io.BytesIO(base64.b64decode(address.removeprefix(kind), validate=True)) for address in addresses)
    return [np.asarray(Image.open(file)) for file in files]


def _read(shown):
    reader = _Reader()
    reader.feed(shown._repr_html_())
    reader.close()
    return reader

"""Tables: aligned columns, and escaped names."""

from html_tables import read_html

from swiftalexnet._support.tables import harmless, html_table, lay_out, printable


class Shown:
    def __init__(self, *table):
        self._table = table

    def _repr_html_(self):
        return html_table(*self._table)


def test_unprintable_characters_are_escaped():
    assert printable("T-shirt, Größe 40 – 日本") == "T-shirt, Größe 40 – 日本"
    assert printable("a\nb\t\x1b[31m\udcff") == r"a\nb\t\x1b[31m\udcff"


def test_texts_cannot_control_a_terminal():
    assert harmless("Größe\t40\n日本 \x1b[31m\r\x9b\u202e") == "Größe\t40\n日本 \\x1b[31m\\r\\x9b\\u202e"


def test_columns_line_up():
    table = [("class", "images", "taken for"), ("a", "7", "b (2)"), ("longer name", "1234", "")]
    assert lay_out(table, left=(0,), last_is_free=True) == [
        "class        images  taken for",
        "a                 7  b (2)",
        "longer name    1234",
    ]
    assert lay_out([("a", "b"), ("cc", "dd")], left=()) == [" a   b", "cc  dd"]


def test_html_escapes_every_name():
    evil = "<script>alert(1)</script>", "a & b", '"quoted"', "</table>"
    captions, tables = read_html(Shown(evil, evil, [evil, evil]))
    assert tuple(captions) == evil
    assert tables == [[list(evil)] * 3]
    _, tables = read_html(Shown([], ("name",), [("line\nbreak",)]))
    assert tables == [[["name"], [r"line\nbreak"]]]


def test_a_long_table_scrolls():
    short, long = ([(str(number),) for number in range(count)] for count in (20, 500))
    assert "overflow" not in html_table([], ("number",), short)
    assert "overflow" in html_table([], ("number",), long)
    assert len(read_html(Shown([], ("number",), long))[1][0]) == 501

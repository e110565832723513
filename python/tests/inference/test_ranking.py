"""The likeliest classes: their order, and how they are shown."""

import pickle

import numpy as np
from html_tables import read_html

from swiftalexnet.inference.ranking import Prediction, likeliest

TABLE = np.array([[0.1, 0.6, 0.3], [0.4, 0.2, 0.4]], np.float32)


def test_best_first_and_of_equal_ones_the_first():
    found = likeliest(TABLE, ("a", "b", "c"), 2)
    assert [each.labels for each in found] == [(1, 2), (0, 2)]
    assert found[0].classes == ("b", "c") and found[0].probabilities == (float(TABLE[0, 1]), float(TABLE[0, 2]))
    assert likeliest(TABLE, None, 9)[0].classes == ("1", "2", "0")


def test_a_list_like_any_other():
    found = likeliest(TABLE, None, 1)
    assert isinstance(found, list) and found == list(found) and len(found + found) == 4
    assert repr(found) == str(list(found)) == "[<1 60.0 %>, <0 40.0 %>]"
    assert pickle.loads(pickle.dumps(found)) == found


def test_html():
    names = ("<b>", "a & b", "c")
    found = likeliest(TABLE, names, 3)
    assert read_html(found[0])[1] == [
        [["class", "probability"], ["a & b", "60.0 %"], ["c", "30.0 %"], ["<b>", "10.0 %"]]
    ]
    _, (table,) = read_html(found)
    assert table[1:] == [
        ["0", "a & b 60.0 %", "c 30.0 %", "<b> 10.0 %"],
        ["1", "<b> 40.0 %", "c 40.0 %", "a & b 20.0 %"],
    ]
    captions, (table,) = read_html(likeliest(np.repeat(TABLE, 40, axis=0), names, 1))
    assert captions == ["the first 50 of 80 images"] and len(table) == 51
    assert read_html(likeliest(TABLE[:0], names, 1))[1] == [[["image", "likeliest class"]]]


def test_text():
    assert str(Prediction((1, 0), ("dog", "cat"), (0.75, 0.25))) == "dog 75.0 %, cat 25.0 %"
    assert str(Prediction((1,), ("\x1b[31mdog",), (1.0,))) == r"\x1b[31mdog 100.0 %"

"""An evaluation as text, HTML, JSON and a frame."""

import json

import numpy as np
import pytest
from evaluations import evaluation, made_up
from html_tables import read_html

EVIL = ("<script>alert(1)</script>", "a\nb", "\udcff", "$x$")


def test_text():
    result = evaluation(np.eye(3)[[1, 1, 2, 2, 2]], [0, 1, 2, 2, 0], ("coat", "dress", "hat"))
    lines = str(result).splitlines()
    assert lines[0] == "top-1 error 40.00 %, top-5 error 0.00 %, loss 41.3116 on 5 images"
    assert lines[1] == "views: centre crop, float32"
    assert repr(result) == f"<{lines[0]}>"
    assert "coat        2   100.00  dress (1), hat (1)" in lines
    assert "dress       1     0.00" in lines
    assert sum(line.endswith(("image 0", "image 1", "image 2", "image 3", "image 4")) for line in lines) == 5


def test_text_says_near_chance_and_what_to_try():
    good, bad = made_up(300, 3, skill=4)[0], made_up(300, 3, skill=0)[0]
    assert "NEAR CHANCE" not in str(good) and "chance is a top-1 error of" in str(good)
    assert "NEAR CHANCE" in str(bad) and "what to try" in str(bad)
    assert "chance cannot be told from skill" in str(evaluation([[1, 0]], [0]))


def test_text_of_many_classes_has_those_with_the_highest_error():
    labels = np.arange(300) % 100
    answers = np.where((labels >= 90) & (np.arange(300) < 200), 0, labels)
    text = str(evaluation(np.eye(100)[answers], labels))
    assert "the 20 of 100 classes with the highest error:" in text
    rows = [line for line in text.splitlines() if line.endswith("0 (2)")]
    assert [row.split()[0] for row in rows] == [str(label) for label in range(90, 100)]
    assert len(text.splitlines()) < 40


@pytest.mark.parametrize("classes", [1, 2, 4, 30, 1000])
def test_html_has_a_row_per_class(classes):
    result, *_ = made_up(100, classes)
    captions, (table, worst) = read_html(result)
    assert len(table) == 1 + classes and len(worst) == 1 + 16
    assert captions[0] == repr(result)[1:-1]


def test_names_are_escaped_everywhere():
    result, *_ = made_up(40, 4, names=EVIL)
    _, (table, _) = read_html(result)
    assert [row[0] for row in table[1:]] == ["<script>alert(1)</script>", r"a\nb", r"\udcff", "$x$"]
    assert "\udcff" not in str(result) and "a\nb" not in str(result)
    str(result).encode("utf-8")


def test_json():
    result, *_ = made_up(60, 4, names=("a", "b", "c", "d"))
    read = json.loads(json.dumps(result.to_json(), allow_nan=False))
    for name in ("top1_error", "top5_error", "loss", "count", "skipped", "chance_error", "near_chance"):
        assert read[name] == getattr(result, name)
    matrix = np.zeros((4, 4), np.int64)
    for right, predicted, images in read["confusion"]:
        matrix[right, predicted] = images
    np.testing.assert_array_equal(matrix, result.confusion)
    assert [row["class"] for row in read["classes"]] == list(result.classes)
    assert sum(row["images"] for row in read["classes"]) == sum(row["images"] for row in read["calibration"]) == 60
    assert read["calibration_error"] == result.calibration.error
    assert read["worst"][0]["index"] == result.worst[0].index and read["worst"][0]["path"] is None
    assert read["views"] == "centre crop, float32"


def test_undefined_values_are_null_in_json():
    read = evaluation(np.eye(3)[[0, 1]], [0, 1]).to_json()
    assert read["classes"][2] == {"class": "2", "images": 0, "mistakes": 0, "error": None}
    json.dumps(read, allow_nan=False)


def test_frame():
    pytest.importorskip("pandas", reason="pip install 'swiftalexnet[frame]' to make frames")
    result = evaluation(np.eye(3)[[1, 1, 2]], [0, 1, 1], ("a", "b", "c"))
    frame = result.to_frame()
    assert list(frame.columns) == ["label", "class", "images", "mistakes", "error", "taken_for"]
    assert frame["images"].tolist() == [1, 2, 0] and frame["mistakes"].tolist() == [1, 1, 0]
    assert frame["error"].tolist()[:2] == [100, 50] and np.isnan(frame["error"][2])
    assert frame["taken_for"].tolist() == ["b (1)", "c (1)", ""]

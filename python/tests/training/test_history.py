"""The history: rows for programs count epochs from 0, output for people from 1."""

import csv
import os
import resource

import pytest
from html_tables import read_html
from support import fit, tiny_model

import swiftalexnet as sa

ROW = {
    "epoch": 0,
    "learning_rate": 0.01,
    "train_loss": 2.30259,
    "train_top1_error": 90.123,
    "validation_loss": None,
    "validation_top1_error": None,
    "validation_top5_error": None,
    "images_per_second": 123.4,
    "seconds": 5.0,
}
HISTORY = sa.History([ROW, ROW | {"epoch": 1, "train_top1_error": 80.0}])


def test_rows_count_from_0():
    assert HISTORY.column("epoch") == [0, 1] and HISTORY[0] == ROW and len(HISTORY) == 2


def test_text_counts_from_1():
    lines = str(HISTORY).splitlines()
    assert [line.split()[0] for line in lines] == ["epoch", "1", "2"]
    assert lines[1].split()[1:] == ["0.01", "2.3026", "90.12", "–", "–", "–", "123.4"]


def test_a_prompt_shows_one_line():
    assert repr(HISTORY) == "<History: 2 epochs; top-1 error training 80.00 %>"
    assert repr(sa.History([ROW | {"validation_top1_error": 50.0}])) == (
        "<History: 1 epoch; top-1 error training 90.12 %, validation 50.00 %>"
    )
    assert repr(sa.History()) == "<History: no epochs>"


def test_html_counts_from_1():
    captions, (table,) = read_html(HISTORY)
    assert captions == [repr(HISTORY)[1:-1]]
    assert table[0][0] == "epoch" and [row[0] for row in table[1:]] == ["1", "2"]
    assert table[1][3:5] == ["90.12", "–"]
    assert len(read_html(sa.History())[1][0]) == 1


def test_csv_counts_from_1(tmp_path):
    HISTORY.to_csv(tmp_path / "history.csv")
    with open(tmp_path / "history.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert float(rows[0]["train_loss"]) == 2.30259 and rows[0]["validation_loss"] == ""


def test_csv_is_whole_or_not_at_all(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text("old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, hard))
    try:
        with pytest.raises(OSError, match=r"File too large.*history\.csv"):
            HISTORY.to_csv(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["history.csv"]


def test_csv_does_not_wait_at_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="Not a regular file"):
        HISTORY.to_csv(tmp_path / "pipe")


def test_frame_counts_from_1():
    pytest.importorskip("pandas", reason="pip install 'swiftalexnet[frame]' to make frames")
    frame = HISTORY.to_frame()
    assert frame["epoch"].tolist() == [1, 2] and frame["train_loss"].tolist() == HISTORY.column("train_loss")
    assert HISTORY.column("epoch") == [0, 1]


def test_fit_prints_what_the_history_prints(capsys):
    history = fit(tiny_model(), epochs=2, progress=True)
    printed = capsys.readouterr().out.splitlines()
    assert printed == str(history).splitlines()

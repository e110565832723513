"""The command `predict`: files and folders, in order; with --on-error skip a broken image does not stop the command."""

import csv
import io
import json
import os
import shutil

import pytest
from command_line import refused, run
from support import photo_folder, tiny_model

from swiftalexnet.cli import predict


@pytest.fixture
def model(tmp_path, monkeypatch):
    """Change to a folder with a model, m, and photos/<class>/…."""
    monkeypatch.chdir(tmp_path)
    photo_folder(tmp_path / "photos")
    trained = tiny_model()
    trained.classes = ("bright", "dark", "low, or not", "top")
    trained.save("m")
    return trained


def files() -> list[str]:
    return sorted(os.path.join(parent, name) for parent, _, names in os.walk("photos") for name in names)


def test_files_and_folders_in_order(model, capsys):
    one = "photos/top/3.png"
    code, out, err = run(capsys, "predict", "m", one, "photos", one, "--json")
    rows = json.loads(out)
    assert code == 0 and not err and [row["file"] for row in rows] == [one, *files(), one]
    for row, expected in zip(rows[1:-1], model.predict(files()), strict=True):
        assert row["classes"] == list(expected.classes)
        assert row["probabilities"] == list(expected.probabilities)


def test_text_has_a_line_per_image(model, capsys):
    code, out, _ = run(capsys, "predict", "m", "photos/dark", "--top", 2)
    assert code == 0 and [line.partition(": ")[0] for line in out.splitlines()] == files()[6:12]
    assert out.splitlines()[0].endswith(str(model.predict("photos/dark/0.png", top=2)[0]))


def test_csv_has_a_line_per_class_with_names_quoted(model, capsys):
    code, out, _ = run(capsys, "predict", "m", "photos/dark", "--csv", "--top", 4)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0 and len(rows) == 24 and [row["rank"] for row in rows[:4]] == ["1", "2", "3", "4"]
    assert {row["class"] for row in rows} == set(model.classes)
    assert sum(float(row["probability"]) for row in rows[:4]) == pytest.approx(1)
    assert "--csv" in refused(capsys, "predict", "m", "photos", "--csv", "--json")


def test_the_model_is_named_first_or_by_option(model, capsys):
    first = run(capsys, "predict", "m", "photos/dark")
    assert first[0] == 0 and first == run(capsys, "predict", "photos/dark", "--model", "m")
    assert first == run(capsys, "predict", "--top", 5, "m", "--crops", 1, "photos/dark")
    assert "--model" in refused(capsys, "predict", "photos/dark/0.png", "photos/dark/1.png")
    assert "no image" in refused(capsys, "predict", "m")


def test_a_run_is_a_model(model, capsys):
    os.mkdir("m.run")
    shutil.copy("m", "m.run/checkpoint.safetensors")
    assert run(capsys, "predict", "m.run", "photos/dark") == run(capsys, "predict", "m", "photos/dark")


@pytest.mark.parametrize(
    "words", [["--crops", 10], ["--dense"], ["--dense", "--crops", 50, "--scales", "24,31"]], ids=str
)
def test_views_are_those_of_python(words, model, capsys, monkeypatch):
    monkeypatch.setattr(predict, "_BATCHES", 1)
    _, out, _ = run(capsys, "predict", "m", "photos", "--json", *words)
    options = {"crops": 10} if words[0] == "--crops" else {"dense": True}
    options |= {"crops": 50, "scales": [24, 31]} if "--scales" in words else {}
    for row, expected in zip(json.loads(out), model.predict(files(), **options), strict=True):
        assert row["classes"] == list(expected.classes)
        assert row["probabilities"] == pytest.approx(expected.probabilities, rel=1e-5)


@pytest.fixture
def broken(model):
    with open("photos/dark/2.png", "wb") as file:
        file.write(b"broken")
    shutil.copy("photos/top/0.png", "photos/low/1.png")
    return "photos/dark/2.png"


def test_a_broken_image_stops_the_command(broken, capsys):
    assert broken in refused(capsys, "predict", "m", "photos", "--json")


@pytest.mark.parametrize("views", [[], ["--dense"], ["--scales", "24,31"]], ids=str)
def test_a_broken_image_is_left_out_with_skip(broken, views, capsys):
    code, out, err = run(capsys, "predict", "m", "photos", "--on-error", "skip", *views)
    assert code == 1 and len(out.splitlines()) == 23 and broken not in out
    assert err.splitlines()[0].startswith("swiftalexnet: warning: ") and broken in err
    assert err.splitlines()[-1] == "swiftalexnet: 1 of 24 images could not be read and were left out"
    code, out, _ = run(capsys, "predict", "m", "photos", "--on-error", "skip", "--json", *views)
    assert code == 1 and [row["file"] for row in json.loads(out)] == files()
    assert [row["file"] for row in json.loads(out) if "error" in row] == [broken]
    code, out, _ = run(capsys, "predict", "m", "photos", "--on-error", "skip", "--csv", *views)
    assert code == 1 and broken not in out


def test_nothing_but_broken_images(broken, capsys):
    code, out, _ = run(capsys, "predict", "m", broken, broken, "--on-error", "skip", "--json")
    assert code == 1 and ["error" in row for row in json.loads(out)] == [True, True]


def test_any_file_name(model, capsysbinary):
    name = os.fsdecode(b"photos/dark/\xff\xfe \n.png")
    os.rename("photos/dark/1.png", name)
    from swiftalexnet.cli import main

    for words in ([], ["--json"], ["--csv"]):
        assert main(["predict", "m", "photos/dark", *words]) == 0
    assert main(["predict", "m", name]) == 0

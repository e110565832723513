"""The command `evaluate`."""

import json
import os
import shutil

import pytest
from command_line import refused, run
from support import needs, photo_folder, tiny_model

import swiftalexnet as sa


@pytest.fixture
def model(tmp_path, monkeypatch):
    """Change to a folder with a model, m, and photos/<class>/…."""
    monkeypatch.chdir(tmp_path)
    photo_folder(tmp_path / "photos", count=12)
    trained = tiny_model()
    trained.classes = ("bright", "dark", "low", "top")
    trained.save("m")
    return trained


def test_it_prints_the_result_of_the_python_method(model, capsys):
    expected = model.evaluate(sa.ImageFolder("photos"))
    for words in (["m", "photos"], ["photos", "--model", "m"], ["m", "--crops", 1, "photos"]):
        code, out, err = run(capsys, "evaluate", *words, "--quiet")
        assert (code, out, err) == (0, f"{expected}\n", "")
    code, out, _ = run(capsys, "evaluate", "m", "photos", "--quiet", "--json")
    assert code == 0 and json.loads(out) == json.loads(json.dumps(expected.to_json()))


def test_views_are_those_of_python(model, capsys):
    words = ["--crops", "50", "--dense", "--scales", "24,31", "--json", "--quiet"]
    code, out, _ = run(capsys, "evaluate", "m", "photos", *words)
    expected = model.evaluate(sa.ImageFolder("photos"), 50, dense=True, scales=[24, 31])
    assert code == 0 and json.loads(out)["loss"] == pytest.approx(expected.loss, rel=1e-6)


def test_it_measures_with_the_images_that_train_held_out(model, capsys):
    held_out = sa.ImageFolder("photos").split(5)[1]
    code, out, _ = run(capsys, "evaluate", "m", "photos", "--hold-out", "0.2", "--quiet", "--json")
    assert code == 0 and json.loads(out)["count"] == len(held_out)


def test_a_divided_folder_is_measured_by_its_validation_part(model, capsys):
    os.mkdir("whole")
    shutil.copytree("photos", "whole/train")
    shutil.copytree("photos", "whole/validation")
    os.remove("whole/validation/dark/0.png")
    code, out, _ = run(capsys, "evaluate", "m", "whole", "--quiet", "--json")
    assert code == 0 and json.loads(out)["count"] == 47


def test_it_draws(model, capsys):
    needs("matplotlib")
    code, out, err = run(capsys, "evaluate", "m", "photos", "--plot", "confusion.png")
    assert code == 0 and "error" in out and "saved confusion.png" in err
    with open("confusion.png", "rb") as file:
        assert file.read().startswith(b"\x89PNG")
    assert "confusion.png" in refused(capsys, "evaluate", "m", "photos", "--plot", "confusion.png")


def test_a_broken_image_stops_it_or_is_counted(model, capsys):
    with open("photos/dark/2.png", "wb") as file:
        file.write(b"broken")
    assert "2.png" in refused(capsys, "evaluate", "m", "photos", "--quiet")
    code, out, _ = run(capsys, "evaluate", "m", "photos", "--quiet", "--on-error", "skip", "--json")
    assert code == 0 and (json.loads(out)["count"], json.loads(out)["skipped"]) == (47, 1)


def test_too_many_broken_images_are_an_error(model, capsys):
    for name in ("1", "2"):
        with open(f"photos/dark/{name}.png", "wb") as file:
            file.write(b"broken")
    words = ["evaluate", "m", "photos", "--quiet", "--on-error", "skip", "--max-errors"]
    for enough in ("2", "0.1"):
        code, _, err = run(capsys, *words, enough)
        assert code == 0 and "warning" in err and "dark: 2 broken" in err
    for few in ("1", "0.01"):
        code, _, err = run(capsys, *words, few)
        assert code == 2 and "max_errors" in err


def test_images_of_unknown_range_need_a_given_range(model, capsys):
    from PIL import Image

    Image.new("I", (31, 31), 40_000).save("photos/dark/0.tiff")
    assert "0.tiff" in refused(capsys, "evaluate", "m", "photos", "--quiet")
    assert run(capsys, "evaluate", "m", "photos", "--quiet", "--value-range", "0,65535")[0] == 0
    assert run(capsys, "predict", "m", "photos/dark/0.tiff", "--value-range", "0,65535")[0] == 0
    for wrong in ("1", "2,1", "a,b", "0,nan", ""):
        assert "--value-range" in refused(capsys, "evaluate", "m", "photos", "--value-range", wrong)


def test_one_model_must_be_named(model, capsys):
    assert "no model" in refused(capsys, "evaluate", "photos")
    assert "two models" in refused(capsys, "evaluate", "m", "photos", "--model", "m")

"""`--precision`, `--weights` and `--fast-math` are what Python's words are."""

import json

import pytest
from support import photo_folder, tiny_model

import swiftalexnet as sa
from swiftalexnet import profiling
from swiftalexnet.cli import main

OPTIONS = ["--precision", "auto", "--weights", "int8", "--fast-math", "--json"]
WORDS = {"precision": "auto", "weights": "int8", "fast_math": True}


@pytest.fixture
def model_file(tmp_path):
    path = tmp_path / "tiny.safetensors"
    tiny_model().save(path)
    return str(path)


def answer(capsys, *arguments: str):
    assert main(arguments) == 0
    return json.loads(capsys.readouterr().out)


def test_evaluate_and_predict(model_file, tmp_path, capsys):
    folder, model = photo_folder(tmp_path / "photos"), sa.load(model_file)
    expected = model.evaluate(sa.ImageFolder(folder), **WORDS)
    assert expected.loss != model.evaluate(sa.ImageFolder(folder)).loss
    result = answer(capsys, "evaluate", str(folder), "--model", model_file, "--quiet", *OPTIONS)
    assert result["loss"] == expected.loss
    file = str(folder / "dark" / "0.png")
    rows = answer(capsys, "predict", file, "--model", model_file, *OPTIONS)
    assert rows[0]["probabilities"] == list(model.predict(file, **WORDS)[0].probabilities)


def test_memory_and_profile(model_file, capsys, monkeypatch):
    use = answer(capsys, "memory", model_file, "--batch", "8", *OPTIONS)
    assert use["total"] == tiny_model().memory(8, **WORDS).total != tiny_model().memory(8).total
    use = answer(capsys, "memory", model_file, "--batch", "8", "--training", "--precision", "auto", "--json")
    assert use["total"] == tiny_model().memory(8, True, precision="auto").total
    told, chosen = [], profiling.choose_arithmetic
    monkeypatch.setattr(profiling, "choose_arithmetic", lambda *words: told.append(words) or chosen(*words))
    answer(capsys, "profile", model_file, "--batch", "4", "--repeats", "1", *OPTIONS)
    assert told == [("profile", "auto", "int8", True)]


@pytest.mark.parametrize("command", ["memory", "profile"])
def test_arithmetic_that_training_does_not_have_is_one_line(model_file, capsys, command):
    assert main([command, model_file, "--batch", "2", "--training", "--weights", "int8"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("swiftalexnet: ") and "not for training" in error and len(error.splitlines()) == 1


def test_other_words_are_refused_by_the_parser(model_file, capsys):
    for options in (["--precision", "double"], ["--weights", "int4"]):
        with pytest.raises(SystemExit, match="2"):
            main(["memory", model_file, *options])
        assert options[0] in capsys.readouterr().err

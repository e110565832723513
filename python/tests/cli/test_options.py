"""Options that commands share: numbers, names, arithmetic and views, with the same meaning as in Python."""

import argparse
import json

import pytest
from command_line import run
from support import photo_folder, tiny_model

import swiftalexnet as sa
from swiftalexnet import profiling
from swiftalexnet.cli import options

OPTIONS = ["--precision", "auto", "--weights", "int8", "--fast-math", "--json"]
WORDS = {"precision": "auto", "weights": "int8", "fast_math": True}


@pytest.fixture
def model_file(tmp_path):
    path = tmp_path / "tiny.safetensors"
    tiny_model().save(path)
    return str(path)


def answer(capsys, *words: str):
    code, out, _ = run(capsys, *words)
    assert code == 0
    return json.loads(out)


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("9", 9), (" 3 ", 3)])
def test_whole_numbers(text, number):
    assert options.whole(1, 9)(text) == number


@pytest.mark.parametrize("text", ["0", "10", "1.5", "one", "", "nan", "1" * 5000])
def test_anything_but_a_whole_number_in_the_range_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="whole number from 1 to 9") as caught:
        options.whole(1, 9)(text)
    assert len(str(caught.value)) < 100


def test_real_numbers():
    assert options.real(0)("0") == 0 and options.real(0, open_below=True)("1e-9") == 1e-9
    for read, texts in (
        (options.real(0, 1), ["-1", "1.1", "inf", "nan", "x"]),
        (options.real(0, open_below=True), ["0", "-0.0", "1e999"]),
    ):
        for text in texts:
            with pytest.raises(argparse.ArgumentTypeError, match="expected a number"):
                read(text)


def test_names_offer_the_nearest():
    assert options.one_of("word", ("raise", "skip"))("skip") == "skip"
    with pytest.raises(argparse.ArgumentTypeError, match="unknown word 'skipp', expected .*; did you mean 'skip'"):
        options.one_of("word", ("raise", "skip"))("skipp")


def test_evaluate_and_predict_use_the_given_arithmetic(model_file, tmp_path, capsys):
    folder, model = photo_folder(tmp_path / "photos"), sa.load(model_file)
    expected = model.evaluate(sa.ImageFolder(folder), **WORDS)
    assert expected.loss != model.evaluate(sa.ImageFolder(folder)).loss
    assert answer(capsys, "evaluate", model_file, folder, "--quiet", *OPTIONS)["loss"] == expected.loss
    file = str(folder / "dark" / "0.png")
    rows = answer(capsys, "predict", model_file, file, *OPTIONS)
    assert rows[0]["probabilities"] == list(model.predict(file, **WORDS)[0].probabilities)


def test_memory_and_profile_use_the_given_arithmetic(model_file, capsys, monkeypatch):
    use = answer(capsys, "memory", model_file, "--batch", "8", *OPTIONS)
    assert use["total"] == tiny_model().memory(8, **WORDS).total != tiny_model().memory(8).total
    use = answer(capsys, "memory", model_file, "--batch", "8", "--training", "--precision", "auto", "--json")
    assert use["total"] == tiny_model().memory(8, True, precision="auto").total
    told, chosen = [], profiling.choose_arithmetic
    monkeypatch.setattr(profiling, "choose_arithmetic", lambda *words: told.append(words) or chosen(*words))
    answer(capsys, "profile", model_file, "--batch", "4", "--repeats", "1", *OPTIONS)
    assert [words[:4] for words in told] == [("profile", "auto", "int8", True)]

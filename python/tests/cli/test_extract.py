"""The command `extract`: features of files in files, resumed, and never of another run."""

import json
import os

import numpy as np
import pytest
from command_line import refused, run
from support import needs, photo_folder, tiny_model

import swiftalexnet as sa
from swiftalexnet.cli import extract
from swiftalexnet.inference import feature_files

WORDS = ("extract", "photos", "--model", "m", "--layers", "pool1", "fc6")


@pytest.fixture
def model(tmp_path, monkeypatch):
    """Change to a folder with a model, m, and photos/<class>/…."""
    monkeypatch.chdir(tmp_path)
    photo_folder(tmp_path / "photos")
    made = tiny_model()
    made.save("m")
    return made


def test_a_folder_to_a_folder(model, capsys):
    code, out, err = run(capsys, *WORDS, "--out", "f/")
    expected = model.features("photos", ["pool1", "fc6"])
    found = sa.open_features("f")
    assert code == 0 and out == "saved f/: pool1 24 × 8 × 4 × 4, fc6 24 × 24\n" and "24/24" in err
    assert found.names == expected.names and found.names[0] == "bright/0.png"
    assert all(np.array_equal(found[layer], expected[layer]) for layer in ("pool1", "fc6"))


def test_forms(model, capsys):
    options = ("--pool", "gem", "--float16", "--batch-size", 5, "--quiet", "--json")
    code, out, err = run(capsys, *WORDS, "--out", "f", *options)
    assert code == 0 and not err
    assert json.loads(out)["layers"] == {"pool1": [24, 8], "fc6": [24, 24]} and json.loads(out)["images"] == 24
    expected = model.features("photos", ["pool1"], pool="gem", dtype="float16")
    assert np.array_equal(sa.open_features("f")["pool1"], expected["pool1"])
    code, _, _ = run(capsys, "extract", "photos/top/1.png", "photos/dark", "--model", "m", "--layers", "conv1",
                     "--flatten", "--out", "f.npy")  # fmt: skip
    assert code == 0 and np.load("f.npy").shape == (7, 648)


def test_hdf5(model, capsys):
    h5py = needs("h5py")
    assert run(capsys, *WORDS, "--out", "f.h5")[0] == 0
    with h5py.File("f.h5") as file:
        assert file["fc6"].shape == (24, 24)


def test_broken_images(model, capsys):
    with open("photos/dark/2.png", "wb") as file:
        file.write(b"broken")
    assert "dark/2.png cannot be decoded" in refused(capsys, *WORDS, "--out", "f", "--quiet")
    assert os.listdir("f") == []
    for options in (("--on-error", "skip"), ("--max-errors", 1), ("--max-errors", 0.5)):
        code, out, err = run(capsys, *WORDS, "--out", "f", "--quiet", "--force", *options)
        assert code == 1 and "saved f: pool1 23" in out
        assert "warning: dark/2.png" in err and "1 of 24 images could not be read" in err
    assert "max_errors allows 0" in refused(capsys, *WORDS, "--out", "f", "--force", "--quiet", "--max-errors", 0)


def test_existing_features_are_not_replaced(model, capsys):
    assert run(capsys, *WORDS, "--out", "f")[0] == 0
    assert "already exists; --resume goes on with it, --force replaces it" in refused(capsys, *WORDS, "--out", "f")
    code, out, _ = run(capsys, *WORDS, "--out", "f", "--resume")
    assert code == 0 and "saved f" in out
    other = ("extract", "photos", "--model", "m", "--layers", "fc6")
    assert "layers is pool1, fc6 there and fc6 here" in refused(capsys, *other, "--out", "f", "--resume")
    assert run(capsys, *other, "--out", "f", "--force")[0] == 0
    assert sorted(os.listdir("f")) == ["fc6.npy", "features.json"]
    assert "expected one of them" in refused(capsys, *WORDS, "--out", "f", "--resume", "--force")
    np.save("mine.npy", np.zeros(3))
    assert "already exists" in refused(capsys, *other, "--out", "mine.npy")


def test_arrays_of_nobody_are_replaced_by_force_alone(model, capsys):
    os.mkdir("f")
    with open("f/fc6.npy", "w") as file:
        file.write("mine")
    message = refused(capsys, *WORDS, "--out", "f")
    assert "f/fc6.npy exists, and no features.json" in message and message.rstrip().endswith("replace it with --force")
    with open("f/fc6.npy") as file:
        assert file.read() == "mine"
    assert run(capsys, *WORDS, "--out", "f", "--force")[0] == 0 and len(sa.open_features("f")["fc6"]) == 24


def test_a_stopped_extraction_says_how_to_go_on(model, capsys, monkeypatch):
    monkeypatch.setattr(feature_files, "SECONDS_BETWEEN_COMMITS", 0.0)
    append, calls = feature_files.FeatureFiles.append, []

    def interrupted(*given):
        calls.append(1)
        if len(calls) > 2:
            raise KeyboardInterrupt
        append(*given)

    monkeypatch.setattr(feature_files.FeatureFiles, "append", interrupted)
    code, _, err = run(capsys, *WORDS, "--out", "f", "--batch-size", 4)
    assert code == 130
    words = err.rpartition("to go on where it ended: swiftalexnet ")[2].split()
    assert words == ["extract", "photos", "--model", "m", "--layers", "pool1", "fc6", "--out", "f", "--batch-size", "4",
                     "--resume"]  # fmt: skip
    assert "holds an unfinished extraction; --resume goes on" in refused(capsys, *WORDS, "--out", "f")
    monkeypatch.setattr(feature_files.FeatureFiles, "append", append)
    assert run(capsys, *words)[0] == 0
    assert np.array_equal(sa.open_features("f")["fc6"], model.features("photos", ["fc6"])["fc6"])


@pytest.mark.parametrize(
    ("layers", "last"), [(["pool1", "conv1"], "pool1"), (["data"], "conv1"), (["conv2", "fc6", "data"], "fc6")]
)
def test_weights_behind_the_last_layer_are_not_read(layers, last, model, capsys, monkeypatch):
    asked = []
    load = sa.load
    monkeypatch.setattr(extract.sa, "load", lambda *given, **options: asked.append(options) or load(*given, **options))
    code, _, _ = run(capsys, "extract", "photos", "--model", "m", "--layers", *layers, "--out", "f")
    assert code == 0 and asked == [{"up_to": last}]
    assert np.array_equal(sa.open_features("f")[layers[0]], model.features("photos", layers[:1])[layers[0]])


def test_unknown_layers(model, capsys):
    message = refused(capsys, "extract", "photos", "--model", "m", "--layers", "pool2", "--out", "f")
    assert (
        "extract: unknown layer 'pool2', expected one of data, conv1" in message and "did you mean 'pool1'" in message
    )
    assert not os.path.exists("f")

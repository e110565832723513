"""The command line: the whole journey, and errors in one line."""

import json
import os
import subprocess
import sys

import pytest
from command_line import run
from support import photo_folder, tiny_model

import swiftalexnet as sa
from swiftalexnet import batch_size
from swiftalexnet.cli import main


def test_train_evaluate_predict(small, tmp_path, capsys):
    folder = photo_folder(tmp_path / "photos")
    model, run_folder = str(tmp_path / "m.safetensors"), str(tmp_path / "run")
    options = ["--validation", str(folder), "--epochs", "2", "--batch-size", "8", "--output", model, "--quiet"]
    code, out, _ = run(capsys, "train", str(folder), *options, "--checkpoint", run_folder, "--json")
    assert code == 0 and len(json.loads(out)["history"]) == 2
    code, out, _ = run(capsys, "train", str(folder), *options, "--checkpoint", run_folder, "--resume", "--epochs", "3")
    assert code == 0 and "saved" in out
    code, out, _ = run(capsys, "evaluate", str(folder), "--model", model, "--crops", "10", "--json", "--quiet")
    assert code == 0 and json.loads(out)["count"] == 24
    views = ["--crops", "50", "--dense", "--scales", "24,31", "--json", "--quiet"]
    code, out, _ = run(capsys, "evaluate", str(folder), "--model", model, *views)
    expected = sa.load(model).evaluate(sa.ImageFolder(folder), 50, dense=True, scales=[24, 31])
    assert code == 0 and json.loads(out)["loss"] == pytest.approx(expected.loss, rel=1e-6)
    files = [str(path) for path in sorted(folder.glob("dark/*"))[:2]]
    code, out, _ = run(capsys, "predict", *files, "--model", model, "--dense", "--json")
    found = [row["probabilities"][0] for row in json.loads(out)]
    best = [each.probabilities[0] for each in sa.load(model).predict(files, dense=True)]
    assert code == 0 and found == pytest.approx(best, rel=1e-5)
    code, out, _ = run(capsys, "predict", *files, "--model", model, "--top", "2")
    assert code == 0 and len(out.splitlines()) == 2 and files[0] in out
    code, out, _ = run(capsys, "predict", *files, "--model", model, "--json")
    assert [row["file"] for row in json.loads(out)] == files


def test_train_may_leave_the_batch_size_to_the_machine(small, tmp_path, capsys, monkeypatch):
    folder, options = photo_folder(tmp_path / "photos"), ["--epochs", "1", "--output", str(tmp_path / "m"), "--quiet"]
    monkeypatch.setattr(batch_size, "_largest", lambda *_: 8)
    with pytest.warns(UserWarning, match="'auto' is 8"):
        code, _, _ = run(capsys, "train", str(folder), *options, "--batch-size", "auto")
    assert code == 0
    with pytest.raises(SystemExit, match="2"):
        main(["train", str(folder), *options, "--batch-size", "most"])


def test_without_validation_the_rate_is_constant(small, tmp_path, capsys):
    folder = photo_folder(tmp_path / "photos")
    options = ["--epochs", "1", "--output", str(tmp_path / "m"), "--quiet"]
    code, _, err = run(capsys, "train", str(folder), *options)
    assert code == 0 and "constant" in err


def test_info_and_summary(tmp_path, capsys):
    code, out, _ = run(capsys, "--threads", "1", "info", "--json")
    assert code == 0 and json.loads(out)["threads"] == "1"
    sa.set_num_threads(2)
    code, out, _ = run(capsys, "summary", "paper")
    assert code == 0 and "60,965,224" in out
    tiny_model().save(tmp_path / "m")
    code, out, _ = run(capsys, "summary", str(tmp_path / "m"), "--json")
    assert code == 0 and json.loads(out)["layers"][1]["name"] == "conv1"


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "missing"],
        ["train", "."],
        ["evaluate", ".", "--model", "missing"],
        ["predict", "missing.jpg", "--model", "m"],
        ["predict", "missing.jpg", "--model", "broken"],
        ["predict", "missing.jpg", "--model", "m", "--scales", "19"],
        ["summary", "papr"],
        ["--threads", "0", "info"],
    ],
)
def test_user_errors_are_one_line_and_code_2(arguments, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny_model().save("m")
    (tmp_path / "broken").write_bytes(b"nothing")
    code, _, err = run(capsys, *arguments)
    assert code == 2 and err.startswith("swiftalexnet: ") and len(err.splitlines()) == 1


def test_summary_of_a_mistyped_variant_names_the_nearest(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = run(capsys, "summary", "papper")
    assert code == 2 and "unknown network 'papper'" in err and err.endswith("; did you mean 'paper'?\n")
    for file in ("papper.safetensors", "folder/papper"):
        code, _, err = run(capsys, "summary", file)
        assert code == 2 and "No such file" in err and file in err
    tiny_model().save("papper")
    assert run(capsys, "summary", "papper")[0] == 0


@pytest.mark.parametrize("views", [["--crops", "2"], ["--scales", "24,big"], ["--scales", ""]])
def test_views_that_there_are_not_are_refused_by_the_parser(views, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["predict", "x.jpg", "--model", "m", *views])
    assert views[0] in capsys.readouterr().err


@pytest.mark.parametrize("output", ["missing/m", ".", "/dev/null", "locked/m"])
def test_output_is_checked_before_training(small, output, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    photo_folder(tmp_path / "photos")
    (tmp_path / "locked").mkdir()
    writable = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: "locked" not in str(path) and writable(path, mode))
    monkeypatch.setattr(sa.Model, "fit", lambda *_, **__: pytest.fail("training began"))
    code, _, err = run(capsys, "train", "photos", "--output", output)
    assert code == 2 and len(err.splitlines()) == 1


def test_module_runs():
    result = subprocess.run([sys.executable, "-m", "swiftalexnet", "info"], capture_output=True, text=True, check=True)
    assert "instruction set" in result.stdout

"""The commands `summary`, `memory` and `profile`, and how they name a network."""

import json

import pytest
from command_line import refused, run
from support import needs, tiny_model


@pytest.fixture
def model_file(tmp_path):
    path = tmp_path / "tiny.safetensors"
    tiny_model().save(path)
    return str(path)


def test_a_variant_or_a_file_first_or_by_option(model_file, capsys):
    for words in ([model_file], ["--model", model_file]):
        code, out, _ = run(capsys, "summary", *words, "--json")
        assert code == 0 and json.loads(out)["layers"][1]["name"] == "conv1"
    for words in (["paper"], ["--model", "paper"], []):
        code, out, _ = run(capsys, "summary", *words)
        assert code == 0 and "60,965,224" in out
    assert "two models" in refused(capsys, "summary", "paper", "--model", model_file)


def test_sizes_are_for_variants(model_file, capsys):
    code, out, _ = run(capsys, "summary", "owt", "--classes", 7, "--image-size", 64)
    assert code == 0 and "3 × 64 × 64 pixels to 7 classes" in out
    assert "--classes" in refused(capsys, "summary", model_file, "--classes", 7)


def test_a_mistyped_variant_names_the_nearest(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error = refused(capsys, "summary", "papper")
    assert "unknown network 'papper'" in error and error.endswith("; did you mean 'paper'?\n")
    for file in ("papper.safetensors", "folder/papper"):
        assert file in refused(capsys, "summary", file)
    tiny_model().save("papper")
    assert run(capsys, "summary", "papper")[0] == 0


def test_memory(model_file, capsys):
    code, out, _ = run(capsys, "memory", "cifar-18pct", "--batch", "8", "--training")
    assert code == 0 and "gradients" in out
    code, out, _ = run(capsys, "memory", model_file, "--batch", "8", "--json")
    assert code == 0 and json.loads(out)["total"] == tiny_model().memory(8).total


def test_profile_writes_a_table_and_draws_it(model_file, tmp_path, capsys):
    needs("matplotlib")
    figure = tmp_path / "profile.png"
    words = ["profile", model_file, "--batch", "4", "--repeats", "1", "--output", figure]
    code, out, _ = run(capsys, *words)
    assert code == 0 and "conv1 + relu1" in out and f"saved {figure}" in out
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert "--force" in refused(capsys, *words)


def test_profile_as_json(model_file, capsys):
    code, out, _ = run(capsys, "profile", model_file, "--batch", "4", "--repeats", "1", "--training", "--json")
    result = json.loads(out)
    assert code == 0 and result["training"] and result["batch"] == 4
    assert {row["direction"] for row in result["rows"]} == {"forward", "backward"}

"""The command `quantize`, and what others do with what it writes."""

import json

import numpy as np
import pytest
from command_line import refused, run
from support import photo_folder, quantized_model, tiny_model

import swiftalexnet as sa


@pytest.fixture
def files(tmp_path):
    tiny_model().save(tmp_path / "m.safetensors")
    return tmp_path / "m.safetensors", photo_folder(tmp_path / "photos")


def test_the_model_is_written(files, tmp_path, capsys):
    out = tmp_path / "q.safetensors"
    code, text, _ = run(capsys, "quantize", *files, "-o", out)
    assert code == 0 and f"saved {out}: int8, ranges by mse from 24 images" in text
    model = sa.load(out)
    assert model.quantization.images == 24 and model.verify()
    expected = sa.load(files[0]).quantize(files[1])
    assert model.quantization.activations == expected.quantization.activations
    assert "already exists" in refused(capsys, "quantize", *files, "-o", out)


def test_options(files, tmp_path, capsys):
    out = tmp_path / "q.safetensors"
    words = ("--method", "mse", "--images", "17", "--quiet", "--json", "--force")
    code, text, _ = run(capsys, "quantize", *files, "-o", out, *words)
    told = json.loads(text)
    assert code == 0 and told["quantization"] == "int8, ranges by mse from 17 images"
    assert told["bytes"] == out.stat().st_size
    run(capsys, "quantize", *files, "-o", out, "--percentile", "99.5", "--force")
    assert sa.load(out).quantization.method == "percentile 99.5"


def test_fewer_images_are_spread_over_all_folders(files, tmp_path, capsys, monkeypatch):
    given = []
    monkeypatch.setattr(sa.Model, "quantize", lambda model, images, *_, **__: given.extend(images) or quantized_model())
    run(capsys, "quantize", *files, "-o", tmp_path / "q", "--images", "4")
    assert [file.split("/")[-2] for file in given] == ["bright", "dark", "low", "top"]


def test_bad_words_are_refused(files, tmp_path, capsys):
    out = tmp_path / "q"
    for words in (("--method", "max"), ("--percentile", "50"), ("--percentile", "101"), ("--images", "0")):
        assert words[0].strip("-") in refused(capsys, "quantize", *files, "-o", out, *words)
    assert "required" in refused(capsys, "quantize", *files)
    assert not out.exists()


def test_other_commands_compute_in_int8(files, tmp_path, capsys):
    out = tmp_path / "q.safetensors"
    run(capsys, "quantize", *files, "-o", out)
    model, image = sa.load(out), next(files[1].glob("*/*.png"))
    for precision in ((), ("--precision", "int8"), ("--precision", "float32")):
        code, text, _ = run(capsys, "predict", out, image, "--json", *precision)
        wanted = model.predict(str(image), precision=precision[1] if precision else None)[0]
        assert code == 0 and np.allclose(json.loads(text)[0]["probabilities"], wanted.probabilities, rtol=0, atol=1e-9)
    code, text, _ = run(capsys, "evaluate", out, files[1], "--quiet")
    assert code == 0 and "views: centre crop, int8" in text
    assert ", int8" in run(capsys, "summary", out)[1]
    assert "int8, ranges by mse" in run(capsys, "inspect", out)[1]
    assert "has not been quantised" in refused(capsys, "predict", files[0], image, "--precision", "int8")
    assert "with precision 'int8'" in refused(capsys, "predict", out, image, "--fast-math")
    assert "unknown precision 'int8'" in refused(capsys, "train", files[1], "--precision", "int8")

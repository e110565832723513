"""The commands `inspect`, `convert` and `verify`."""

import json

import pytest
from command_line import refused, run
from safetensors.numpy import load_file, save_file
from small_weights import torchvision_alexnet, torchvision_vgg11

import swiftalexnet as sa


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "theirs.pth"
    save_file(torchvision_alexnet(), path)
    return str(path)


def test_inspect_says_what_a_file_is(weights, capsys):
    code, out, _ = run(capsys, "inspect", weights)
    assert code == 0 and "safetensors, 16 tensors" in out
    assert "network: owt: 8 layers with weights, 3 × 224 × 224 (red, green, blue) to 5 classes" in out
    assert "missing: names of classes" in out and "features.10.weight" in out
    code, out, _ = run(capsys, "inspect", weights, "--json")
    assert json.loads(out)["variant"] == "owt" and json.loads(out)["loads"]


def test_inspect_says_why_a_file_is_no_network(tmp_path, capsys):
    state = torchvision_vgg11()
    del state["features.18.weight"], state["features.18.bias"]
    save_file(state, tmp_path / "m")
    code, out, _ = run(capsys, "inspect", tmp_path / "m")
    assert code == 0 and "network: the nearest network is vgg-A, but" in out


def test_convert_to_our_own_with_a_known_answer(weights, tmp_path, capsys):
    out = tmp_path / "own.safetensors"
    code, text, _ = run(capsys, "convert", weights, out)
    assert code == 0 and f"saved {out}: swiftalexnet" in text
    assert run(capsys, "verify", out)[0] == 0
    assert "already exists" in refused(capsys, "convert", weights, out)
    model = sa.load(out)
    model.parameters()["conv1.bias"][0] += 1
    model.save(out)
    code, text, _ = run(capsys, "verify", out, "--json")
    assert code == 1 and json.loads(text)["holds"] is False


def test_convert_only_the_convolutions_in_16_bits(weights, tmp_path, capsys):
    out = tmp_path / "conv"
    assert run(capsys, "convert", weights, out, "--layers", "conv", "--float16")[0] == 0
    model = sa.load(out)
    assert model.summary().rows[-1].name == "pool5" and not model.has_classes
    assert run(capsys, "verify", out)[0] == 0


def test_convert_to_another_format(weights, tmp_path, capsys):
    out = tmp_path / "out.safetensors"
    assert run(capsys, "convert", weights, out, "--format", "torchvision")[0] == 0
    assert "features.0.weight" in load_file(out)
    error = refused(capsys, "convert", weights, tmp_path / "m", "--format", "torchvision", "--float16")
    assert "--float16 is for files of swiftalexnet" in error
    assert "--preprocessing is for onnx" in refused(capsys, "convert", weights, tmp_path / "m", "--preprocessing")
    assert ".pth is not written, only .safetensors, .onnx" in refused(capsys, "convert", weights, tmp_path / "m.pth")
    assert "unknown format 'onxx'" in refused(capsys, "convert", weights, tmp_path / "m", "--format", "onxx")


def test_names_of_classes_and_what_is_left_out(tmp_path, capsys):
    save_file(torchvision_alexnet(classes=2) | {"extra": torchvision_alexnet()["features.0.bias"]}, tmp_path / "m")
    (tmp_path / "names").write_text("cat\ndog\n")
    words = ("convert", tmp_path / "m", tmp_path / "own", "--classes", tmp_path / "names")
    assert "no place for extra" in refused(capsys, *words)
    code, _, error = run(capsys, *words, "--loose")
    assert code == 0 and "note: left out: extra" in error
    assert sa.load(tmp_path / "own").classes == ("cat", "dog")


def test_verify_without_answers(weights, capsys):
    assert "no known answers" in refused(capsys, "verify", weights)


def test_published_weights_are_listed_and_found(weights, tmp_path, capsys, monkeypatch):
    code, out, _ = run(capsys, "pretrained")
    assert code == 0 and "alexnet-torchvision" in out
    rows = json.loads(run(capsys, "pretrained", "--json")[1])
    assert {row["variant"] for row in rows} >= {"owt", "caffe", "vgg-D"}
    monkeypatch.setenv("SWIFTALEXNET_HOME", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("SWIFTALEXNET_OFFLINE", "1")
    assert "is not on this machine" in refused(capsys, "pretrained", "alexnet-torchvision")
    assert "is not on this machine" in refused(capsys, "predict", "alexnet-torchvision", "cat.jpg")
    assert "did you mean" in refused(capsys, "pretrained", "alexnet-torchvison")


def test_a_file_that_is_published_has_its_publisher(weights, monkeypatch):
    from swiftalexnet.formats.pretrained import registry

    found = sa.load(weights).source
    assert found.publisher is None
    entry = next(iter(registry.registry().values()))
    known = {
        "x": entry.__class__(**{**entry.__dict__, "digest": registry.Digest("sha256", found.sha256[:8]), "bytes": None})
    }
    monkeypatch.setattr(registry, "registry", lambda: known)
    assert sa.load(weights).source.publisher == entry.publisher

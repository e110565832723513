"""The command `explain`: a figure of what answers rest on, never over a file that is there."""

import json

import pytest
from command_line import refused, run
from PIL import Image
from support import CLASSES, needs, photo_folder, tiny_model

import swiftalexnet as sa
from swiftalexnet.cli.explain import METHODS


@pytest.fixture
def model(tmp_path, monkeypatch):
    """Change to a folder with a model, m, and photos/<class>/…."""
    needs("matplotlib")
    monkeypatch.chdir(tmp_path)
    photo_folder(tmp_path / "photos", 1)
    trained = tiny_model()
    trained.classes = CLASSES
    trained.save("m")
    return trained


@pytest.mark.parametrize("method", METHODS)
def test_every_method(model, capsys, method):
    code, out, err = run(capsys, "explain", "m", "photos/low/0.png", "--method", method, "--output", "e.png")
    expected = getattr(sa.attribution, method)(model, "photos/low/0.png")
    assert code == 0 and not err
    assert out.splitlines() == [f"photos/low/0.png: {expected.names[0]} {expected.scores[0]:.4g}", "saved e.png"]
    assert Image.open("e.png").size[0] > 200


def test_every_method_of_the_room_is_there():
    others = {"Attribution", "Maximization", "activation_maximization"}
    assert set(METHODS) == set(sa.attribution.__all__) - others


@pytest.mark.parametrize("target", ["low", "2"])
def test_folders_target_and_layer(model, capsys, target):
    words = ("--target", target, "--layer", "pool1", "--output", "e.svg", "--json")
    code, out, _ = run(capsys, "explain", "photos", "--model", "m", *words)
    said = json.loads(out)
    assert code == 0 and said["figure"] == "e.svg" and said["layer"] == "pool1" and said["method"] == "grad_cam"
    assert [row["target"] for row in said["images"]] == ["low"] * 4 and len(
        {row["file"] for row in said["images"]}
    ) == 4


def test_a_file_is_replaced_only_with_force(model, capsys, tmp_path):
    (tmp_path / "explanation.png").write_bytes(b"mine")
    assert "--force replaces it" in refused(capsys, "explain", "m", "photos/low/0.png")
    assert (tmp_path / "explanation.png").read_bytes() == b"mine"
    assert run(capsys, "explain", "m", "photos/low/0.png", "--force")[0] == 0
    assert Image.open("explanation.png").format == "PNG"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--target", "4"), "target is 4, expected 0 to 3"),
        (("--target", "9" * 5000), "unknown class '999"),
        (("--target", "lo"), "unknown class 'lo', expected one of bright, dark, low, top; did you mean 'low'?"),
        (("--layer", "fc6"), "layer fc6 has 24 values, expected maps"),
        (("--method", "gradcam"), "did you mean 'grad_cam'?"),
        (("--output", "e.xyz"), "unknown kind of image"),
    ],
)
def test_what_is_refused(model, capsys, words, message):
    assert message in refused(capsys, "explain", "m", "photos/low/0.png", *words)


def test_too_many_images_for_a_figure(model, capsys):
    assert "65 images for one figure, expected at most 64" in refused(
        capsys, "explain", "m", *["photos/low/0.png"] * 65
    )

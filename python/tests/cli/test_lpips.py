"""The command `lpips`: two images, two folders by name, all pairs as CSV."""

import csv
import io
import json

import numpy as np
import pytest
from command_line import refused, run
from lpips_trunk import trunk
from PIL import Image

import swiftalexnet as sa


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "trunk.safetensors"
    trunk().save(path)
    return path


@pytest.fixture
def world(weights, tmp_path, monkeypatch):
    """Two folders of images, a/0.png … and b/0.jpg …, and what Python says of them."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for folder, end in (("a", "png"), ("b", "webp")):
        (tmp_path / folder / "more").mkdir(parents=True)
        for name in ("0", "1", "more/2"):
            image = Image.fromarray(random.integers(0, 256, (36, 41, 3)).astype(np.uint8))
            image.save(tmp_path / folder / f"{name}.{end}", lossless=True)
    return sa.LPIPS(backbone=weights)


def lpips(capsys, weights, *words):
    code, out, err = run(capsys, "lpips", *words, "--backbone", weights)
    assert code == 0 and not err
    return out


def test_two_images(world, weights, capsys):
    expected = world("a/0.png", "b/0.webp")
    assert lpips(capsys, weights, "a/0.png", "b/0.webp") == f"{expected.value:.6g}\n"
    told = json.loads(lpips(capsys, weights, "a/0.png", "b/0.webp", "--json", "--version", "0.1"))
    assert (told["net"], told["version"]) == ("alex", "0.1")
    assert told["pairs"] == [
        {"a": "a/0.png", "b": "b/0.webp", "distance": expected.value, "per_layer": expected.per_layer}
    ]


def test_two_folders_by_name(world, weights, capsys):
    names = ("0", "1", "more/2")
    expected = world([f"a/{name}.png" for name in names], [f"b/{name}.webp" for name in names]).values
    out = lpips(capsys, weights, "a", "b").splitlines()
    assert out[:-1] == [f"{name}: {value:.6g}" for name, value in zip(names, expected, strict=True)]
    assert out[-1] == f"mean of 3 pairs: {expected.mean(dtype=np.float64):.6g}"
    rows = list(csv.DictReader(io.StringIO(lpips(capsys, weights, "a", "b", "--csv"))))
    assert [row["b"] for row in rows] == [f"b/{name}.webp" for name in names]
    assert json.loads(lpips(capsys, weights, "a", "b", "--json"))["mean"] == pytest.approx(expected.mean(), rel=1e-6)


def test_images_without_a_partner_are_left_out(world, weights, tmp_path, capsys):
    (tmp_path / "a" / "1.png").unlink()
    code, out, err = run(capsys, "lpips", "a", "b", "--backbone", weights)
    assert code == 1 and len(out.splitlines()) == 3 and "1 images have no partner" in err and "b/1.webp" in err


def test_all_pairs(world, weights, capsys):
    files = ["a/0.png", "a/1.png", "a/more/2.png"]
    expected = world.cdist(files)
    code, out, err = run(capsys, "lpips", "a", "--all-pairs", "--backbone", weights)
    assert code == 0 and "lpips" in err  # the bar
    rows = list(csv.reader(io.StringIO(out)))
    assert rows[0] == ["a", "b", "distance"] and [row[:2] for row in rows[1:]] == [
        [files[i], files[j]] for i, j in ((0, 1), (0, 2), (1, 2))
    ]
    assert float(rows[2][2]) == pytest.approx(expected[0, 2], rel=1e-5)
    told = json.loads(lpips(capsys, weights, "a", "b/0.webp", "--all-pairs", "--json", "--quiet"))
    assert told["a"] == files and np.shape(told["distances"]) == (3, 1)


def test_refusals(world, weights, tmp_path, capsys):
    assert "--all-pairs" in refused(capsys, "lpips", "a")
    assert "two images or two folders" in refused(capsys, "lpips", "a", "b/0.webp")
    assert "one image" in refused(capsys, "lpips", "a/0.png", "--all-pairs", "--backbone", weights)
    assert "missing.png" in refused(capsys, "lpips", "a/0.png", "missing.png", "--backbone", weights)
    assert "did you mean 'vgg'" in refused(capsys, "lpips", "a", "b", "--net", "vgg16")
    assert "--json" in refused(capsys, "lpips", "a", "b", "--json", "--csv")
    Image.new("RGB", (41, 36)).save(tmp_path / "a" / "0.bmp")
    assert "one name but for its end" in refused(capsys, "lpips", "a", "b", "--backbone", weights)
    (tmp_path / "c").mkdir()
    Image.new("RGB", (50, 50)).save(tmp_path / "c" / "0.png")
    assert "36 × 41 and 50 × 50" in refused(capsys, "lpips", "b", "c", "--backbone", weights)
    (tmp_path / "c" / "0.png").rename(tmp_path / "c" / "x.png")
    assert "no image of one name" in refused(capsys, "lpips", "b", "c", "--backbone", weights)

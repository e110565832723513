"""examples/style.py: its loss, its gradient, and both of its commands on a small network."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import needs

import swiftalexnet as sa

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "style.py"

SMALL = """\
network small
data channels=3 height=16 width=16
convolution conv1 outputs=6 kernel=3 stride=1 pad=1,1,1,1 groups=1
relu relu1
max_pool pool1 kernel=2 stride=2 pad=0,0,0,0 ceil=0
convolution conv2 outputs=8 kernel=3 stride=1 pad=1,1,1,1 groups=1
relu relu2
"""


@pytest.fixture(scope="module")
def style():
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("style", SCRIPT)
    module = sys.modules["style"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["style"]


@pytest.fixture(scope="module")
def model():
    made = sa.Model.from_spec(SMALL, "torchvision", 4)
    made.preprocessing = sa.Preprocessing(16, 16, [120.0, 110.0, 100.0], scale=[0.02, 0.02, 0.02])
    return made


def inputs(count: int) -> np.ndarray:
    return np.random.default_rng(2).standard_normal((count, 3, 16, 16), np.float32)


def test_gram_matrices(style):
    features = np.array([[1, 2], [3, 4], [0, 5]], np.float32)
    assert np.array_equal(style.gram(features), np.array([[5, 11, 10], [11, 25, 20], [10, 20, 25]], np.float32) / 2)


@pytest.mark.parametrize("average", [False, True])
def test_the_gradient_is_that_of_the_loss(style, model, average):
    net = style.with_average_pooling(model) if average else model
    x, texture, content = inputs(3)
    terms = [*style.style_terms(net, texture, ("relu1", "relu2")), style.content_term(net, content, "conv2", 0.5)]
    loss, gradient = style.value_and_gradient(net, x, terms)
    assert loss > 0.05
    draw, step = np.random.default_rng(0), 2e-3
    for _ in range(5):  # along directions, because a float32 loss is too rough for single pixels
        way = draw.standard_normal(x.shape, np.float32)
        above, below = (style.value_and_gradient(net, x + sign * step * way, terms)[0] for sign in (1, -1))
        assert (above - below) / (2 * step) == pytest.approx(float((gradient * way).sum()), rel=2e-2, abs=2e-3)


def test_nothing_is_left_of_the_loss_at_the_image_itself(style, model):
    x = inputs(1)[0]
    terms = [*style.style_terms(model, x, ("relu1", "pool1")), style.content_term(model, x, "relu2", 1)]
    loss, gradient = style.value_and_gradient(model, x, terms)
    assert loss == 0 and not gradient.any()


def test_the_loss_falls_within_the_limits_of_pixels(style, model):
    needs("scipy")
    start, texture = inputs(2)
    pixels, terms = style.Pixels(model), style.style_terms(model, texture, ("relu1", "relu2"))
    made, losses = style.optimize(model, start, terms, pixels.limits(), 12)
    assert (
        losses == sorted(losses, reverse=True) and losses[-1] < 0.2 * style.value_and_gradient(model, start, terms)[0]
    )
    low, high = pixels.limits()
    assert (made >= low - 1e-5).all() and (made <= high + 1e-5).all()
    assert style.value_and_gradient(model, made, terms)[0] == pytest.approx(losses[-1], rel=1e-3)


def test_pixels_and_back(style, model):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 20, 3), np.uint8))
    pixels = style.Pixels(model)
    assert np.array_equal(pixels.image(pixels.read(image, 16)), image)
    assert pixels.read(image, 8).shape == (3, 8, 10)


@pytest.mark.parametrize("what", ["texture", "transfer"])
def test_the_command(model, what, tmp_path):
    needs("scipy")
    model.save(tmp_path / "m.safetensors")
    names = ["content.png", "style.png"][what == "texture" :]
    for name in names:
        Image.new("RGB", (30, 20), "red" if name == "style.png" else "blue").save(tmp_path / name)
    layers = ["--style", "relu1", "relu2", "--content", "relu2"]
    command = [
        sys.executable,
        SCRIPT,
        what,
        *names,
        "--model",
        "m.safetensors",
        *layers,
        "--size",
        "16",
        "--iterations",
        "3",
    ]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=120)
    assert "loss" in done.stdout and "saved made.png" in done.stdout
    width = (len(names) + 1) * 24 + 4 * len(names)
    assert Image.open(tmp_path / "made.png").size == (width, 16)


def test_random_weights_keep_the_size_of_signals(style):
    model = style.random_vgg()
    x = np.random.default_rng(1).standard_normal((1, 3, 32, 32), np.float32)
    sizes = [np.square(values).mean() for values in model.activations(x, ["relu1_1", "relu4_3"]).values()]
    assert 0.1 < sizes[1] / sizes[0] < 10

"""Images made for classes and units."""

import numpy as np
import pytest
from support import CLASSES, dataset, fit, tiny_model, unpadded_model

import swiftalexnet as sa
from attribution.nets import near
from swiftalexnet.attribution.pixels import Pixels, blurred

activation_maximization = sa.attribution.activation_maximization


@pytest.fixture(scope="module")
def model():
    made = tiny_model()
    fit(made, dataset(200), epochs=3)
    return made


def test_images_are_classified_as_what_they_were_made_for(model):
    made = activation_maximization(model, list(CLASSES), steps=60)
    assert made.names == CLASSES and len(made) == 4 and (made.scores[-1] > made.scores[0] + 1).all()
    assert [answer.classes[0] for answer in model.predict(made.images, 1)] == list(CLASSES)
    assert made.scores.shape == (61, 4) and made.scores.dtype == np.float32


def test_units_and_the_same_seed(model):
    first, same, other = (activation_maximization(model, 3, "conv2", steps=10, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.values, same.values) and not np.array_equal(first.values, other.values)
    assert first.layer == "conv2" and first.names == ("conv2 3",) and first.scores[-1] > first.scores[0]


def test_without_regularisation_it_is_gradient_ascent():
    model = unpadded_model()
    made = activation_maximization(model, 2, steps=1, rate=0.001, decay=0, blur_every=0, shift=0, start=0)
    zero = np.zeros((1, 3, 20, 20), np.float32)
    gradient = model.vjp(zero, {"fc8": np.eye(4, dtype=np.float32)[2:3]}, wrt=["data"])["data"]
    span = 255 * np.array([0.01, 0.02, 0.03], np.float32)[:, None, None]
    assert near(made.values, np.float32(0.001) * span * gradient / np.sqrt((gradient**2).mean()), 1e-5)


def test_pixels_and_back():
    model = unpadded_model()
    pixels = np.random.default_rng(0).integers(0, 256, (2, 20, 20, 3), np.uint8)
    x = (pixels.astype(np.float32) - model.preprocessing.mean) * model.preprocessing.scale
    converter = Pixels(model, "test")
    x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    assert np.array_equal(converter.of(x), pixels) and near(converter.clipped(x), x)
    for shift, level in ((-100, 0), (100, 255)):
        assert (converter.of(converter.clipped(x + np.float32(shift))) == level).all()


def test_blur():
    dot = np.zeros((1, 5, 5), np.float32)
    dot[0, 2, 2] = 16
    assert np.array_equal(blurred(dot)[0, 1:4, 1:4], [[1, 2, 1], [2, 4, 2], [1, 2, 1]])
    assert np.array_equal(blurred(np.ones((2, 3, 4), np.float32)), np.ones((2, 3, 4)))


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"target": 4}, ValueError, "target is 4"),
        ({"target": []}, ValueError, "no targets"),
        ({"target": None}, TypeError, "target is None"),
        ({"layer": "conv7"}, ValueError, "unknown layer"),
        ({"steps": 0}, ValueError, "steps is 0"),
        ({"rate": -1}, ValueError, "rate is -1"),
        ({"decay": np.nan}, ValueError, "decay is nan"),
        ({"shift": 21}, ValueError, "shift is 21, expected 0 to 20"),
        ({"blur_every": -1}, ValueError, "blur_every is -1"),
        ({"precision": "half"}, ValueError, "unknown precision"),
    ],
)
def test_wrong_options(options, kind, message):
    with pytest.raises(kind, match=f"activation_maximization: .*{message}"):
        activation_maximization(tiny_model(), **options)


def test_whitened_images_are_refused():
    model = sa.Model.from_spec("network n\ndata channels=1 height=4 width=4\ndense fc1 outputs=3\nsoftmax prob\n")
    model.preprocessing = sa.Preprocessing(4, 4, [0.0], whitening=np.eye(16, dtype=np.float32))
    with pytest.raises(sa.UnsupportedError, match="whitens"):
        activation_maximization(model)

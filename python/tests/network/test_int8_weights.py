"""Dense layers with 8-bit weights: close to float32 in all methods, and refused if they make no sense."""

import numpy as np
import pytest
from PIL import Image
from support import dataset, labelled_images, quick_recipe, shared_data, tiny_model

import swiftalexnet as sa

IMAGES, LABELS = labelled_images(12, side=40)

# Large enough dense layers for 8 bits to matter, small enough to learn photographs in a minute.
PHOTOGRAPHS = """\
network photographs
data channels=3 height=64 width=64
convolution conv1 outputs=32 kernel=5 stride=2 pad=2,2,2,2 groups=1
relu relu1
max_pool pool1 kernel=3 stride=2 pad=0,0,0,0 ceil=0
convolution conv2 outputs=64 kernel=3 stride=1 pad=1,1,1,1 groups=1
relu relu2
max_pool pool2 kernel=3 stride=2 pad=0,0,0,0 ceil=0
dense fc6 outputs=512
relu relu6
dense fc7 outputs=256
relu relu7
dense fc8 outputs=10
softmax prob
"""


@pytest.fixture(scope="module")
def model():
    trained = tiny_model()
    trained.fit(dataset(), epochs=2, recipe=quick_recipe(), progress=False)
    return trained


def relative(actual: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(actual - expected).max() / np.abs(expected).max())


@pytest.mark.parametrize("count", [1, 3, 12])
def test_every_method_is_close_to_float(model, count):
    images = IMAGES[:count]
    x = np.random.default_rng(0).standard_normal((count, 3, 20, 20), np.float32)
    doors = {
        "forward": lambda **how: model.forward(x, keep=False, **how),
        "probabilities": lambda **how: model.probabilities(images, **how),
        "ten crops": lambda **how: model.probabilities(images, crops=10, **how),
        "dense": lambda **how: model.probabilities(images, dense=True, **how),
        "score_map": lambda **how: model.score_map(images[0], **how),
        "features": lambda **how: model.features(images, ["fc6"], **how)["fc6"],
    }
    for name, door in doors.items():
        exact, rounded = door(), door(weights="int8")
        assert 0 < relative(rounded, exact) < 2e-2, name


def test_convolutions_are_not_rounded(model):
    exact, rounded = (model.features(IMAGES, ["relu2"], weights=weights)["relu2"] for weights in ("float", "int8"))
    assert np.array_equal(exact, rounded)


def test_evaluate_and_predict_accept_int8(model):
    data = sa.ArrayDataset(IMAGES, LABELS, model.classes)
    assert model.evaluate(data, weights="int8").top1_error == model.evaluate(data).top1_error
    labels = [[p.labels[0] for p in model.predict(IMAGES, weights=weights)] for weights in ("float", "int8")]
    assert labels[0] == labels[1]


def test_int8_does_not_keep_what_backward_needs(model):
    with pytest.raises(ValueError, match="forward: int8 weights"):
        model.forward(np.zeros((1, 3, 20, 20), np.float32), weights="int8")


def test_unknown_words_are_refused(model):
    for word in ("int4", "float32", 8, None):
        with pytest.raises((TypeError, ValueError), match="predict: .*weights"):
            model.predict(IMAGES, weights=word)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(bad):
    model = tiny_model()
    expected = model.probabilities(IMAGES, weights="int8")
    array = model.parameters()["fc6.weight"]
    good, array[3, 5] = float(array[3, 5]), bad
    for _ in range(2):
        with pytest.raises(sa.NonFiniteError, match=r"fc6\.weight: int8 weights: .* to output 3 is"):
            model.predict(IMAGES, weights="int8")
    array[3, 5] = good
    assert np.array_equal(model.probabilities(IMAGES, weights="int8"), expected)


def test_outputs_without_weights_give_their_bias():
    model = tiny_model()
    model.parameters()["fc8.weight"][...] = 0
    model.parameters()["fc8.bias"][...] = [1, -2, 3, 0.5]
    logits = model.forward(np.ones((2, 3, 20, 20), np.float32), keep=False, weights="int8")
    assert np.array_equal(logits, [[1, -2, 3, 0.5]] * 2)


def test_photographs_keep_their_class():
    paths = sorted((shared_data("clothing") / "validation").glob("*/*.jpg"))
    classes = sorted({path.parent.name for path in paths})
    images = np.stack([np.asarray(Image.open(path).convert("RGB").resize((72, 72))) for path in paths])
    labels = np.array([classes.index(path.parent.name) for path in paths])
    model = sa.Model.from_spec(PHOTOGRAPHS, "torchvision", 0)
    data = sa.ArrayDataset(images, labels, classes)
    model.fit(data, epochs=12, recipe=quick_recipe(learning_rate=0.0005), progress=False)
    exact, rounded = (model.probabilities(images, weights=weights) for weights in ("float", "int8"))
    best, again = (np.argsort(-table, axis=1, kind="stable") for table in (exact, rounded))
    assert len(images) > 300 and np.mean(best[:, 0] == labels) > 0.5  # the network tells some classes apart
    assert np.mean(best[:, 0] == again[:, 0]) >= 0.99
    assert np.mean([set(a) == set(b) for a, b in zip(best[:, :5], again[:, :5], strict=True)]) >= 0.95

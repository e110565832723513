"""What is explained: classes by index or name, one for all images or one an image; units of a layer."""

import numpy as np
import pytest
from support import CLASSES, tiny_model

import swiftalexnet as sa
from attribution.nets import images

saliency = sa.attribution.saliency


@pytest.fixture(scope="module")
def model():
    made = tiny_model()
    made.classes = CLASSES
    return made


def test_the_default_is_each_images_top_class(model):
    found = saliency(model, images(5))
    assert found.names == tuple(answer.classes[0] for answer in model.predict(images(5), 1))
    assert np.array_equal(found.targets, [CLASSES.index(name) for name in found.names])


@pytest.mark.parametrize("target", ["low", 2, np.int8(2), np.array(2), ["low"] * 3, (2, "low", 2), np.full(3, 2)])
def test_forms(model, target):
    found = saliency(model, images(3), target)
    assert found.names == ("low",) * 3 and np.array_equal(found.targets, [2, 2, 2])
    assert np.array_equal(found.values, saliency(model, images(3), 2).values)


@pytest.mark.parametrize(
    ("target", "kind", "message"),
    [
        (4, ValueError, "saliency: target is 4, expected 0 to 3"),
        (-1, ValueError, "saliency: target is -1, expected 0 to 3"),
        ("lo", ValueError, "unknown class 'lo', expected one of bright, dark, low, top; did you mean 'low'"),
        (1.0, TypeError, "target is 1.0, expected an integer"),
        (True, TypeError, "target is True, expected an integer"),
        ([1, 2], ValueError, "2 targets for 3 images"),
        ([1, 2, 3, 0], ValueError, "4 targets for 3 images"),
        (iter([1, 2, 3, 0]), ValueError, "target has more than 3 items"),
        ([1, 2, 9], ValueError, "target is 9"),
        (b"low", TypeError, "target is b'low'"),
        (object(), TypeError, "expected an integer"),
    ],
)
def test_wrong_targets(model, target, kind, message):
    with pytest.raises(kind, match=message):
        saliency(model, images(3), target)


def test_names_without_names():
    with pytest.raises(ValueError, match="target is 'low', expected 0 to 3: there are no names of classes"):
        saliency(tiny_model(), images(), "low")
    assert saliency(tiny_model(), images(), 2).names == ("2",) * 3


@pytest.mark.parametrize("layer", ["conv1", "fc6", "relu6", "prob"])
def test_units(model, layer):
    found = saliency(model, images(), 1, layer)
    assert found.layer == layer and found.names == (f"{layer} 1",) * 3


@pytest.mark.parametrize(
    ("layer", "target", "message"),
    [
        ("conv9", None, "unknown layer 'conv9'"),
        ("data", None, "unknown layer 'data'"),
        (7, None, "unknown layer 7"),
        ("conv1", 8, "target is 8, expected 0 to 7"),
        ("conv1", "low", "no names of classes"),
    ],
)
def test_wrong_units(model, layer, target, message):
    with pytest.raises(ValueError, match=message):
        saliency(model, images(), target, layer)


def test_a_network_without_classes(model):
    part = model.up_to("pool1")
    with pytest.raises(sa.UnsupportedError, match=r"^saliency: .* has no classes: with_classes\(n\) .*layer="):
        saliency(part, images())
    with pytest.raises(sa.UnsupportedError, match="has no classes"):
        sa.attribution.grad_cam(part, images())
    assert saliency(part, images(), layer="pool1").values.shape == (3, 3, 20, 20)

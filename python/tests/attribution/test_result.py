"""What the methods return: a sequence of images with their values, shown in a notebook."""

import numpy as np
import pytest
from support import CLASSES, needs, tiny_model

import swiftalexnet as sa
from attribution.nets import images
from swiftalexnet.plots import figures


@pytest.fixture(scope="module")
def model():
    made = tiny_model()
    made.classes = CLASSES
    return made


def test_it_is_a_sequence(model):
    found = sa.attribution.integrated_gradients(model, images(4), steps=3)
    assert len(found) == 4 and len(found[1:3]) == 2 and len(found[-1]) == 1 and len(list(found)) == 4
    assert np.array_equal(found[2].values, found.values[2:3]) and found[2].names == found.names[2:3]
    assert np.array_equal(found[-1].delta, found.delta[3:]) and np.array_equal(found[1].images, found.images[1:2])
    assert np.array_equal(np.asarray(found), found.values) and np.array(found, np.float64).dtype == np.float64
    for index in (4, -5):
        with pytest.raises(IndexError):
            found[index]
    with pytest.raises(TypeError):
        found["a"]


def test_maps_are_sums_where_signs_matter_and_else_magnitudes(model):
    signed, plain = sa.attribution.input_x_gradient(model, images()), sa.attribution.saliency(model, images())
    assert np.array_equal(signed.maps, signed.values.sum(axis=1))
    assert np.array_equal(plain.maps, plain.values.max(axis=1))


def test_text_and_html(model):
    found = sa.attribution.grad_cam(model, images(20), "low")
    assert repr(found) == "<grad_cam, relu2: 20 × 4 × 4 values>"
    text = found._repr_html_()
    assert "the first 16 of 20 images" in text and text.count("<td>low</td>") == 16
    needs("matplotlib")
    assert "data:image/png;base64," in text


def test_without_matplotlib_the_table_remains(model, monkeypatch):
    def missing(*_):
        raise ImportError

    monkeypatch.setattr(figures, "_figure_class", missing)
    text = sa.attribution.grad_cam(model, images(1))._repr_html_()
    assert "<table>" in text and "<img" not in text

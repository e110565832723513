"""Grad-CAM and what is made of it: captum's published numbers, and the papers' formulas in float64."""

import numpy as np
import pytest
from support import tiny_model

import swiftalexnet as sa
from attribution.nets import Reference, images, near, one_convolution, small
from swiftalexnet.attribution.layers import map_layer
from swiftalexnet.images.enlarging import enlarged

grad_cam, grad_cam_pp, guided_grad_cam = (
    sa.attribution.grad_cam,
    sa.attribution.grad_cam_pp,
    sa.attribution.guided_grad_cam,
)


@pytest.mark.parametrize(
    ("layer", "expected"), [("conv1", [[11.25, 13.5], [20.25, 22.5]]), ("relu1", [[0, 4], [28, 32.5]])]
)
def test_numbers_that_captum_publishes(layer, expected):
    model, x = one_convolution()
    found = grad_cam(model, x, 0, layer, preprocessed=True)
    assert np.array_equal(found.values, np.array([expected], np.float32)) and found.layer == layer


def test_numbers_of_guided_grad_cam_that_captum_publishes():
    model, x = one_convolution()
    found = guided_grad_cam(model, x, 0, "relu1", interpolation="nearest", preprocessed=True)
    expected = [[0, 0, 4, 4], [0, 0, 12, 8], [28, 84, 97.5, 65], [28, 56, 65, 32.5]]
    assert np.array_equal(found.values, np.array([[expected]], np.float32))


@pytest.mark.parametrize("layer", ["conv1", "relu1", "pool1", "conv2", "relu2"])
def test_the_formula_of_grad_cam(layer):
    model, x = small()
    reference, targets = Reference(model, x), [0, 1, 2, 3, 0]
    weights = reference.gradient(targets, layer).mean(axis=(2, 3))
    total = np.einsum("bc,bchw->bhw", weights, reference.values[layer])
    signed = grad_cam(model, x, targets, layer, relu=False, preprocessed=True).values
    assert near(signed, total)
    assert np.array_equal(grad_cam(model, x, targets, layer, preprocessed=True).values, np.maximum(signed, 0))


@pytest.mark.parametrize("layer", ["relu1", "pool1", "relu2"])
def test_the_formula_of_grad_cam_pp(layer):
    model, x = small()
    reference, targets = Reference(model, x), [0, 1, 2, 3, 0]
    slope, maps = reference.gradient(targets, layer), reference.values[layer]
    score = reference.values["fc4"][np.arange(5), targets][:, None, None, None]
    first, second, third = (np.exp(score) * slope**power for power in (1, 2, 3))
    below = 2 * second + maps.sum(axis=(2, 3), keepdims=True) * third
    alpha = np.divide(second, below, out=np.zeros_like(below), where=below != 0)
    weights = (alpha * np.maximum(first, 0)).sum(axis=(2, 3))
    expected = np.maximum(np.einsum("bc,bchw->bhw", weights, maps), 0) / np.exp(score[..., 0])
    assert near(grad_cam_pp(model, x, targets, layer, preprocessed=True).values, expected, 1e-5)


def test_guided_grad_cam_is_a_product():
    model, x = small()
    maps = grad_cam(model, x, 1, preprocessed=True)
    guided = sa.attribution.guided_backpropagation(model, x, 1, preprocessed=True)
    found = guided_grad_cam(model, x, 1, preprocessed=True)
    assert near(found.values, guided.values * enlarged(maps.values, (12, 14))[:, None])
    assert found.layer == maps.layer == "relu2"


def test_maps_have_the_size_of_the_image():
    found = grad_cam(tiny_model(), images())
    assert found.values.shape == (3, 4, 4) and found.maps.shape == (3, 20, 20)
    assert found.images.shape == (3, 20, 20, 3)


@pytest.mark.parametrize(
    ("model", "layer"),
    [
        (lambda: sa.alexnet("owt", 4, image_size=96, initialization="zeros"), "relu5"),
        (lambda: sa.vgg("D", 4, image_size=32, initialization="zeros", without=("fc6", "fc7")), "relu5_3"),
        (lambda: sa.cifar_net("conv-local-11pct", 4), "relu4"),
        (lambda: one_convolution()[0], "relu1"),
        (lambda: sa.Model.from_spec(one_convolution()[0].spec.replace("relu relu1\n", ""), "zeros"), "conv1"),
    ],
)
def test_the_layer_is_the_last_convolutions_activation(model, layer):
    assert map_layer(model(), None, "test") == layer


def test_torchvisions_names_of_layers_are_understood():
    model = sa.alexnet("owt", 4, image_size=96, initialization="zeros")
    assert map_layer(model, "features.8", "test") == "conv4"


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("fc6", r"layer fc6 has 24 values, expected maps of a layer: conv1, relu1, norm1"),
        ("prob", "layer prob has 4 values"),
        ("data", "layer data has 3 × 20 × 20 values, expected maps of a layer"),
        ("relu22", "unknown layer 'relu22'.*did you mean 'relu2'"),
        (3, "unknown layer 3"),
    ],
)
@pytest.mark.parametrize("method", [grad_cam, grad_cam_pp, guided_grad_cam])
def test_a_layer_without_maps_is_refused(method, layer, message):
    with pytest.raises(ValueError, match=message):
        method(tiny_model(), images(), layer=layer)


def test_a_network_without_convolutions_is_refused():
    model = sa.Model.from_spec("network n\ndata channels=1 height=4 width=4\ndense fc1 outputs=3\nsoftmax prob\n")
    with pytest.raises(ValueError, match="no convolution with maps"):
        grad_cam(model, np.zeros((2, 4, 4), np.uint8))
    assert sa.attribution.saliency(model, np.zeros((2, 4, 4), np.uint8)).values.shape == (2, 1, 4, 4)

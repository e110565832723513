"""Dictionaries of arrays with Keras's names, in any order."""

import numpy as np
import pytest

import swiftalexnet as sa
from swiftalexnet.formats.assembly import assemble
from swiftalexnet.formats.contents import Options
from swiftalexnet.formats.names.keras import has_keras_names, role_of
from swiftalexnet.formats.names.tensors import chain_by_names
from swiftalexnet.formats.stored import Stored

SHAPES = {"fc1": (7 * 7 * 4, 6), "fc2": (6, 6), "predictions": (6, 3)}
for block, (inputs, outputs, count) in enumerate([(3, 2, 2), (2, 3, 2), (3, 3, 3), (3, 4, 3), (4, 4, 3)], 1):
    for number in range(1, count + 1):
        SHAPES[f"block{block}_conv{number}"] = (3, 3, inputs if number == 1 else outputs, outputs)


def dictionary(kernel, bias, names=None):
    """Return arrays of a small VGG-16, with names made of the patterns."""
    generator = np.random.default_rng(0)
    found = {}
    for layer, shape in SHAPES.items():
        name = (names or {}).get(layer, layer)
        for pattern, size in ((kernel, shape), (bias, shape[-1:])):
            found[pattern.format(name)] = generator.standard_normal(size).astype(np.float32)
    return found


def model_of(arrays, variant=None):
    """Return the model of a dictionary."""
    tensors = {name: Stored.of_array(name, array) for name, array in arrays.items()}
    chain = chain_by_names(tensors, Options(variant), "file")
    return assemble(sa.Model, chain, "file"), chain


@pytest.mark.parametrize(
    "patterns",
    [
        ("{0}/{0}_W_1:0", "{0}/{0}_b_1:0"),
        ("{0}/kernel:0", "{0}/bias:0"),
        ("{0}_W", "{0}_b"),
        ("model/{0}/kernel", "model/{0}/bias"),
    ],
)
def test_names_of_vgg(patterns):
    arrays = dictionary(*patterns)
    model, chain = model_of(arrays)
    assert (model.variant, chain.reads_bgr, model.num_classes) == ("vgg-D", True, 3)
    kernel = arrays[patterns[0].format("block1_conv1")]
    assert np.array_equal(model.parameters()["conv1_1.weight"], kernel.transpose(3, 2, 0, 1)[:, ::-1])
    first = arrays[patterns[0].format("fc1")].reshape(7, 7, 4, 6)
    assert np.array_equal(model.parameters()["fc6.weight"], first.transpose(3, 2, 0, 1).reshape(6, -1))


def test_numbered_names():
    convolutions = sorted(name for name in SHAPES if "conv" in name)
    names = {name: f"conv2d_{number}" if number else "conv2d" for number, name in enumerate(convolutions)}
    names |= {"fc1": "dense", "fc2": "dense_1", "predictions": "dense_2"}
    arrays = dictionary("{0}/kernel:0", "{0}/bias:0", names)
    model, chain = model_of(dict(sorted(arrays.items())))
    assert (model.variant, chain.reads_bgr) == ("vgg-D", False)
    assert np.array_equal(model.parameters()["conv5_3.weight"], arrays["conv2d_12/kernel:0"].transpose(3, 2, 0, 1))
    assert "red, green, blue was assumed" in chain.notes[0]


def test_a_layer_of_another_shape_is_named():
    arrays = dictionary("{0}/kernel:0", "{0}/bias:0")
    arrays["block3_conv2/kernel:0"] = np.zeros((5, 5, 3, 3), np.float32)
    with pytest.raises(ValueError, match="nearest network is vgg-D, but block3_conv2 has shape"):
        model_of(arrays)


def test_whose_names():
    assert has_keras_names(["conv2d/kernel:0"]) and has_keras_names(["fc1_W"])
    assert not has_keras_names(["features.0.weight", "conv1.bias", "kernel", "b"])
    assert role_of("batch_normalization_3/moving_variance:0") == "moving_variance"

"""Caffe's files written and read again: the same network, the same bits."""

import os
from pathlib import Path

import numpy as np
import pytest
from formats.caffe import nets

import swiftalexnet as sa
from swiftalexnet.errors import UnsupportedError
from swiftalexnet.files.source import opened_source
from swiftalexnet.formats import chain
from swiftalexnet.formats.caffe.means import read_mean
from swiftalexnet.formats.caffe.prototxt import read_prototxt
from swiftalexnet.formats.chain import Node
from swiftalexnet.formats.templates import nodes_of, with_outputs
from swiftalexnet.preprocessing.preprocessing import Preprocessing


def model_of(*nodes, channels=3, size=14):
    model = sa.Model.from_spec(chain.spec_text("net", (channels, size, size), [*nodes, Node.make("softmax", "prob")]))
    rng = np.random.default_rng(0)
    for values in model.parameters().values():
        values[...] = rng.standard_normal(values.shape)
    return model


SMALL = (
    chain.convolution("conv1", 4, 3, 2, [1, 2, 1, 2]),
    Node.make("relu", "relu1"),
    chain.response_norm("norm1", 5, 1e-4, 0.75, 2.0),
    chain.convolution("conv2", 4, 3, 1, 1, groups=2),
    Node.make("tanh", "tanh2"),
    chain.average_pool("pool2", 3, 2, 1, True, True),
    Node.make("spatial_response_norm", "norm2", size=3, alpha=0.5, beta=0.75, k=1.0, alpha_over_n=True),
    chain.max_pool("pool3", 2, 2, 0, False),
    chain.dense("fc6", 6),
    Node.make("sigmoid", "sigmoid6"),
    chain.dropout("drop6", 0.25),
    chain.dense("fc8", 5),
)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("has_prototxt", [False, True])
def test_round_trip(channels, has_prototxt, tmp_path):
    model = model_of(*SMALL, channels=channels)
    model.preprocessing = Preprocessing(
        16, 14, np.arange(1, channels + 1), np.arange(1, channels + 1) / 4, "bilinear", warp=True
    )
    path = tmp_path / "net.caffemodel"
    model.export(path)
    assert sorted(os.listdir(tmp_path)) == ["net.caffemodel", "net.prototxt"]
    again = sa.load(path, prototxt=tmp_path / "net.prototxt" if has_prototxt else None)
    assert again.spec.splitlines()[1:] == model.spec.splitlines()[1:]
    for name, values in model.parameters().items():
        assert values.tobytes() == again.parameters()[name].tobytes()
    assert again.preprocessing.to_json() == model.preprocessing.to_json()
    assert (again.preprocessing.mean == model.preprocessing.mean).all()
    assert not again.source.notes
    images = np.random.default_rng(1).standard_normal((2, channels, 14, 14)).astype(np.float32)
    assert (model.forward(images) == again.forward(images)).all()


@pytest.mark.parametrize("variant", ["caffe", "caffenet", "owt"])
def test_variants(variant, tmp_path):
    data, nodes = nodes_of(variant, 3, 3, 0)
    nodes = [with_outputs(node, 8) if node.name in ("fc6", "fc7") else node for node in nodes]
    model = sa.Model.from_spec(chain.spec_text(variant, data, nodes), variant=variant)
    model.export(tmp_path / "net.caffemodel")
    again = sa.load(tmp_path / "net.caffemodel")
    assert again.variant == variant
    lines = [[line for line in spec.splitlines() if "adaptive" not in line] for spec in (again.spec, model.spec)]
    assert lines[0] == lines[1]
    assert all((values == again.parameters()[name]).all() for name, values in model.parameters().items())


def test_people_and_opencv_read_the_text(tmp_path):
    model = model_of(*SMALL)
    model.preprocessing = Preprocessing(16, 14, np.array([1.5, 2, 3]), np.array([1, 2, 4]) / 4)
    model.export(tmp_path / "net.caffemodel")
    text = (tmp_path / "net.prototxt").read_text()
    assert "# Subtracted, in the order blue, green, red: 3, 2, 1.5\n" in text
    assert "# Then multiplied, in the order blue, green, red, by: 1, 0.5, 0.25\n" in text
    assert "write round_mode: FLOOR" in text  # pool3 has an input of odd size
    assert "OpenCV takes 1" in text  # norm1 has k = 2
    net = read_prototxt(tmp_path / "net.prototxt", "test")
    assert [layer.name for layer in net.layer if layer.bottom and layer.bottom[0] == layer.top[0]] == [
        "relu1", "tanh2", "sigmoid6", "drop6",
    ]  # fmt: skip


def test_blobs_are_as_caffe_has_them(tmp_path):
    model = model_of(*SMALL)
    model.export(tmp_path / "net.caffemodel")
    net = nets.parse_bytes((tmp_path / "net.caffemodel").read_bytes())
    blobs = {
        layer.name: [(tuple(blob.shape.dim), blob.data) for blob in layer.blobs] for layer in net.layer if layer.blobs
    }
    parameters = model.parameters()
    for name, ((shape, values), (bias_shape, bias)) in blobs.items():
        weight = parameters[f"{name}.weight"]
        expected = weight[:, ::-1] if name == "conv1" else weight
        assert shape == weight.shape and (np.array(values, np.float32) == expected.ravel()).all()
        assert bias_shape == (len(weight),) and (np.array(bias, np.float32) == parameters[f"{name}.bias"]).all()
    assert list(blobs) == ["conv1", "conv2", "fc6", "fc8"]


def test_mean_image(tmp_path):
    model = model_of(*SMALL)
    mean = np.random.default_rng(2).uniform(0, 255, (16, 16, 3)).astype(np.float32)
    model.preprocessing = Preprocessing(16, 14, mean, mean_at="crop")
    model.export(tmp_path / "net.caffemodel")
    with opened_source(tmp_path / "net.binaryproto", "load") as file:
        assert (read_mean(file) == mean[..., ::-1]).all()
    again = sa.load(tmp_path / "net.caffemodel", mean=tmp_path / "net.binaryproto")
    assert (again.preprocessing.mean == mean).all()
    without = sa.load(tmp_path / "net.caffemodel")
    assert np.allclose(without.preprocessing.mean, mean.mean((0, 1)))
    assert "net.binaryproto" in without.source.notes[0]


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (chain.convolution("x", 4, 3, 1, [0, 0, 3, 3]), r"x: a pad of 0,0,3,3 \(top, left, bottom, right\)"),
        (chain.max_pool("x", 3, 2, [0, 1, 1, 1]), "x: a pad of 0,1,1,1"),
        (chain.response_norm("x", 4, 1.0, 0.75, 1.0), "x: a norm over an even number, 4"),
        (chain.response_norm("x", 5, 1.0, 0.75, 1.0, groups=2), "x: a norm within each tower"),
        (chain.average_pool("x", 3, 2, 1), "x: an average over the pixels without the pad"),
        (Node.make("dropout", "x", probability=0.5, form="paper2012"), "x: dropout that scales at test"),
        (Node.make("adaptive_average_pool", "x", size=4), "x: an average of 7 × 7 pixels to 4 × 4"),
        (Node.make("locally_connected", "x", outputs=4, kernel=3, stride=1, pad="0,0,0,0"), "x: locally_connected"),
    ],
)
def test_unsupported(node, message, tmp_path):
    model = model_of(chain.convolution("conv1", 4, 3, 2, [1, 1, 1, 1]), node, chain.dense("fc8", 5))
    with pytest.raises(UnsupportedError, match=message):
        model.export(tmp_path / "net.caffemodel")
    assert not list(tmp_path.iterdir())


def test_whitened_images(tmp_path):
    model = model_of(*SMALL)
    model.preprocessing = Preprocessing(14, 14, np.zeros(3), learn_whitening=0.1)
    with pytest.raises(UnsupportedError, match="whitened"):
        model.export(tmp_path / "net.caffemodel")


def test_old_file_stays_if_it_cannot_be_replaced(tmp_path, monkeypatch):
    model, path = model_of(*SMALL), tmp_path / "net.caffemodel"
    path.write_bytes(b"old")

    def fail(descriptor, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("swiftalexnet.formats.caffe.writing.write_all", fail)
    with pytest.raises(OSError, match="No space left"):
        model.export(path)
    assert path.read_bytes() == b"old"
    assert [Path(name).name for name in os.listdir(tmp_path)] == ["net.caffemodel"]

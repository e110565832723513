"""How images are prepared: what a net says of it, and what is assumed."""

import numpy as np
import pytest
from formats.caffe import nets

import swiftalexnet as sa
from swiftalexnet.errors import UnsupportedError

SHAPES = {"conv1": [(2, 3, 3, 3), (2,)], "fc": [(3, 2 * 6 * 6), (3,)]}
NET = nets.convolution("conv1", "data", 2, 3) + nets.dense("fc", "conv1", 3)


@pytest.fixture
def load(tmp_path):
    def load(head, shapes=SHAPES, text=NET):
        path = tmp_path / "net.caffemodel"
        path.write_bytes(nets.caffemodel(head + text, shapes))
        return sa.load(path)

    return load


def data(transform, kind="Data", more=""):
    return f'layer {{ name: "data" type: "{kind}" top: "data" transform_param {{ {transform} }} {more} }}'


def test_mean_and_scale_of_the_net(load):
    model = load(data("crop_size: 8 mean_value: 1 mean_value: 2 mean_value: 3 scale: 0.25"))
    assert model.preprocessing.mean.tolist() == [3, 2, 1]
    assert model.preprocessing.scale.tolist() == [0.25] * 3
    assert model.preprocessing.mean_at == "crop"
    assert not model.source.notes


def test_one_mean_for_all_channels(load):
    assert load(data("crop_size: 8 mean_value: 7")).preprocessing.mean.tolist() == [7, 7, 7]


def test_mean_image_is_not_followed(load, tmp_path):
    (tmp_path / "mean.binaryproto").write_bytes(b"not read")
    model = load(data(f'crop_size: 8 mean_file: "{tmp_path}/mean.binaryproto"'))
    assert np.allclose(model.preprocessing.mean, (122.67891, 116.66877, 104.00699))
    (note,) = model.source.notes
    assert "mean.binaryproto" in note and "unless mean= is passed" in note


def test_the_oldest_place_of_the_transformation(load):
    model = load(data("", "ImageData").replace("transform_param {  }", "image_data_param { crop_size: 8 scale: 0.5 }"))
    assert model.input_shape == (3, 8, 8)
    assert model.preprocessing.scale.tolist() == [0.5] * 3


def test_what_is_assumed(load):
    model = load(nets.input_new(3, 8))
    assert (model.preprocessing.resize, model.preprocessing.crop) == (8, 8)  # small images are read whole
    (note,) = model.source.notes
    assert "it does not say which mean is subtracted: 104.007, 116.669, 122.679" in note


def test_gray(load):
    shapes = SHAPES | {"conv1": [(2, 1, 3, 3), (2,)]}
    model = load(nets.input_new(1, 8), shapes)
    assert model.preprocessing.mean.tolist() == [0]
    model = load(data("crop_size: 8 scale: 0.00390625"), shapes)
    assert model.input_shape == (1, 8, 8)
    assert model.preprocessing.scale.tolist() == [1 / 256]


def test_colors_are_turned_in_the_first_convolution_only(load):
    text = NET.replace('"conv1" top', '"conv1" top')
    model = load(nets.input_new(3, 8), text=text)
    net = nets.parse_bytes(nets.caffemodel(nets.input_new(3, 8) + text, SHAPES))
    weights = np.array(net.layer[1].blobs[0].data, np.float32).reshape(2, 3, 3, 3)
    assert (model.parameters()["conv1.weight"] == weights[:, ::-1]).all()


def test_colors_that_no_convolution_reads(load):
    text = nets.dense("fc", "data", 3)
    with pytest.raises(UnsupportedError, match="colour images without a convolution first"):
        load(nets.input_new(3, 8), {"fc": [(3, 192), (3,)]}, text)


def test_means_for_other_channels(load):
    with pytest.raises(ValueError, match="2 mean values for 3 channels"):
        load(data("crop_size: 8 mean_value: 1 mean_value: 2"))


def test_nets_without_weights(load):
    with pytest.raises(UnsupportedError, match="without a convolution first"):
        load(nets.input_new(3, 8), {"r": [(3,)]}, nets.relu("r", "data"))

"""Files that have blobs and no graph: the variant is found by their shapes, or the caller says it."""

import numpy as np
import pytest
from formats.caffe import nets

import swiftalexnet as sa
from swiftalexnet.formats import chain
from swiftalexnet.formats.assembly import parameter_shapes
from swiftalexnet.formats.chain import Chain
from swiftalexnet.formats.templates import nodes_of, with_outputs


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """Return a function that writes a variant's blobs and nothing else, with narrow dense layers."""

    def bare(variant):
        path = tmp_path_factory.mktemp("bare") / f"{variant}.caffemodel"
        data, nodes = nodes_of(variant, 2, 3, 0)
        nodes = [with_outputs(node, 8) if node.name in ("fc6", "fc7") else node for node in nodes]
        net = nets.parse("")
        for name, shape in parameter_shapes(Chain(data, nodes, {})).items():
            layer, _, part = name.partition(".")
            if part == "weight":
                message = net.layer.add(name=layer)
            nets.add_blob(message, np.zeros(shape, np.float32), is_legacy=True)
        path.write_bytes(net.SerializeToString())
        return path

    return bare


def test_caffe_and_caffenet_have_the_same_shapes(bare):
    path = bare("caffe")
    with pytest.raises(ValueError, match='no graph.*pass variant="caffe" or variant="caffenet", or prototxt='):
        sa.load(path)
    for variant in ("caffe", "caffenet"):
        model = sa.load(path, variant=variant)
        assert model.variant == variant
        assert np.allclose(model.preprocessing.mean, (122.67891434, 116.66876762, 104.00698793))
        assert (model.preprocessing.resize, model.preprocessing.warp) == (256, True)
    with pytest.raises(ValueError, match="the nearest network is vgg-D, but conv1 has shape"):
        sa.load(path, variant="vgg-D")


def test_vgg(bare):
    model = sa.load(bare("vgg-D"))
    assert model.variant == "vgg-D"
    assert np.allclose(model.preprocessing.mean, (123.68, 116.779, 103.939))
    assert chain.Node.parse(model.spec.splitlines()[-2]).name == "fc8"


def test_layers_without_parameters_are_no_graph(bare, tmp_path):
    net = nets.parse_bytes(bare("vgg-D").read_bytes())
    for number, layer in enumerate(net.layer):
        layer.type = "Convolution" if layer.name.startswith("conv") else "InnerProduct"
        layer.bottom.append(str(number))
        layer.top.append(str(number + 1))
    (tmp_path / "net.caffemodel").write_bytes(net.SerializeToString())
    assert sa.load(tmp_path / "net.caffemodel").variant == "vgg-D"

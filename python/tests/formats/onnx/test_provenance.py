"""What is assumed of images, by who made a graph and by what its tensors are called."""

from pathlib import Path

import numpy as np
import pytest
from formats.onnx.graphs import in_a_row, proto, read, saved, weights
from formats.onnx.test_writing import narrow
from numpy.testing import assert_allclose
from support import needs

import swiftalexnet as sa
from swiftalexnet.formats.onnx.writing import write

onnx = needs("onnx")


def renamed(path: Path, variant: str, names: dict[str, str], producer: str) -> Path:
    """Write a narrow variant as another maker would: other names of tensors and no properties."""
    write(narrow(variant), path)
    model = onnx.load(path)
    del model.metadata_props[:]
    model.producer_name = producer
    for tensor in model.graph.initializer:
        for part, ending in names.items():
            tensor.name = tensor.name.replace(part, ending)
    for node in model.graph.node:
        for at, name in enumerate(node.input):
            for part, ending in names.items():
                name = name.replace(part, ending)
            node.input[at] = name
    return saved(path, model)


def test_caffe_s_weights_read_blue_green_red(tmp_path: Path) -> None:
    path = renamed(tmp_path / "x.onnx", "caffe", {".weight": "_w_0", ".bias": "_b_0"}, "onnx-caffe2")
    model, chain = read(path)
    ours = narrow("caffe")
    assert model.variant == "caffe" and chain.reads_bgr and "Caffe" in chain.notes[0]
    first, same = model.parameters()["conv1.weight"], ours.parameters()["conv1.weight"]
    assert np.array_equal(first, same[:, ::-1])
    assert np.array_equal(model.parameters()["conv2.weight"], ours.parameters()["conv2.weight"])
    assert_allclose(model.preprocessing.mean, [122.679, 116.669, 104.007], rtol=1e-5)
    assert model.preprocessing.scale is None and model.preprocessing.warp


def test_caffe_s_vgg(tmp_path: Path) -> None:
    path = renamed(tmp_path / "x.onnx", "vgg-D", {".weight": "_w_0", ".bias": "_b_0"}, "")
    model, _ = read(path)
    assert_allclose(model.preprocessing.mean, [123.68, 116.779, 103.939], rtol=1e-6)
    assert not model.preprocessing.warp and "227" not in "".join(read(path)[1].notes)


@pytest.mark.parametrize(
    ("producer", "names"),
    [("pytorch", {}), ("", {"conv1_1.weight": "vgg0_conv0_weight", "fc6.weight": "vgg0_dense0_weight"})],
)
def test_torchvision_s_preparation(tmp_path: Path, producer: str, names: dict[str, str]) -> None:
    model, chain = read(renamed(tmp_path / "x.onnx", "vgg-A", names, producer))
    assert not chain.reads_bgr
    assert repr(model.preprocessing) == repr(sa.alexnet("owt").preprocessing)


def test_unknown_makers_are_told(tmp_path: Path) -> None:
    model, chain = read(renamed(tmp_path / "x.onnx", "vgg-A", {}, "somebody"))
    assert chain.notes == ["the file does not say how images are prepared: the defaults are used"]
    assert repr(model.preprocessing) == repr(sa.vgg("A").preprocessing)


def test_keras_s_mean_only_for_vgg(tmp_path: Path) -> None:
    model, chain = read(renamed(tmp_path / "x.onnx", "vgg-D", {}, "tf2onnx"))
    assert chain.reads_bgr
    assert_allclose(model.preprocessing.mean, [123.68, 116.779, 103.939], rtol=1e-6)
    _, chain = read(renamed(tmp_path / "y.onnx", "owt", {}, "tf2onnx"))
    assert not chain.reads_bgr


def test_what_the_graph_does_with_images_goes_first(tmp_path: Path) -> None:
    """Mean and factors before the first layer, in whatever order."""
    mean = np.arange(3, dtype=np.float32).reshape(3, 1, 1)
    tensors = weights(v=(192, 4)) | {"two": np.array(2, np.float32), "mean": mean}
    steps = ("Div", "two"), ("Sub", "mean"), ("Flatten",), ("Gemm", "v")
    model, chain = read(saved(tmp_path / "x.onnx", proto(in_a_row(*steps), tensors, producer_name="pytorch")))
    assert_allclose(model.preprocessing.mean, [0, 2, 4])
    assert_allclose(model.preprocessing.scale, [0.5] * 3)
    assert (model.preprocessing.resize, model.preprocessing.crop) == (8, 8)
    assert chain.notes == ["images are prepared as the graph does with them before its first layer"]

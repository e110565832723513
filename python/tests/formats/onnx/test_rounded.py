"""Quantised models written as ONNX: pairs of QuantizeLinear and DequantizeLinear, and what the graph computes."""

from pathlib import Path

import numpy as np
import pytest
from formats.onnx.graphs import reference
from formats.onnx.test_writing import narrow
from support import labelled_images, needs, quantized_model

import swiftalexnet as sa
from swiftalexnet.network.rounded_weights import integers_of

onnx = needs("onnx")


@pytest.fixture(scope="module")
def model() -> sa.Model:
    return quantized_model()


def graph_of(model: sa.Model, path: Path, **options: bool) -> "onnx.GraphProto":
    model.export(path, **options)
    onnx.checker.check_model(str(path), full_check=True)
    return onnx.load(path).graph


def logits_of(path: Path, data: np.ndarray) -> np.ndarray:
    """Return what the reference computes, which knows DequantizeLinear from operator set 19 on."""
    proto = onnx.load(path)
    proto.opset_import[0].version = 19
    logits: np.ndarray = reference(proto, data)
    return logits


def arrays_of(graph: "onnx.GraphProto") -> dict[str, np.ndarray]:
    return {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}


def test_nodes_stand_between_pairs_where_the_engine_rounds(model, tmp_path):
    graph = graph_of(model, tmp_path / "m.onnx")
    kinds = [node.op_type for node in graph.node if not node.name.endswith(".node")]  # without those of weights
    pair = ["QuantizeLinear", "DequantizeLinear"]
    wanted = [
        *pair,
        *("Conv", "Relu", *pair, "LRN", *pair, "MaxPool", *pair, "Conv", "Relu", *pair),
        *("Flatten", *pair, "Gemm", "Relu", *pair, "DequantizeLinear", "Gemm", "Softmax"),
    ]
    assert kinds == wanted


def test_weights_are_the_models_integers(model, tmp_path):
    arrays = arrays_of(graph_of(model, tmp_path / "m.onnx"))
    assert not {"conv1.weight", "conv1.bias"} & arrays.keys()
    for name, scales in model.quantization.weights.items():
        assert arrays[f"{name}.integers"].dtype == np.int8
        assert np.array_equal(arrays[f"{name}.integers"], integers_of(name, model.parameters()[name], scales))
        assert np.array_equal(arrays[f"{name}.scale"], scales)
    bias = arrays["conv1.bias.integers"]
    assert bias.dtype == np.int32
    assert np.allclose(bias * arrays["conv1.bias.scale"], model.parameters()["conv1.bias"], atol=1e-3)


def test_ranges_are_the_models(model, tmp_path):
    arrays = arrays_of(graph_of(model, tmp_path / "m.onnx"))
    for name in ("data", "relu1", "norm1", "relu2", "relu6"):
        rounding = model.quantization.activations[name]
        assert arrays[f"{name}.scale"] == np.float32(rounding.scale) and arrays[f"{name}.zero_point"] == rounding[1]
    assert arrays["pool1.scale"] == arrays["norm1.scale"]
    assert arrays["drop6.scale"] == arrays["relu6.scale"] / 2


@pytest.mark.parametrize("preprocessing", [False, True])
def test_the_graph_computes_what_the_model_does(model, tmp_path, preprocessing):
    images, _ = labelled_images(8, seed=7)  # as many as channels: the reference normalises no others
    x = images if preprocessing else model.features(images, ["data"], precision="float32")["data"]
    graph_of(model, tmp_path / "m.onnx", preprocessing=preprocessing)
    logits = logits_of(tmp_path / "m.onnx", x)
    ours = model.features(images, ["fc8"])["fc8"]
    assert np.abs(logits - ours).max() < 0.05 * np.abs(ours).max()
    assert np.mean(logits.argmax(1) == ours.argmax(1)) >= 0.95


def test_outputs_without_weights_keep_their_bias(tmp_path):
    original = quantized_model()
    original.quantization = None
    original.parameters()["fc8.weight"][:2] = 0
    original.parameters()["fc8.bias"][...] = [1, -2, 0, 0.5]
    model = original.quantize(np.random.default_rng(0).integers(0, 256, (16, 23, 23, 3), dtype=np.uint8))
    graph_of(model, tmp_path / "m.onnx")
    logits = logits_of(tmp_path / "m.onnx", np.zeros((1, 3, 20, 20), np.float32))
    np.testing.assert_allclose(logits[0, :2], [1, -2], rtol=1e-5)


def test_a_bias_too_large_for_its_scale_stays_a_float(tmp_path):
    original = quantized_model()
    original.quantization = None
    original.parameters()["fc8.weight"][1] *= 1e-12
    original.parameters()["fc8.bias"][1] = 100
    model = original.quantize(np.random.default_rng(0).integers(0, 256, (16, 23, 23, 3), dtype=np.uint8))
    arrays = arrays_of(graph_of(model, tmp_path / "m.onnx"))
    assert arrays["fc8.bias"].dtype == np.float32 and arrays["fc8.bias"][1] == 100
    logits = logits_of(tmp_path / "m.onnx", np.zeros((1, 3, 20, 20), np.float32))
    assert logits[0, 1] == pytest.approx(100)


def test_maps_without_classes(model, tmp_path):
    part = model.up_to("pool1")
    graph = graph_of(part, tmp_path / "m.onnx")
    assert [output.name for output in graph.output] == ["features"]
    assert graph.node[-1].op_type == "MaxPool"


def test_weights_that_were_changed_are_refused(tmp_path):
    model = quantized_model()
    model.parameters()["fc6.weight"][0] *= 1.5
    with pytest.raises(ValueError, match=r"fc6\.weight has been changed since the model was quantised"):
        model.export(tmp_path / "m.onnx")
    assert not (tmp_path / "m.onnx").exists()


def test_such_a_file_is_not_read(model, tmp_path):
    model.export(tmp_path / "m.onnx")
    with pytest.raises(sa.UnsupportedError, match=r"node data\.quantize \(QuantizeLinear\)"):
        sa.load(tmp_path / "m.onnx")


def test_other_formats_get_the_rounded_weights(tmp_path):
    needs("google.protobuf")
    original = narrow("caffe")
    model = original.quantize(np.random.default_rng(0).integers(0, 256, (16, 256, 256, 3), dtype=np.uint8))
    model.export(tmp_path / "m.caffemodel")
    back = sa.load(tmp_path / "m.caffemodel", prototxt=tmp_path / "m.prototxt")
    assert back.quantization is None
    assert np.array_equal(back.parameters()["fc7.weight"], model.parameters()["fc7.weight"])

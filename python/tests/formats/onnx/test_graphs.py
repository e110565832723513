"""Graphs of one node or a few, against the reference implementation of the `onnx` package."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from formats.onnx.graphs import in_a_row, node, proto, read, reference, saved, weights
from numpy.testing import assert_allclose
from support import needs

from swiftalexnet.errors import UnsupportedError

onnx = needs("onnx")
helper = onnx.helper

END = ("Flatten",), ("Gemm", "v", "c")  # every network here ends with 4 classes


def check(path: Path, model: onnx.ModelProto, shape: tuple[int, ...], last: str = "") -> Any:
    """Compare what the file computes with the reference, and return the model that was read."""
    onnx.checker.check_model(model)
    ours, chain = read(saved(path / "small.onnx", model))
    data = np.random.default_rng(5).standard_normal(shape).astype(np.float32)
    images = np.ascontiguousarray(data.transpose(0, 3, 1, 2) if chain.input[0] == shape[3] != shape[1] else data)
    assert_allclose(ours.forward(images, keep=False), reference(model, data), rtol=1e-5, atol=1e-5)
    return ours


def ending(count: int, classes: int = 4) -> dict[str, Any]:
    """Return weights of the last layer for `count` inputs."""
    return weights(9, v=(count, classes), c=(classes,))


CONVOLUTIONS = [
    ({}, 6, 6),
    ({"pads": [1, 1, 1, 1]}, 8, 8),
    ({"pads": [0, 1, 2, 1]}, 8, 8),
    ({"strides": [2, 2]}, 3, 3),
    ({"auto_pad": "SAME_UPPER", "strides": [2, 2]}, 4, 4),
    ({"auto_pad": "SAME_LOWER", "strides": [2, 2]}, 4, 4),
    ({"auto_pad": "VALID"}, 6, 6),
    ({"kernel_shape": [3, 3], "dilations": [1, 1]}, 6, 6),
]


@pytest.mark.parametrize(("attributes", "height", "width"), CONVOLUTIONS)
def test_convolution(tmp_path: Path, attributes: dict[str, Any], height: int, width: int) -> None:
    tensors = weights(w=(5, 3, 3, 3), b=(5,)) | ending(5 * height * width)
    check(tmp_path, proto(in_a_row(("Conv", "w", "b", attributes), *END), tensors), (2, 3, 8, 8))


def test_groups(tmp_path: Path) -> None:
    tensors = weights(w=(4, 2, 3, 3)) | ending(4 * 36)
    steps = in_a_row(("Conv", "w", {"group": 2}), *END)
    check(tmp_path, proto(steps, tensors, (1, 4, 8, 8)), (2, 4, 8, 8))


POOLS = [
    ("MaxPool", {}, 3),
    ("MaxPool", {"ceil_mode": 1}, 4),
    ("MaxPool", {"pads": [0, 0, 1, 1]}, 4),
    ("MaxPool", {"pads": [1, 1, 1, 1]}, 4),
    ("MaxPool", {"pads": [1, 1, 0, 0]}, 4),
    ("MaxPool", {"auto_pad": "SAME_UPPER"}, 4),
    ("AveragePool", {}, 3),
    ("AveragePool", {"ceil_mode": 1}, 4),
    ("AveragePool", {"pads": [0, 0, 1, 1]}, 4),
    ("AveragePool", {"pads": [1, 1, 1, 1]}, 4),
    ("AveragePool", {"pads": [1, 1, 1, 1], "count_include_pad": 1}, 4),
    ("AveragePool", {"pads": [0, 0, 1, 1], "count_include_pad": 1}, 4),
]


@pytest.mark.parametrize(("kind", "attributes", "size"), POOLS)
def test_pools(tmp_path: Path, kind: str, attributes: dict[str, Any], size: int) -> None:
    window = {"kernel_shape": [3, 3], "strides": [2, 2], **attributes}
    model = proto(in_a_row((kind, window), *END), ending(3 * size * size), opset=19)
    check(tmp_path, model, (2, 3, 8, 8))


def test_padding_below_is_rounding_up_as_caffe_does(tmp_path: Path) -> None:
    window = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [0, 0, 1, 1]}
    model, _ = read(saved(tmp_path / "x.onnx", proto(in_a_row(("MaxPool", window), *END), ending(48))))
    assert "pad=0,0,0,0 ceil=1" in model.spec


@pytest.mark.parametrize("kind", ["Relu", "Tanh", "Sigmoid", "Identity"])
def test_activations(tmp_path: Path, kind: str) -> None:
    check(tmp_path, proto(in_a_row((kind,), *END), ending(192)), (2, 3, 8, 8))


def test_response_norm(tmp_path: Path) -> None:
    norm = {"size": 5, "alpha": 0.3, "beta": 0.75, "bias": 2.0}
    tensors = weights(w=(8, 3, 1, 1)) | ending(8 * 64)
    # As many images as channels: the reference has a loop over the one that should be over the other.
    graph = proto(in_a_row(("Conv", "w"), ("LRN", norm), *END), tensors, (8, 3, 8, 8))
    model = check(tmp_path, graph, (8, 3, 8, 8))
    assert "size=5 alpha=0.3 beta=0.75 k=2.0 alpha_over_n=1" in model.spec


ACROSS = {"kernel_shape": [5, 1, 1], "count_include_pad": 1}
NORMS = [
    ([("Reshape", "apart"), ("Pad", "margins"), ("AveragePool", ACROSS)], 1),
    ([("Unsqueeze", "one"), ("AveragePool", ACROSS | {"pads": [2, 0, 0, 2, 0, 0]})], 1),
    ([("AveragePool", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1})], 0),
    ([("AveragePool", {"kernel_shape": [2, 2], "pads": [1, 1, 0, 0], "count_include_pad": 1})], 0),
]


@pytest.mark.parametrize(("window", "across"), NORMS)
def test_response_norm_step_by_step(tmp_path: Path, window: list[Any], across: int) -> None:
    """As PyTorch's exporter writes it, and our own within maps."""
    tensors = weights(w=(8, 3, 1, 1)) | ending(8 * 64) | {"apart": np.array([1, 1, 8, 8, -1]), "one": np.array([1])}
    tensors |= {"margins": np.array([0, 0, 2, 0, 0, 0, 0, 2, 0, 0])}
    tensors |= {name: np.array(value, np.float32) for name, value in (("alpha", 0.3), ("k", 2), ("beta", 0.75))}
    nodes = in_a_row(("Conv", "w"), ("Relu",))
    nodes += [node("Mul", "t1", "t1", to="squares")]
    row = *window, *[("Squeeze", "one")] * across, ("Mul", "alpha"), ("Add", "k"), ("Pow", "beta")
    steps = in_a_row(*row, data="squares")
    for step in steps:
        step.output[0] = f"s{step.output[0]}"
        step.input[0] = step.input[0] if step.input[0] == "squares" else f"s{step.input[0]}"
    nodes += [*steps, node("Div", "t1", steps[-1].output[0], to="normal")]
    nodes += [node("Flatten", "normal", to="flat"), node("Gemm", "flat", "v", "c")]
    model = check(tmp_path, proto(nodes, tensors), (1, 3, 8, 8))
    assert ("\nresponse_norm" if across else "\nspatial_response_norm") in model.spec


def test_other_uses_of_squares_are_refused(tmp_path: Path) -> None:
    for kind in ("Relu", "Conv", "Sub", "Softmax"):
        nodes = [node("Mul", "data", "data", to="squares"), node(kind, "squares", *(["w"] if kind != "Relu" else []))]
        path = saved(tmp_path / "x.onnx", proto(nodes, weights(w=(5, 3, 3, 3))))
        with pytest.raises(UnsupportedError, match=rf"the_{kind} \({kind}\): not a step of a response normalisation"):
            read(path)


def test_flatten_forms(tmp_path: Path) -> None:
    """A row for each image, told in the ways of different exporters."""
    tensors = ending(192) | {"s": np.array([-1, 192]), "zero": np.array([0, -1]), "one": np.array([1, 192])}
    for steps in [[("Reshape", "s")], [("Reshape", "zero")], [("Flatten", {"axis": 1})], [("Flatten", {"axis": -3})]]:
        check(tmp_path, proto(in_a_row(*steps, ("Gemm", "v", "c")), tensors, ("n", 3, 8, 8)), (2, 3, 8, 8))
    check(tmp_path, proto(in_a_row(("Reshape", "one"), ("Gemm", "v", "c")), tensors), (1, 3, 8, 8))


def test_sizes_that_the_graph_computes(tmp_path: Path) -> None:
    """The batch's size taken from the image itself."""
    nodes = [
        node("Shape", "data", to="shape"),
        node("Gather", "shape", "zero", to="batch", axis=0),
        node("Unsqueeze", "batch", "zeros", to="row"),
        node("Constant", to="minus", value_ints=[-1]),
        node("Concat", "row", "minus", to="sizes", axis=0),
        helper.make_node("Cast", ["sizes"], ["cast"], to=onnx.TensorProto.INT64),
        node("Reshape", "data", "cast", to="flat"),
        node("Gemm", "flat", "v", "c"),
    ]
    tensors = ending(192) | {"zero": np.array(0), "zeros": np.array([0])}
    check(tmp_path, proto(nodes, tensors, ("n", 3, 8, 8)), (2, 3, 8, 8))


PRODUCTS = [
    [("Gemm", "v", "c", {"alpha": 0.5, "beta": 2.0})],
    [("Gemm", "v", {"transB": 0})],
    [("Gemm", "v", "one")],
    [("Gemm", "v", "row")],
    [("MatMul", "v")],
    [("MatMul", "v"), ("Add", "c")],
    [("MatMul", "v"), ("Add", "row")],
    [("MatMul", "v"), ("Add", "c"), ("Add", "c")],
    [("MatMul", "v"), ("Add", "one")],
]


@pytest.mark.parametrize("steps", PRODUCTS)
def test_products(tmp_path: Path, steps: list[Any]) -> None:
    tensors = ending(192) | weights(row=(1, 4), one=(1,))
    check(tmp_path, proto(in_a_row(("Flatten",), *steps), tensors), (2, 3, 8, 8))


def test_transposed_weights(tmp_path: Path) -> None:
    tensors = weights(v=(4, 192), w=(3, 3, 3, 5), k=(5, 4))
    nodes = [node("Transpose", "v", to="vt"), *in_a_row(("Flatten",), ("MatMul", "vt"))]
    check(tmp_path, proto(nodes, tensors), (2, 3, 8, 8))
    nodes = [
        node("Transpose", "w", to="wt", perm=[3, 2, 0, 1]),
        *in_a_row(("Conv", "wt"), ("GlobalAveragePool",), ("Flatten",), ("Gemm", "k")),
    ]
    check(tmp_path, proto(nodes, tensors), (2, 3, 8, 8))


def test_constants_of_one_value(tmp_path: Path) -> None:
    tensors = ending(192) | {"s": np.array([4]), "one": np.array([1])}
    ones = onnx.numpy_helper.from_array(np.array([1], np.float32))
    minus = onnx.numpy_helper.from_array(np.array([-1]))
    nodes = [
        node("ConstantOfShape", "s", to="ones", value=ones),
        node("ConstantOfShape", "s", to="zeros"),
        node("ConstantOfShape", "one", to="row", value=minus),
        node("Concat", "row", "row_size", to="sizes", axis=0),
        *in_a_row(("Reshape", "sizes"), ("MatMul", "v"), ("Add", "ones"), ("Add", "zeros")),
    ]
    check(tmp_path, proto(nodes, tensors | {"row_size": np.array([192])}), (2, 3, 8, 8))


def test_weights_that_are_reshaped(tmp_path: Path) -> None:
    tensors = weights(w=(4, 3, 8, 8)) | {"s": np.array([4, 192])}
    nodes = [node("Reshape", "w", "s", to="flat"), *in_a_row(("Flatten",), ("Gemm", "flat", {"transB": 1}))]
    check(tmp_path, proto(nodes, tensors), (2, 3, 8, 8))


def test_batch_normalisation_and_sums_are_folded(tmp_path: Path) -> None:
    tensors = weights(w=(5, 3, 3, 3), scale=(5,), shift=(5,), mean=(5,), more=(5, 1, 1)) | ending(5 * 36)
    tensors["variance"] = np.abs(tensors["scale"]) + np.float32(0.1)
    norm = ("BatchNormalization", "scale", "shift", "mean", "variance", {"epsilon": 1e-3})
    for steps in ([norm], [("Add", "more"), norm], [norm, norm], [norm, ("Add", "more")], [norm, ("Mul", "more")]):
        check(tmp_path, proto(in_a_row(("Conv", "w"), *steps, ("Relu",), *END), tensors), (2, 3, 8, 8))


def test_normalisation_behind_no_weights_is_a_layer(tmp_path: Path) -> None:
    tensors = weights(w=(5, 3, 3, 3), scale=(5,), shift=(5,), mean=(5,)) | ending(5 * 36)
    tensors["variance"] = np.abs(tensors["scale"]) + np.float32(0.1)
    norm = ("BatchNormalization", "scale", "shift", "mean", "variance")
    for steps in ([("Relu",), norm], [("Relu",), norm, norm, ("Tanh",)]):
        model = check(tmp_path, proto(in_a_row(("Conv", "w"), *steps, *END), tensors), (2, 3, 8, 8))
        assert "convolution BatchNormalization2 outputs=5 kernel=1 stride=1 pad=0,0,0,0 groups=5" in model.spec


@pytest.mark.parametrize("scale", [1e38, np.inf, np.nan])
@pytest.mark.parametrize("steps", [[("Conv", "w")], [("Conv", "w"), ("Relu",)]])
def test_factors_that_are_too_large(tmp_path: Path, steps: list[Any], scale: float) -> None:
    tensors = weights(w=(5, 3, 3, 3)) | ending(5 * 36) | {name: np.zeros(5, np.float32) for name in ("zero", "tiny")}
    tensors["scale"] = np.full(5, scale, np.float32)
    norm = ("BatchNormalization", "scale", "zero", "zero", "tiny", {"epsilon": 1e-10})
    path = saved(tmp_path / "x.onnx", proto(in_a_row(*steps, norm, *END), tensors))
    with pytest.raises(ValueError, match=rf"{path}: .* not finite"):
        read(path)


def test_channels_last(tmp_path: Path) -> None:
    """As tf2onnx writes: the image, and the rows of the first dense layer, in the order height, width, channels."""
    tensors = weights(w=(5, 3, 3, 3), b=(5,)) | ending(5 * 36) | {"s": np.array([-1, 180])}
    there, back = {"perm": [0, 3, 1, 2]}, {"perm": [0, 2, 3, 1]}
    steps = (
        ("Transpose", there),
        ("Conv", "w", "b"),
        ("Relu",),
        ("Transpose", back),
        ("Reshape", "s"),
        ("MatMul", "v"),
        ("Add", "c"),
    )
    check(tmp_path, proto(in_a_row(*steps), tensors, ("n", 8, 8, 3)), (2, 8, 8, 3))
    tensors["u"] = np.ascontiguousarray(tensors["v"].T)
    steps = (*steps[:5], ("Gemm", "u", "c", {"transB": 1}))
    check(tmp_path, proto(in_a_row(*steps), tensors, (1, 8, 8, 3)), (1, 8, 8, 3))


PADS = [
    ([("Pad", "p1"), ("Conv", "w")], 5 * 64),
    ([("Pad", "p1"), ("Pad", "p2"), ("Conv", "w", {"pads": [0, 0, 0, 1]})], 5 * 9 * 11),
    ([("Relu",), ("Pad", "p1"), ("MaxPool", {"kernel_shape": [2, 2], "strides": [2, 2]})], 75),
    ([("Pad", "p1"), ("AveragePool", {"kernel_shape": [2, 2], "strides": [2, 2]})], 75),
]


@pytest.mark.parametrize(("steps", "count"), PADS)
def test_zeros_around_the_map(tmp_path: Path, steps: list[Any], count: int) -> None:
    tensors = weights(w=(5, 3, 3, 3)) | ending(count)
    tensors |= {"p1": np.array([0, 0, 1, 1, 0, 0, 1, 1]), "p2": np.array([0, 0, 0, 2, 0, 0, 1, 0])}
    check(tmp_path, proto(in_a_row(*steps, *END), tensors), (2, 3, 8, 8))


def test_means_over_the_map(tmp_path: Path) -> None:
    tensors = ending(3) | {"axes": np.array([2, 3])}
    for opset, steps in [
        (17, [("GlobalAveragePool",), ("Flatten",)]),
        (17, [("ReduceMean", {"axes": [2, 3], "keepdims": 0})]),
        (17, [("ReduceMean", {"axes": [-1, -2]}), ("Flatten",)]),
        (18, [("ReduceMean", "axes", {"keepdims": 0})]),
        (18, [("ReduceMean", "axes"), ("Squeeze", "axes")]),
        (17, [("GlobalAveragePool",), ("Squeeze", "axes")]),
    ]:
        check(tmp_path, proto(in_a_row(*steps, ("Gemm", "v", "c")), tensors, opset=opset), (2, 3, 8, 8))


@pytest.mark.parametrize(
    ("opset", "steps"),
    [
        (6, [("Dropout", {"ratio": 0.25, "is_test": 1})]),
        (7, [("Dropout", {"ratio": 0.25})]),
        (13, [("Dropout", "ratio")]),
        (22, [("Dropout", "ratio", "off")]),
    ],
)
def test_dropout(tmp_path: Path, opset: int, steps: list[Any]) -> None:
    tensors = ending(192) | {"ratio": np.array(0.25, np.float32), "off": np.array(False)}
    model, _ = read(saved(tmp_path / "x.onnx", proto(in_a_row(*steps, *END), tensors, opset=opset)))
    assert "probability=0.25 form=inverted" in model.spec


@pytest.mark.parametrize(
    ("opset", "attributes"), [(9, {}), (9, {"axis": 1}), (13, {}), (13, {"axis": 1}), (17, {"axis": -1})]
)
def test_softmax(tmp_path: Path, opset: int, attributes: dict[str, Any]) -> None:
    model = proto(in_a_row(*END, ("Softmax", attributes)), ending(192), opset=opset)
    ours, _ = read(saved(tmp_path / "x.onnx", model))
    data = np.random.default_rng(5).standard_normal((1, 3, 8, 8)).astype(np.float32)
    logits = ours.forward(data, keep=False)
    assert_allclose(np.exp(logits) / np.exp(logits).sum(), reference(model, data), rtol=1e-5)


def test_initialisers_that_are_inputs_too(tmp_path: Path) -> None:
    """As files before version 4 of the format must have it."""
    model = proto(in_a_row(*END), ending(192), opset=8)
    for tensor in model.graph.initializer:
        model.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    check(tmp_path, model, (1, 3, 8, 8))


def test_weights_in_constant_nodes(tmp_path: Path) -> None:
    tensors = ending(192)
    held = [node("Constant", to=name, value=onnx.numpy_helper.from_array(array)) for name, array in tensors.items()]
    check(tmp_path, proto([*held, *in_a_row(*END)], {}), (1, 3, 8, 8))


REFUSED = [
    ([("Conv", "w", {"dilations": [2, 2]})], "Conv0 .*dilations"),
    ([("Conv", "wide")], "Conv0 .*a square kernel"),
    ([("Conv", "w", {"strides": [1, 2]})], "Conv0 .*strides"),
    ([("MaxPool", {"kernel_shape": [2, 3]})], "MaxPool0 .*kernel"),
    ([("MaxPool", {"kernel_shape": [2, 2], "dilations": [2, 2]})], "MaxPool0 .*dilations"),
    ([("LRN", {"size": 4})], "LRN0 .*even window"),
    ([("LeakyRelu",)], "LeakyRelu0 .*no such node"),
    ([("Transpose", {"perm": [1, 0, 2, 3]})], "Transpose0 .*rearranges"),
    ([("Reshape", "cut")], "Reshape0 .*rearranges"),
    ([("Flatten", {"axis": 2})], "Flatten0 .*axis 2"),
    ([("Relu",), ("Mul", "half")], "Mul1 .*dropout"),
    ([("Relu",), ("Add", "half")], "Add1 .*bias"),
    ([("BatchNormalization", "w", "w", "w", "w", {"training_mode": 1})], "BatchNormalization0 .*in training"),
    ([("Dropout", "half", "on")], "Dropout0 .*training"),
    ([("Pad", "p"), ("MaxPool", {"kernel_shape": [2, 2]})], "MaxPool1 .*zeros"),
    ([("Pad", "p"), ("Relu",)], "Relu1 .*zeros around"),
    ([("ConstantOfShape",)], "ConstantOfShape0 .*no such node"),
    ([("Slice", "one", "two", "two")], "Slice0 .*the centre of the image"),
]


@pytest.mark.parametrize(("steps", "message"), REFUSED)
def test_refused_by_the_node_s_name(tmp_path: Path, steps: list[Any], message: str) -> None:
    tensors = weights(w=(5, 3, 3, 3), wide=(5, 3, 3, 1)) | {"half": np.array(0.5, np.float32), "on": np.array(True)}
    tensors |= {"one": np.array([1]), "two": np.array([2])}
    tensors |= {"cut": np.array([1, 6, 4, 8]), "p": np.array([0, 0, 1, 1, 0, 0, 1, 1])}
    path = saved(tmp_path / "x.onnx", proto(in_a_row(*steps), tensors))
    with pytest.raises(UnsupportedError, match=rf"{path}: node {message}"):
        read(path)


def test_branches_are_refused(tmp_path: Path) -> None:
    nodes = [
        *in_a_row(("Conv", "w"), ("Relu",), ("Relu",)),
        node("Add", "t1", "t2"),
        node("Concat", "t1", "t2", axis=1),
    ]
    path = saved(tmp_path / "x.onnx", proto(nodes, weights(w=(5, 3, 3, 3))))
    with pytest.raises(UnsupportedError, match=r"node the_Add \(Add\): a second branch behind Relu1"):
        read(path)


def test_other_domains_are_refused(tmp_path: Path) -> None:
    made = helper.make_node("FusedConv", ["data", "w"], ["y"], "fused", domain="com.microsoft")
    path = saved(tmp_path / "x.onnx", proto([made], weights(w=(5, 3, 3, 3))))
    with pytest.raises(UnsupportedError, match=r"node fused \(FusedConv\): an operator of 'com.microsoft'"):
        read(path)


def test_weights_that_no_node_reads_are_told(tmp_path: Path) -> None:
    _, chain = read(saved(tmp_path / "x.onnx", proto(in_a_row(*END), ending(192) | weights(more=(3,)))))
    assert chain.unused == ["more"]


def test_open_sizes_are_assumed_and_noted(tmp_path: Path) -> None:
    steps = ("Conv", "w", {"strides": [32, 32], "pads": [1, 1, 1, 1]}), *END
    path = saved(
        tmp_path / "x.onnx", proto(in_a_row(*steps), weights(w=(5, 3, 3, 3)) | ending(5 * 49), ("n", 3, "h", "w"))
    )
    model, chain = read(path)
    assert model.input_shape == (3, 224, 224) and "224 pixels are assumed" in chain.notes[0]

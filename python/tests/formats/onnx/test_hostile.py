"""Hostile ONNX files: every prefix, every flipped bit, random damage, and lies of the structure."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from formats.hostile import Case, assert_survives, damaged, flips, prefixes
from formats.onnx.graphs import in_a_row, node, proto, read, saved, small_model, weights
from support import needs

import swiftalexnet as sa
from swiftalexnet.files.protobuf_wire import header

onnx = needs("onnx")
TensorProto = onnx.TensorProto
helper = onnx.helper

DATA = small_model().SerializeToString()


def test_the_small_file_is_valid(tmp_path: Path) -> None:
    model, _ = read(saved(tmp_path / "small.onnx", small_model()))
    assert model.num_classes == 3 and len(DATA) < 2048


def test_prefixes(tmp_path: Path) -> None:
    assert_survives(read, prefixes(DATA), tmp_path)


def test_flipped_bits(tmp_path: Path) -> None:
    assert assert_survives(read, flips(DATA), tmp_path)


def test_random_damage(tmp_path: Path) -> None:
    assert_survives(read, damaged(DATA, 2000, seed=13), tmp_path)


NUMBERS = (-(2**63), -(2**31), -1, 0, 1, 2, 3, 7, 9, 2**31 - 1, 2**31, 2**32, 2**62, 2**63 - 1)
ATTRIBUTES = ("pads", "strides", "kernel_shape", "dilations", "group", "axis", "axes", "transB", "ceil_mode", "perm")
KINDS = ("", "Loop", "If", "Constant", "Shape", "ConstantOfShape", "Slice", "Gather", "Concat", "Squeeze", "LRN", "Pad")


def lies() -> Iterator[Case]:
    """Yield files whose structure is valid protobuf and whose content is not."""
    for tensor in range(5):
        yield from _lies_of_a_tensor(tensor)
    for number in range(6):
        yield from _lies_of_a_node(number)
    for value in NUMBERS:
        for at in range(4):
            yield _changed(f"input size {at} is {value}", _set_input, at, value)
        yield _changed(f"operator set {value}", _set_opset, value)
        yield _changed(f"reshaped to {value}", _shape, [value, 8])
        yield _changed(f"reshaped to 1, {value}", _shape, [1, value])
    yield _changed("no graph", lambda m: m.ClearField("graph"))
    yield _changed("no input", lambda m: m.graph.ClearField("input"))
    yield _changed("no output", lambda m: m.graph.ClearField("output"))
    yield Case("two graphs", DATA + DATA)
    yield Case("two raw data", _with_tensor_field(9, b"\0" * 72))
    yield Case("float data besides raw data", _with_tensor_field(4, b"\0" * 72))
    yield from _bombs()


def _lies_of_a_tensor(number: int) -> Iterator[Case]:
    for at in range(2):
        for value in NUMBERS:
            yield _changed(f"size {at} of tensor {number} is {value}", _set_dim, number, at, value)
    for kind in range(-1, 25):
        yield _changed(f"tensor {number} of type {kind}", _set_type, number, kind)
    for by in (-1, 1):
        yield _changed(f"tensor {number} with {by} bytes more", _resize, number, by)

    def twice(model: onnx.ModelProto) -> None:
        model.graph.initializer.append(model.graph.initializer[number])

    yield _changed(f"tensor {number} twice", twice)
    yield _changed(f"tensor {number} missing", lambda model: model.graph.initializer.pop(number))


def _lies_of_a_node(number: int) -> Iterator[Case]:
    for name in ATTRIBUTES:
        for value in NUMBERS[::3]:
            for content in (value, [value] * 2, [value] * 4, [value] * 300, float(value), "x", []):
                yield _changed(f"{name}={str(content)[:40]} at node {number}", _set_attribute, number, name, content)
    for kind in KINDS:
        yield _changed(f"{kind} at node {number}", _set_kind, number, kind)
    for field in ("input", "output", "attribute", "name"):
        yield _changed(
            f"node {number} without {field}", lambda model, field: model.graph.node[number].ClearField(field), field
        )
    yield _changed(f"node {number} twice", lambda model: model.graph.node.append(model.graph.node[number]))
    yield _changed(f"node {number} missing", lambda model: model.graph.node.pop(number))
    yield _changed(
        f"node {number} with 1,000 inputs", lambda model: model.graph.node[number].input.extend(["w"] * 1000)
    )


def _bombs() -> Iterator[Case]:
    for depth in (30, 3000):
        inner = b""
        for _ in range(depth):  # subgraphs within attributes
            inner = (
                header(7, len(w := header(1, len(v := header(5, len(u := header(6, len(inner)) + inner)) + u)) + v)) + w
            )
        yield Case(f"{4 * depth} levels", inner)
        yield Case(f"{4 * depth} levels and a model", DATA + inner)
    yield Case("a million empty nodes", header(7, 2_000_000) + b"\x0a\x00" * 1_000_000)
    yield Case("nodes up to the limit", header(7, 780_000) + b"\x0a\x00" * 390_000)
    yield Case("a million fields nobody reads", b"\x78\x00" * 1_100_000)
    yield Case("endless number", b"\x08" + b"\x80" * 100_000)
    many = [helper.make_node("Concat", [f"c{i}"] * 64, [f"c{i + 1}"], axis=0) for i in range(12)]
    yield Case("constants that grow", proto(many, {"c0": np.zeros(64, np.int64)}).SerializeToString())
    grown = [helper.make_node("Mul", ["a", "b"], ["c"]), helper.make_node("Gather", ["c", "c"], ["d"])]
    wide = {"a": np.ones((2**15, 1), np.int64), "b": np.ones((1, 2**15), np.int64)}
    yield Case("constants that multiply", proto(grown, wide).SerializeToString())
    shape = {"s": np.array([2**20, 2**20])}
    yield Case("a constant of a shape", proto([node("ConstantOfShape", "s")], shape).SerializeToString())
    dense = in_a_row(("Flatten",), ("Gemm", "v"))
    yield Case("a huge image", proto(dense, weights(v=(3, 4)), (1, 3, 2**30, 2**30)).SerializeToString())
    square = in_a_row(("Flatten",), *[("Gemm", "w")] * 300)
    yield Case("one matrix 300 times", proto(square, weights(w=(192, 192))).SerializeToString())
    slices = [helper.make_node("Slice", ["a", "s", "s", "s"], [f"o{i}"]) for i in range(2000)]
    zeros = {"a": np.zeros(4, np.int64), "s": np.zeros(2**16, np.int64)}
    yield Case("slices along 65,536 axes", proto(slices, zeros).SerializeToString())
    steps = [("Relu",)] * 5000
    yield Case("5,000 nodes", proto(in_a_row(*steps), {}).SerializeToString())


def test_numbers_of_one_byte(tmp_path: Path) -> None:
    """Halves written as numbers of one byte are four times as large as weights, and were kept besides."""
    count = 27 << 20
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT16, dims=[1 << 20, 3, 3, 3])
    body = tensor.SerializeToString() + header(5, count) + bytes(count)
    model = proto(in_a_row(("Conv", "w")), {}, (1, 3, 3, 3))
    graph = model.graph.SerializeToString() + header(5, len(body)) + body
    model.ClearField("graph")
    data = model.SerializeToString() + header(7, len(graph)) + graph
    assert assert_survives(sa.load, [Case("halves", data)], tmp_path) == 0


def test_one_matrix_for_many_nodes(tmp_path: Path) -> None:
    model = proto(in_a_row(("Flatten",), *[("Gemm", "w")] * 300), weights(w=(768, 768)), (1, 3, 16, 16))
    assert assert_survives(sa.load, [Case("300 times", model.SerializeToString())], tmp_path) == 0


def test_damage_beside_external_data(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(bytes(1000))
    model = small_model()
    for number, tensor in enumerate(model.graph.initializer):
        if tensor.data_type != TensorProto.FLOAT:
            continue
        size = len(tensor.raw_data)
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in {"location": "weights", "offset": number, "length": size}.items():
            tensor.external_data.add(key=key, value=str(value))
    data = model.SerializeToString()
    assert assert_survives(read, [Case("sound", data), *damaged(data, 2000, seed=14)], tmp_path) > 1


def test_one_file_beside_for_many_tensors(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(bytes(768 * 768 * 4))
    model = proto(in_a_row(("Flatten",), *[("Gemm", f"w{i}") for i in range(100)]), {}, (1, 3, 16, 16))
    for number in range(100):
        tensor = TensorProto(name=f"w{number}", data_type=1, dims=[768, 768], data_location=TensorProto.EXTERNAL)
        tensor.external_data.add(key="location", value="weights")
        model.graph.initializer.append(tensor)
    with pytest.raises(ValueError, match=r"x\.onnx: its tensors need 235,929,600 bytes"):
        sa.load(saved(tmp_path / "x.onnx", model))


def test_lies(tmp_path: Path) -> None:
    cases = list(lies())
    assert len(cases) > 2000
    assert_survives(read, cases, tmp_path)


@pytest.mark.parametrize("value", ["-1", "1e3", "0x10", " 5", "9" * 30, "²", ""])
@pytest.mark.parametrize("key", ["offset", "length"])
def test_numbers_of_external_data(tmp_path: Path, key: str, value: str) -> None:
    (tmp_path / "weights").write_bytes(bytes(1000))
    model = small_model()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights")
    tensor.external_data.add(key=key, value=value)
    assert_survives(read, [Case("external", model.SerializeToString())], tmp_path)
    with pytest.raises(ValueError, match=f"w: {key} of its external data"):
        read(saved(tmp_path / "x.onnx", model))


def _changed(name: str, change: Callable[..., object], *arguments: object) -> Case:
    model = small_model()
    try:
        change(model, *arguments)
    except (ValueError, TypeError):  # what protobuf itself does not let in
        return Case(name, b"\x08\x08")
    return Case(name, model.SerializeToString())


def _set_dim(model: onnx.ModelProto, tensor: int, at: int, value: int) -> None:
    dims = model.graph.initializer[tensor].dims
    dims[min(at, len(dims) - 1)] = value


def _set_type(model: onnx.ModelProto, tensor: int, kind: int) -> None:
    model.graph.initializer[tensor].data_type = kind


def _set_kind(model: onnx.ModelProto, number: int, kind: str) -> None:
    model.graph.node[number].op_type = kind


def _set_opset(model: onnx.ModelProto, version: int) -> None:
    model.opset_import[0].version = version


def _set_input(model: onnx.ModelProto, at: int, value: int) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[at].dim_value = value


def _resize(model: onnx.ModelProto, tensor: int, by: int) -> None:
    held = model.graph.initializer[tensor]
    held.raw_data = (held.raw_data + b"\0")[: len(held.raw_data) + by]


def _shape(model: onnx.ModelProto, sizes: list[int]) -> None:
    model.graph.initializer[4].raw_data = np.array(sizes, np.int64).tobytes()


def _set_attribute(model: onnx.ModelProto, number: int, name: str, content: object) -> None:
    made = model.graph.node[number]
    kept = [attribute for attribute in made.attribute if attribute.name != name]
    del made.attribute[:]
    kind = onnx.AttributeProto.INTS if content == [] else None
    made.attribute.extend([*kept, helper.make_attribute(name, content, attr_type=kind)])


def _with_tensor_field(number: int, content: bytes) -> bytes:
    """Return the small file with one more field in its first tensor."""
    model = small_model()
    tensor = model.graph.initializer[0].SerializeToString() + header(number, len(content)) + content
    del model.graph.initializer[0]
    graph = model.graph.SerializeToString() + header(5, len(tensor)) + tensor
    model.ClearField("graph")
    return model.SerializeToString() + header(7, len(graph)) + graph

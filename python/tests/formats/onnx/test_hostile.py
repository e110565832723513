"""Hostile ONNX files: every prefix, every flipped bit, random damage, and lies of the structure."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from formats.hostile import Case, assert_survives, damaged, flips, prefixes
from formats.onnx.graphs import in_a_row, node, proto, read, saved, small_model, weights
from onnx import TensorProto, helper

from swiftalexnet.files.protobuf_wire import header

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


def lies() -> Iterator[Case]:
    """Yield files whose structure is valid protobuf and whose content is not."""
    numbers = (-(2**63), -(2**31), -1, 0, 1, 2, 3, 7, 9, 2**31 - 1, 2**31, 2**32, 2**62, 2**63 - 1)
    for tensor in range(5):
        for at in range(2):
            for value in numbers:
                yield _changed(f"size {at} of tensor {tensor} is {value}", lambda m: _set_dim(m, tensor, at, value))
        for kind in range(-1, 25):
            yield _changed(f"tensor {tensor} of type {kind}", lambda m: setattr(m.graph.initializer[tensor], "data_type", kind))
        yield _changed(f"tensor {tensor} twice", lambda m: m.graph.initializer.append(m.graph.initializer[tensor]))
        yield _changed(f"tensor {tensor} missing", lambda m: m.graph.initializer.pop(tensor))
        yield _changed(f"tensor {tensor} one byte longer", lambda m: _resize(m, tensor, 1))
        yield _changed(f"tensor {tensor} one byte shorter", lambda m: _resize(m, tensor, -1))
    for number, made in enumerate(small_model().graph.node):
        for name in ("pads", "strides", "kernel_shape", "dilations", "group", "axis", "axes", "transB", "ceil_mode", "perm"):
            for value in numbers:
                for content in (value, [value] * 2, [value] * 4, [value] * 300, float(value), "x", []):
                    yield _changed(f"{name}={str(content)[:40]} at node {number}", _setter(number, name, content))
        for kind in ("", "Loop", "If", "Constant", "Shape", "ConstantOfShape", "Slice", "Gather", "Concat", "Squeeze", "LRN"):
            yield _changed(f"{kind} for {made.op_type}", lambda m: setattr(m.graph.node[number], "op_type", kind))
        yield _changed(f"node {number} twice", lambda m: m.graph.node.append(m.graph.node[number]))
        yield _changed(f"node {number} missing", lambda m: m.graph.node.pop(number))
        yield _changed(f"node {number} without inputs", lambda m: m.graph.node[number].ClearField("input"))
        yield _changed(f"node {number} without outputs", lambda m: m.graph.node[number].ClearField("output"))
        yield _changed(f"node {number} with 1,000 inputs", lambda m: m.graph.node[number].input.extend(["w"] * 1000))
    for value in numbers:
        for at in range(4):
            yield _changed(f"input size {at} is {value}", lambda m: _set_input(m, at, value))
        yield _changed(f"operator set {value}", lambda m: setattr(m.opset_import[0], "version", value))
        yield _changed(f"reshaped to {value}", lambda m: _shape(m, [value, 8]))
        yield _changed(f"reshaped to 1, {value}", lambda m: _shape(m, [1, value]))
    yield _changed("no graph", lambda m: m.ClearField("graph"))
    yield _changed("no input", lambda m: m.graph.ClearField("input"))
    yield _changed("no output", lambda m: m.graph.ClearField("output"))
    yield Case("two graphs", DATA + DATA)
    yield Case("two raw data", _with_tensor_field(9, b"\0" * 72))
    yield Case("float data besides raw data", _with_tensor_field(4, b"\0" * 72))
    yield from _bombs()


def _bombs() -> Iterator[Case]:
    for depth in (100, 10_000):
        inner = b""
        for _ in range(depth):  # subgraphs within attributes
            inner = header(7, len(w := header(1, len(v := header(5, len(u := header(6, len(inner)) + inner)) + u)) + v)) + w
        yield Case(f"{depth} subgraphs", inner)
        yield Case(f"{depth} subgraphs and a model", DATA + inner)
    yield Case("a million empty nodes", header(7, 2_000_000) + b"\x0a\x00" * 1_000_000)
    yield Case("nodes up to the limit", header(7, 1_000_000) + b"\x0a\x00" * 500_000)
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
    steps = [("Relu",)] * 5000
    yield Case("5,000 nodes", proto(in_a_row(*steps), {}).SerializeToString())


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


def _changed(name: str, change: Callable[[onnx.ModelProto], object]) -> Case:
    model = small_model()
    try:
        change(model)
    except (ValueError, TypeError):  # what protobuf itself does not let in
        return Case(name, b"\x08\x08")
    return Case(name, model.SerializeToString())


def _set_dim(model: onnx.ModelProto, tensor: int, at: int, value: int) -> None:
    dims = model.graph.initializer[tensor].dims
    dims[min(at, len(dims) - 1)] = value


def _set_input(model: onnx.ModelProto, at: int, value: int) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[at].dim_value = value


def _resize(model: onnx.ModelProto, tensor: int, by: int) -> None:
    held = model.graph.initializer[tensor]
    held.raw_data = (held.raw_data + b"\0")[: len(held.raw_data) + by]


def _shape(model: onnx.ModelProto, sizes: list[int]) -> None:
    model.graph.initializer[4].raw_data = np.array(sizes, np.int64).tobytes()


def _setter(number: int, name: str, content: object) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        made = model.graph.node[number]
        kept = [attribute for attribute in made.attribute if attribute.name != name]
        del made.attribute[:]
        made.attribute.extend([*kept, helper.make_attribute(name, content, attr_type=_kind(content))])

    return change


def _kind(content: object) -> int | None:
    return onnx.AttributeProto.INTS if content == [] else None


def _with_tensor_field(number: int, content: bytes) -> bytes:
    """Return the small file with one more field in its first tensor."""
    model = small_model()
    tensor = model.graph.initializer[0].SerializeToString() + header(number, len(content)) + content
    del model.graph.initializer[0]
    graph = model.graph.SerializeToString() + header(5, len(tensor)) + tensor
    model.ClearField("graph")
    return model.SerializeToString() + header(7, len(graph)) + graph

"""Weights in the ways that ONNX stores them: types, fields, and files beside the model."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from formats.onnx.graphs import in_a_row, proto, read, saved, weights
from support import needs

from swiftalexnet.errors import UnsupportedError

onnx = needs("onnx")
TensorProto = onnx.TensorProto
helper = onnx.helper

VALUES = np.array([[0.5, -1.25, 3.0, 0.0078125], [2.0, 0.25, -0.125, 65504.0]], np.float32)


def with_weights(tensor: TensorProto) -> onnx.ModelProto:
    """Return a dense layer of 4 inputs whose weight, [2, 4], is this tensor."""
    model = proto(in_a_row(("Flatten",), ("Gemm", "w", {"transB": 1})), {}, (1, 1, 2, 2))
    tensor.name = "w"
    model.graph.initializer.append(tensor)
    return model


def weight_of(path: Path, tensor: TensorProto) -> Any:
    """Return the weight that is read."""
    model, _ = read(saved(path / "x.onnx", with_weights(tensor)))
    return next(iter(model.parameters().values()))


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("kind", ["FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16"])
def test_types(tmp_path: Path, kind: str, raw: bool) -> None:
    values = VALUES.copy()
    if kind == "BFLOAT16":
        values[1, 3] = 65280.0
    number = getattr(TensorProto, kind)
    content = values.astype(helper.tensor_dtype_to_np_dtype(number)).tobytes() if raw else values.reshape(-1).tolist()
    tensor = helper.make_tensor("w", number, (2, 4), content, raw=raw)
    assert np.array_equal(weight_of(tmp_path, tensor), values)


def test_sizes_as_numbers_and_as_bytes(tmp_path: Path) -> None:
    for raw in (True, False):
        shape = np.array([-1, 4], np.int64)
        tensor = helper.make_tensor("s", TensorProto.INT64, (2,), shape.tobytes() if raw else shape.tolist(), raw=raw)
        model = proto(in_a_row(("Reshape", "s"), ("Gemm", "v")), weights(v=(4, 3)), (1, 1, 2, 2))
        model.graph.initializer.append(tensor)
        assert read(saved(tmp_path / "x.onnx", model))[0].num_classes == 3


@pytest.mark.parametrize("kind", ["INT8", "UINT16", "FLOAT8E4M3FN", "STRING", "COMPLEX64"])
def test_other_types_are_refused(tmp_path: Path, kind: str) -> None:
    tensor = TensorProto(dims=(2, 4), data_type=getattr(TensorProto, kind), raw_data=bytes(8))
    with pytest.raises((UnsupportedError, ValueError), match=r"x.onnx.*: (w|.* w) "):
        weight_of(tmp_path, tensor)


def test_weights_that_are_not_finite(tmp_path: Path) -> None:
    values = VALUES.copy()
    values[0, 0] = np.nan
    with pytest.raises(ValueError, match=r"x.onnx: w holds values that are not finite"):
        weight_of(tmp_path, onnx.numpy_helper.from_array(values))


def test_lengths_are_checked_before_anything_is_read(tmp_path: Path) -> None:
    tensor = TensorProto(dims=(2**20, 2**20), data_type=TensorProto.FLOAT, raw_data=bytes(32))
    with pytest.raises(ValueError, match=r"x.onnx.*w has 32 bytes, its shape .* needs 4,398,046,511,104"):
        weight_of(tmp_path, tensor)


# ---- Files beside the model ----


def external(location: str, **entries: int) -> TensorProto:
    """Return a weight that lies in another file."""
    tensor = TensorProto(name="w", dims=(2, 4), data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def put(path: Path, before: int = 0, after: int = 0) -> Path:
    """Write the weights to a file."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(bytes(before) + VALUES.tobytes() + bytes(after))
    return path


def test_external_data(tmp_path: Path) -> None:
    put(tmp_path / "w.bin", 12, 5)
    assert np.array_equal(weight_of(tmp_path, external("w.bin", offset=12, length=32)), VALUES)
    assert np.array_equal(weight_of(tmp_path, external("w.bin", offset=12)), VALUES)
    put(tmp_path / "folder" / "w.bin")
    assert np.array_equal(weight_of(tmp_path, external("folder/w.bin")), VALUES)


@pytest.mark.parametrize(
    "location",
    [
        "",
        ".",
        "..",
        "../w.bin",
        "/etc/passwd",
        "a/../../w.bin",
        "./w.bin",
        "a//w.bin",
        "w.bin/",
        "a\\..\\w.bin",
        "w\0.bin",
        "x" * 5000,
    ],
)
def test_paths_that_could_leave_the_folder(tmp_path: Path, location: str) -> None:
    put(tmp_path / "w.bin")
    folder = tmp_path / "model"
    folder.mkdir()
    with pytest.raises(ValueError, match=r"w lies in "):
        weight_of(folder, external(location))


def a_link(folder: Path, outside: Path) -> None:
    (folder / "w.bin").symlink_to(outside)


def a_link_within(folder: Path, outside: Path) -> None:
    (folder / "w.bin").symlink_to(put(folder / "other.bin").name)


def a_hard_link(folder: Path, outside: Path) -> None:
    (folder / "w.bin").hardlink_to(outside)


def a_pipe(folder: Path, outside: Path) -> None:
    os.mkfifo(folder / "w.bin")


def a_folder(folder: Path, outside: Path) -> None:
    (folder / "w.bin").mkdir()


def nothing(folder: Path, outside: Path) -> None:
    pass


@pytest.mark.parametrize("make", [a_link, a_link_within, a_hard_link, a_pipe, a_folder, nothing])
def test_what_is_no_plain_file(tmp_path: Path, make: Callable[[Path, Path], None]) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    make(folder, put(tmp_path / "secret"))
    with pytest.raises((OSError, ValueError), match="w.bin"):
        weight_of(folder, external("w.bin"))


def test_a_folder_that_is_a_link(tmp_path: Path) -> None:
    put(tmp_path / "secrets" / "w.bin")
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "weights").symlink_to(tmp_path / "secrets")
    with pytest.raises(OSError, match=r"weights/w.bin"):
        weight_of(folder, external("weights/w.bin"))


@pytest.mark.parametrize(
    "entries", [{"offset": 1}, {"offset": 2**62}, {"length": 31}, {"length": 33}, {"length": 2**62}]
)
def test_places_outside_the_file(tmp_path: Path, entries: dict[str, int]) -> None:
    put(tmp_path / "w.bin")
    with pytest.raises(ValueError, match=r"w (lies in .*w.bin: it has 32 bytes|has .* bytes in 'w.bin', its shape)"):
        weight_of(tmp_path, external("w.bin", **entries))


def test_a_file_cut_short_after_the_model_was_opened(tmp_path: Path) -> None:
    from swiftalexnet.files.source import opened_source
    from swiftalexnet.formats import onnx as reader
    from swiftalexnet.formats.contents import Options

    put(tmp_path / "w.bin")
    with opened_source(saved(tmp_path / "x.onnx", with_weights(external("w.bin"))), "load") as file:
        held = reader.contents(file, Options()).tensors["w"]
        (tmp_path / "w.bin").write_bytes(bytes(31))
        with pytest.raises(ValueError, match=r"w lies in .*w.bin: it has 31 bytes"):
            held.array()

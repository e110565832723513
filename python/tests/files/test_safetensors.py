"""The file format: round trips, and detection of every damaged bit."""

import json

import numpy as np
import pytest
from safetensors.numpy import load, save, save_file

import swiftalexnet as sa
from swiftalexnet.files import safetensors, safetensors_header

TENSORS = {
    "a.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "counts": np.array([1, 2], np.int64),
    "none": np.empty((0, 2)),
}
SECTIONS = {"model": {"name": "größe", "numbers": [1, 2.5, None]}}


@pytest.fixture
def path(tmp_path):
    safetensors.write(tmp_path / "m.safetensors", TENSORS, SECTIONS)
    return tmp_path / "m.safetensors"


def test_round_trip(path):
    tensors, sections = safetensors.read(path)
    assert sections == SECTIONS and tensors.keys() == TENSORS.keys()
    for name, array in TENSORS.items():
        assert tensors[name].dtype == array.dtype and np.array_equal(tensors[name], array)


def header_of(path) -> dict:
    whole = path.read_bytes()
    return json.loads(whole[8 : 8 + int.from_bytes(whole[:8], "little")])


def test_any_program_can_open_it(path):
    opened = load(path.read_bytes())
    assert opened.keys() == TENSORS.keys()
    for name, array in TENSORS.items():
        assert opened[name].dtype == array.dtype and np.array_equal(opened[name], array)


def test_files_that_the_library_wrote_can_be_read(path, tmp_path):
    """Older versions of this package used it for writing."""
    metadata = header_of(path)["__metadata__"]
    save_file(TENSORS, tmp_path / "old", metadata)
    tensors, sections = safetensors.read(tmp_path / "old")
    assert sections == SECTIONS
    assert all(np.array_equal(tensors[name], array) for name, array in TENSORS.items())


@pytest.mark.parametrize("kind", ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_type_in_either_byte_order(tmp_path, kind, order):
    array = np.arange(6).reshape(2, 3).astype(order + kind)
    safetensors.write(tmp_path / "t", {"t": array, "one": array[1, 2].reshape(())}, {})
    for tensors in (safetensors.read(tmp_path / "t")[0], load((tmp_path / "t").read_bytes())):
        assert np.array_equal(tensors["t"], array) and tensors["t"].dtype == np.dtype(kind)
        assert tensors["one"].shape == () and tensors["one"] == array[1, 2]


def test_other_types_are_refused(tmp_path):
    for array in (np.zeros(1, complex), np.array(["a"]), np.array([None])):
        with pytest.raises(TypeError, match="tensor 't' has dtype"):
            safetensors.write(tmp_path / "t", {"t": array}, {})
    assert not (tmp_path / "t").exists()


@pytest.mark.parametrize("piece", [8, 24, 100])
def test_pieces_of_any_size_give_the_same_file(path, tmp_path, monkeypatch, piece):
    arrays = {
        "rows": np.arange(60, dtype=np.float32).reshape(5, 12),
        "columns": np.arange(60, dtype=np.float32).reshape(12, 5).T,
        "deep": np.arange(120, dtype=np.int64).reshape(2, 3, 4, 5).transpose(3, 2, 0, 1),
        "none": np.empty((3, 0, 2)),
        "one": np.array(3.5),
    }
    safetensors.write(tmp_path / "whole", arrays, SECTIONS)
    monkeypatch.setattr(safetensors, "PIECE", piece)
    safetensors.write(tmp_path / "pieces", arrays, SECTIONS)
    assert (tmp_path / "pieces").read_bytes() == (tmp_path / "whole").read_bytes()
    with safetensors.opened(tmp_path / "pieces") as file:
        for name, array in arrays.items():
            target = np.zeros(array.shape[::-1], array.dtype).T  # another order of memory
            file.check(name, target)
            assert not target.any()
            file.read_into(name, target)
            assert np.array_equal(target, array) and np.array_equal(file[name], array)


def test_what_does_not_fit_is_refused_before_it_is_read(path):
    with safetensors.opened(path) as file:
        with pytest.raises(ValueError, match=r"a.weight has shape \(2, 3\), expected \(3, 2\)"):
            file.read_into("a.weight", np.zeros((3, 2), np.float32))
        with pytest.raises(TypeError, match=r"a.weight has dtype float32, expected float64"):
            file.read_into("a.weight", np.zeros((2, 3)))
        assert "a.weight" in file and "b.weight" not in file and len(file) == 3
    with pytest.raises(sa.CheckpointCorruptError, match="b.weight"), safetensors.opened(path) as file:
        file.read_into("b.weight", np.zeros((2, 3)))


def test_values_that_are_not_finite(tmp_path):
    safetensors.write(tmp_path / "t", {"t": np.array([1, np.nan], np.float32)}, {})
    with safetensors.opened(tmp_path / "t") as file:
        for read in (file.check, file.read_into):
            target = np.zeros(2, np.float32)
            read("t", target)
            with pytest.raises(ValueError, match="t holds values that are not finite"):
                read("t", target, finite=True)


def test_unread_tensors_can_be_checked(path):
    whole = bytearray(path.read_bytes())
    whole[-1] ^= 1
    path.write_bytes(whole)
    with safetensors.opened(path) as file:
        name = max(file.tensors, key=lambda name: file.tensors[name].end)
        with pytest.raises(sa.CheckpointCorruptError, match=name):
            file.check_rest()


def rewritten(path, change) -> None:
    """Change the header of a file and give it a sound checksum and a sound length."""
    whole, header = path.read_bytes(), header_of(path)
    data = whole[8 + int.from_bytes(whole[:8], "little") :]
    text = change(header)
    text = (json.dumps(header) if text is None else text).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


ENTRY = '"a.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [16, 40]}'
CHANGES = {
    "another type": {"dtype": "I32"},
    "an unknown type": {"dtype": "BF16"},
    "no type": {"dtype": None},
    "another shape": {"shape": [3, 2]},
    "a shape that is not a list": {"shape": "23"},
    "a number that is none": {"shape": [2, True]},
    "a fraction": {"shape": [2.0, 3]},
    "a negative size": {"shape": [-2, -3]},
    "a huge size": {"shape": [2**62, 2**62]},
    "a thousand dimensions": {"shape": [2, 3] + [1] * 1000},
    "a gap": {"data_offsets": [20, 44]},
    "an overlap": {"data_offsets": [8, 32]},
    "backwards": {"data_offsets": [40, 16]},
    "beyond the end": {"data_offsets": [16, 4000]},
    "one offset": {"data_offsets": [16]},
    "no offsets": {"data_offsets": None},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_headers_that_lie_about_a_tensor_are_refused(path, change):
    rewritten(path, lambda header: header["a.weight"].update(change))
    with pytest.raises(sa.CheckpointCorruptError, match="m.safetensors"):
        safetensors.read(path)


def test_a_repeated_tensor_is_refused(path):
    rewritten(path, lambda header: json.dumps(header)[:-1] + f", {ENTRY}}}")
    with pytest.raises(sa.CheckpointCorruptError, match="repeats a key"):
        safetensors.read(path)


def test_a_tensor_without_an_entry_is_refused(path):
    rewritten(path, lambda header: header.__setitem__("a.weight", [1]))
    with pytest.raises(sa.CheckpointCorruptError, match="m.safetensors"):
        safetensors.read(path)


def test_a_file_that_shrinks_while_it_is_read(path):
    with pytest.raises(sa.CheckpointCorruptError, match="cut short"), safetensors.opened(path) as file:
        path.write_bytes(path.read_bytes()[:-20])
        dict(file)


def test_strided_arrays_are_written_in_order(tmp_path):
    safetensors.write(tmp_path / "t", {"t": TENSORS["a.weight"].T}, {})
    assert np.array_equal(safetensors.read(tmp_path / "t")[0]["t"], TENSORS["a.weight"].T)


def test_every_flipped_bit_is_detected(path):
    whole = path.read_bytes()
    for index in range(len(whole)):
        for bit in range(8):
            damaged = bytearray(whole)
            damaged[index] ^= 1 << bit
            path.write_bytes(damaged)
            with pytest.raises(sa.CheckpointCorruptError, match="m.safetensors"):
                safetensors.read(path)


def test_every_truncation_and_addition_is_detected(path):
    whole = path.read_bytes()
    for damaged in [whole[:length] for length in range(len(whole))] + [whole + b"\0", b"\0" + whole]:
        path.write_bytes(damaged)
        with pytest.raises(sa.CheckpointCorruptError):
            safetensors.read(path)


def test_foreign_files_are_refused(path):
    save_file(TENSORS, path)
    with pytest.raises(sa.CheckpointCorruptError, match="not written by swiftalexnet"):
        safetensors.read(path)
    path.write_bytes((2**62).to_bytes(8, "little") + b"{}")
    with pytest.raises(sa.CheckpointCorruptError, match="cut short"):
        safetensors.read(path)


@pytest.mark.parametrize("metadata", [{"swiftalexnet.format": "2"}, {"swiftalexnet.format": "1", "sha256": "{}"}])
def test_other_versions_and_missing_digests_are_refused(path, metadata):
    metadata["checksum"] = safetensors_header.checksum(metadata)
    path.write_bytes(save(TENSORS, metadata))
    with pytest.raises(sa.CheckpointCorruptError, match=r"format 2|its tensors are not those"):
        safetensors.read(path)


@pytest.mark.parametrize("header", ["[]", "1", '{"swiftalexnet.format": 1}', "[" * 200_000, '{"__metadata__": 3}'])
def test_strange_headers_are_refused(path, header):
    text = (header + '"swiftalexnet.format"').encode() if "swiftalexnet.format" not in header else header.encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(sa.CheckpointCorruptError):
        safetensors.read(path)


@pytest.mark.parametrize(
    "metadata",
    [
        {"sha256": "{}", "note": "swiftalexnet.format"},
        {"swiftalexnet.format": "1"},
        {"swiftalexnet.format": "1", "sha256": "[]"},
        {"swiftalexnet.format": "1", "sha256": "3"},
        {"swiftalexnet.format": "1", "sha256": "{"},
        {"swiftalexnet.format": "1", "sha256": "[" * 100_000},
        {"extra": "no JSON"},
        {"extra": "[" * 100_000},
    ],
    ids=lambda metadata: str(metadata)[:60],
)
def test_correct_checksums_over_invalid_content_are_refused(path, metadata):
    if "extra" in metadata:
        metadata = {"swiftalexnet.format": "1", "sha256": header_of(path)["__metadata__"]["sha256"], **metadata}
    path.write_bytes(save(TENSORS, metadata | {"checksum": safetensors_header.checksum(metadata)}))
    with pytest.raises(sa.CheckpointCorruptError, match="m.safetensors"):
        safetensors.read(path)


def test_a_header_that_could_not_be_read_is_not_written(path):
    whole = path.read_bytes()
    with pytest.raises(ValueError, match=r"header of \d+ bytes, expected at most 1048576"):
        safetensors.write(path, TENSORS, {"model": "x" * (1 << 20)})
    assert path.read_bytes() == whole
    safetensors.write(path, TENSORS, {"model": "x" * 1_000_000})
    assert len(safetensors.read(path)[1]["model"]) == 1_000_000


def test_numpy_numbers_become_json(tmp_path):
    safetensors.write(tmp_path / "m", {}, {"model": [np.float32(0.5), np.int64(3), np.bool_(True)]})
    assert safetensors.read(tmp_path / "m")[1] == {"model": [0.5, 3, True]}
    with pytest.raises(TypeError, match="JSON"):
        safetensors.write(tmp_path / "m", {}, {"model": {1, 2}})


def test_nothing_is_written_that_json_cannot_represent(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        safetensors.write(tmp_path / "m", {}, {"model": float("nan")})
    assert not (tmp_path / "m").exists()

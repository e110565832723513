"""The file format: round trips, and detection of every damaged bit."""

import json

import numpy as np
import pytest
from safetensors.numpy import load, save, save_file

import swiftalexnet as sa
from swiftalexnet.formats import safetensors

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


def test_any_program_can_open_it(path):
    assert np.array_equal(load(path.read_bytes())["a.weight"], TENSORS["a.weight"])


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
    metadata["checksum"] = safetensors._checksum(metadata)
    path.write_bytes(save(TENSORS, metadata))
    with pytest.raises(sa.CheckpointCorruptError, match=r"format 2|other tensors"):
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
def test_sound_checksums_over_nonsense_are_refused(path, metadata):
    if "extra" in metadata:
        digests = {name: safetensors._digest(array) for name, array in TENSORS.items()}
        metadata = {"swiftalexnet.format": "1", "sha256": json.dumps(digests), **metadata}
    path.write_bytes(save(TENSORS, metadata | {"checksum": safetensors._checksum(metadata)}))
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


def test_nothing_is_written_that_json_cannot_say(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        safetensors.write(tmp_path / "m", {}, {"model": float("nan")})
    assert not (tmp_path / "m").exists()

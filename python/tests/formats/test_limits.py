"""Limits for files of every format: names, and memory; messages are short and cannot control a terminal."""

import io
import zipfile

import numpy as np
import pytest
from formats.hostile import Case, assert_survives
from safetensors.numpy import save

import swiftalexnet as sa


def show(path):
    return str(sa.inspect(path))


def test_long_names(tmp_path):
    data = io.BytesIO()
    np.savez(data, **{"conv" + "1" * 60_000 + "!_W": np.zeros((1, 1, 3, 3), np.float32)})
    wide = save({f"\x1b[31m\n{chr(0x10FFFF) * 20_000}{number}": np.zeros(1, np.float32) for number in range(19)})
    cases = [Case("digits", data.getvalue()), Case("letters that are escaped", wide)]
    assert assert_survives(sa.load, cases, tmp_path) == 0
    assert assert_survives(show, cases, tmp_path) == 0


def test_headers_of_many_values(tmp_path):
    def header(text: bytes) -> bytes:
        return len(text).to_bytes(8, "little") + text

    entries = b",".join(b'"%d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}' % i for i in range(30_000))
    cases = [
        Case("empty tables", header(b'{"__metadata__":[' + b"{}," * 600_000 + b"1]}")),
        Case("empty lists", header(b'{"__metadata__":[' + b"[]," * 600_000 + b"1]}")),
        Case("tensors", header(b"{" + entries + b"}")),
        Case("8 MiB", header(b'{"__metadata__":[' + b"{}," * 2_700_000 + b"1]}")),
    ]
    assert assert_survives(sa.load, cases, tmp_path) == 0
    assert_survives(show, cases, tmp_path)


def test_names_cannot_control_a_terminal(tmp_path):
    path = tmp_path / "m"
    path.write_bytes(save({"\x1b[31m\nred": np.zeros(1, np.float32)}, {"\x1b[2J": "\x9b3J"}))
    with pytest.raises(ValueError) as error:
        sa.load(path)
    assert str(error.value).isprintable() and str(path) in str(error.value)
    assert all(line.isprintable() for line in show(path).splitlines())


def test_many_members_of_a_zip_file(tmp_path):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for number in range(19_999):
            archive.writestr(f"a/data/{number}", b"")
        archive.writestr("a/data.pkl", b"\x80\x02}.")
    assert assert_survives(sa.load, [Case("20,000 members", data.getvalue())], tmp_path) == 0

"""Pickles of dicts and arrays are read; nothing that a pickle names is run."""

import contextlib
import io
import os
import pickle
import pickletools

import numpy as np
import pytest

from swiftalexnet.pickled_arrays import read_pickle

DATA = np.arange(24, dtype=np.uint8).reshape(4, 6)


@pytest.mark.parametrize("protocol", [3, 4])
@pytest.mark.parametrize("array", [DATA, np.asfortranarray(DATA), DATA.T], ids=["C", "F", "T"])
def test_arrays_of_numpy(protocol, array):
    read = read_pickle(pickle.dumps({b"data": array, "labels": [1, 2], 3: None}, protocol), "test")
    np.testing.assert_array_equal(read["data"], array)
    assert read["labels"] == [1, 2] and read["3"] is None


def test_text_of_python_2_stays_bytes():
    # What Python 2 wrote for {'label_names': ['cat']} with protocol 2: its text has opcodes of its own.
    written = b"\x80\x02}q\x00U\x0blabel_namesq\x01]q\x02U\x03catq\x03as."
    assert read_pickle(written, "test") == {"label_names": [b"cat"]}


class Hostile:
    """Would make a folder if it were run."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_is_run(protocol, tmp_path):
    hostile = pickle.dumps({"data": DATA if protocol == 3 else 0, "labels": Hostile(tmp_path / "made")}, protocol)
    with pytest.raises(ValueError, match=r"it names posix\.mkdir|it names os\.mkdir"):
        read_pickle(hostile, "test")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "name", ["numpy\nload", "builtins\neval", "numpy\nndarray.tofile", "swiftalexnet.cifar\ncifar10"]
)
def test_other_names_are_refused(name):
    with pytest.raises(ValueError, match="expected only arrays"):
        read_pickle(b"c" + name.encode() + b"\n.", "test")


def array_program(shape=b"K\x02", dtype=b"U\x02u1", data=b"U\x02ab", kind=b"cnumpy\nndarray\n") -> bytes:
    """Return a pickle of {'a': array}, whose parts can be replaced."""
    kind_and_code = b"cnumpy.core.multiarray\n_reconstruct\n(" + kind + b"(K\x00tU\x01btR"
    return (
        b"\x80\x02}U\x01a"
        + kind_and_code
        + b"(K\x01("
        + shape
        + b"tcnumpy\ndtype\n("
        + dtype
        + b"tR\x89"
        + data
        + b"tbs."
    )


def test_a_program_for_an_array():
    pickletools.dis(array_program(), io.StringIO())
    np.testing.assert_array_equal(read_pickle(array_program(), "test")["a"], list(b"ab"))


@pytest.mark.parametrize(
    "program",
    [
        array_program(shape=b"K\x03"),
        array_program(shape=b"J\xff\xff\xff\xffJ\xfe\xff\xff\xff"),  # (-1, -2): their product is 2
        array_program(shape=b"G@\x00\x00\x00\x00\x00\x00\x00"),
        array_program(shape=b"\x8a\x10" + b"\xff" * 15 + b"\x7f"),
        array_program(dtype=b"U\x01O"),
        array_program(dtype=b"K\x01"),
        array_program(data=b"K\x01"),
        array_program(data=b"]"),
        array_program(kind=b"cnumpy\ndtype\n"),
        b"\x80\x02cnumpy\nndarray\n}b.",  # a state for a type
        b"\x80\x02cnumpy\ndtype\n(}}U\x01a}stb.",
        b"\x80\x02}r\xff\xff\xff\x7f.}",  # a memo of two thousand million entries; then what was kept is no dict
        b"]" * 10_000 + b"a" * 9_999 + b".",
        b"",
        b"\x80",
        b"\x80\x09.",
        b"K\x01.",
        b"Q.",
        b"\x8e" + b"\xff" * 8,
    ],
)
def test_hostile_programs_are_value_errors(program):
    if program.endswith(b".}"):
        assert read_pickle(program, "test") == {}
        return
    with pytest.raises(ValueError, match="^test "):
        read_pickle(program, "test")


def test_every_damaged_byte_is_a_value_error_or_other_data():
    whole = pickle.dumps({"data": DATA, "labels": [1, 2, 3]}, 3)
    generator = np.random.default_rng(0)
    for at in range(len(whole)):
        damaged = whole[:at] + bytes([generator.integers(256)]) + whole[at + 1 :]
        with contextlib.suppress(ValueError):
            assert isinstance(read_pickle(damaged, "test"), dict)

"""Pickles of dicts and arrays are read; nothing that a pickle names is run."""

import contextlib
import io
import os
import pickle
import pickletools
import struct
import tracemalloc

import numpy as np
import pytest
from cifar_files import python_2_pickle

from swiftalexnet.data.cifar import pickled_arrays
from swiftalexnet.data.cifar.pickled_arrays import read_pickle

DATA = np.arange(24, dtype=np.uint8).reshape(4, 6)


@pytest.mark.parametrize("protocol", [0, 1, 2])
@pytest.mark.parametrize("array", [DATA, np.asfortranarray(DATA), DATA.T], ids=["C", "F", "T"])
def test_arrays_of_numpy(protocol, array):
    numbers = [1, 2, 255, 65_535, -1, 2**31, -(2**63), True, False]
    text = ["cat", "Ä\n€", b"", b"a", b"\xff\x00'\"\\\n", b"a"]
    whole = {b"data": array, "labels": numbers, "names": text, 3: None, "empty": []}
    read = read_pickle(pickle.dumps(whole, protocol), "test")
    np.testing.assert_array_equal(read.pop("data"), array)
    assert read == {"labels": numbers, "names": text, "3": None, "empty": []}
    assert [type(number) for number in read["labels"]] == [type(number) for number in numbers]


def test_text_of_python_2_stays_bytes():
    # What Python 2 wrote for {'label_names': ['cat']} with protocol 2: its text has opcodes of its own.
    written = b"\x80\x02}q\x00U\x0blabel_namesq\x01]q\x02U\x03catq\x03as."
    assert read_pickle(written, "test") == {"label_names": [b"cat"]}


def test_a_batch_as_python_2_wrote_it():
    generator = np.random.default_rng(0)
    labels, names = (
        generator.integers(0, 10, 10_000).tolist(),
        [b"image_%06d.png" % number for number in range(10_000)],
    )
    pixels = generator.integers(0, 256, (10_000, 7), np.uint8)
    written = {b"data": pixels, b"labels": labels, b"batch_label": b"training batch 1 of 5", b"filenames": names}
    read = read_pickle(python_2_pickle(written), "test")
    np.testing.assert_array_equal(read["data"], pixels)
    assert read["labels"] == labels and read["filenames"] == names


def test_python_2_in_protocol_0():
    written = b"(dp0\nS'label_names'\np1\n(lp2\nS'c\\xe4t'\np3\nag3\nasS'n'\nI01\nsS'long'\nL-7L\ns."
    assert read_pickle(written, "test") == {"label_names": [b"c\xe4t"] * 2, "n": True, "long": -7}


class Hostile:
    """Would create a folder if it were run."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", range(3))
def test_nothing_is_run(protocol, tmp_path):
    hostile = pickle.dumps({"data": DATA if protocol == 2 else 0, "labels": Hostile(tmp_path / "made")}, protocol)
    with pytest.raises(ValueError, match=r"it names posix\.mkdir|it names os\.mkdir"):
        read_pickle(hostile, "test")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "name", ["numpy\nload", "builtins\neval", "numpy\nndarray.tofile", "swiftalexnet.data.cifar.cifar10\ncifar10"]
)
def test_other_names_are_refused(name):
    with pytest.raises(ValueError, match="expected only arrays"):
        read_pickle(b"c" + name.encode() + b"\n.", "test")


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_later_protocols_are_refused(protocol):
    with pytest.raises(ValueError, match=f"test cannot be read: it is of protocol {protocol}"):
        read_pickle(pickle.dumps({"data": DATA}, protocol), "test")


RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n"


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
        b"\x80\x02}r\xff\xff\xff\x7f.}",  # a memo of two thousand million entries; then what was kept is not a dict
        b"]" * 10_000 + b"a" * 9_999 + b".",
        b"",
        b"\x80",
        b"\x80\x09.",
        b"K\x01.",
        b"Q.",
        b"\x8e" + b"\xff" * 8,
        b"}U\x04data" + RECONSTRUCT + b"\x85Rs.",  # an array that is never given its state
        b"}" + RECONSTRUCT + b"\x85RK\x01s.",  # an array as a key
        b"}c_codecs\nencode\nK\x01s.",
        b"}K\x01)s.",
        b"}K\x01}s.",
        b"]]a.",
        b"}(K\x01u.",
        b"}(K\x01K\x02s.",  # values from beneath a mark
        b"}]K\x01s.",
        b"}G@\x00\x00\x00\x00\x00\x00\x00K\x01s.",
        b"]\x85.",
        b"(" + b"K\x01" * 17 + b"t.",
        b"}h\x07K\x01s.",
        b"}I" + b"9" * 5_000 + b"\nK\x01s.",
        b"}\x8a\xff" + b"\xff" * 255 + b"K\x01s.",
        b"}Vtext",
        b"}S'text\nK\x01s.",
        b"}X\x02\x00\x00\x00\xff\xffK\x01s.",
        b"\x8f.",  # a set
        b"]0.",
        b"}2s.",
    ],
    ids=lambda program: repr(program[:20]),
)
def test_hostile_programs_are_value_errors(program):
    if program.endswith(b".}"):
        assert read_pickle(program, "test") == {}
        return
    with pytest.raises(ValueError, match="^test "):
        read_pickle(program, "test")


@pytest.mark.parametrize(
    "program",
    [
        b"\x80\x02})" + b"\x85" * 3_000_000 + b"K\x01s.",  # a tuple 3 million deep as a key: hashing it recurses
        b"}(" + b"(" * 1_000_000 + b"t" * 1_000_000 + b"K\x01s.",
        b"}" + b"]" * 100_000 + b"a" * 99_999 + b"s.",
    ],
    ids=["tuples", "marks", "lists"],
)
def test_deep_values_are_refused(program):
    with pytest.raises(ValueError, match="^test cannot be read: "):
        read_pickle(program, "test")


@pytest.mark.parametrize(
    "program",
    [
        b"\x80\x05\x96" + struct.pack("<Q", 2 << 30) + b".",  # BYTEARRAY8 of 2 GiB
        b"\x96" + struct.pack("<Q", 2 << 30) + b".",
        b"T" + struct.pack("<I", 2**32 - 1) + b".",
        b"X" + struct.pack("<I", 2**32 - 1) + b".",
        b"}r\xff\xff\xff\x7fK\x01.",
        b"}p999999999999\nK\x01.",
        # 100,000 letters, which are encoded 1,000 times.
        b"}c_codecs\nencode\nq\x00X"
        + struct.pack("<I", 10**5)
        + b"a" * 10**5
        + b"U\x06latin1\x86q\x01("
        + b"h\x00h\x01R" * 1_000
        + b"l.",
    ],
)
def test_few_bytes_do_not_ask_for_much_memory(program):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="^test cannot be read: "):
            read_pickle(program, "test")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_the_number_of_steps_is_limited(monkeypatch):
    monkeypatch.setattr(pickled_arrays, "_STEPS_LIMIT", 100)
    assert read_pickle(b"}" * 99 + b".", "test") == {}
    with pytest.raises(ValueError, match="more than 100 steps"):
        read_pickle(b"}" * 100 + b".", "test")


def test_every_damaged_byte_is_a_value_error_or_other_data():
    whole = pickle.dumps({"data": DATA, "labels": [1, 2, 3]}, 2)
    generator = np.random.default_rng(0)
    for at in range(len(whole)):
        damaged = whole[:at] + bytes([generator.integers(256)]) + whole[at + 1 :]
        with contextlib.suppress(ValueError):
            assert isinstance(read_pickle(damaged, "test"), dict)

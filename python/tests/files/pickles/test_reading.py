"""Pickles of every protocol are read into data, from memory and from files; nothing that they name is run."""

import collections
import os
import pickle
import struct
import tracemalloc

import numpy as np
import pytest
from cuda_convnet_files import pickled

from swiftalexnet.files.pickles.arrays import ARRAYS, PickledArray
from swiftalexnet.files.pickles.reading import run_pickle, steps_for
from swiftalexnet.files.pickles.values import InMemory, LongText, Name, Opaque, Payload, Vocabulary, by_text
from swiftalexnet.files.source import opened_source

CLOSED = Vocabulary(ARRAYS, "arrays of numpy")
OPEN = Vocabulary({**ARRAYS, ("collections", "OrderedDict"): dict}, "arrays of numpy", unknown=True)
DATA = {
    "numbers": [0, 1, -1, 255, 256, 65_536, 2**31, -(2**63), 2**100, True, False, None],
    "floats": [0.5, -1e300, float("inf")],
    "text": ["", "cat", "Ä\n€", "\\u0041", b"", b"\xff\x00'\"\\\n"],
    "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((("deep",),),)],
    "dicts": {"a": {"b": {}}, 1: 2, 2.5: None, None: True},
}


def read(data: bytes, vocabulary: Vocabulary = CLOSED, steps: int = 1 << 20):
    return run_pickle(InMemory(data), vocabulary, steps).value


@pytest.mark.parametrize("protocol", range(6))
def test_plain_data(protocol):
    assert read(pickle.dumps(DATA, protocol)) == DATA


@pytest.mark.parametrize("protocol", [4, 5])
def test_sets_become_lists(protocol):
    found = read(pickle.dumps([{1, 2}, frozenset([3])], protocol))
    assert [sorted(each) for each in found] == [[1, 2], [3]]


@pytest.mark.parametrize("kind", ["u1", "i2", "<i4", ">i8", "f2", "<f4", ">f4", "f8", "b1"])
@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("order", "CF")
def test_arrays(kind, protocol, order):
    array = np.asarray(np.arange(600).reshape(20, 30) % 100, kind, order=order)
    found = read(pickle.dumps([array, array[:2], array[0, :0]], protocol))
    for value, expected in zip(found, [array, array[:2], array[0, :0]], strict=True):
        np.testing.assert_array_equal(value.array(), expected)
        assert value.dtype == expected.dtype.newbyteorder("<") or value.dtype == expected.dtype


@pytest.mark.parametrize("protocol", [0, 2])
def test_arrays_of_python_2(protocol):
    array = np.random.default_rng(0).standard_normal((40, 50)).astype(np.float32)
    found = by_text(read(pickled({"w": array, "long": [b"x" * 5000]}, protocol)))
    np.testing.assert_array_equal(found["w"].array(), array)


def test_numbers_of_numpy():
    assert read(pickle.dumps([np.float64(0.1), np.int32(-5), np.bool_(True)])) == [0.1, -5, True]


def test_long_strings_stay_in_the_file(tmp_path):
    array = np.arange(3_000_000, dtype=np.float32)
    (tmp_path / "data").write_bytes(pickle.dumps({"w": array}, 4))
    with opened_source(tmp_path / "data", "test") as file:
        tracemalloc.start()
        try:
            found = run_pickle(file, CLOSED, 1000).value["w"]
            assert tracemalloc.get_traced_memory()[1] < 1 << 20
        finally:
            tracemalloc.stop()
        assert isinstance(found.data, Payload)
        np.testing.assert_array_equal(found.read(1_000_000, 1_000_003), array[1_000_000:1_000_003])


@pytest.mark.parametrize("protocol", [0, 2])
def test_long_bytes_in_text_are_decoded_in_pieces(protocol):
    array = np.random.default_rng(0).integers(0, 256, 300_000, np.uint8)
    np.testing.assert_array_equal(read(pickle.dumps(array, protocol)).array(), array)


def test_wide_letters_in_long_text_are_refused():
    text = "a" * 10_000 + "€"
    assert isinstance(read(pickle.dumps(text, 2)), LongText)
    with pytest.raises(ValueError, match="latin"):
        read(b"\x80\x02c_codecs\nencode\n" + pickle.dumps(text, 2)[2:-1] + b"X\x06\x00\x00\x00latin1\x86R.")


class Hostile:
    """Would create a folder if it were run."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


class Thing:
    """A class that the vocabularies do not have, with a state, items and keys."""

    def __init__(self):
        self.value = 3

    def __reduce_ex__(self, protocol):
        return Thing, (), {"value": 3}, iter([1, 2]), iter([("a", 1)])


@pytest.mark.parametrize("protocol", range(6))
def test_unknown_names(protocol, tmp_path):
    data = pickle.dumps(
        {"made": Hostile(tmp_path / "made"), "thing": Thing(), "kind": Thing, "set": collections.Counter("aab")},
        protocol,
    )
    with pytest.raises(ValueError, match="expected only arrays of numpy"):
        read(data)
    found = read(data, OPEN)
    assert isinstance(found["made"], Opaque) and found["made"].kind.endswith(".mkdir")
    assert isinstance(found["thing"], Opaque) and found["set"].kind == "collections.Counter"
    assert isinstance(found["kind"], Name) and found["kind"].make is None
    assert not (tmp_path / "made").exists()


def test_results_of_unknown_calls_are_not_called():
    found = read(b"\x80\x02cbuiltins\ngetattr\ncos\nsystem\nU\x01a\x86RU\x01b\x85R.", OPEN)
    assert found == Opaque("builtins.getattr")


@pytest.mark.parametrize(
    "program",
    [
        b"",
        b"\x80",
        b"\x80\x06N.",
        b"N",
        b".",
        b"0.",
        b"1.",
        b"2.",
        b"a.",
        b"t.",
        b"K\x01b.",
        b"K\x01K\x02b.",
        b"K\x01K\x02R.",
        b"U\x05ab.",
        b"B\xff\xff\xff\xff.",
        b"\x8e" + struct.pack("<Q", 2**63) + b".",
        b"\x8d" + struct.pack("<Q", 2**64 - 1) + b".",
        b"\x96" + struct.pack("<Q", 2**62) + b".",
        b"\x8b\xff\xff\xff\x7f.",
        b"\x8a\x40" + bytes(64) + b".",
        b"I" + b"1" * 100 + b"\n.",
        b"F" + b"1" * 100 + b"\n.",
        b"Fx\n.",
        b"h\x01.",
        b"]K\x01K\x02s.",
        b"}(K\x01u.",
        b"}]K\x01s.",
        b"})\x85\x85K\x01s.",
        b"K\x01K\x02\x93.",
        b"c" + b"a" * 10_000 + b"\nb\n.",
        b"cnumpy\nndarray\n)R.",
        b"cnumpy\ndtype\n)R.",
        b"cnumpy.core.multiarray\n_reconstruct\n)R.",
        b"cnumpy.core.multiarray\nscalar\nK\x01K\x02\x86R.",
        b"(i",
        b"(o.",
        b"\x82\x01.",
        b"\x97.",
        b"\x98.",
        b"Q.",
        b"P1\n.",
        b"U\x01aQ.",
    ],
    ids=repr,
)
@pytest.mark.parametrize("vocabulary", [CLOSED, Vocabulary(ARRAYS, "arrays", protocol=2)], ids=["5", "2"])
def test_hostile_programs(program, vocabulary):
    with pytest.raises(ValueError):
        read(program, vocabulary)


@pytest.mark.parametrize(
    "program",
    [
        b"]" * 200_000 + b"a" * 199_999 + b".",
        b")" + b"\x85" * 400_000 + b".",
        b"}" * 200_000 + b"0" * 199_999 + b".",
        b"(" * 400_000 + b"l" * 400_000 + b".",
        b"]q\x00" + b"h\x00a" * 100_000 + b".",
    ],
    ids=["lists", "tuples", "dicts", "marks", "in itself"],
)
def test_depth_is_harmless(program):
    found = run_pickle(InMemory(program), CLOSED, 1 << 20).value
    del found


def test_steps_are_limited():
    with pytest.raises(ValueError, match="more than 10 steps"):
        read(b"N" * 11 + b".", steps=10)
    with pytest.raises(ValueError, match="more than 262,144 steps"):
        read(b"]\x94" * 200_000 + b".", steps=steps_for(0))


@pytest.mark.parametrize(
    "step", [b"]\x94", b"}\x94", b"}", b"]", b"(", b"K\xff]\x86", b"\x8a\x08" + b"\x7f" * 8, b"}K\x01K\x02s"]
)
def test_steps_take_little_memory(step):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="steps"):
            read(step * (1 << 18), steps=steps_for(0))
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_where_a_pickle_ends():
    data = pickle.dumps(3) + pickle.dumps("next")
    first = run_pickle(InMemory(data), CLOSED, 10)
    assert first.value == 3 and run_pickle(InMemory(data), CLOSED, 10, first.end).value == "next"
    with pytest.raises(ValueError, match="cut short"):
        run_pickle(InMemory(data), CLOSED, 10, first.end, len(data) - 1)


def test_an_array_without_its_state():
    found = read(b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n\x85R.")
    assert isinstance(found, PickledArray) and found.shape is None


def _integer(number: int) -> bytes:
    data = number.to_bytes(number.bit_length() // 8 + 1, "little")
    return b"\x8a" + bytes([len(data)]) + data


@pytest.mark.parametrize(
    ("program", "message"),
    [
        # Multiples of 2^61 - 1 have one hash: a dict of n of them takes n^2 steps.
        (b"}(" + b"".join(_integer(i * (2**61 - 1)) + b"N" for i in range(1, 100_000)) + b"u.", "64 bits"),
        (b"}" + b"".join(b"p%d\n" % (i * (2**61 - 1)) for i in range(1, 100_000)) + b".", "keeps a value as number"),
        (b"}p-1\n.", "keeps a value as number"),
        (b"c__builtin__\nbytes\n" + _integer(2**40) + b"\x85R.", "other arguments"),
        (b"](" + (b"X" + struct.pack("<I", 4000) + b"a" * 3996 + "😀".encode()) * 1000 + b"e.", "beyond Latin-1"),
    ],
    ids=["keys of one hash", "numbers of one hash", "a negative number", "bytes of a size", "wide text"],
)
def test_programs_that_would_take_time_or_memory(program, message):
    with pytest.raises(ValueError, match=message):
        read(program)


def test_keys_of_one_hash_are_left_out_where_unknown_things_are():
    keys = b"".join(_integer(i * (2**61 - 1)) + b"N" for i in range(100_000))
    assert read(b"}(" + keys + b"u.", OPEN) == {i * (2**61 - 1): None for i in range(5)}

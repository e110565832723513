"""Arrays and numbers that are accepted, copied and refused."""

import numpy as np
import pytest

from swiftalexnet._support import arrays

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def test_a_valid_array_is_not_copied():
    assert arrays.as_float32(X, "x", "op", 3) is X
    pixels = np.zeros((1, 2, 3, 3), np.uint8)
    assert arrays.as_uint8(pixels, "x", "op", 4) is pixels


@pytest.mark.parametrize(
    "strange",
    [
        X[:, ::2],
        X[:, ::-1],
        X.T,
        np.asfortranarray(X),
        X.astype(">f4"),
        np.broadcast_to(X[:1], (5, 3, 4)),
        np.frombuffer(b"." + X.tobytes(), np.float32, offset=1),
    ],
    ids=["step", "reversed", "transposed", "fortran", "big-endian", "broadcast", "misaligned"],
)
def test_other_memory_is_copied(strange):
    copy = arrays.as_float32(strange, "x", "op")
    assert copy.flags.c_contiguous and copy.flags.aligned and copy.dtype == np.float32 and copy.dtype.isnative
    np.testing.assert_array_equal(copy, strange)


@pytest.mark.parametrize(
    ("x", "came"),
    [
        ([1.0], "list"),
        ((1.0,), "tuple"),
        (1.0, "float"),
        (None, "None"),
        ("text", "str"),
        (b"bytes", "bytes"),
        (X.astype(np.float64), "float64"),
        (X.astype(np.float16), "float16"),
        (X.astype(np.int32), "int32"),
        (X > 1, "bool"),
        (X.astype(np.complex64), "complex64"),
        (X.astype(object), "object"),
        (X.astype("U3"), "U3"),
        (X.view([("a", np.float32)]), "'a'"),
        (np.ma.masked_array(X), "masked"),
    ],
)
def test_anything_but_a_float32_array_is_a_type_error(x, came):
    with pytest.raises(TypeError, match="op: x ") as caught:
        arrays.as_float32(x, "x", "op")
    assert came in str(caught.value) and "float32" in str(caught.value)


def test_rank():
    with pytest.raises(ValueError, match=r"op: x has shape \(2, 3, 4\), expected 4 dimensions"):
        arrays.as_float32(X, "x", "op", 4)
    with pytest.raises(ValueError, match="expected 1 or 2 dimensions"):
        arrays.as_float32(X, "x", "op", (1, 2))


@pytest.mark.parametrize("labels", [[0, 2, 1], np.array([0, 2, 1]), np.array([0, 2, 1], ">u2"), np.int8([0, 2, 1])])
def test_labels_of_any_integer_type(labels):
    converted = arrays.as_labels(labels, "labels", "op", 3, 3)
    assert converted.dtype == np.int32 and converted.tolist() == [0, 2, 1]


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ([0, 3], ValueError, r"labels\[1\] is 3, expected 0 ≤ label < 3"),
        ([-1, 0], ValueError, r"labels\[0\] is -1"),
        (np.array([2**40, 0]), ValueError, r"is 1099511627776"),
        (np.array([2**64 - 1, 0], np.uint64), ValueError, "is 18446744073709551615"),
        ([0], ValueError, "1 labels, expected 2"),
        ([], ValueError, "0 labels, expected 2"),
        ([[0, 1]], ValueError, r"shape \(1, 2\)"),
        (np.float32([0, 1]), TypeError, "dtype float32, expected integers"),
        (np.array([np.nan, 1]), TypeError, "dtype float64"),
        ([True, False], TypeError, "dtype bool"),
        (["a", "b"], TypeError, "expected integers"),
        ([2**70, 0], TypeError, "expected integers"),
        ([[0], [0, 1]], TypeError, "expected integers"),
        (None, TypeError, "expected integers"),
        (np.ma.masked_array([0, 1]), TypeError, "masked"),
    ],
)
def test_labels_that_are_refused(labels, error, message):
    with pytest.raises(error, match=message):
        arrays.as_labels(labels, "labels", "op", 2, 3)


class NoArray:
    def __array__(self, dtype=None, copy=None):
        return [1.0]


def test_objects_that_do_not_become_arrays_are_a_type_error():
    with pytest.raises(TypeError, match="op: x is of type NoArray, expected an array of float32"):
        arrays.as_float32(NoArray(), "x", "op")


def test_pairs_and_padding():
    assert arrays.as_pair(3, "stride", "op") == (3, 3)
    assert arrays.as_pair(np.int64(3), "stride", "op") == (3, 3)
    assert arrays.as_pair((1, 2), "stride", "op") == (1, 2)
    assert arrays.as_padding(1, "padding", "op") == (1, 1, 1, 1)
    assert arrays.as_padding((1, 2), "padding", "op") == (1, 2, 1, 2)
    assert arrays.as_padding([1, 2, 3, 4], "padding", "op") == (1, 2, 3, 4)
    for wrong in ((), (1, 2, 3)):
        with pytest.raises(ValueError, match="op: stride is"):
            arrays.as_pair(wrong, "stride", "op")
    with pytest.raises(ValueError, match="op: padding is"):
        arrays.as_padding((1, 2, 3), "padding", "op")


@pytest.mark.parametrize("value", [1.0, True, None, "1", np.float32(1), np.bool_(True), np.arange(2), 1j])
def test_anything_but_an_integer_is_a_type_error(value):
    with pytest.raises(TypeError, match="op: groups is .* expected an integer"):
        arrays.as_integer(value, "groups", "op")


@pytest.mark.parametrize("value", [-1, 2**64, -(2**80)])
def test_seeds_have_64_bits(value):
    with pytest.raises(ValueError, match="op: seed is"):
        arrays.as_seed(value, "seed", "op")
    assert arrays.as_seed(2**64 - 1, "seed", "op") == 2**64 - 1


@pytest.mark.parametrize("layout", ["nchw", "HWC", None, 0, ["NCHW"]])
def test_layouts(layout):
    with pytest.raises(ValueError, match="op: layout is .* expected 'NCHW' or 'NHWC'"):
        arrays.layout_code(layout, "op")
    assert (arrays.layout_code("NCHW", "op"), arrays.layout_code("NHWC", "op")) == (0, 1)


def test_a_copy_that_does_not_fit_into_memory_is_refused():
    huge = np.broadcast_to(np.float32(1), (2**20, 2**20))
    with pytest.raises(MemoryError, match="op: copy of x"):
        arrays.as_float32(huge, "x", "op", 2)
    with pytest.raises(MemoryError, match="op: an array of shape"):
        arrays.as_output(None, (2**31, 2**31, 2**31), "op")


def test_free_memory_comes_from_the_engine(monkeypatch):
    monkeypatch.setattr(arrays._native, "available_bytes", lambda: 400 << 20)
    with pytest.raises(MemoryError, match=f"{400 << 20} are free"):
        arrays.require_memory((500 << 20,), 1, "op")
    arrays.require_memory((300 << 20,), 1, "op")
    monkeypatch.setattr(arrays._native, "available_bytes", lambda: -1)  # nobody knows
    arrays.require_memory((500 << 20,), 1, "op")

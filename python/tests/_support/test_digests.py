"""Digests of arrays tell types, shapes, names and values apart, whatever their order in memory."""

import hashlib

import numpy as np

from swiftalexnet._support.digests import array_digest, weights_digest

ARRAY = np.arange(12, dtype=np.float32).reshape(3, 4)


def test_of_an_array():
    assert array_digest(ARRAY) == hashlib.sha256(b"<f4 (3, 4)\n" + ARRAY.tobytes()).hexdigest()
    assert array_digest(np.asfortranarray(ARRAY)) == array_digest(ARRAY)
    others = ARRAY.reshape(4, 3), ARRAY.astype(np.int32), ARRAY + 1, ARRAY.T
    assert len({array_digest(each) for each in (ARRAY, *others)}) == 5


def test_of_named_arrays():
    digest = weights_digest({"a": ARRAY, "b": ARRAY})
    other = ARRAY.copy()
    other[2, 3] += 1
    different = (
        ({"a": ARRAY}, ""),
        ({"a": ARRAY, "c": ARRAY}, ""),
        ({"b": ARRAY, "a": ARRAY}, ""),
        ({"a": ARRAY, "b": other}, ""),
        ({"a": ARRAY, "b": ARRAY.reshape(4, 3)}, ""),
        ({"a": ARRAY, "b": ARRAY}, "text"),
    )
    assert len({digest, *(weights_digest(*each) for each in different)}) == 1 + len(different)
    assert weights_digest({"a": ARRAY.copy(), "b": ARRAY.copy()}) == digest
    transposed = np.ascontiguousarray(ARRAY.T).T  # as the engine keeps dense weights
    moved = transposed.copy(order="K")
    moved[0, 1] += 1
    assert weights_digest({"a": transposed}) != weights_digest({"a": moved})

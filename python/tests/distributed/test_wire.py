"""What is sent of gradients."""

import numpy as np
import pytest

from swiftalexnet.distributed.wire import WIRES, wire_named

NUMBERS = np.array([1, 1 + 2**-9, 1 + 2**-8, 1 + 3 * 2**-8, -3.0e38, 2.0e-38, np.inf], np.float32)
ROUNDED = np.array([1, 1, 1, 1 + 2**-6, -3.0e38, 2.0e-38, np.inf], np.float32)  # ties to even; the others nearly


def test_bfloat16_sends_half_the_bytes():
    sizes = []
    for name in ("float32", "bfloat16"):
        wire = wire_named(name)
        with wire.encoded(NUMBERS) as sent, wire.buffer(len(NUMBERS)) as came:
            assert sent.nbytes == came.nbytes
            sizes.append(sent.nbytes)
    assert sizes == [4 * len(NUMBERS), 2 * len(NUMBERS)]


@pytest.mark.parametrize("name", WIRES)
def test_what_is_sent_arrives_as_it_was_rounded(name):
    wire, kept, there = wire_named(name), NUMBERS.copy(), np.zeros_like(NUMBERS)
    wire.round(kept)
    with wire.encoded(NUMBERS) as sent, wire.received_into(there) as came:
        np.copyto(came, sent)
        wire.decode(came, there)
    np.testing.assert_array_equal(there, kept)
    np.testing.assert_allclose(kept, ROUNDED if wire.rounds else NUMBERS, rtol=2**-8 if wire.rounds else 0)
    assert wire.rounds == (name == "bfloat16")


@pytest.mark.parametrize("name", WIRES)
def test_it_does_not_matter_which_of_two_adds(name):
    wire, other = wire_named(name), np.linspace(-1, 1, len(NUMBERS), dtype=np.float32)
    sums = []
    for mine, theirs in ((NUMBERS.copy(), other.copy()), (other.copy(), NUMBERS.copy())):
        with wire.encoded(theirs) as sent, wire.buffer(len(mine)) as came:
            np.copyto(came, sent)
            wire.add(mine, came)
        sums.append(mine)
    np.testing.assert_array_equal(*sums)
    if not wire.rounds:
        np.testing.assert_array_equal(sums[0], NUMBERS + other)

"""The gradients' block in buckets."""

import itertools

import pytest

from swiftalexnet.distributed.buckets import BUCKET, SMALL, buckets


@pytest.mark.parametrize("count", [0, 1, SMALL // 4, SMALL // 4 + 1, 61_100_840])
def test_buckets_cover_the_block_in_order(count):
    found = buckets(count)
    assert [number for start, end in found for number in (start, end)][:1] == ([0] if count else [])
    assert all(before[1] == after[0] for before, after in itertools.pairwise(found))
    assert not count or found[-1][1] == count
    assert all(0 < 4 * (end - start) <= BUCKET for start, end in found)
    assert all(4 * (end - start) <= SMALL for start, end in found[:1] + found[-1:])


def test_the_first_leaves_early_and_the_last_is_short():
    sizes = [4 * (end - start) for start, end in buckets(61_100_840)]
    assert sizes[:2] == [SMALL, BUCKET]
    assert sizes[-1] == SMALL

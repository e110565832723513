"""Ranks agree, sum, and fail together."""

import time

import numpy as np
import pytest
from thread_ranks import on_ranks

import swiftalexnet as sa
from swiftalexnet.distributed import buckets, summing
from swiftalexnet.distributed.team import Team
from swiftalexnet.distributed.wire import wire_named

SIZES = (1, 2, 4, 8)


def in_team(size, work, wire="float32", timeout=20.0):
    """Return what `work(team)` returns or raises on each rank."""

    def run(communicator):
        with Team(communicator, wire_named(wire), timeout) as made, made.telling():
            return work(made)

    return on_ranks(size, run)


@pytest.mark.parametrize("size", SIZES)
def test_every_rank_hears_every_other(size):
    def work(made):
        short = made.agree({"rank": made.rank})
        return short, made.gather(bytes([made.rank]) * (1000 * made.rank * made.rank))

    for short, long in in_team(size, work):
        assert short == [{"rank": rank} for rank in range(size)]
        assert long == [bytes([rank]) * (1000 * rank * rank) for rank in range(size)]


def tree(blocks):
    """Return the sum by pairs of neighbours."""
    while len(blocks) > 1:
        blocks = [a + b for a, b in zip(blocks[::2], blocks[1::2], strict=True)]
    return blocks[0]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("count", [1, 7, 100_003])
def test_the_sum_is_that_of_the_tree(size, count, monkeypatch):
    monkeypatch.setattr(summing, "buckets", lambda length: buckets.buckets(length, 40_000, 4_000))
    blocks = np.random.default_rng(count).standard_normal((8, count), np.float32)
    expected = tree(list(blocks))

    def work(made):
        own, position = tree(list(np.split(blocks, size)[made.rank])), [0]
        block = np.empty_like(own)
        with made.summing([block], lambda: position[0]):
            time.sleep(0.002)
            for end in np.linspace(0, count, 4).astype(int)[1:]:
                block[position[0] : end] = own[position[0] : end]
                position[0] = int(end)
        return block

    for block in in_team(size, work):
        assert block.tobytes() == expected.tobytes()


def test_each_rank_sends_what_the_theory_says():
    counts = []

    def work(communicator):
        with Team(communicator, wire_named("float32"), 20.0) as made:
            block = np.zeros(1 << 20, np.float32)
            with made.summing([block], lambda: len(block)):
                pass
        counts.append(communicator.bytes_sent)

    assert not any(on_ranks(4, work))
    assert counts == [2 * 3 * (4 << 20) // 4] * 4  # 2 (N - 1) / N


def test_what_is_ready_is_summed_before_the_rest():
    def work(made):
        block, rest = np.full(3, made.rank, np.float32), np.full(2, np.nan, np.float32)
        with made.summing([block, rest], lambda: 3):
            until = time.monotonic() + 10
            while block.tolist() != [1, 1, 1]:
                assert time.monotonic() < until
                time.sleep(0.001)
            rest[:] = made.rank
        return rest.tolist()

    assert in_team(2, work) == [[1, 1]] * 2


@pytest.mark.parametrize(
    "error",
    [
        ValueError("odd"),
        OSError(28, "No space left on device", "/x/y"),
        sa.NonFiniteError("fc8.weights is not finite"),
        MemoryError(),
        KeyboardInterrupt(),
        type("Odd", (Exception,), {})("of a user"),
        json_error := UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_all_ranks_raise_what_one_raises(error):
    def work(made):
        made.agree()
        if made.rank == 2:
            raise error
        made.agree()

    results = in_team(4, work)
    assert results[2] is error
    assert "on rank 2 of 4" in error.__notes__
    others = [each for rank, each in enumerate(results) if rank != 2]
    known = type(error) if type(error).__name__ != "Odd" else RuntimeError
    for each in others:
        assert isinstance(each, ValueError if error is json_error else known)
        assert "rank 2: " in str(each)
        if isinstance(error, OSError):
            assert (each.errno, each.filename) == (28, "/x/y")


def test_a_rank_that_fails_while_it_fills_the_block_lets_the_others_end():
    def work(made):
        block = np.zeros(100, np.float32)
        with made.summing([block], lambda: 0):
            if made.rank == 1:
                raise MemoryError("no room")
        made.agree()

    for error in in_team(4, work):
        assert isinstance(error, MemoryError)


def test_two_may_fail_at_once():
    def work(made):
        raise ValueError(f"mine is {made.rank}")

    assert [str(each) for each in in_team(2, work)] == ["mine is 0", "mine is 1"]

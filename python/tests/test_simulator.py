"""The simulator of many ranks against closed forms."""

import numpy as np
import pytest
from script_modules import benchmark_modules

MEGA = 1_000_000


@pytest.fixture(scope="module")
def simulator():
    """The module of the benchmarks."""
    with benchmark_modules("simulator") as modules:
        yield modules["simulator"]


@pytest.fixture
def work(simulator):
    """Two layers of the same size: the first gradients are ready after 0.5 s, all after 0.8 s."""
    layers = (simulator.Layer("fc", 0.2, MEGA, 100, 0.1), simulator.Layer("conv", 0.3, MEGA))
    return simulator.Work(8, 0.3, layers, 0.05)


def every(count: int):
    """Return a way to cut gradients: so many together."""
    return lambda total: [(start, min(start + count, total)) for start in range(0, total, count)]


def even(steps: int, ranks: int) -> np.ndarray:
    return np.ones((steps, ranks))


@pytest.mark.parametrize("ranks", [1, 2, 8, 64])
@pytest.mark.parametrize("wire", ["float32", "bfloat16"])
def test_links_that_cost_nothing_leave_the_time_of_computing(simulator, work, ranks, wire):
    free = simulator.Link(0.0, np.inf)
    np.testing.assert_allclose(simulator.step_seconds(work, ranks, free, wire, even(3, ranks)), work.seconds)
    assert simulator.efficiency(work, ranks, free, wire, even(3, ranks)) == pytest.approx(1)


@pytest.mark.parametrize("ranks", [2, 4, 32])
@pytest.mark.parametrize(("wire", "size"), [("float32", 4), ("bfloat16", 2)])
def test_one_bucket_at_the_end_adds_the_cost_of_halving_and_doubling(simulator, work, ranks, wire, size):
    link = simulator.Link(1e-3, 1e7)
    found = simulator.step_seconds(work, ranks, link, wire, even(4, ranks), every(10 * MEGA))
    messages = 2 * np.log2(ranks) * link.latency + 2 * (ranks - 1) / ranks * 2 * MEGA * size / link.bandwidth
    np.testing.assert_allclose(found, work.seconds + messages)


def test_a_bucket_that_fits_beside_the_next_layer_costs_nothing(simulator, work):
    link = simulator.Link(0.0, 4 * MEGA / 0.3)  # a bucket takes as long as the layer after it
    found = simulator.step_seconds(work, 2, link, "float32", even(2, 2), every(MEGA))
    np.testing.assert_allclose(found, work.seconds + 0.3)


def test_a_slow_link_decides_alone_once_the_first_bucket_is_ready(simulator, work):
    link = simulator.Link(0.0, 4 * MEGA / 3.0)
    found = simulator.step_seconds(work, 2, link, "float32", even(2, 2), every(MEGA))
    np.testing.assert_allclose(found, 0.5 + 2 * 3.0 + 0.05)


@pytest.mark.parametrize("ranks", [2, 16])
def test_factors_are_gathered_and_their_gradients_computed_for_every_rank(simulator, work, ranks):
    link = simulator.Link(1e-4, 1e6)
    small = work._replace(backward=(work.backward[0], work.backward[1]._replace(numbers=0)))
    found = simulator.step_seconds(small, ranks, link, "factors", even(2, ranks))
    gathered = 0.5 + np.log2(ranks) * link.latency + (ranks - 1) * 8 * 100 * 4 / link.bandwidth
    np.testing.assert_allclose(found, max(gathered, 0.8) + (ranks - 1) * 0.1 + 0.05)


def test_every_step_takes_as_long_as_its_slowest_rank(simulator, work):
    work = work._replace(update=0.0)
    slowness = np.random.default_rng(0).uniform(1, 2, (5, 8))
    found = simulator.step_seconds(work, 8, simulator.Link(0.0, np.inf), "float32", slowness)
    np.testing.assert_allclose(found, slowness.max(1) * work.seconds)


def test_what_communication_takes_from_computing_delays_only_while_there_is_something_to_compute(simulator, work):
    link = simulator.Link(0.0, 4 * MEGA / 0.1, processor=0.04 / (4 * MEGA))
    found = simulator.step_seconds(work, 2, link, "float32", even(1, 2), every(MEGA))
    np.testing.assert_allclose(found, work.seconds + 0.04 + 0.1)  # the second bucket comes after all computing


def test_buckets_split_large_layers_and_join_small_ones(simulator, work):
    found = simulator.transfers(work, "float32", every(800_000))
    assert [each.bytes for each in found] == [3_200_000, 3_200_000, 1_600_000]
    assert [round(each.ready, 6) for each in found] == [0.5, 0.8, 0.8]
    assert sum(simulator.bytes_sent(4, each) for each in found) == 1.5 * 8 * MEGA
    gathered, summed = simulator.transfers(work, "factors", every(MEGA))
    assert gathered.gathered and gathered.bytes == 8 * 100 * 4 and simulator.bytes_sent(4, gathered) == 3 * 3200
    assert not summed.gathered and summed.bytes == 4 * MEGA


def test_drawn_slowness_is_that_of_measured_steps(simulator):
    drawn = simulator.draw(np.array([2.0, 2.2, 1.9]), 50, 4)
    assert drawn.shape == (50, 4) and set(drawn.ravel()) == {1.0, 1.1, 0.95}
    np.testing.assert_array_equal(drawn, simulator.draw(np.array([2.0, 2.2, 1.9]), 50, 4))


@pytest.mark.parametrize("ranks", [0, 3, 8])
def test_ranks_are_a_power_of_two_and_have_columns(simulator, work, ranks):
    with pytest.raises(ValueError, match="expected a power of two and its columns"):
        simulator.step_seconds(work, ranks, simulator.Link(0.0, 1.0), "float32", even(1, 4))


def test_a_faster_computer_waits_longer(simulator, work):
    assert work.faster(2).seconds == pytest.approx(work.seconds / 2)
    link, slowness = simulator.Link(1e-4, 1e8), even(3, 8)
    shares = [simulator.efficiency(work.faster(factor), 8, link, "float32", slowness) for factor in (1, 4, 16)]
    assert shares == sorted(shares, reverse=True)

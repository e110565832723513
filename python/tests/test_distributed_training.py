"""The benchmark of two ranks: its figures are those that goals speak of, and wrong answers end it."""

import pytest
from script_modules import benchmark_modules


@pytest.fixture(scope="module")
def modules():
    """The modules of the benchmarks."""
    with benchmark_modules("distributed_training", "everyday") as found:
        yield found


@pytest.fixture
def answers(modules) -> dict[str, dict]:
    """What runs tell whose weights are equal."""
    benchmark = modules["distributed_training"]
    same = {"bits": "same", "losses": [6.9, 6.8]}
    ours = [name for name, run in benchmark.RUNS.items() if not run.torch]
    return {name: dict(same) for name in (benchmark.CHECK, *ours)} | {benchmark.PEERS[0]: {"seconds": [1.0]}}


def test_figures_are_those_of_the_goals(modules):
    benchmark = modules["distributed_training"]
    rates = dict.fromkeys(benchmark.RUNS, 50.0) | {benchmark.ALONE: 100.0, benchmark.SHARED: 98.0, benchmark.FAST: 91.0}
    rates |= {benchmark.SLOW[0]: 70.0, benchmark.PEERS[1]: 49.0, benchmark.SHARDED: 80.0}
    rates[benchmark.FAST_MATH] = 147.0
    found = benchmark.quotients(rates)
    assert list(found.values()) == pytest.approx([0.98, 0.91, 0.7, 98 / 50, 147 / 50, 1.25])
    (row,) = [each for each in modules["everyday"].EVERYDAY if "two ranks" in each.title]
    assert {goal.of for goal in row.goals} == found.keys()


def test_what_was_not_measured_has_no_figure(modules):
    benchmark = modules["distributed_training"]
    rates = dict.fromkeys((benchmark.ALONE, benchmark.SHARED, benchmark.SHARDED), 10.0)
    assert list(benchmark.quotients(rates).values()) == [1, 1]


def test_equal_weights_are_right(modules, answers):
    modules["distributed_training"].check(answers)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("2 ranks", {"bits": "other"}, "2 ranks: other bits"),
        ("2 ranks, 10 Gbit/s", {"bits": "other"}, "2 ranks, 10 Gbit/s: other bits"),
        ("2 ranks, 1 Gbit/s, factors", {"bits": "other"}, "factors: other bits"),
        ("2 ranks, 1 Gbit/s, bfloat16", {"bits": "other", "losses": [6.9, 6.9]}, "bfloat16: loss 6.9"),
    ],
)
def test_other_weights_end_it(name, change, message, modules, answers):
    answers[name] |= change
    with pytest.raises(SystemExit, match=message):
        modules["distributed_training"].check(answers)


def test_a_rounding_wire_and_other_shards_may_have_other_bits(modules, answers):
    for name in ("2 ranks, 1 Gbit/s, bfloat16", "2 ranks, fast_math", "1 process, 8 shards", "1 process"):
        answers[name]["bits"] = "other"
    modules["distributed_training"].check(answers)

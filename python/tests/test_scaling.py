"""Links are fitted, forecasts compared and efficiencies tabulated: `scaling.py` on made-up measurements."""

import json

import numpy as np
import pytest
from script_modules import benchmark_modules
from support import needs
from thread_ranks import on_ranks

from swiftalexnet.distributed.team import Team
from swiftalexnet.distributed.wire import WIRES, wire_named


@pytest.fixture(scope="module")
def modules():
    """The modules of the benchmarks."""
    with benchmark_modules("cluster_measurements", "layer_times", "scaling_page", "simulator") as found:
        yield found


@pytest.fixture(scope="module")
def curves(modules, measured):
    """Efficiencies."""
    return modules["scaling_page"].efficiencies(measured, steps=4)


@pytest.fixture(scope="module")
def measured() -> dict:
    """Measurements as JSON keeps them."""
    layers = [["fc", 0.4, 50_000_000, 10_000, 0.2], ["conv", 2.0, 2_000_000, 0, 0.0]]
    wires = {"float32": [1e-4, 1.1e8, 1e-9], "bfloat16": [1e-4, 1.0e8, 2e-9]}
    quick = {name: [latency, 8 * rate, cost] for name, (latency, rate, cost) in wires.items()}
    check = {"hosts": 2, "Gbit/s": 1, "wire": "float32", "computing": "sleep", "images a host": 256}
    return {
        "cpu": "A processor",
        "threads": 2,
        "works": {name: [images, 1.0, layers, 0.1] for name, images in (("AlexNet", 256), ("VGG-16", 64))},
        "steps": [2.0, 2.1, 2.0, 1.95],
        "links": {"1": wires, "10": quick},
        "checks": [check | {"alone": 3.5, "measured": 4.0, "forecast": 4.2}],
    }


def test_a_line_through_sums_gives_latency_and_bandwidth_back(modules):
    rows = [(size, 2 * 3e-4 + size / 1e8, size * 2e-9) for size in (4_000, 40_000, 16e6, 240e6)]
    link = modules["cluster_measurements"].fitted(rows)
    np.testing.assert_allclose(link, (3e-4, 1e8, 2e-9))


def test_a_quicker_link_saves_the_wire_and_not_the_copying(modules):
    def link(gigabits: float):
        return modules["simulator"].Link(1e-4, 1 / (8 / (gigabits * 1e9) + 5e-10))

    at_rate = modules["cluster_measurements"].at_rate
    np.testing.assert_allclose(at_rate(link(1), link(10), (1, 10), 25), link(25))
    np.testing.assert_allclose(at_rate(link(1), link(10), (1, 10), 10), link(10))


def test_a_profile_has_all_parameters_in_backward_order(modules):
    work = modules["layer_times"].profiled("cifar-18pct", 1, 1)
    assert [layer.name for layer in work.backward if layer.numbers] == ["fc10", "conv3", "conv2", "conv1"]
    assert [layer.factors for layer in work.backward if layer.factors] == [1024 + 1000]
    assert sum(layer.numbers for layer in work.backward) == 1_104_328
    assert work.forward > 0 and work.update > 0 and all(layer.seconds > 0 for layer in work.backward)
    stored = json.loads(json.dumps(work))
    assert modules["simulator"].mean([work, modules["simulator"].as_work(stored)]).seconds == pytest.approx(
        work.seconds
    )


def test_the_page_has_a_row_for_every_rate_wire_and_computer(modules, measured, curves):
    page = modules["scaling_page"].page(measured, curves)
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    assert sum(line.startswith(("| 1 |", "| 10 |", "| 25 |")) for line in rows) == 2 * 3 * 3 * 2
    assert "| 2 | 1 | float32 | sleep | 256 | 3.50 | 4.00 | 4.20 | +5.0% |" in rows
    assert "between 0.979 and 1.042" in page and "64 ranks, 25 Gbit/s: 0." in page


def test_more_ranks_and_slower_links_are_less_efficient(curves):
    for wire in ("float32", "bfloat16", "factors"):
        slow, _, quick = ([curves["AlexNet", rate, wire, faster] for faster in (1, 16)] for rate in (1, 10, 25))
        for one, other in zip(slow, quick, strict=True):
            assert all(low <= high < 1 for low, high in zip(one, other, strict=True))
            assert one[0] > one[-1] and other[0] > other[-1]


def test_the_figure_has_an_axes_for_every_network_and_rate(modules, measured, curves, tmp_path):
    needs("matplotlib")
    modules["scaling_page"].draw_figure(measured, curves, tmp_path / "scaling.png")
    assert (tmp_path / "scaling.png").stat().st_size > 10_000


@pytest.mark.parametrize("wire", WIRES)
def test_ranks_that_compute_nothing_exchange_what_training_does(wire):
    with benchmark_modules("communicating_rank", "simulator") as found:
        layer = found["simulator"].Layer
        layers = (layer("fc", 0.001, 5_000, 300, 0.001), layer("conv", 0.001, 2_000))

        def work(communicator):
            with Team(communicator, wire_named(wire), 20.0) as team:
                work = found["simulator"].Work(2, 0.001, layers, 0.001)
                return len(found["communicating_rank"].steps(team, wire, work, 1)), communicator.bytes_sent

        results = on_ranks(2, work)
    gradients = {"float32": 4 * 7_000, "bfloat16": 2 * 7_000, "factors": 4 * 2_000 + 4 * 2 * 300}
    assert results == [(2, 2 * gradients[wire])] * 2

"""Training on four hosts with links of 1 Gbit/s: the same bits, the bytes that theory says, and a link that is cut."""

import math
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bad_luck import cut_and_resume
from fit_on_hosts import SPEC, job, train
from hosts import Hosts, HostsUnavailableError
from support import TESTS, fingerprint, needs

import swiftalexnet as sa

HOSTS = 4
STEPS = 4  # in an epoch
BATCH = 16
SEND = """
import numpy
from mpi4py import MPI
if MPI.COMM_WORLD.rank == 0:
    MPI.COMM_WORLD.Send(numpy.ones(10_000_000, numpy.uint8), 1)
elif MPI.COMM_WORLD.rank == 1:
    MPI.COMM_WORLD.Recv(numpy.empty(10_000_000, numpy.uint8), 0)
print(MPI.Get_processor_name())
"""
HOLD = "import time; from hosts import Hosts; hosts = Hosts(2).__enter__(); print(*hosts.holders); time.sleep(100)"


@pytest.fixture
def hosts():
    """Four hosts, or a skip that says why there are none."""
    needs("mpi4py")
    try:
        with Hosts(HOSTS, megabits=1000) as found:
            yield found
    except HostsUnavailableError as error:
        pytest.skip(str(error))


def test_links_count_what_is_sent(hosts):
    before = [hosts.counters(host) for host in range(HOSTS)]
    names = hosts.run([sys.executable, "-c", SEND])
    assert all(f"host{host}" in names for host in range(HOSTS))
    carried = [hosts.counters(host) - earlier for host, earlier in enumerate(before)]
    assert carried[0].sent == pytest.approx(10e6, rel=0.02) and carried[1].received == pytest.approx(10e6, rel=0.02)
    assert carried[2].sent + carried[2].received < 1e6
    assert not any(hosts.processes(host) for host in range(HOSTS))


def test_hosts_end_with_the_process_that_made_them(hosts):
    with subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True, cwd=TESTS) as maker:
        holders = maker.stdout.readline().split()
        assert len(holders) == 2 and all(Path("/proc", holder).exists() for holder in holders)
        maker.send_signal(signal.SIGKILL)
    until = time.monotonic() + 5
    while any(Path("/proc", holder).exists() for holder in holders):
        assert time.monotonic() < until, "hosts outlived their maker"
        time.sleep(0.01)


def test_who_may_not_make_hosts_is_told_why(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(HostsUnavailableError, match="need Linux and root"):
        Hosts(2).__enter__()


def bytes_of_a_step(wire: str) -> float:
    """What a rank sends: gradients by halving and doubling, factors of dense layers by doubling."""
    shapes = {name: array.shape for name, array in sa.Model.from_spec(SPEC, "torchvision").parameters().items()}
    dense = [name for name in shapes if name.startswith("fc") and wire == "factors"]
    numbers = sum(math.prod(shape) for name, shape in shapes.items() if name not in dense)
    factors = sum(sum(shapes[name]) for name in dense if name.endswith("weight"))
    gradients = 2 * (HOSTS - 1) / HOSTS * (2 if wire == "bfloat16" else 4) * numbers
    return gradients + (HOSTS - 1) * BATCH / HOSTS * 4 * factors


@pytest.mark.parametrize("wire", ["float32", "bfloat16", "factors"])
def test_four_hosts_end_with_the_bits_of_one_machine_and_send_what_theory_says(wire, hosts):
    carried = []
    for epochs in (2, 6):
        before = [hosts.counters(host) for host in range(HOSTS)]
        *_, bits = hosts.run(job(epochs, wire, 30)).split()
        carried.append([hosts.counters(host) - earlier for host, earlier in enumerate(before)])
        assert bits == fingerprint(train(epochs, wire=wire))
    expected = bytes_of_a_step(wire)
    for few, many in zip(*carried, strict=True):
        a_step = [(more - less) / (4 * STEPS) for more, less in zip(many, few, strict=True)]
        # Beside them go headers, agreements, signs of life, and what TCP sends again.
        assert all(expected <= each <= 1.1 * expected for each in a_step), (a_step, expected)


def test_a_cut_link_ends_every_rank_that_can_be_reached_and_fewer_hosts_go_on(tmp_path):
    needs("mpi4py")
    try:
        cut_and_resume(random.Random(0), tmp_path)
    except HostsUnavailableError as error:
        pytest.skip(str(error))

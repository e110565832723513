"""Fixtures that more than one file uses."""

import signal

import pytest
import small_network

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background jobs ignore Ctrl-C, and so would the tests of it and the processes that they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def network():
    """A small network that all tests share and none may change."""
    return small_network.make()


@pytest.fixture(scope="session")
def network_before(network):
    """Its original parameters and logits."""
    return small_network.state(network), [small_network.forward(network, small_network.batch()[0])]


@pytest.fixture
def unchanged(network, network_before):
    """Check after a test that the shared network's parameters and logits have not changed."""
    yield
    assert small_network.same_bits(small_network.state(network), network_before[0])
    assert small_network.same_bits([small_network.forward(network, small_network.batch()[0])], network_before[1])

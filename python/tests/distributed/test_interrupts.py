"""Signals between the steps of a run."""

import os
import signal
import threading

import pytest

from swiftalexnet.distributed.interrupts import Interrupts


def send(number=signal.SIGINT):
    os.kill(os.getpid(), number)


def test_an_interrupt_waits_for_the_end():
    seen = []
    with pytest.raises(KeyboardInterrupt), Interrupts():
        send()
        seen.append(1)
    assert seen == [1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_it_is_taken_once():
    with Interrupts() as interrupts:
        send()
        assert isinstance(interrupts.taken(), KeyboardInterrupt)
        assert interrupts.taken() is None


def test_a_second_one_acts_at_once():
    seen = []
    with pytest.raises(KeyboardInterrupt), Interrupts():
        send()
        seen.append(1)
        send()
        seen.append(2)
    assert seen == [1]


def test_another_exception_comes_first():
    with pytest.raises(ValueError, match="odd"), Interrupts():
        send()
        raise ValueError("odd")


def test_a_handler_that_does_not_raise_acts_at_once():
    seen, before = [], signal.signal(signal.SIGTERM, lambda *_: seen.append(1))
    try:
        with Interrupts():
            send(signal.SIGTERM)
            assert seen == [1]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_other_threads_have_no_handlers():
    results = []

    def work():
        with Interrupts():
            results.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert results == [signal.default_int_handler]

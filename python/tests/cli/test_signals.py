"""SIGTERM and SIGHUP act like Ctrl-C."""

import os
import signal
import threading

import pytest

from swiftalexnet.cli import signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_they_interrupt_and_the_status_tells_which(number, handled):
    handled(number)
    with pytest.raises(KeyboardInterrupt) as caught, signals.as_interrupts():
        os.kill(os.getpid(), number)
        signal.pause()
    assert signals.status(caught.value) == 128 + number
    assert signal.getsignal(number) is signal.SIG_DFL


def test_ctrl_c_has_its_own():
    assert signals.status(KeyboardInterrupt()) == 130


def test_ignored_signals_stay_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.as_interrupts():
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_leave_signals_alone():
    seen = []

    def work():
        with signals.as_interrupts():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.SIG_DFL]

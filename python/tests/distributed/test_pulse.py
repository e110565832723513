"""Signs of life, and what is concluded from them."""

import time

from thread_ranks import communicators

from swiftalexnet.distributed.pulse import Pulse, State

BUSY = State("reading images", 0.0, False, False)
WAITS = BUSY._replace(waits=True)


def pulses(size, timeout=0.3):
    return [Pulse(communicator, timeout) for communicator in communicators(size)]


def live(those, states, seconds):
    """Let some ranks live for so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for pulse, state in zip(those, states, strict=True):
            pulse.beat(state)
        time.sleep(0.01)


def test_all_are_heard():
    three = pulses(3)
    live(three, [WAITS] * 3, 0.5)
    assert [each.silent() for each in three] == [None] * 3
    assert not any(each.quiet() for each in three)
    assert "though all ranks wait" in three[0].busy()


def test_a_rank_that_falls_silent_is_named():
    three = pulses(3)
    live(three, [WAITS] * 3, 0.2)
    live(three[:2], [WAITS] * 2, 0.5)
    for each in three[:2]:
        assert each.quiet()
        assert each.silent().startswith("rank 2 (process ")
        assert "has not been heard of for 0.3 s: stopped or killed" in each.silent()


def test_a_rank_that_has_never_been_heard_may_not_have_called_fit():
    three = pulses(3)
    live(three[:2], [WAITS] * 2, 0.5)
    assert three[0].silent() == "rank 2 has not been heard of for 0.3 s: it may not have called fit"


def test_a_rank_that_is_busy_is_named():
    three = pulses(3)
    live(three, [WAITS, WAITS, BUSY], 0.3)
    assert not three[0].all_wait()
    assert "for rank 2 (process " in three[0].busy()
    assert "reading images for 0 s" in three[0].busy()


def test_work_for_all_is_waited_for():
    three = pulses(3)
    live(three, [WAITS, WAITS, BUSY._replace(for_all=True)], 0.3)
    assert three[0].standstill() == 0


def test_repeated_work_for_all_is_waited_for_while_it_goes_on():
    for since, goes_on in ((30, True), (60, False)):
        three = pulses(3, timeout=60)
        live(three, [WAITS, WAITS, BUSY._replace(since=since, for_all=True, repeats=True)], 0.1)
        standstill = three[0].standstill()
        assert since <= standstill < 60 if goes_on else standstill is None


def test_a_process_that_was_stopped_itself_does_not_blame_the_others():
    two = pulses(2)
    live(two, [WAITS] * 2, 0.2)
    time.sleep(0.5)
    two[1].beat(WAITS)
    two[0].beat(WAITS)
    assert two[0].silent() is None

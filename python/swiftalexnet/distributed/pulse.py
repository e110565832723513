"""Signs of life: every rank tells all others, several times in a timeout, what it is doing.

The thread that sends them runs while the engine computes, so a rank that is not heard of has been stopped or killed, or
its host or the link to it is gone; whether anybody waits for it does not matter.
"""

import json
import os
import socket
import time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .communicator import ANY, Communicator, Request

_TAG = 3
_BYTES = 512
_BEATS = 6  # in a timeout
_LONGEST_PAUSE = 5.0  # seconds

_unfinished: list[Any] = []  # messages that nobody took in time; their memory must stay


class State(NamedTuple):
    """What a rank is doing.

    `since` is in seconds. `waits`: for a message of others. `for_all`: what the others wait for, rank 0's checkpoint
    for example, however long it takes, or if it `repeats`, as long as it goes on.
    """

    doing: str
    since: float
    waits: bool
    for_all: bool
    repeats: bool = False
    who: str = ""


class Pulse:
    """The signs of life of all ranks; its methods are called from the thread that makes the calls of MPI."""

    def __init__(self, communicator: Communicator, timeout: float):
        self._communicator, self._timeout = communicator, timeout
        self.pause = min(_LONGEST_PAUSE, timeout / _BEATS)
        self._others = [rank for rank in range(communicator.size) if rank != communicator.rank]
        now = time.monotonic()
        self._heard, self._states = dict.fromkeys(self._others, now), dict[int, State]()
        self._looked, self._sent_at = now, -self.pause
        self._sent: dict[int, tuple[Request, NDArray[np.uint8]]] = {}
        self._who = f"process {os.getpid()} on {socket.gethostname()}"
        self._room = np.zeros(_BYTES, np.uint8)
        self._awaited = communicator.receive(self._room, ANY, _TAG) if self._others else None

    def beat(self, own: State) -> None:
        """Tell the others what this rank is doing, if it is time, and hear what they say."""
        now = time.monotonic()
        gap = now - self._looked
        if gap > self._timeout / 2:  # this process has been stopped itself: the others' signs are in the queue
            self._heard = {rank: heard + gap for rank, heard in self._heard.items()}
        self._looked = now
        while self._awaited is not None and self._awaited.test():
            self._note(json.loads(self._room.tobytes().rstrip(b"\0")), now)
            self._awaited = self._communicator.receive(self._room, ANY, _TAG)
        if now - self._sent_at >= self.pause:
            self._sent_at = now
            self._send(own)

    def silent(self) -> str | None:
        """Return a message that names the ranks that have not been heard of for `timeout` seconds, or None."""
        now = time.monotonic()
        lost = [rank for rank, heard in self._heard.items() if now - heard > self._timeout]
        if not lost:
            return None
        began = [rank for rank in lost if rank in self._states]
        why = "stopped or killed, or its host or the link to it is gone" if began else "it may not have called fit"
        return f"{self._named(lost)} has not been heard of for {self._timeout:g} s: {why}"

    def quiet(self) -> bool:
        """Return whether a rank is late with its signs."""
        now = time.monotonic()
        return any(now - heard > 2 * self.pause for heard in self._heard.values())

    def all_wait(self) -> bool:
        """Return whether all others wait as well, as far as their last signs say."""
        return all(state.waits for state in self._states.values())

    def standstill(self) -> float | None:
        """Return for how many seconds the work that all wait for has stood still; None if there is none that goes on.

        Work that does not repeat never stands still.
        """
        now = time.monotonic()
        seconds = [
            state.since + now - self._heard[rank] if state.repeats else 0.0
            for rank, state in self._states.items()
            if state.for_all
        ]
        return min((each for each in seconds if each < self._timeout), default=None)

    def busy(self) -> str:
        """Return what a wait of `timeout` seconds is due to."""
        now = time.monotonic()
        busy = {rank: state for rank, state in self._states.items() if not state.waits}
        if not busy:
            return f"no message has come for {self._timeout:g} s, though all ranks wait for one"
        each = "; ".join(
            f"{self._named([rank])}: {state.doing} for {state.since + now - self._heard[rank]:.0f} s"
            for rank, state in busy.items()
        )
        return f"the other ranks have waited {self._timeout:g} s (timeout=) for {each}"

    def close(self) -> None:
        """Stop listening."""
        if self._awaited is not None:
            self._awaited.cancel()
        _unfinished.extend(sent for sent in self._sent.values() if not sent[0].test())

    def _note(self, message: dict[str, Any], now: float) -> None:
        rank = int(message.pop("rank"))
        self._heard[rank], self._states[rank] = now, State(**message)

    def _send(self, own: State) -> None:
        """Send a sign to each rank that has taken the last one."""
        fields = {"rank": self._communicator.rank, **own._asdict(), "who": self._who[:100], "doing": own.doing[:100]}
        data = np.zeros(_BYTES, np.uint8)
        text = json.dumps(fields).encode()[:_BYTES]
        data[: len(text)] = np.frombuffer(text, np.uint8)
        for rank in self._others:
            if rank not in self._sent or self._sent[rank][0].test():
                self._sent[rank] = self._communicator.send(data, rank, _TAG), data

    def _named(self, ranks: list[int]) -> str:
        names = [
            f"rank {rank} ({self._states[rank].who})" if rank in self._states else f"rank {rank}" for rank in ranks
        ]
        return ", ".join(names)

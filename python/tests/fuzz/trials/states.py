"""Calls in a state in which they are not expected."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..world import World
from . import held, odd, scarce

STATES = {**held.STATES, **odd.STATES, **scarce.STATES}


@dataclass
class State:
    """A call in a forbidden state.

    Attributes
    ----------
    text : str
    run : callable
        May raise what a call may raise.
    """

    text: str
    run: Callable[[], Any]


def make_state(world: World) -> State:
    """Draw one."""
    name = world.random.choice(list(STATES))
    return State(name, lambda: STATES[name](world))

"""A case is a function of (seed, number): a trial and its outcome."""

import traceback
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

from swiftalexnet import _native

from .judge import Guard, fingerprint, untyped
from .trials.calls import DOCUMENTED, Call, make_call
from .trials.commands import Command, make_command
from .trials.processes import Process, make_process
from .trials.readings import Reading, make_reading
from .trials.states import State, make_state
from .world import Shared, World

Trial = Call | Command | Process | Reading | State
Note = Callable[[str, float | None], None]

# How often each kind comes, in a thousand.
KINDS: dict[Callable[[World], Trial], int] = {
    make_call: 640,
    make_reading: 220,
    make_state: 90,
    make_command: 45,
    make_process: 5,
}


class Outcome(NamedTuple):
    """What came of a case.

    Attributes
    ----------
    text : str
        What was tried.
    result : str
        "done", or the name of the exception's type.
    fault : str or None
        What is wrong with it.
    spoilt : bool
        What all cases share has changed: no other case should run in this process.
    """

    text: str
    result: str
    fault: str | None
    spoilt: bool = False


class Cases:
    """All cases of a seed, to be run in this process."""

    def __init__(self, seed: int, shared: Shared, descriptors: tuple[int, ...] = (0, 1, 2)):
        self._seed, self._shared, self._threads = seed, shared, _native.get_num_threads()
        self._guard = Guard((shared.model, shared.other, shared.network), descriptors)

    def run(self, number: int, note: Note = lambda text, seconds: None) -> Outcome:
        """Run one case; `note` hears what is tried before it is tried, and how long it may take."""
        world = World(Random(f"{self._seed}/{number}"), self._shared)
        kind = world.random.choices(list(KINDS), list(KINDS.values()))[0]
        try:
            trial = kind(world)
            note(trial.text, getattr(trial, "seconds", None))
            outcome = _try(trial)
        finally:
            world.close()
        _native.fail_allocation_after(-1)
        _native.set_num_threads(self._threads)
        damage = self._guard.damage()
        return outcome if damage is None else outcome._replace(fault=damage, spoilt=True)


def _try(trial: Trial) -> Outcome:
    owned = trial.owned if isinstance(trial, Call) else []
    before = [fingerprint(model) for model in owned]
    documented: tuple[type[BaseException], ...] = (MemoryError,) if isinstance(trial, State) else ()
    if isinstance(trial, Call):
        documented = DOCUMENTED.get(trial.entry.name, ())
    try:
        result = trial.run()
    except BaseException as error:  # whatever it is, it is judged
        fault = untyped(error, documented)
        if fault is not None:
            fault = f"{fault}: {_said(error)}\n{_place(error)}"
        elif isinstance(trial, Call) and trial.sound and not isinstance(error, ImportError):
            fault = f"a sound call was refused: {_said(error)}\n{_place(error)}"
        elif [fingerprint(model) for model in owned] != before:
            fault = f"a model has changed, although the call was refused: {_said(error)}"
        return Outcome(trial.text, type(error).__name__, fault)
    wrong = trial.wrong(result) if isinstance(trial, Reading) else None
    return Outcome(trial.text, "done", wrong)


def _said(error: BaseException) -> str:
    try:
        return str(error)[:500]
    except Exception as another:  # an exception of a hostile object
        return f"<no text: {type(another).__name__}>"


def _place(error: BaseException) -> str:
    """Return the last steps to where an exception came from."""
    steps = traceback.extract_tb(error.__traceback__)[-3:]
    return "\n".join(f"  {Path(step.filename).name}:{step.lineno} {step.line}" for step in steps)

"""Read a pickle: one opcode after another, with a limit to their number."""

from typing import Any, NamedTuple

from .machine import Machine
from .opcodes import SINCE_3, STEPS
from .values import Source, Vocabulary
from .window import Window


class Found(NamedTuple):
    """What a pickle describes, and the offset behind it."""

    value: Any
    end: int


def steps_for(size: int) -> int:
    """Return how many steps a file of this size may take, so that they keep less than 64 MiB and the file's size."""
    return (1 << 18) + size // 128


def run_pickle(source: Source, vocabulary: Vocabulary, steps: int, start: int = 0, end: int | None = None) -> Found:
    """Return what a pickle between two offsets of a source describes.

    Raises
    ------
    ValueError
        It is damaged, takes more steps, or has an opcode, a protocol or a name that the vocabulary does not allow. None
        of its code has been run.
    """
    machine = Machine(Window(source, start, source.size if end is None else end), vocabulary)
    try:
        return Found(_run(machine, steps), machine.window.at)
    except IndexError as error:
        raise ValueError("a step lacks its values") from error


def _run(machine: Machine, limit: int) -> Any:
    """Return the value on top of the stack at the end."""
    for _ in range(limit):
        code = machine.window.take(1)
        if code == b".":
            return machine.pop(1)[0]
        step = STEPS.get(code)
        if step is None or (code in SINCE_3 and machine.vocabulary.protocol < 3):
            allowed = f"what protocols 0 to {machine.vocabulary.protocol} have for data"
            raise ValueError(f"it has the step {code!r}, expected {allowed}")
        step(machine)
    raise ValueError(f"it has more than {limit:,} steps")

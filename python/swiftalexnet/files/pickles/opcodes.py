"""The closed list of opcodes: those that build data, of protocols 0 to 5."""

import struct
from collections.abc import Callable
from typing import Any

from .machine import NAME_LIMIT, NUMBER_LIMIT, Machine


def _empty(kind: type) -> Callable[[Machine], None]:
    return lambda machine: machine.push(kind())


def _constant(value: Any) -> Callable[[Machine], None]:
    return lambda machine: machine.push(value)


STEPS: dict[bytes, Callable[[Machine], None]] = {
    b"\x80": Machine.protocol,
    b"(": Machine.mark,
    b"0": Machine.drop,
    b"1": lambda machine: _ignored(machine.pop_to_mark()),
    b"2": lambda machine: machine.push(machine.top()),
    b"N": _constant(None),
    b"\x88": _constant(True),
    b"\x89": _constant(False),
    b"I": Machine.boolean_or_integer,
    b"L": lambda machine: machine.push(machine.integer_line()),
    b"J": lambda machine: machine.push(machine.window.number(4, signed=True)),
    b"K": lambda machine: machine.push(machine.window.number(1)),
    b"M": lambda machine: machine.push(machine.window.number(2)),
    b"\x8a": lambda machine: machine.long(machine.window.number(1)),
    b"\x8b": lambda machine: machine.long(machine.window.number(4)),
    b"F": lambda machine: machine.push(float(machine.window.line(NUMBER_LIMIT))),
    b"G": lambda machine: machine.push(struct.unpack(">d", machine.window.take(8))[0]),
    b"S": Machine.quoted,
    b"T": lambda machine: machine.string(machine.window.number(4)),
    b"U": lambda machine: machine.string(machine.window.number(1)),
    b"V": Machine.text_line,
    b"X": lambda machine: machine.text(machine.window.number(4)),
    b"]": _empty(list),
    b"l": lambda machine: machine.push(machine.pop_to_mark()),
    b"a": lambda machine: machine.append(machine.pop(1)),
    b"e": lambda machine: machine.append(machine.pop_to_mark()),
    b"}": _empty(dict),
    b"d": lambda machine: machine.new_dict(machine.pop_to_mark()),
    b"s": lambda machine: machine.update(machine.pop(2)),
    b"u": lambda machine: machine.update(machine.pop_to_mark()),
    b")": _constant(()),
    b"t": lambda machine: machine.push(tuple(machine.pop_to_mark())),
    b"\x85": lambda machine: machine.push(tuple(machine.pop(1))),
    b"\x86": lambda machine: machine.push(tuple(machine.pop(2))),
    b"\x87": lambda machine: machine.push(tuple(machine.pop(3))),
    b"c": Machine.named_in_lines,
    b"i": Machine.instance_of_lines,
    b"o": Machine.instance,
    b"R": lambda machine: machine.call(*machine.pop(2)),
    b"\x81": lambda machine: machine.call(*machine.pop(2)),
    b"b": Machine.build,
    b"P": lambda machine: machine.persistent(machine.window.line(NAME_LIMIT)),
    b"Q": lambda machine: machine.persistent(machine.pop(1)[0]),
    b"p": lambda machine: machine.keep(machine.integer_line()),
    b"q": lambda machine: machine.keep(machine.window.number(1)),
    b"r": lambda machine: machine.keep(machine.window.number(4)),
    b"g": lambda machine: machine.recall(machine.integer_line()),
    b"h": lambda machine: machine.recall(machine.window.number(1)),
    b"j": lambda machine: machine.recall(machine.window.number(4)),
}

# Sets become lists: nothing here needs their order or hashes.
SINCE_3: dict[bytes, Callable[[Machine], None]] = {
    b"B": lambda machine: machine.string(machine.window.number(4)),
    b"C": lambda machine: machine.string(machine.window.number(1)),
    b"\x8c": lambda machine: machine.text(machine.window.number(1)),
    b"\x8d": lambda machine: machine.text(machine.window.number(8)),
    b"\x8e": lambda machine: machine.string(machine.window.number(8)),
    b"\x96": lambda machine: machine.string(machine.window.number(8)),
    b"\x8f": _empty(list),
    b"\x90": lambda machine: machine.append(machine.pop_to_mark()),
    b"\x91": lambda machine: machine.push(machine.pop_to_mark()),
    b"\x92": lambda machine: machine.call(*machine.pop(3)[:2]),
    b"\x93": Machine.named_on_stack,
    b"\x94": Machine.memoize,
    b"\x95": lambda machine: _ignored(machine.window.number(8)),  # the length of a frame
}
STEPS |= SINCE_3


def _ignored(_: Any) -> None:
    """Leave out a value."""

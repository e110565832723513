"""The machine: executes a pickle opcode by opcode and builds data.

Nothing in it recurses, and what it returns can be let go of without recursion; keys of dicts are plain, so hashing
does not recurse either. Long strings stay in the source. A step takes a bounded amount of memory, and the number of
steps is limited.
"""

import codecs
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from .values import LongText, Name, Opaque, Source, Vocabulary, text_of
from .window import Window

_NUMBER_LIMIT = 48  # characters of a number
_NAME_LIMIT = 256
_LONGEST_INTEGER = 17  # bytes: 128 bits and their sign
_LONG = 4096  # bytes, above which strings stay in the source

_BYTES = (("__builtin__", "bytes"), ("builtins", "bytes"))
_KEYS = (str, bytes, int, float, bool, type(None))


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
    machine = _Machine(Window(source, start, source.size if end is None else end), vocabulary)
    try:
        return Found(machine.run(steps), machine.window.at)
    except IndexError as error:
        raise ValueError("a step lacks its values") from error


class _Machine:
    """The state of a pickle that is being executed."""

    def __init__(self, window: Window, vocabulary: Vocabulary):
        self.window, self._vocabulary = window, vocabulary
        self._stack: list[Any] = []
        self._below: list[list[Any]] = []  # the stacks under the marks
        self._memo: dict[int, Any] = {}
        self._encoded: dict[int, tuple[Any, bytes]] = {}  # by the identity of the text, which the entry keeps alive

    def run(self, limit: int) -> Any:
        """Return the value on top of the stack at the end."""
        for _ in range(limit):
            code = self.window.take(1)
            if code == b".":
                return self._stack.pop()
            step = _STEPS.get(code)
            if step is None or (code in _SINCE_3 and self._vocabulary.protocol < 3):
                allowed = f"what protocols 0 to {self._vocabulary.protocol} have for data"
                raise ValueError(f"it has the step {code!r}, expected {allowed}")
            step(self)
        raise ValueError(f"it has more than {limit:,} steps")

    # ---- The stack ----

    def push(self, value: Any) -> None:
        self._stack.append(value)

    def pop(self, count: int) -> list[Any]:
        """Return the topmost values, the lowest first."""
        return [self._stack.pop() for _ in range(count)][::-1]

    def pop_to_mark(self) -> list[Any]:
        items, self._stack = self._stack, self._below.pop()
        return items

    def mark(self) -> None:
        self._below.append(self._stack)
        self._stack = []

    def drop(self) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self.pop_to_mark()

    def keep(self, number: int) -> None:
        self._memo[number] = self._stack[-1]

    def recall(self, number: int) -> None:
        if number not in self._memo:
            raise ValueError(f"it recalls number {number}, which it never kept")
        self.push(self._memo[number])

    # ---- Numbers and text ----

    def protocol(self) -> None:
        if (version := self.window.number(1)) > self._vocabulary.protocol:
            raise ValueError(f"it is of protocol {version}, expected at most {self._vocabulary.protocol}")

    def integer_line(self) -> int:
        return int(self.window.line(_NUMBER_LIMIT).rstrip(b"L"))

    def boolean_or_integer(self) -> None:
        line = self.window.line(_NUMBER_LIMIT)
        self.push(line == b"01" if line in (b"00", b"01") else int(line))

    def long(self, size: int) -> None:
        if size > _LONGEST_INTEGER:
            raise ValueError("an integer of more than 128 bits")
        self.push(self.window.number(size, signed=True))

    def string(self, size: int) -> None:
        self.push(self.window.skip(size) if size > _LONG else self.window.take(size))

    def text(self, size: int) -> None:
        if size > _LONG:
            self.push(LongText(self.window.skip(size), "utf-8"))
        else:
            self.push(self.window.take(size).decode("utf-8", "surrogatepass"))

    def text_line(self) -> None:
        size = self.window.line_length()
        if size > _LONG:
            self.push(LongText(self.window.skip(size), "raw-unicode-escape"))
        else:
            self.push(self.window.take(size).decode("raw-unicode-escape"))
        self.window.take(1)

    def quoted(self) -> None:
        line = self.window.line()
        if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
            raise ValueError("text without quotes")
        self.push(codecs.escape_decode(memoryview(line)[1:-1])[0])

    # ---- Lists, tuples and dicts ----

    def append(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is list:
            target.extend(items)
        elif not isinstance(target, Opaque):
            raise ValueError("items for something else than a list")

    def update(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if len(items) % 2 or not isinstance(target, (dict, Opaque)):
            raise ValueError("keys and values for something else than a dict")
        if isinstance(target, dict):
            for key, value in zip(items[::2], items[1::2], strict=True):
                if type(key) in _KEYS:
                    target[key] = value
                elif not self._vocabulary.unknown:
                    raise ValueError("a key that is neither text nor a number")

    def new_dict(self, items: list[Any]) -> None:
        self.push({})
        self.update(items)

    # ---- Names, calls and states ----

    def named(self, module: str, name: str) -> None:
        known = self._vocabulary.names.get((module, name))
        if (module, name) == ("_codecs", "encode"):
            known = self._encode
        elif (module, name) in _BYTES:
            known = bytes
        elif known is None and not self._vocabulary.unknown:
            raise ValueError(f"it names {module[:40]}.{name[:40]}, expected only {self._vocabulary.expected}")
        self.push(Name(f"{module}.{name}", known))

    def named_in_lines(self) -> None:
        module, name = (self.window.line(_NAME_LIMIT).decode("latin-1") for _ in range(2))
        self.named(module, name)

    def named_on_stack(self) -> None:
        module, name = map(text_of, self.pop(2))
        if module is None or name is None or len(module) + len(name) > _NAME_LIMIT:
            raise ValueError("a name that is not text")
        self.named(module, name)

    def call(self, function: Any, arguments: Any) -> None:
        if isinstance(function, Name) and function.make is not None:
            if not isinstance(arguments, tuple):
                raise ValueError(f"it calls {function.text} without arguments")
            try:
                self.push(function.make(*arguments))
            except TypeError as error:
                raise ValueError(f"it calls {function.text} with other arguments than expected: {error}") from error
        elif self._vocabulary.unknown and isinstance(function, (Name, Opaque)):
            self.push(Opaque(function.text if isinstance(function, Name) else function.kind))
        else:
            raise ValueError("it calls something that is not a function")

    def instance(self) -> None:
        items = self.pop_to_mark()
        self.call(items[0], tuple(items[1:]))

    def instance_of_lines(self) -> None:
        arguments = tuple(self.pop_to_mark())
        self.named_in_lines()
        self.call(self._stack.pop(), arguments)

    def build(self) -> None:
        target, state = self.pop(2)
        if hasattr(target, "set_state"):
            target.set_state(state)
        elif not isinstance(target, (Opaque, dict)):  # whose attributes nobody needs
            raise ValueError("a state for something that has none")
        self.push(target)

    def persistent(self, identifier: Any) -> None:
        if self._vocabulary.persistent is None:
            raise ValueError("it has parts that are stored elsewhere")
        self.push(self._vocabulary.persistent(identifier))

    def _encode(self, text: Any, encoding: Any) -> bytes:
        """Return text as bytes, which is how Python 3 writes bytes in protocols that have none: each text once."""
        if text_of(encoding) != "latin1" or not isinstance(text, (str, LongText)):
            raise ValueError("it encodes something else than text in Latin-1")
        if id(text) not in self._encoded:
            found = text.encoded() if isinstance(text, LongText) else text.encode("latin-1")
            self._encoded[id(text)] = text, found
        return self._encoded[id(text)][1]


def _empty(kind: type) -> Callable[[_Machine], None]:
    return lambda machine: machine.push(kind())


def _constant(value: Any) -> Callable[[_Machine], None]:
    return lambda machine: machine.push(value)


_STEPS: dict[bytes, Callable[[_Machine], None]] = {
    b"\x80": _Machine.protocol,
    b"(": _Machine.mark,
    b"0": _Machine.drop,
    b"1": lambda machine: _ignored(machine.pop_to_mark()),
    b"2": lambda machine: machine.push(machine._stack[-1]),
    b"N": _constant(None),
    b"\x88": _constant(True),
    b"\x89": _constant(False),
    b"I": _Machine.boolean_or_integer,
    b"L": lambda machine: machine.push(machine.integer_line()),
    b"J": lambda machine: machine.push(machine.window.number(4, signed=True)),
    b"K": lambda machine: machine.push(machine.window.number(1)),
    b"M": lambda machine: machine.push(machine.window.number(2)),
    b"\x8a": lambda machine: machine.long(machine.window.number(1)),
    b"\x8b": lambda machine: machine.long(machine.window.number(4)),
    b"F": lambda machine: machine.push(float(machine.window.line(_NUMBER_LIMIT))),
    b"G": lambda machine: machine.push(struct.unpack(">d", machine.window.take(8))[0]),
    b"S": _Machine.quoted,
    b"T": lambda machine: machine.string(machine.window.number(4)),
    b"U": lambda machine: machine.string(machine.window.number(1)),
    b"V": _Machine.text_line,
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
    b"c": _Machine.named_in_lines,
    b"i": _Machine.instance_of_lines,
    b"o": _Machine.instance,
    b"R": lambda machine: machine.call(*machine.pop(2)),
    b"\x81": lambda machine: machine.call(*machine.pop(2)),
    b"b": _Machine.build,
    b"P": lambda machine: machine.persistent(machine.window.line(_NAME_LIMIT)),
    b"Q": lambda machine: machine.persistent(machine.pop(1)[0]),
    b"p": lambda machine: machine.keep(machine.integer_line()),
    b"q": lambda machine: machine.keep(machine.window.number(1)),
    b"r": lambda machine: machine.keep(machine.window.number(4)),
    b"g": lambda machine: machine.recall(machine.integer_line()),
    b"h": lambda machine: machine.recall(machine.window.number(1)),
    b"j": lambda machine: machine.recall(machine.window.number(4)),
}

# Sets become lists: nothing here needs their order or hashes.
_SINCE_3: dict[bytes, Callable[[_Machine], None]] = {
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
    b"\x93": _Machine.named_on_stack,
    b"\x94": lambda machine: machine.keep(len(machine._memo)),
    b"\x95": lambda machine: _ignored(machine.window.number(8)),  # the length of a frame
}
_STEPS |= _SINCE_3


def _ignored(_: Any) -> None:
    """Leave out a value."""

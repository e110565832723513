"""The state of a pickle that is being executed, and what its opcodes do to it.

Nothing in it recurses, and what it holds can be let go of without recursion; keys of dicts are plain, so hashing does
not recurse either. Long strings stay in the source. An opcode takes a bounded amount of memory.
"""

import codecs
from typing import Any

from .values import LongText, Name, Opaque, Vocabulary, is_key, text_of
from .window import Window

NUMBER_LIMIT = 48  # characters of a number
NAME_LIMIT = 256
_LONGEST_INTEGER = 17  # bytes: 128 bits and their sign
_LONG = 4096  # bytes, above which strings stay in the source
_MOST_WIDE = 2 << 20  # characters of texts that take four bytes for each
_MOST_KEPT = 2**32  # numbers that values are kept by have 32 bits

_BYTES = (("__builtin__", "bytes"), ("builtins", "bytes"))


class Machine:
    """The state of a pickle that is being executed."""

    def __init__(self, window: Window, vocabulary: Vocabulary):
        self.window, self.vocabulary = window, vocabulary
        self._stack: list[Any] = []
        self._below: list[list[Any]] = []  # the stacks under the marks
        self._memo: dict[int, Any] = {}
        self._encoded: dict[int, tuple[Any, bytes]] = {}  # by the identity of the text, which the entry keeps alive
        self._wide = 0  # characters so far

    # ---- The stack ----

    def push(self, value: Any) -> None:
        """Put a value on the stack."""
        self._stack.append(value)

    def top(self) -> Any:
        """Return the topmost value."""
        return self._stack[-1]

    def pop(self, count: int) -> list[Any]:
        """Return the topmost values, the lowest first."""
        return [self._stack.pop() for _ in range(count)][::-1]

    def pop_to_mark(self) -> list[Any]:
        """Return the values above the last mark, which goes too."""
        items, self._stack = self._stack, self._below.pop()
        return items

    def mark(self) -> None:
        """Begin a stack above this one."""
        self._below.append(self._stack)
        self._stack = []

    def drop(self) -> None:
        """Leave out the topmost value, or an empty mark."""
        if self._stack:
            self._stack.pop()
        else:
            self.pop_to_mark()

    def keep(self, number: int) -> None:
        """Give the topmost value a number."""
        if not 0 <= number < _MOST_KEPT:
            raise ValueError(f"it keeps a value as number {number}")
        self._memo[number] = self._stack[-1]

    def memoize(self) -> None:
        """Give the topmost value the next number."""
        self.keep(len(self._memo))

    def recall(self, number: int) -> None:
        """Put a kept value on the stack."""
        if number not in self._memo:
            raise ValueError(f"it recalls number {number}, which it never kept")
        self.push(self._memo[number])

    # ---- Numbers and text ----

    def protocol(self) -> None:
        """Check the version that the pickle says it has."""
        if (version := self.window.number(1)) > self.vocabulary.protocol:
            raise ValueError(f"it is of protocol {version}, expected at most {self.vocabulary.protocol}")

    def integer_line(self) -> int:
        """Return an integer in digits."""
        return int(self.window.line(NUMBER_LIMIT).rstrip(b"L"))

    def boolean_or_integer(self) -> None:
        """Put a truth value, which is written 00 or 01, or an integer."""
        line = self.window.line(NUMBER_LIMIT)
        self.push(line == b"01" if line in (b"00", b"01") else int(line))

    def long(self, size: int) -> None:
        """Put an integer of `size` bytes."""
        if size > _LONGEST_INTEGER:
            raise ValueError("an integer of more than 128 bits")
        self.push(self.window.number(size, signed=True))

    def string(self, size: int) -> None:
        """Put bytes, or where they are."""
        self.push(self.window.skip(size) if size > _LONG else self.window.take(size))

    def text(self, size: int) -> None:
        """Put text in UTF-8, or where it is."""
        if size > _LONG:
            self.push(LongText(self.window.skip(size), "utf-8"))
        else:
            self._push_text(self.window.take(size).decode("utf-8", "surrogatepass"))

    def text_line(self) -> None:
        """Put a line of text with escapes, or where it is."""
        size = self.window.line_length()
        if size > _LONG:
            self.push(LongText(self.window.skip(size), "raw-unicode-escape"))
        else:
            self._push_text(self.window.take(size).decode("raw-unicode-escape"))
        self.window.take(1)

    def _push_text(self, text: str) -> None:
        """Put text; one wide letter makes all of its letters wide, of which there may not be many."""
        if not text.isascii() and max(text) > "\xff":
            self._wide += len(text)
            if self._wide > _MOST_WIDE:
                raise ValueError(f"it has more than {_MOST_WIDE:,} characters of text beyond Latin-1")
        self.push(text)

    def quoted(self) -> None:
        """Put a quoted line of Python 2, which is bytes."""
        line = self.window.line()
        if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
            raise ValueError("text without quotes")
        self.push(codecs.escape_decode(memoryview(line)[1:-1])[0])

    # ---- Lists, tuples and dicts ----

    def append(self, items: list[Any]) -> None:
        """Add to the list on top."""
        target = self._stack[-1]
        if type(target) is list:
            target.extend(items)
        elif not isinstance(target, Opaque):
            raise ValueError("items for something else than a list")

    def update(self, items: list[Any]) -> None:
        """Add keys and values to the dict on top."""
        target = self._stack[-1]
        if len(items) % 2 or not isinstance(target, (dict, Opaque)):
            raise ValueError("keys and values for something else than a dict")
        if isinstance(target, dict):
            for key, value in zip(items[::2], items[1::2], strict=True):
                if is_key(key):
                    target[key] = value
                elif not self.vocabulary.unknown:
                    raise ValueError("a key that is neither text nor a number of 64 bits")

    def new_dict(self, items: list[Any]) -> None:
        """Put a dict of keys and values."""
        self.push({})
        self.update(items)

    # ---- Names, calls and states ----

    def named(self, module: str, name: str) -> None:
        """Put what a name stands for here."""
        known = self.vocabulary.names.get((module, name))
        if (module, name) == ("_codecs", "encode"):
            known = self._encode
        elif (module, name) in _BYTES:
            known = _no_bytes
        elif known is None and not self.vocabulary.unknown:
            raise ValueError(f"it names {module[:40]}.{name[:40]}, expected only {self.vocabulary.expected}")
        self.push(Name(f"{module}.{name}", known))

    def named_in_lines(self) -> None:
        """Put what two lines name."""
        module, name = (self.window.line(NAME_LIMIT).decode("latin-1") for _ in range(2))
        self.named(module, name)

    def named_on_stack(self) -> None:
        """Put what the two topmost texts name."""
        module, name = map(text_of, self.pop(2))
        if module is None or name is None or len(module) + len(name) > NAME_LIMIT:
            raise ValueError("a name that is not text")
        self.named(module, name)

    def call(self, function: Any, arguments: Any) -> None:
        """Put what stands for the result of a call."""
        if isinstance(function, Name) and function.make is not None:
            if not isinstance(arguments, tuple):
                raise ValueError(f"it calls {function.text} without arguments")
            try:
                self.push(function.make(*arguments))
            except TypeError as error:
                raise ValueError(f"it calls {function.text} with other arguments than expected: {error}") from error
        elif self.vocabulary.unknown and isinstance(function, (Name, Opaque)):
            self.push(Opaque(function.text if isinstance(function, Name) else function.kind))
        else:
            raise ValueError("it calls something that is not a function")

    def instance(self) -> None:
        """Put what stands for an instance; class and arguments are above the mark."""
        items = self.pop_to_mark()
        self.call(items[0], tuple(items[1:]))

    def instance_of_lines(self) -> None:
        """Put what stands for an instance of a class that two lines name."""
        arguments = tuple(self.pop_to_mark())
        self.named_in_lines()
        self.call(self._stack.pop(), arguments)

    def build(self) -> None:
        """Give the value below the topmost one its state."""
        target, state = self.pop(2)
        if hasattr(target, "set_state"):
            target.set_state(state)
        elif not isinstance(target, (Opaque, dict)):  # whose attributes nobody needs
            raise ValueError("a state for something that has none")
        self.push(target)

    def persistent(self, identifier: Any) -> None:
        """Put what stands for an object that is stored elsewhere."""
        if self.vocabulary.persistent is None:
            raise ValueError("it has parts that are stored elsewhere")
        self.push(self.vocabulary.persistent(identifier))

    def _encode(self, text: Any, encoding: Any) -> bytes:
        """Return text as bytes, which is how Python 3 writes bytes in protocols that have none: each text once."""
        if text_of(encoding) != "latin1" or not isinstance(text, (str, LongText)):
            raise ValueError("it encodes something else than text in Latin-1")
        if id(text) not in self._encoded:
            found = text.encoded() if isinstance(text, LongText) else text.encode("latin-1")
            self._encoded[id(text)] = text, found
        return self._encoded[id(text)][1]


def _no_bytes() -> bytes:
    """Return what Python 3 calls `bytes` for in protocols that have none."""
    return b""

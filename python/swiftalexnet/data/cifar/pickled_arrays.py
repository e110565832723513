"""Read a pickled dict of numbers, text, lists and uint8 arrays, and nothing else, without running any of its code.

A pickle is a program for a stack machine and can call any function by name. This machine knows only the opcodes that
Python 2 and 3 write for such dicts in protocols 0 to 2 (described in CPython's Lib/pickletools.py). The names that
arrays and bytes need stand for placeholders here, which store their arguments. Lists and dicts do not nest, and tuples
nest no deeper than the state of an array, so no traversal recurses; no opcode takes more memory than the size of the
file, and the number of opcodes is limited.
"""

import codecs
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_STEPS_LIMIT = 1 << 20  # a batch of 10,000 images takes at most 100,000
_TUPLE_LIMIT = 16  # the state of numpy's types has nine
_LINE_LIMIT = 24  # characters of an integer of 64 bits and its suffix


class _DType:
    """Stands for an instance of `numpy.dtype`: its code, for example "u1"."""

    def __init__(self, code: Any):
        self.code = code.decode("ascii") if isinstance(code, bytes) else code


class _Array:
    """Stands for the result of `numpy.core.multiarray._reconstruct`: an array, once its state is set."""

    pixels: NDArray[np.uint8] | None = None

    def set_state(self, state: Any) -> None:
        _, shape, dtype, fortran, data = state
        if not isinstance(dtype, _DType) or dtype.code not in ("u1", "|u1"):
            raise ValueError("an array that is not of uint8")
        if not isinstance(data, bytes) or not isinstance(shape, tuple) or len(shape) > 4:
            raise ValueError("an array without shape or bytes")
        if not all(type(side) is int and side >= 0 for side in shape):
            raise ValueError("an array whose shape is not of integers")
        if len(data) != math.prod(shape):
            raise ValueError(f"{len(data)} bytes for an array of shape {shape}")
        self.pixels = np.frombuffer(data, np.uint8).reshape(shape, order="F" if fortran else "C")


_NAMES = {
    ("numpy.core.multiarray", "_reconstruct"): "array",
    ("numpy._core.multiarray", "_reconstruct"): "array",
    ("numpy", "ndarray"): "type",
    ("numpy", "dtype"): "dtype",
    # How Python 3 writes bytes in protocols that have none.
    ("_codecs", "encode"): "encode",
    ("__builtin__", "bytes"): "bytes",
    ("builtins", "bytes"): "bytes",
}


class _Name:
    """Stands for a function or type that the pickle names."""

    def __init__(self, meaning: str):
        self.meaning = meaning


class _Machine:
    """Executes a pickle opcode by opcode."""

    def __init__(self, data: bytes):
        self._data, self._at = data, 0
        self._stack: list[Any] = []
        self._below: list[list[Any]] = []  # the stacks under the marks
        self._memo: dict[int, Any] = {}
        self._encodable = len(data)  # each text is encoded at most once, so the total is at most the size of the file

    def run(self) -> Any:
        """Return the value on top of the stack at the end."""
        for _ in range(_STEPS_LIMIT):
            code = self.take(1)
            if code == b".":
                return self._stack.pop()
            if code not in _STEPS:
                raise ValueError(f"it has the step {code!r}, expected what protocols 0 to 2 have for dicts and arrays")
            _STEPS[code](self)
        raise ValueError(f"it has more than {_STEPS_LIMIT:,} steps")

    # Parts of opcodes

    def take(self, count: int) -> bytes:
        found = self._data[self._at : self._at + count]
        if len(found) < count:
            raise ValueError("it is cut short")
        self._at += count
        return found

    def number(self, count: int, signed: bool = False) -> int:
        return int.from_bytes(self.take(count), "little", signed=signed)

    def line(self) -> bytes:
        end = self._data.find(b"\n", self._at)
        if end < 0:
            raise ValueError("it is cut short")
        return self.take(end + 1 - self._at)[:-1]

    def integer_line(self) -> int:
        line = self.line()
        if len(line) > _LINE_LIMIT:
            raise ValueError("an integer of more than 64 bits")
        return int(line.rstrip(b"L"))

    def push(self, value: Any) -> None:
        self._stack.append(value)

    def push_tuple(self, items: list[Any]) -> None:
        if len(items) > _TUPLE_LIMIT:
            raise ValueError(f"a tuple of {len(items):,} values")
        if any(isinstance(part, tuple) for item in items if isinstance(item, tuple) for part in item):
            raise ValueError("tuples nest too deep")
        if any(isinstance(item, (list, dict)) for item in items):
            raise ValueError("a tuple holds a list or a dict")
        self.push(tuple(items))

    def pop(self, count: int) -> list[Any]:
        """Return the topmost values, the lowest first."""
        return [self._stack.pop() for _ in range(count)][::-1]

    def pop_to_mark(self) -> list[Any]:
        items, self._stack = self._stack, self._below.pop()
        return items

    # Opcodes

    def protocol(self) -> None:
        if (version := self.number(1)) > 2:
            raise ValueError(f"it is of protocol {version}, expected at most 2")

    def mark(self) -> None:
        self._below.append(self._stack)
        self._stack = []

    def boolean_or_integer(self) -> None:
        start = self._at
        value = self.integer_line()
        self.push(bool(value) if self._data[start : self._at] in (b"00\n", b"01\n") else value)

    def long(self) -> None:
        if (size := self.number(1)) > 9:
            raise ValueError("an integer of more than 64 bits")
        self.push(self.number(size, signed=True))

    def quoted(self) -> None:
        line = self.line()
        if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
            raise ValueError("text without quotes")
        self.push(codecs.escape_decode(line[1:-1])[0])

    def extend(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not list or not all(_is_plain(item) for item in items):
            raise ValueError("a list of something else than numbers and text")
        target.extend(items)

    def update(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not dict or len(items) % 2:
            raise ValueError("keys and values for something else than a dict")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) not in (str, bytes, int):
                raise ValueError("a key that is neither text nor an integer")
            if not _is_plain(value) and not isinstance(value, (list, _Array)):
                raise ValueError("a dict of something else than numbers, text, lists and arrays")
            target[key] = value

    def new_list(self, items: list[Any]) -> None:
        self.push([])
        self.extend(items)

    def new_dict(self, items: list[Any]) -> None:
        self.push({})
        self.update(items)

    def named(self) -> None:
        module, name = self.line().decode("latin-1"), self.line().decode("latin-1")
        if (module, name) not in _NAMES:
            raise ValueError(f"it names {module[:40]}.{name[:40]}, expected only arrays of numpy")
        self.push(_Name(_NAMES[module, name]))

    def call(self) -> None:
        function, arguments = self.pop(2)
        if not isinstance(function, _Name) or not isinstance(arguments, tuple):
            raise ValueError("it calls something that is not a function")
        match function.meaning, arguments:
            case "array", (_Name(meaning="type"), *_):
                self.push(_Array())
            case "dtype", (code, *_):
                self.push(_DType(code))
            case "encode", (str(text), "latin1" | b"latin1"):
                self._encodable -= len(text)
                if self._encodable < 0:
                    raise ValueError("it encodes more text than it has")
                self.push(text.encode("latin-1"))
            case "bytes", ():
                self.push(b"")
            case meaning, _:
                raise ValueError(f"it makes its {meaning} of something else than numpy's arrays do")

    def build(self) -> None:
        target, state = self.pop(2)
        if isinstance(target, _Array):
            target.set_state(state)
        elif not isinstance(target, _DType):  # byte order and fields of a dtype: uint8 has neither
            raise ValueError("a state for something else than an array")
        self.push(target)

    def keep(self, number: int) -> None:
        self._memo[number] = self._stack[-1]

    def recall(self, number: int) -> None:
        if number not in self._memo:
            raise ValueError(f"it recalls number {number}, which it never kept")
        self.push(self._memo[number])


_STEPS: dict[bytes, Callable[[_Machine], None]] = {
    b"\x80": _Machine.protocol,
    b"(": _Machine.mark,
    b"N": lambda machine: machine.push(None),
    b"\x88": lambda machine: machine.push(True),
    b"\x89": lambda machine: machine.push(False),
    b"I": _Machine.boolean_or_integer,
    b"L": lambda machine: machine.push(machine.integer_line()),
    b"J": lambda machine: machine.push(machine.number(4, signed=True)),
    b"K": lambda machine: machine.push(machine.number(1)),
    b"M": lambda machine: machine.push(machine.number(2)),
    b"\x8a": _Machine.long,
    b"S": _Machine.quoted,
    b"T": lambda machine: machine.push(machine.take(machine.number(4))),
    b"U": lambda machine: machine.push(machine.take(machine.number(1))),
    b"V": lambda machine: machine.push(machine.line().decode("raw-unicode-escape")),
    b"X": lambda machine: machine.push(machine.take(machine.number(4)).decode("utf-8", "surrogatepass")),
    b"]": lambda machine: machine.push([]),
    b"l": lambda machine: machine.new_list(machine.pop_to_mark()),
    b"a": lambda machine: machine.extend(machine.pop(1)),
    b"e": lambda machine: machine.extend(machine.pop_to_mark()),
    b"}": lambda machine: machine.push({}),
    b"d": lambda machine: machine.new_dict(machine.pop_to_mark()),
    b"s": lambda machine: machine.update(machine.pop(2)),
    b"u": lambda machine: machine.update(machine.pop_to_mark()),
    b")": lambda machine: machine.push(()),
    b"t": lambda machine: machine.push_tuple(machine.pop_to_mark()),
    b"\x85": lambda machine: machine.push_tuple(machine.pop(1)),
    b"\x86": lambda machine: machine.push_tuple(machine.pop(2)),
    b"\x87": lambda machine: machine.push_tuple(machine.pop(3)),
    b"c": _Machine.named,
    b"R": _Machine.call,
    b"b": _Machine.build,
    b"p": lambda machine: machine.keep(machine.integer_line()),
    b"q": lambda machine: machine.keep(machine.number(1)),
    b"r": lambda machine: machine.keep(machine.number(4)),
    b"g": lambda machine: machine.recall(machine.integer_line()),
    b"h": lambda machine: machine.recall(machine.number(1)),
    b"j": lambda machine: machine.recall(machine.number(4)),
}


def read_pickle(data: bytes, name: str) -> dict[str, Any]:
    """Return a pickled dict with text keys and arrays of uint8 among its values; text of Python 2 stays bytes.

    Raises
    ------
    ValueError
        It is damaged, has a protocol above 2, contains anything else, or names anything but numpy's arrays; none of its
        code has been run.
    """
    try:
        found = _Machine(data).run()
        if not isinstance(found, dict):
            raise ValueError(f"it holds a {type(found).__name__}, expected a dict")
        return {_text(key): _value(value) for key, value in found.items()}
    except IndexError as error:
        raise ValueError(f"{name} cannot be read: a step lacks its values") from error
    except MemoryError:
        raise
    except Exception as error:  # damaged text and numbers, and warnings turned into errors
        raise ValueError(f"{name} cannot be read: {error}") from error


def _is_plain(value: Any) -> bool:
    return value is None or type(value) in (int, bool, str, bytes)


def _text(key: Any) -> str:
    return key.decode("latin-1") if isinstance(key, bytes) else str(key)


def _value(value: Any) -> Any:
    if not isinstance(value, _Array):
        return value
    if value.pixels is None:
        raise ValueError("an array without its state")
    return value.pixels

"""Objects that no entry point expects: some raise, some report false sizes, some are plain."""

import fractions
import io
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from ..world import World


class Planned(Exception):
    """What a hostile object raises: it may come out of a call as it is, because the caller's own code raised it."""


class Raiser:
    """Raises on any access."""

    def _raise(self, *_: Any) -> Any:
        raise Planned("asked")

    __len__ = __iter__ = __getitem__ = __index__ = __int__ = __float__ = __bool__ = __fspath__ = _raise
    __contains__ = __call__ = __eq__ = __hash__ = __lt__ = __str__ = __array__ = _raise


class Unsayable:
    """Has no text: `repr` of it raises."""

    def __repr__(self) -> str:
        raise Planned("repr")


class Liar:
    """Reports false sizes and numbers."""

    def __init__(self, world: World):
        self._number = world.one_of(-1, 0, 1, 2**31, 2**62, 2**63 - 1)

    def __len__(self) -> int:
        return abs(self._number)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, int) and index > 3:
            raise IndexError(index)
        return 0

    def __index__(self) -> int:
        return self._number

    def __float__(self) -> float:
        return float("nan")

    def __fspath__(self) -> str:
        return "liar\0"


class Attributes:
    """Has every attribute."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Attributes()


class Text(str):
    """An instance of a subclass of str."""


class Number(int):
    """An instance of a subclass of numbers."""


OBJECTS: dict[str, Callable[[World], Any]] = {
    "None": lambda world: None,
    "True": lambda world: True,
    "object()": lambda world: object(),
    "a class": lambda world: int,
    "a function": lambda world: len,
    "a module": lambda world: np,
    "Ellipsis": lambda world: ...,
    "NotImplemented": lambda world: NotImplemented,
    "a raiser": lambda world: Raiser(),
    "unsayable": lambda world: Unsayable(),
    "a liar": Liar,
    "any attribute": lambda world: Attributes(),
    "a text": lambda world: "text",
    "no text": lambda world: "",
    "a long text": lambda world: "x" * 100_000,
    "text with a zero": lambda world: "a\0b",
    "a lone surrogate": lambda world: "\ud800",
    "text of a subclass": lambda world: Text("conv1"),
    "bytes": lambda world: b"\xff\0",
    "a number": lambda world: 3,
    "a number of a subclass": lambda world: Number(3),
    "10^5000": lambda world: 10**5000,
    "a fraction": lambda world: fractions.Fraction(1, 3),
    "NaN": lambda world: float("nan"),
    "a complex number": lambda world: 1j,
    "an empty list": lambda world: [],
    "a list of None": lambda world: [None],
    "a set": lambda world: {1, 2},
    "a dict": lambda world: {"a": 1},
    "a nested list": lambda world: _nested(world.one_of(40, 3000)),
    "a list of itself": lambda world: _own_child(),
    "a generator": lambda world: (each for each in (1, 2)),
    "an empty generator": lambda world: iter(()),
    "a generator that raises": lambda world: _raising(),
    "range(2^62)": lambda world: range(2**62),
    "a slice": lambda world: slice(None),
    "an array": lambda world: np.zeros((2, 2), np.float32),
    "an array of objects": lambda world: np.array([None, "x"], object),
    "a lock": lambda world: threading.Lock(),
    "a file": lambda world: io.BytesIO(b"data"),
    "an error": lambda world: ValueError("x"),
    "a model": lambda world: world.shared.model,
    "a data set": lambda world: world.shared.data,
}


def hostile_object(world: World) -> tuple[str, Any]:
    """Return a name and what it stands for."""
    name = world.random.choice(list(OBJECTS))
    return name, OBJECTS[name](world)


def _nested(depth: int) -> list[Any]:
    nest: list[Any] = []
    for _ in range(depth):
        nest = [nest]
    return nest


def _own_child() -> list[Any]:
    child: list[Any] = []
    child.append(child)
    return child


def _raising() -> Any:
    yield 1
    raise Planned("generator")

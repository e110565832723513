"""Hostile replacements of a valid value: similar to it, or entirely different."""

import enum
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import swiftalexnet as sa

from ..world import World
from .arrays import hostile_array
from .data import hostile_data, hostile_schedule
from .objects import Planned, hostile_object
from .paths import hostile_path

INTEGERS = (
    *(-(10**400), -(2**63) - 1, -(2**63), -(2**31), -7, -1, 0, 1, 2, 3, 4, 5, 7, 16, 31, 32, 127, 128, 255, 256, 257),
    *(1000, 2**15, 2**15 + 1, 2**20, 2**20 + 1, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**40, 2**53 + 1, 2**62),
    *(2**63 - 1, 2**63, 2**64 - 1, 2**64, 2**100, 10**400),
)
FLOATS = (
    *(-math.inf, -1e300, -3e38, -1.0, -1e-300, -0.0, 0.0, 5e-324, 1e-45, 1e-38, 1e-7, 0.5, 0.999, 1.0, 1.5),
    *(2.0, 180.0, 1e4, 1e10, 3e38, 3.5e38, 1e39, 1e300, math.inf, math.nan),
)
WORDS = ("", " ", "x", "NCHW", "nhwc", "auto", "conv1", "conv1 conv2", "*", "%s%n", "é", "\0", "\ud800", "a" * 70_000)


class _Choice(enum.IntEnum):
    THREE = 3


def hostile(value: Any, world: World) -> tuple[str, Any]:
    """Return a name and a replacement of a valid value."""
    if world.random.random() < 0.2:
        return hostile_object(world)
    for kind, make in _MAKERS.items():
        if isinstance(value, kind):
            return make(value, world)
    return _callable(world) if callable(value) else hostile_object(world)


def _number(value: Any, world: World) -> tuple[str, Any]:
    number = world.random.choice(FLOATS if world.random.random() < 0.6 else INTEGERS)
    return _dressed(number, world)


def _integer(value: Any, world: World) -> tuple[str, Any]:
    return _dressed(world.random.choice(INTEGERS if world.random.random() < 0.85 else FLOATS), world)


def _dressed(number: Any, world: World) -> tuple[str, Any]:
    """Return a number as itself, or as one of numpy's, an enumeration's, or text."""
    dress = world.random.randrange(12)
    name = repr(number) if abs(number) < 10**30 or isinstance(number, float) else f"{'-' * (number < 0)}10^400"
    if dress == 0:
        return f"text {name}", name
    if dress == 1:
        return "IntEnum", _Choice.THREE
    if dress in (2, 3, 4):
        kinds = (np.float32, np.float64, np.float16, np.longdouble, np.int8, np.int64, np.uint64, np.array)
        kind = world.random.choice(kinds)
        try:
            with np.errstate(all="ignore"):
                return f"{kind.__name__} {name}", kind(number)
        except (OverflowError, ValueError):
            pass
    return name, number


def _flag(value: Any, world: World) -> tuple[str, Any]:
    return world.one_of(*((repr(v), v) for v in (1, 0, 2, -1, "yes", "", None, 1.5, math.nan, [], np.array([1, 2]))))


def _word(value: str, world: World) -> tuple[str, Any]:
    changed = (value.upper(), value + " ", value[:-1], value * 2, value.encode(), value + "\0", [value], value[::-1])
    words = (*WORDS, *changed)
    word = world.random.choice(words)
    return repr(word)[:40], word


def _sequence(value: Any, world: World) -> tuple[str, Any]:
    """Change one item, the length, the nesting, or what holds the items."""
    items, kind = list(value), getattr(type(value), "_make", type(value) if type(value) in (tuple, list) else list)
    act = world.random.randrange(8)
    if items and act < 4:
        place = world.random.randrange(len(items))
        name, items[place] = hostile(items[place], world)
        return f"[{place}] {name}", kind(items)
    changed = (
        ("one less", lambda: kind(items[:-1])),
        ("one more", lambda: kind([*items, *items[-1:]])),
        ("hundred times", lambda: kind(items * 100)),
        ("empty", lambda: kind(())),
        ("nested", lambda: kind([items])),
        ("generator", lambda: iter(items)),
        ("set", lambda: {str(item) for item in items}),
        ("dict", lambda: dict.fromkeys(range(len(items)))),
        ("array", lambda: np.array([str(item) for item in items])),
        ("reversed", lambda: kind(items[::-1])),
        ("range", lambda: range(2**62)),
    )
    name, make = world.random.choice(changed)
    try:
        return name, make()
    except TypeError:  # a named tuple has as many items as it has names
        return "plain", tuple(items)


def _mapping(value: dict[Any, Any], world: World) -> tuple[str, Any]:
    """Change a value, lose a key, add one, or be no dict."""
    changed, keys = dict(value), list(value)
    act = world.random.randrange(6)
    if keys and act < 3:
        key = world.random.choice(keys)
        name, changed[key] = hostile(changed[key], world)
        return f"[{str(key)[:30]!r}] {name}", changed
    if keys and act == 3:
        key = world.random.choice(keys)
        del changed[key]
        return f"without {str(key)[:30]!r}", changed
    if act == 4:
        name, key = world.random.choice((("number", 3), ("None", None), ("text", "x"), ("tuple", (1,)), ("", "")))
        changed[key] = world.one_of(None, 1, np.zeros(3, np.float32))
        return f"with the key {name}", changed
    return "items", list(value.items())


def _model(value: Any, world: World) -> tuple[str, Any]:
    model = world.shared.model
    return world.one_of(
        ("network", model.network),
        ("class", sa.Model),
        ("grey network", sa.cifar_net("80sec", 3, 1, 24, initialization="zeros")),
        ("other classes", sa.Model.from_spec(model.spec.replace("outputs=4", "outputs=7"), "zeros")),
        ("summary", model.summary()),
    )


def _callable(world: World) -> tuple[str, Any]:
    def raising(*_: Any, **__: Any) -> None:
        raise Planned("called")

    return world.one_of(("raising", raising), ("no arguments", lambda: None), ("class", int), ("text", "print"))


_MAKERS: dict[type, Callable[[Any, World], tuple[str, Any]]] = {
    np.ndarray: hostile_array,
    bool: _flag,
    int: _integer,
    float: _number,
    np.number: _number,
    str: _word,
    Path: lambda value, world: hostile_path(world),
    sa.Model: _model,
    sa.Schedule: hostile_schedule,
    sa.ArrayDataset: hostile_data,
    sa.ImageFolder: hostile_data,
    sa.ShardedDataset: hostile_data,
    tuple: _sequence,
    list: _sequence,
    dict: _mapping,
}

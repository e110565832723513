"""Damage to JSON: values of other types, missing and repeated keys, depth, impossible numbers."""

import copy
import json
from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np

from ..hostile.arrays import hostile_array
from ..world import World

_DEEP = 300  # json reads it, and Python's recursion does not
_SAVED = ("f2", "f4", "f8", "i1", "i4", "i8", "u1", "u8", "b1")  # types that safetensors has
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 3, 255, 2**15, 2**31, 2**40, 2**62, 2**63, 2**64, 10**400, -(2**63), 1.5, -0.0),
    *(1e308, float("nan"), float("inf"), "", "x", "conv1", "nan", "3", "\0", "\ud800", "é", "x" * 5000),
    *([], {}, [None], [[]], {"": None}, [1, 2, 3], {"a": {"b": []}}),
)


def change_json(value: Any, random: Random) -> tuple[str, Any]:
    """Return a description, and a copy that differs from `value` in one or two places."""
    root, done = [copy.deepcopy(value)], []
    for _ in range(random.choice((1, 1, 2))):
        holder, key = random.choice(list(_places(root)))
        done.append(f"{str(key)[:20]} {_change(holder, key, random)}")
    return ", ".join(done), root[0]


def spoil_text(text: str, random: Random) -> tuple[str, str]:
    """Return JSON text that no program would write: repeated keys, depth, numbers of thousands of digits."""
    at = random.choice([index for index, letter in enumerate(text) if letter in ":[,"] or [0]) + 1
    inserts = {
        "deep": "[" * 100_000,
        "closed depth": "[" * 990 + "]" * 990 + ",",
        "long number": "1" * 5000 + ",",
        "NaN": "NaN,",
        "1e999": "1e999,",
        "escape": '"\\ud800",',
        "comment": "/* */",
    }
    if text.startswith("{") and random.random() < 0.4:
        pairs = text[1:-1]
        return "every key twice", "{" + pairs + "," + pairs + "}"
    name = random.choice(list(inserts))
    return name, text[:at] + inserts[name] + text[at:]


def change_tensors(tensors: dict[str, Any], world: World) -> tuple[str, dict[str, Any]]:
    """Return a description, and tensors of which one is missing, repeated, or has another shape, type or content."""
    changed = dict(tensors)
    name = world.random.choice(sorted(changed))
    act = world.random.randrange(8)
    if act == 0:
        del changed[name]
        return f"without {name}", changed
    if act == 1:
        changed[world.one_of("", "extra", f"{name}.", "velocity.extra", "é", "__metadata__x")] = changed[name]
        return f"{name} twice", changed
    what, value = hostile_array(np.ascontiguousarray(changed[name]), world)
    if isinstance(value, np.ndarray) and value.dtype.str[1:] in _SAVED and value.size < 10**6:
        changed[name] = np.ascontiguousarray(value)
        return f"{name} {what}", changed
    changed[name] = np.zeros((1, 0, 2), np.float32)
    return f"{name} empty", changed


def _places(holder: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place of a tree as what holds it and its key or index there."""
    inside = holder.items() if isinstance(holder, dict) else enumerate(holder) if isinstance(holder, list) else ()
    for key, part in inside:
        yield holder, key
        yield from _places(part)


def _change(holder: Any, key: Any, random: Random) -> str:
    act = random.randrange(10)
    if act == 0 and isinstance(holder, dict):
        del holder[key]
        return "lost"
    if act == 1 and isinstance(holder, dict):
        holder[random.choice(("", "unknown", "é", f"{key} "))] = holder[key]
        return "under another name too"
    if act == 2:
        nest: Any = holder[key]
        for _ in range(_DEEP):
            nest = [nest]
        holder[key] = nest
        return "deep"
    if act == 3 and isinstance(holder[key], list):
        holder[key] = holder[key] * random.choice((0, 2, 1000))
        return "repeated"
    if act == 4 and isinstance(holder[key], list):
        random.shuffle(holder[key])
        return "shuffled"
    holder[key] = copy.deepcopy(random.choice(_VALUES))
    return f"is {json.dumps(holder[key])[:20]}"

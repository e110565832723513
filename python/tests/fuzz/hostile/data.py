"""Users' data sets and schedules that violate their interface."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import swiftalexnet as sa

from ..world import CLASSES, World
from .arrays import Wrapped
from .objects import Planned, Raiser

_COUNT = 6


class Data:
    """A data set of noise, valid unless a part of it is replaced.

    Parameters
    ----------
    world : World
    **parts
        What stands in the place of `classes`, `labels`, `workers`, `skipped`, `length`, or `image`, a function of the
        right image.
    """

    def __init__(self, world: World, **parts: Any):
        self._world, self._length, self._image = world, parts.pop("length", _COUNT), parts.pop("image", None)
        self.classes, self.workers, self.skipped = CLASSES, 2, 0
        self.labels = world.integers(_COUNT, len(CLASSES))
        for name, value in parts.items():
            if value is Data:
                delattr(self, name)
            else:
                setattr(self, name, value)

    def __len__(self) -> Any:
        return self._length

    def image(self, index: int, geometry: Any) -> Any:
        """Return noise, or what the fault makes of it."""
        pixels = np.full((geometry.size, geometry.size, geometry.channels), 40 * index % 256, np.uint8)
        return pixels if self._image is None else self._image(pixels)


class Fickle(Data):
    """A data set whose length or labels change while it is read."""

    def image(self, index: int, geometry: Any) -> Any:
        """Return the right image, after a change."""
        if self._world.one_of(False, True):
            self._length += 1
        self.labels = self.labels[:-1] + 7
        return super().image(index, geometry)


def _raise(_: Any) -> Any:
    raise Planned("image")


def _raise_os_error(_: Any) -> Any:
    raise OSError(5, "Input/output error", "image")


_IMAGES: dict[str, Callable[[Any], Any]] = {
    "none": lambda x: None,
    "float": lambda x: x.astype(np.float32),
    "float64 of 0 to 1": lambda x: x / 255,
    "int64": lambda x: x.astype(np.int64),
    "bool": lambda x: x > 3,
    "smaller": lambda x: x[1:],
    "larger": lambda x: np.concatenate([x, x]),
    "grey": lambda x: x[..., 0],
    "four channels": lambda x: np.concatenate([x, x[..., :1]], axis=2),
    "channels first": lambda x: x.transpose(2, 0, 1),
    "list": lambda x: x.tolist(),
    "text": lambda x: "image",
    "number": lambda x: 3,
    "masked": np.ma.masked_array,
    "strided": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "read-only": lambda x: np.broadcast_to(x[:1, :1], x.shape),
    "array-like": Wrapped,
    "raiser": lambda x: Raiser(),
    "raising": _raise,
    "OSError": _raise_os_error,
    "objects": lambda x: x.astype(object),
    "empty": lambda x: x[:0],
}

_LABELS: dict[str, Callable[[Any, World], Any]] = {
    "float": lambda x, world: x + 0.7,
    "whole floats": lambda x, world: x.astype(float),
    "NaN": lambda x, world: np.full(len(x), np.nan),
    "list": lambda x, world: x.tolist(),
    "tuple of texts": lambda x, world: tuple(map(str, x)),
    "negative": lambda x, world: x - 1,
    "too large": lambda x, world: x + 4,
    "2^40": lambda x, world: x.astype(np.int64) + 2**40,
    "unsigned": lambda x, world: x.astype(np.uint64),
    "bool": lambda x, world: x > 1,
    "fewer": lambda x, world: x[:-1],
    "more": lambda x, world: np.append(x, 0),
    "none": lambda x, world: None,
    "column": lambda x, world: x[:, None],
    "0-D": lambda x, world: np.array(1),
    "objects": lambda x, world: x.astype(object),
    "text": lambda x, world: "abcdef",
    "generator": lambda x, world: iter(x),
    "missing": lambda x, world: Data,
    "raiser": lambda x, world: Raiser(),
    "empty": lambda x, world: x[:0],
    "big-endian": lambda x, world: x.astype(">i4"),
}

_OTHERS: dict[str, tuple[Any, ...]] = {
    "classes": ((), ("a",), "abcd", (1, 2, 3, 4), None, 4, ("a",) * 4, ["a", "b", "c", "d"], Data, {"a", "b"}),
    "workers": (0, -1, None, "2", 1.5, 10**6, 2**62, Data, True, Raiser()),
    "length": (0, -1, 1, 7, 2**62, 2**63, "6", None, 6.0),
    "skipped": (None, -1, "x", Data),
}


def hostile_data(value: Any, world: World) -> tuple[str, Any]:
    """Return a name and a data set with one fault."""
    part = world.one_of("image", "image", "labels", "labels", "changes", *_OTHERS)
    if part == "image":
        name = world.random.choice(list(_IMAGES))
        return f"image {name}", Data(world, image=_sometimes(_IMAGES[name], world))
    if part == "labels":
        name = world.random.choice(list(_LABELS))
        return f"labels {name}", Data(world, labels=_LABELS[name](world.integers(_COUNT, len(CLASSES)), world))
    if part == "changes":
        return "fickle", Fickle(world)
    wrong = world.random.choice(_OTHERS[part])
    return f"{part} {type(wrong).__name__} {wrong!s:.20}" if not isinstance(wrong, Raiser) else part, Data(
        world, **{part: wrong}
    )


def _sometimes(change: Callable[[Any], Any], world: World) -> Callable[[Any], Any]:
    """Let the change act on all images, or on one of them."""
    chosen: Iterator[bool] = iter([False] * world.random.randrange(_COUNT) + [True] * _COUNT)
    return change if world.one_of(False, True) else lambda x: change(x) if next(chosen, False) else x


class Schedule(sa.Schedule):
    """A schedule whose methods return a value chosen by the case."""

    def __init__(self, method: str, result: Any):
        object.__setattr__(self, "_fault", (method, result))

    def _do(self, method: str, right: Any) -> Any:
        fault, result = self._fault
        if fault != method:
            return right
        if isinstance(result, Exception):
            raise result
        return result

    def initial(self) -> Any:
        """Return the first state, or what the fault says."""
        return self._do("initial", {})

    def rate_factor(self, moment: Any, state: Any) -> Any:
        """Return 1, or what the fault says."""
        return self._do("rate_factor", 1.0)

    def after_epoch(self, state: Any, validation_error: Any) -> Any:
        """Return the state, or what the fault says."""
        return self._do("after_epoch", state)

    def to_json(self) -> Any:
        """Return a name, or what the fault says."""
        return self._do("to_json", {"name": "hostile"})


def hostile_schedule(value: Any, world: World) -> tuple[str, Any]:
    """Return a name and a schedule with one fault."""
    method = world.one_of("initial", "rate_factor", "after_epoch", "to_json")
    results = (
        None,
        float("nan"),
        float("inf"),
        -1.0,
        "x",
        10**400,
        [],
        {"best": None},
        {1: 2},
        Planned(method),
        object(),
    )
    result = world.random.choice(results)
    return f"{method} {type(result).__name__}", Schedule(method, result)

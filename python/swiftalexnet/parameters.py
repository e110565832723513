"""A network's weights, gradients and velocities as numpy arrays, by name."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _native
from ._choices import choose, nearest
from ._numbers import check_number

Float32 = NDArray[np.float32]
Arrays = dict[str, NDArray[np.floating]]
Multipliers = dict[str, tuple[float, float]]  # factors on learning rate and weight decay, by parameter name


class Difference(NamedTuple):
    """Names in which two sets of weights differ."""

    missing: list[str]
    unknown: list[str]


def names(network: _native.Network) -> list[str]:
    """Return the parameters' names in the engine's order."""
    return [name for name, _ in network.parameters()]


def views(network: _native.Network, which: int) -> dict[str, Float32]:
    """Return the engine's own memory, writable, with strides that give the conventional order."""
    return {name: np.asarray(network.view(index, which)) for index, name in enumerate(names(network))}


def copies(network: _native.Network, which: int) -> dict[str, Float32]:
    """Return C-contiguous copies."""
    return {name: np.array(view, order="C") for name, view in views(network, which).items()}


def load(
    network: _native.Network, which: int, state: Mapping[str, ArrayLike], strict: bool, operation: str
) -> Difference:
    """Check all arrays of `state`, then write them.

    Raises
    ------
    TypeError, ValueError
        Nothing has been written: names, shapes or types do not fit, or values are not finite.
    """
    arrays, difference = check(network, which, state, strict, operation)
    write(network, which, arrays)
    return difference


def write(network: _native.Network, which: int, arrays: Arrays) -> None:
    """Write arrays that `check` returned."""
    targets = views(network, which)
    for name, array in arrays.items():
        targets[name][...] = array


def check(
    network: _native.Network, which: int, state: Mapping[str, ArrayLike], strict: bool, operation: str
) -> tuple[Arrays, Difference]:
    """Return the arrays of `state` that the network has, and the names in which they differ.

    Raises
    ------
    TypeError, ValueError
        Names, shapes or types do not fit, or values are not finite.
    """
    if not isinstance(state, Mapping):
        raise TypeError(f"{operation}: state is of type {type(state).__name__}, expected a mapping of names to arrays")
    targets = views(network, which)
    missing, unknown = [n for n in targets if n not in state], [n for n in state if n not in targets]
    if strict and (missing or unknown):
        parts = [
            f"{what} {', '.join(map(str, some))}"
            for what, some in (("lacks", missing), ("has unknown", unknown))
            if some
        ]
        raise ValueError(f"{operation}: state {' and '.join(parts)}; expected {', '.join(targets)}")
    arrays = {name: _checked(name, state[name], targets[name], operation) for name in targets if name in state}
    return arrays, Difference(missing, unknown)


def copy_layers(source: _native.Network, target: _native.Network, layers: tuple[str, ...], operation: str) -> None:
    """Check the layers of both networks, then copy their parameters.

    Raises
    ------
    ValueError
        Nothing has been written: a name that is not a layer with parameters of both, or different shapes.
    """
    values, targets = views(source, _native.VALUE), views(target, _native.VALUE)
    for layer in layers:
        choose(operation, "layer", layer, _layers(values))
        choose(operation, "target layer", layer, _layers(targets))
    chosen = [name for name in targets if name.rpartition(".")[0] in layers]
    for name in chosen:
        if values[name].shape != targets[name].shape:
            raise ValueError(f"{operation}: {name} has shape {values[name].shape}, expected {targets[name].shape}")
    for name in chosen:
        targets[name][...] = values[name]


def _layers(arrays: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name.rpartition(".")[0] for name in arrays))


def require_prefixes(network: _native.Network, prefixes: tuple[str, ...], operation: str) -> None:
    """Refuse no prefix at all, and an empty one, which every name begins with: a slip more often than a wish."""
    if not prefixes or "" in prefixes:
        came = "an empty name" if prefixes else "no names"
        expected = f"what the names of some parameters begin with: {', '.join(names(network))}"
        raise ValueError(f"{operation}: got {came}, expected {expected}")


def set_multipliers(
    network: _native.Network, prefixes: tuple[str, ...], rate: float | None, decay: float | None
) -> None:
    """Set factors of the parameters whose names begin with a prefix; None leaves a factor as it is."""
    for factor, what in ((rate, "learning_rate"), (decay, "weight_decay")):
        if factor is not None:
            check_number(factor, what, "set_multipliers")
    known = names(network)
    for prefix in prefixes:
        if not isinstance(prefix, str) or not any(name.startswith(prefix) for name in known):
            raise ValueError(
                f"set_multipliers: {prefix!r} begins no parameter's name, expected one of {', '.join(known)}"
                f"{nearest(prefix, [*known, *{name.partition('.')[0] for name in known}])}"
            )
    for index, name in enumerate(known):
        if name.startswith(prefixes):
            old_rate, old_decay = network.multipliers(index)
            network.set_multipliers(index, old_rate if rate is None else rate, old_decay if decay is None else decay)


def multipliers(network: _native.Network) -> Multipliers:
    """Return the factors on (learning rate, weight decay) by name."""
    return {name: network.multipliers(index) for index, name in enumerate(names(network))}


def changed(factors: Multipliers) -> Multipliers:
    """Return the factors that are not 1."""
    return {name: pair for name, pair in factors.items() if pair != (1.0, 1.0)}


def restore_multipliers(network: _native.Network, factors: Multipliers) -> None:
    """Set factors to what `multipliers` returned."""
    for index, name in enumerate(names(network)):
        network.set_multipliers(index, *factors[name])


def _checked(name: str, value: ArrayLike, target: Float32, operation: str) -> NDArray[np.floating]:
    array = np.asarray(value)
    if array.dtype.kind != "f":
        raise TypeError(f"{operation}: {name} has dtype {array.dtype}, expected float32")
    if array.shape != target.shape:
        raise ValueError(f"{operation}: {name} has shape {array.shape}, expected {target.shape}")
    with np.errstate(over="ignore"):
        finite = np.isfinite(array.astype(np.float32, copy=False)).all()
    if not finite:
        raise ValueError(f"{operation}: {name} holds values that are not finite in float32")
    return array

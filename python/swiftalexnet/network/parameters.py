"""A network's weights, gradients and velocities as numpy arrays, by name."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _native
from .._support.choices import choose, nearest
from .._support.numbers import check_number
from .._support.shown import shown
from .layer_names import keras_names, torchvision_names

Float32 = NDArray[np.float32]
Arrays = dict[str, NDArray[np.floating]]
_PART_OF_A_LAYER = (
    "relu",
    "tanh",
    "sigmoid",
    "softmax",
)  # kinds of nodes that belong to the previous layer in other frameworks

Multipliers = dict[str, tuple[float, float]]  # factors of learning rate and weight decay, by parameter name


class _Difference(NamedTuple):
    missing: list[str]
    unknown: list[str]


class Difference(_Difference):
    """Names in which two sets of weights differ: (missing, unknown); `loaded` are the common names."""

    loaded: Sequence[str]

    def __new__(cls, missing: list[str], unknown: list[str], loaded: Sequence[str] = ()) -> "Difference":
        """Return a pair with the attribute `loaded`."""
        difference = super().__new__(cls, missing, unknown)
        difference.loaded = loaded
        return difference

    def __repr__(self) -> str:
        return f"Difference(missing={self.missing}, unknown={self.unknown}, loaded={list(self.loaded)})"


class ParameterArrays(Mapping[str, Float32]):
    """Arrays in the engine's memory by name: their values can be changed, but the arrays cannot be replaced."""

    def __init__(self, arrays: dict[str, Float32]):
        self._arrays = arrays

    def __getitem__(self, name: str) -> Float32:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __repr__(self) -> str:
        return repr(self._arrays)

    def __setitem__(self, name: str, value: Any) -> None:
        if value is not self._arrays.get(name):  # `parameters()[name] += 1` assigns the same array
            raise TypeError(
                f"{name!r} is the network's memory and cannot be replaced with another array; "
                f'to write values into it: parameters()["{name}"][...] = array'
            )

    def __delitem__(self, name: str) -> NoReturn:
        raise TypeError(f"{name!r} cannot be deleted: it is the network's memory")


def names(network: _native.Network) -> list[str]:
    """Return the parameters' names in the engine's order."""
    return [name for name, _ in network.parameters()]


def by_name(network: _native.Network, which: int) -> ParameterArrays:
    """Return writable arrays in the engine's memory, whose strides give the conventional order."""
    return ParameterArrays(
        {name: np.asarray(network.parameter(index, which)) for index, name in enumerate(names(network))}
    )


def copies(network: _native.Network, which: int) -> dict[str, Float32]:
    """Return C-contiguous copies of a single state between two training steps."""
    with network.hold("state_dict", False):
        return {name: np.array(array, order="C") for name, array in by_name(network, which).items()}


def load(
    network: _native.Network, which: int, state: Mapping[str, ArrayLike], strict: bool, operation: str
) -> Difference:
    """Check all arrays of `state`, then write them.

    Raises
    ------
    TypeError, ValueError
        Names, shapes or types do not fit, or values are not finite; nothing has been written.
    """
    arrays, difference = check(network, which, state, strict, operation)
    write(network, which, arrays, operation)
    return difference


def write(network: _native.Network, which: int, arrays: Arrays, operation: str) -> None:
    """Write arrays returned by `check`, while no other thread uses the network."""
    targets = by_name(network, which)
    with network.hold(operation, True):
        for name, array in arrays.items():
            targets[name][...] = array


def check(
    network: _native.Network, which: int, state: Mapping[str, ArrayLike], strict: bool, operation: str
) -> tuple[Arrays, Difference]:
    """Return the arrays of `state` that the network has, and the differences in names.

    Raises
    ------
    TypeError, ValueError
        Names, shapes or types do not fit, or values are not finite.
    """
    targets = by_name(network, which)
    missing, unknown = [n for n in targets if n not in state], [n for n in state if n not in targets]
    if strict and (missing or unknown):
        parts = [
            f"{what} {', '.join(map(str, some))}"
            for what, some in (("lacks", missing), ("has unknown", unknown))
            if some
        ]
        raise ValueError(f"{operation}: state {' and '.join(parts)}; expected {', '.join(targets)}")
    if len(missing) == len(targets):
        came = f"{', '.join(map(str, unknown[:5]))} …" if unknown else "no names at all"
        raise ValueError(f"{operation}: state has {came}, none of which matches; expected some of {', '.join(targets)}")
    arrays = {name: _checked(name, state[name], targets[name], operation) for name in targets if name in state}
    return arrays, Difference(missing, unknown, list(arrays))


def in_own_names(
    network: _native.Network, variant: str | None, state: Mapping[str, ArrayLike], operation: str
) -> Mapping[str, ArrayLike]:
    """Return weights by this package's names; they may have the names of another framework with the same network.

    Raises
    ------
    TypeError
        Not a mapping.
    ValueError
        Two names denote the same parameter.
    """
    if not isinstance(state, Mapping):
        raise TypeError(f"{operation}: state is of type {type(state).__name__}, expected a mapping of names to arrays")
    theirs = elsewhere(network, variant)
    own: dict[str, ArrayLike] = {}
    for name, array in state.items():
        if (meant := theirs.get(name, name)) in own:
            raise ValueError(f"{operation}: state has {meant} twice, once as {name}")
        own[meant] = array
    return own


def elsewhere(network: _native.Network, variant: str | None) -> dict[str, str]:
    """Return this package's parameter names by those of other frameworks, which may name the layer's activation."""
    known, layer, layers = set(names(network)), "", {}
    for name, kind, *_ in network.nodes():
        layer = name if f"{name}.weight" in known else layer if kind in _PART_OF_A_LAYER else ""
        layers[name] = layer
    aliases = {alias: node for alias, node in torchvision_names(variant).items() if layers.get(node) == node}
    aliases |= {alias: layers[node] for alias, node in keras_names(variant).items() if layers.get(node)}
    return {f"{alias}.{part}": f"{name}.{part}" for alias, name in aliases.items() for part in ("weight", "bias")}


def copy_layers(source: _native.Network, target: _native.Network, layers: tuple[str, ...], operation: str) -> None:
    """Check the layers of both networks, then copy their parameters.

    Raises
    ------
    ValueError
        A name is not a layer with parameters of both, or shapes differ; nothing has been written.
    """
    values, targets = by_name(source, _native.VALUE), by_name(target, _native.VALUE)
    for layer in layers:
        choose(operation, "layer", layer, _layers(values))
        choose(operation, "target layer", layer, _layers(targets))
    chosen = [name for name in targets if name.rpartition(".")[0] in layers]
    for name in chosen:
        if values[name].shape != targets[name].shape:
            raise ValueError(f"{operation}: {name} has shape {values[name].shape}, expected {targets[name].shape}")
    with ExitStack() as held:
        # Always in the same order, so that two threads copying in opposite directions do not deadlock.
        for network in sorted({source, target}, key=id):
            held.enter_context(network.hold(operation, network is target))
        for name in chosen:
            targets[name][...] = values[name]


def _layers(arrays: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name.rpartition(".")[0] for name in arrays))


def require_prefixes(network: _native.Network, prefixes: tuple[str, ...], operation: str) -> None:
    """Refuse no prefixes, those that match nothing, and the empty one, which matches all and is usually a mistake."""
    if not prefixes or "" in prefixes:
        came = "an empty name" if prefixes else "no names"
        expected = f"the beginning of parameters' names: {', '.join(names(network))}"
        raise ValueError(f"{operation}: got {came}, expected {expected}")
    _require_matches(network, prefixes, operation)


def _require_matches(network: _native.Network, prefixes: tuple[str, ...], operation: str) -> None:
    known = names(network)
    for prefix in prefixes:
        if not isinstance(prefix, str) or not any(name.startswith(prefix) for name in known):
            raise ValueError(
                f"{operation}: no parameter's name begins with {shown(prefix)}, expected one of {', '.join(known)}"
                f"{nearest(prefix, dict.fromkeys([*known, *(name.partition('.')[0] for name in known)]))}"
            )


def set_multipliers(
    network: _native.Network, prefixes: tuple[str, ...], rate: float | None, decay: float | None
) -> None:
    """Set factors of the parameters whose names begin with a prefix; None leaves a factor unchanged."""
    for factor, what in ((rate, "learning_rate"), (decay, "weight_decay")):
        if factor is not None:
            check_number(factor, what, "set_multipliers")
    _require_matches(network, prefixes, "set_multipliers")
    for index, name in enumerate(names(network)):
        if name.startswith(prefixes):
            old_rate, old_decay = network.multipliers(index)
            network.set_multipliers(index, old_rate if rate is None else rate, old_decay if decay is None else decay)


def multipliers(network: _native.Network) -> Multipliers:
    """Return the factors of (learning rate, weight decay) by name."""
    return {name: network.multipliers(index) for index, name in enumerate(names(network))}


def changed(factors: Multipliers) -> Multipliers:
    """Return the factors that are not 1."""
    return {name: pair for name, pair in factors.items() if pair != (1.0, 1.0)}


def restore_multipliers(network: _native.Network, factors: Multipliers) -> None:
    """Set the factors to those returned by `multipliers`."""
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

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
)  # kinds of nodes that other frameworks count to the layer before

Multipliers = dict[str, tuple[float, float]]  # factors on learning rate and weight decay, by parameter name


class _Difference(NamedTuple):
    missing: list[str]
    unknown: list[str]


class Difference(_Difference):
    """Names in which two sets of weights differ: (missing, unknown); `loaded` are those that they share."""

    loaded: Sequence[str]

    def __new__(cls, missing: list[str], unknown: list[str], loaded: Sequence[str] = ()) -> "Difference":
        """Return a pair that knows what was loaded as well."""
        difference = super().__new__(cls, missing, unknown)
        difference.loaded = loaded
        return difference

    def __repr__(self) -> str:
        return f"Difference(missing={self.missing}, unknown={self.unknown}, loaded={list(self.loaded)})"


class Views(Mapping[str, Float32]):
    """Arrays by name that lie in the engine's memory: one can write into them, but not put others in their place."""

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
        if value is not self._arrays.get(name):  # as after `parameters()[name] += 1`
            raise TypeError(
                f"{name!r} is memory of the engine, which no other array can replace; "
                f'to write values into it: parameters()["{name}"][...] = array'
            )

    def __delitem__(self, name: str) -> NoReturn:
        raise TypeError(f"{name!r} is memory of the engine and belongs to the network, which cannot lose it")


def names(network: _native.Network) -> list[str]:
    """Return the parameters' names in the engine's order."""
    return [name for name, _ in network.parameters()]


def views(network: _native.Network, which: int) -> Views:
    """Return the engine's own memory, writable, with strides that give the conventional order."""
    return Views({name: np.asarray(network.parameter(index, which)) for index, name in enumerate(names(network))})


def copies(network: _native.Network, which: int) -> dict[str, Float32]:
    """Return C-contiguous copies, all of one state between two training steps."""
    with network.hold("state_dict", False):
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
    write(network, which, arrays, operation)
    return difference


def write(network: _native.Network, which: int, arrays: Arrays, operation: str) -> None:
    """Write arrays that `check` returned, while no other thread uses the network."""
    targets = views(network, which)
    with network.hold(operation, True):
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
    targets = views(network, which)
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
        raise ValueError(f"{operation}: state has {came}, none that fits; expected some of {', '.join(targets)}")
    arrays = {name: _checked(name, state[name], targets[name], operation) for name in targets if name in state}
    return arrays, Difference(missing, unknown, list(arrays))


def in_own_names(
    network: _native.Network, variant: str | None, state: Mapping[str, ArrayLike], operation: str
) -> Mapping[str, ArrayLike]:
    """Return weights by this package's names: a variant's weights may come with other frameworks' names.

    Raises
    ------
    TypeError
        It is not a mapping.
    ValueError
        Two names mean one parameter.
    """
    if not isinstance(state, Mapping):
        raise TypeError(f"{operation}: state is of type {type(state).__name__}, expected a mapping of names to arrays")
    elsewhere = _elsewhere(network, variant)
    own: dict[str, ArrayLike] = {}
    for name, array in state.items():
        if (meant := elsewhere.get(name, name)) in own:
            raise ValueError(f"{operation}: state has {meant} twice, once as {name}")
        own[meant] = array
    return own


def _elsewhere(network: _native.Network, variant: str | None) -> dict[str, str]:
    """Return parameters' names by those of other frameworks: of the layer, or of the activation that belongs to it."""
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
    with ExitStack() as held:
        # In one order for everybody, so that two threads that copy to and fro do not wait for each other.
        for network in sorted({source, target}, key=id):
            held.enter_context(network.hold(operation, network is target))
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
                f"set_multipliers: {shown(prefix)} begins no parameter's name, expected one of {', '.join(known)}"
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

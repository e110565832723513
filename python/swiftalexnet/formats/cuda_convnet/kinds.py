"""What each kind of layer becomes: towers become groups, their matrices parts of one parameter."""

from collections.abc import Callable, Sequence

from ...errors import UnsupportedError
from ..chain import Node, average_pool, max_pool, response_norm
from .layers import Layer
from .stages import are_apart
from .state import State
from .weights import convolution_weights, dense_weights, local_weights

_ACTIVATIONS = {"relu": "relu", "logistic": "sigmoid"}


def _same(stage: Sequence[Layer], key: str, default: int | None = None) -> int:
    """Return a whole number that all towers share."""
    found = {layer.whole(key, default) for layer in stage}
    if len(found) > 1:
        raise ValueError(f"{' and '.join(layer.name for layer in stage)[:80]} have different {key}")
    return found.pop()


def _convolve(state: State, stage: Sequence[Layer], name: str) -> None:
    kernel, stride, pad = _same(stage, "filterSize"), _same(stage, "stride", 1), abs(_same(stage, "padding", 0))
    groups, out = _same(stage, "groups", 1), _same(stage, "modulesX", 0)
    if min(kernel, stride, groups) < 1 or any(layer.whole("randSparse", 0) for layer in stage):
        raise UnsupportedError(f"{state.place}: {name} is sparse at random, or has no size")
    # An output is as large as the last window that begins within the padded image, so zeros may follow on the right.
    rest = state.side + 2 * pad - kernel
    out = out or 1 + max(-(-rest // stride), 0)
    more = (out - 1) * stride - rest
    if abs(more) >= stride:
        raise ValueError(f"{name} has {out} modules, where {state.side} pixels give {1 + max(-(-rest // stride), 0)}")
    sides = [pad, pad, pad + max(more, 0), pad + max(more, 0)]
    fields = {"kernel": kernel, "stride": stride, "pad": ",".join(map(str, sides))}
    apart = are_apart(stage, state.names, state.place)
    if stage[0].kind == "local":
        if len(stage) > 1 or len(state.names) > 1 or groups > 1:
            raise UnsupportedError(f"{state.place}: {name} is locally connected in groups or towers")
        widths, parameters = local_weights(stage[0], state.tensors, state.channels[0], kernel, out)
        state.add(Node.make("locally_connected", name, outputs=widths[0], **fields), parameters)
    else:
        if groups > 1 and (len(state.names) > 1 or len(stage) > 1) and not apart:
            raise UnsupportedError(f"{state.place}: {name} has groups in towers that read each other")
        widths, parameters = convolution_weights(stage, state.tensors, state.read(), kernel, groups, apart)
        groups *= len(stage) if apart else 1
        state.add(Node.make("convolution", name, outputs=sum(widths), **fields, groups=groups), parameters)
    state.channels, state.side = widths, out


def _connect(state: State, stage: Sequence[Layer], name: str) -> None:
    places = state.side**2
    apart = are_apart(stage, state.names, state.place)
    widths, parameters = dense_weights(stage, state.tensors, state.read(), places, apart)
    if apart:  # a convolution over the whole map, in groups
        shape = {"kernel": state.side, "stride": 1, "pad": "0,0,0,0", "groups": len(stage)}
        for tower, part in enumerate(parameters["weight"]):
            columns = (part.stored.shape[0], state.channels[tower], state.side, state.side)
            parameters["weight"][tower] = part._replace(stored=part.stored.reshaped(*columns))
        state.add(Node.make("convolution", name, outputs=sum(widths), **shape), parameters)
    else:
        state.add(Node.make("dense", name, outputs=sum(widths)), parameters)
    state.channels, state.side = widths, 1


def _pool(state: State, stage: Sequence[Layer], name: str) -> None:
    kernel, stride, start = _same(stage, "sizeX"), _same(stage, "stride"), _same(stage, "start", 0)
    kind = stage[0].text("pool")
    if kind not in ("max", "avg") or start > 0 or min(kernel, stride) < 1:
        raise UnsupportedError(f"{state.place}: {name} is a pool of kind {kind!r} from {start} on")
    expected = -(-(state.side - start - kernel) // stride) + 1
    out = _same(stage, "outputsX", 0) or expected
    if out != expected:
        raise UnsupportedError(f"{state.place}: {name} has {out} outputs in a row, where the image gives {expected}")
    make = max_pool if kind == "max" else average_pool
    state.add(make(name, kernel, stride, [-start, -start, 0, 0], ceil_mode=True))
    _require_own(state, stage)
    state.side = out


def activate(state: State, stage: Sequence[Layer], name: str) -> None:
    """Add the neurons that a layer names."""
    kind = stage[0].text("neuron")
    if kind != "ident":
        if kind not in _ACTIVATIONS:
            raise UnsupportedError(f"{state.place}: {stage[0].name} has neurons of type {kind[:40]!r}")
        state.add(Node.make(_ACTIVATIONS[kind], name))


def _normalize_maps(state: State, stage: Sequence[Layer], name: str) -> None:
    size, scale, power, k = _normalization(stage)
    _require_own(state, stage)
    state.add(response_norm(name, size, scale * size, power, k, groups=len(stage)))


def _normalize_places(state: State, stage: Sequence[Layer], name: str) -> None:
    size, scale, power, k = _normalization(stage)
    _require_own(state, stage)
    fields = {"size": size, "alpha": scale * size**2, "beta": power, "k": k, "alpha_over_n": True}
    state.add(Node.make("spatial_response_norm", name, **fields))


def _normalization(stage: Sequence[Layer]) -> tuple[int, float, float, float]:
    """Return size, scale of one square, power and constant, which all towers share."""
    if any(layer.whole("blocked", 0) for layer in stage):
        raise UnsupportedError(f"{stage[0].name} normalises blocks of maps, which the engine does not")
    numbers = {(layer.number("scale"), layer.number("pow"), layer.number("minDiv", 1)) for layer in stage}
    if len(numbers) > 1:
        raise ValueError(f"the towers of {stage[0].name} are normalised by different numbers")
    return _same(stage, "size"), *numbers.pop()


def _drop(state: State, stage: Sequence[Layer], name: str) -> None:
    kept = {layer.number("keep") for layer in stage}
    _require_own(state, stage)
    if len(kept) > 1 or not 0 < min(kept) <= 1:
        raise ValueError(f"{name} keeps {kept}, expected one probability")
    state.add(Node.make("dropout", name, probability=1 - kept.pop(), form="paper2012"))


def _finish(state: State, stage: Sequence[Layer], name: str) -> None:
    _require_own(state, stage)
    state.add(Node.make("softmax", name))


def _require_own(state: State, stage: Sequence[Layer]) -> None:
    """Refuse layers without weights that read more than the layer of their own tower."""
    if [layer.inputs for layer in stage] != [(name,) for name in state.names]:
        raise UnsupportedError(f"{state.place}: {stage[0].name} reads other towers than its own")


def _activate_own(state: State, stage: Sequence[Layer], name: str) -> None:
    _require_own(state, stage)
    activate(state, stage, name)


KINDS: dict[str, Callable[[State, Sequence[Layer], str], None]] = {
    "conv": _convolve,
    "local": _convolve,
    "fc": _connect,
    "pool": _pool,
    "neuron": _activate_own,
    "cmrnorm": _normalize_maps,
    "rnorm": _normalize_places,
    "hs": _drop,
    "softmax": _finish,
}

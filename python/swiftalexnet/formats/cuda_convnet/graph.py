"""From the layers of a checkpoint to a chain of nodes."""

import math
from collections.abc import Mapping, Sequence

from ...errors import UnsupportedError
from ..chain import Chain
from ..stored import Stored
from .kinds import KINDS, activate
from .layers import Layer
from .stages import stages_of
from .state import State


def chain_of_layers(layers: Sequence[Layer], tensors: Mapping[str, Stored], place: str) -> Chain:
    """Return the network of a checkpoint.

    Raises
    ------
    UnsupportedError
        The engine lacks a layer, which is named.
    ValueError
        The graph or a layer is not what cuda-convnet writes.
    """
    stages = stages_of(layers, place)
    channels, side = _image(stages, place)
    state = State([stages[0][0].name], [channels], side, tensors, place)
    activated = {name for layer in layers if layer.kind == "neuron" for name in layer.inputs}
    for stage in stages[1:]:
        kinds = {(layer.kind, layer.text("neuron"), layer.text("pool")) for layer in stage}
        build = KINDS.get(stage[0].kind)
        if build is None or len(kinds) > 1:
            kind = " and ".join(sorted(kind for kind, _, _ in kinds))[:80]
            raise UnsupportedError(f"{place}: {stage[0].name} is of type {kind!r}, which the engine does not have")
        if any(layer.fields.get("dropout") for layer in stage):
            raise UnsupportedError(f"{place}: {stage[0].name} has dropout of its own, expected a layer of type 'hs'")
        build(state, stage, state.new_name(stage))
        state.names = [layer.name for layer in stage]
        if stage[0].kind != "neuron" and stage[0].text("neuron") and not activated & set(state.names):
            activate(state, stage, state.new_name(stage, "_neuron"))
    if len(state.names) > 1:
        raise UnsupportedError(f"{place}: {' and '.join(state.names)[:80]} are both at the end, expected one layer")
    return Chain((channels, side, side), state.nodes, state.parameters)


def _image(stages: Sequence[Sequence[Layer]], place: str) -> tuple[int, int]:
    """Return the channels and the side of the images, as the first layer that knows them says."""
    for stage in stages[1:]:
        layer = stage[0]
        if "channels" in layer.fields and "imgSize" in layer.fields:
            return layer.whole("channels"), layer.whole("imgSize")
        if "channels" in layer.fields and "outputs" in stages[0][0].fields:
            channels = max(layer.whole("channels"), 1)
            return channels, math.isqrt(max(stages[0][0].whole("outputs"), 0) // channels)
    raise ValueError(f"{place}: no layer says how large images are")

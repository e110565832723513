"""The layer whose maps a class activation map is made of."""

from ..network.base import BaseModel
from ..network.layer_names import node_name

_CONVOLUTIONS = ("convolution", "locally_connected")
_ACTIVATIONS = ("relu", "tanh", "sigmoid")


def map_layer(model: BaseModel, layer: str | None, operation: str) -> str:
    """Return the node that `layer` means, or by default the last convolution's activation: `relu5`, `relu5_3`.

    It is what the paper's own program uses for VGG and AlexNet; a convolution without an activation function stands for
    itself.

    Raises
    ------
    ValueError
        An unknown layer, or one without maps; a network without convolutions.
    """
    rows = {row.name: row for row in model.summary().rows}
    maps = [name for name, row in rows.items() if len(row.output) == 3 and row.output[1] * row.output[2] > 1]
    if layer is not None:
        node = node_name(model.variant, layer, rows, operation)
        if node not in maps or rows[node].kind == "input":
            shape = " × ".join(map(str, rows[node].output))
            fit = ", ".join(name for name in maps if rows[name].kind != "input") or "none of this network's"
            raise ValueError(f"{operation}: layer {node} has {shape} values, expected maps of a layer: {fit}")
        return node
    last = next((name for name in reversed(maps) if rows[name].kind in _CONVOLUTIONS), None)
    if last is None:
        raise ValueError(f"{operation}: the network has no convolution with maps")
    return next((row.name for row in rows.values() if row.input == last and row.kind in _ACTIVATIONS), last)

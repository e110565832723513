"""Stages of a graph: layers that run side by side, one in each tower, on the stage before."""

from collections.abc import Sequence

from ...errors import UnsupportedError
from .layers import Layer


def stages_of(layers: Sequence[Layer], place: str) -> list[list[Layer]]:
    """Return the stages from the image on, each in the order of its towers; costs and labels are left out.

    Raises
    ------
    UnsupportedError
        A layer reads others than those of the stage before it.
    ValueError
        Layers read each other in a circle, or there is no image.
    """
    acting = [layer for layer in layers if layer.kind != "data" and not layer.kind.startswith("cost.")]
    read = {name for layer in acting for name in layer.inputs}
    images = [layer for layer in layers if layer.kind == "data" and layer.name in read]
    if len(images) != 1:
        raise ValueError(f"{place} has {len(images)} layers of data that others read, expected one of images")
    stages, levels = [images], {images[0].name: 0}
    while acting:
        ready = [layer for layer in acting if layer.inputs and all(name in levels for name in layer.inputs)]
        if not ready:
            raise ValueError(f"{place}: {acting[0].name} has no inputs, or reads itself")
        before = [layer.name for layer in stages[-1]]
        for layer in ready:
            if skipped := [name for name in layer.inputs if name not in before]:
                raise UnsupportedError(f"{place}: {layer.name} reads {skipped[0]}, which is not the layer before it")
        # A tower continues in its place; layers that read all towers come in the order of the file.
        stages.append(sorted(ready, key=lambda layer: min(map(before.index, layer.inputs))))
        levels |= {layer.name: len(stages) for layer in ready}
        acting = [layer for layer in acting if layer.name not in levels]
    return stages


def are_apart(stage: Sequence[Layer], before: Sequence[str], place: str) -> bool:
    """Tell whether each tower of several reads its own; otherwise each reads all of the stage before.

    Raises
    ------
    UnsupportedError
        Neither.
    """
    if len(stage) > 1 and [layer.inputs for layer in stage] == [(name,) for name in before]:
        return True
    for layer in stage:
        if sorted(layer.inputs) != sorted(before):
            raise UnsupportedError(f"{place}: {layer.name} reads some towers, expected its own or all of them")
    return False

"""Blobs without a graph: the variant of the catalogue that they fit."""

import math
from collections.abc import Mapping

from ..chain import Chain, Part
from ..stored import Stored
from ..variants import Layer, chain_of

# `caffenet` has the shapes of `caffe`, and `vgg-A-LRN` those of `vgg-A`, which is the one that anybody has.
_VARIANTS = ("caffe", "vgg-A", "vgg-B", "vgg-C", "vgg-D", "vgg-E")
_TWIN = "caffenet"


def chain_of_blobs(blobs: Mapping[str, list[Stored]], variant: str | None, place: str) -> Chain:
    """Return the network of the first variant that blobs fit, in the order of the file.

    Raises
    ------
    ValueError
        None fits, or two do and the caller does not say which.
    """
    layers = [_layer(name, theirs) for name, theirs in blobs.items()]
    found = chain_of(layers, _VARIANTS if variant is None else (variant,), place)
    if variant is None and found.variant == _VARIANTS[0]:
        which = f'pass variant="{found.variant}" or variant="{_TWIN}", or prototxt='
        raise ValueError(f"{place} has no graph, and {found.variant} and {_TWIN} both fit its blobs: {which}")
    return found


def _layer(name: str, blobs: list[Stored]) -> Layer:
    weight, bias = blobs[0], blobs[1] if len(blobs) > 1 else None
    if len(weight.shape) == 4 and weight.shape[:2] == (1, 1):  # the old form of a matrix
        weight = weight.reshaped(*weight.shape[2:])
    flat = None if bias is None else Part(bias.reshaped(math.prod(bias.shape)))
    return Layer(name, weight.shape, Part(weight), flat)

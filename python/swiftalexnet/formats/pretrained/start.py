"""Models that start from weights: published ones, a file's, or another model's."""

import copy
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ..._support.shown import shown
from ...network.base import BaseModel
from ...network.catalog import catalog
from ...network.fine_tuning import keep, with_classes
from ...preprocessing.preprocessing import Preprocessing
from ..load import load
from .loading import load_entry
from .registry import default_entry, entry_named

Kind = TypeVar("Kind", bound=BaseModel)


class Wish(NamedTuple):
    """What a caller asks of a network that starts from weights; None is the weights' own.

    Attributes
    ----------
    num_classes, in_channels, image_size : int or None
    is_changed : bool
        Whether the activation, the rounding of pools or the nodes are to be others than the variant's.
    seed : int
    initialization : str or None
        Of layers that the weights do not have.
    """

    num_classes: int | None
    in_channels: int | None
    image_size: int | None
    is_changed: bool
    seed: int
    initialization: str | None


def weights_for(kind: type[Kind], pretrained: Any, variant: str, operation: str) -> Kind:
    """Return a model of a variant with the weights that a network starts from; a model of the caller's is copied.

    Parameters
    ----------
    kind : class
    pretrained : True, str, path or Model
        The variant's default, a name of the registry, a file, or a model.
    variant : str
        The catalogue's name.

    Raises
    ------
    TypeError, ValueError
        Something else, an unknown name, or weights of another variant.
    """
    if pretrained is True:
        return load_entry(kind, default_entry(variant, operation), True, operation)
    if isinstance(pretrained, str) and not _is_path(pretrained):
        entry = entry_named(pretrained, operation)
        _require_variant(entry.variant, variant, operation)
        return load_entry(kind, entry, True, operation)
    if isinstance(pretrained, (str, os.PathLike)):
        model = load(kind, pretrained, variant=variant)
    elif isinstance(pretrained, kind):
        model = copy.copy(pretrained)
    else:
        raise TypeError(f"{operation}: pretrained is {shown(pretrained)}, expected True, a name, a path or a Model")
    if model.variant is not None:
        _require_variant(model.variant, variant, operation)
    return model


def start_from(source: Kind, wish: Wish, build: Callable[[int, int], Kind], operation: str) -> Kind:
    """Return a network with the weights and the preprocessing of another, and a new head if the classes are others.

    Parameters
    ----------
    source : Model
    wish : Wish
    build : callable
        `build(num_classes, image_size)` returns the network with random weights; 0 is the variant's own number.

    Raises
    ------
    ValueError
        The sizes contradict the weights; the message says which, and the nearest way out.
    """
    channels, side, _ = source.input_shape
    if wish.in_channels not in (None, channels):
        came = f"in_channels is {wish.in_channels}, the weights read {channels}"
        raise ValueError(f"{operation}: {came}; leave in_channels out and give images of {channels} channels")
    own = source.num_classes if source.has_classes else 0
    count = wish.num_classes or own or _default_classes(source.variant)
    if wish.is_changed or wish.image_size not in (None, side):
        return _filled(build(count, wish.image_size or side), source, operation)
    if count == own:
        return source
    return _noted(with_classes(source, count, wish.seed, wish.initialization), source)


def _filled(target: Kind, source: Kind, operation: str) -> Kind:
    """Give a new network the weights that fit it; those of a new head, or of all dense layers, may stay random."""
    may_be_random = [line.split()[1] for line in target.spec.splitlines() if line.startswith("dense ")]
    if source.has_classes:
        may_be_random = may_be_random[-1:] if source.num_classes != target.num_classes else []
    theirs, kept = source.parameters(), []
    for name, array in target.parameters().items():
        if name in theirs and theirs[name].shape == array.shape:
            kept.append(name)
        elif name.rpartition(".")[0] not in may_be_random:
            came = f"the weights have {theirs[name].shape}" if name in theirs else "the weights have none"
            way = "leave image_size, without, activation and ceil_mode out"
            raise ValueError(f"{operation}: the network needs {name} of {array.shape}, {came}; {way}")
    keep(source, target, kept, operation, _for_side(source.preprocessing, target.input_shape[1]))
    if source.has_classes and source.num_classes == target.num_classes:
        target.classes = source.classes
    return _noted(target, source)


def _noted(target: Kind, source: Kind) -> Kind:
    """Say in a network's source which layers the file does not have."""
    if not source.has_classes and source.source is not None:
        missing = target.parameters().keys() - source.parameters().keys()
        layers = ", ".join(sorted({name.rpartition(".")[0] for name in missing}))
        notes = (*source.source.notes, f"{layers}: random weights, which the file does not have")
        target.source = replace(source.source, notes=notes)
    return target


def _for_side(preprocessing: Preprocessing, side: int) -> Preprocessing:
    """Return a preprocessing for another size of crop, in the same proportion of image to crop."""
    if preprocessing.crop == side:
        return preprocessing
    resize = max(round(preprocessing.resize * side / preprocessing.crop), side)
    return preprocessing.with_pixel_mean().replace(resize=resize, crop=side)


def _default_classes(variant: str | None) -> int:
    return catalog()[variant][1].num_classes if variant in catalog() else 0


def _is_path(text: str) -> bool:
    """Whether a text is a path and not a name: names have neither dots nor slashes."""
    return "." in text or os.sep in text or Path(text).exists()


def _require_variant(found: str | None, variant: str, operation: str) -> None:
    if found != variant:
        what = f"of {found!r}" if found else "of a network that the catalogue does not have"
        way = f"sa.build({found!r}, pretrained=…) is that network" if found else "sa.pretrained gives it"
        raise ValueError(f"{operation}: the weights of pretrained are {what}, not of {variant!r}; {way}")

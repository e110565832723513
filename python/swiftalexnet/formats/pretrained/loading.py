"""From a name to a model."""

from dataclasses import replace
from typing import Any, TypeVar

from ...network.base import BaseModel
from ..load import load
from .finding import weights_file
from .registry import Entry, entry_named

Kind = TypeVar("Kind", bound=BaseModel)


def pretrained(kind: type[Kind], name: Any, progress: bool, operation: str = "pretrained") -> Kind:
    """Return a model of class `kind` with published weights: see `swiftalexnet.pretrained`."""
    entry = entry_named(name, operation)
    return load_entry(kind, entry, progress, operation)


def load_entry(kind: type[Kind], entry: Entry, progress: bool, operation: str) -> Kind:
    """Return the model of an entry: its file's weights, its publisher's preprocessing."""
    model = load(kind, weights_file(entry, progress, operation), variant=entry.variant)
    if entry.preprocessing is not None:
        model.preprocessing = entry.preprocessing
    if model.source is not None:
        named = replace(model.source, name=entry.file)
        model.source = replace(named, publisher=entry.publisher, licence=entry.licence, address=entry.address)
    return model

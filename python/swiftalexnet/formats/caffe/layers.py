"""Layers of the old and the new form as one thing, those of a network that is tested, in order."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from . import schema

DATA_TYPES = ("Input", "Data", "ImageData", "MemoryData", "WindowData", "HDF5Data", "DummyData")
# What only trains, measures or writes: nothing that is computed from an image depends on it.
_IGNORED_TYPES = ("Accuracy", "Silence", "ArgMax", "HDF5Output")
_TEST = 1


class Layer(NamedTuple):
    """A layer.

    Attributes
    ----------
    name, type : str
        The type as new layers have it.
    bottoms, tops : tuple of str
        What it reads and writes.
    fields : message
        The layer as it was read: its parameters have the same names in both forms.
    """

    name: str
    type: str
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    fields: Any

    @property
    def is_data(self) -> bool:
        """Whether images come from it."""
        return self.type in DATA_TYPES

    @property
    def outputs(self) -> int | None:
        """The outputs of a layer with weights; 0 where it does not say, None for layers of other types."""
        if self.type == "Convolution":
            return int(self.fields.convolution_param.num_output)
        return int(self.fields.inner_product_param.num_output) if self.type == "InnerProduct" else None

    @property
    def is_ignored(self) -> bool:
        """Whether it computes nothing that an image's answer needs."""
        return self.type in _IGNORED_TYPES or self.type.endswith("Loss")


def layers_of(net: Any, is_filtered: bool) -> list[Layer]:
    """Return the layers of a network that is tested.

    Parameters
    ----------
    net : NetParameter
    is_filtered : bool
        Whether it was written by a running network, which has the layers of one phase, usually training, only: then
        nothing is left out but data of another phase, if there are data for tests.
    """
    messages = list(net.layer) or list(net.layers)
    layers = [(_layer(message), _is_tested(message, net.state)) for message in messages]
    if not is_filtered:
        return [layer for layer, is_tested in layers if is_tested]
    has_test_data = any(layer.is_data and is_tested for layer, is_tested in layers)
    return [layer for layer, is_tested in layers if is_tested or not (layer.is_data and has_test_data)]


def _layer(message: Any) -> Layer:
    is_old = message.DESCRIPTOR.name == "V1LayerParameter"
    kind = schema.TYPE_OF_OLD.get(message.type, str(message.type)) if is_old else message.type
    return Layer(message.name, kind, tuple(message.bottom), tuple(message.top), message)


def _is_tested(message: Any, state: Any) -> bool:
    """Return whether a layer's rules include it in a test: one of those to include, or none of those to exclude."""
    if message.include:
        return _any_met(message.include, state)
    return not _any_met(message.exclude, state)


def _any_met(rules: Iterable[Any], state: Any) -> bool:
    return any(_is_met(rule, state) for rule in rules)


def _is_met(rule: Any, state: Any) -> bool:
    stages = set(state.stage)
    return (
        (not rule.HasField("phase") or rule.phase == _TEST)
        and (not rule.HasField("min_level") or rule.min_level <= state.level)
        and (not rule.HasField("max_level") or rule.max_level >= state.level)
        and stages.issuperset(rule.stage)
        and stages.isdisjoint(rule.not_stage)
    )

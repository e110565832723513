"""The layers of a checkpoint, and the numbers that they have."""

from dataclasses import dataclass
from typing import Any

from ...files.pickles.values import by_text, text_of
from ..chain import MOST_NODES

MOST_INPUTS = 16
_MOST_FIELDS = 200  # of a layer
_LARGEST = 1 << 31
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Layer:
    """A layer as the checkpoint describes it.

    Attributes
    ----------
    name, kind : str
    inputs : tuple of str
        Names of other layers.
    fields : dict
        Everything, by the names of cuda-convnet.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    fields: dict[str, Any]

    def whole(self, key: str, default: int | None = None) -> int:
        """Return an integer; where there is one for each input they must be equal.

        Raises
        ------
        ValueError
            It is missing, too large, or another one for each input.
        """
        value = self._single(key, default)
        if type(value) not in (int, bool) or not -_LARGEST < value < _LARGEST:
            raise ValueError(f"{self.name} has no whole number {key}")
        return int(value)

    def number(self, key: str, default: float | None = None) -> float:
        """Return a number, as `whole` does."""
        value = self._single(key, default)
        if type(value) not in (int, float) or not abs(value) < _LARGEST:
            raise ValueError(f"{self.name} has no number {key}")
        return float(value)

    def text(self, key: str) -> str:
        """Return text, the type of a structure that has one, or ""."""
        value = self._single(key, "")
        if isinstance(value, dict):
            value = by_text(value).get("type")
        return text_of(value) or ""

    def _single(self, key: str, default: Any) -> Any:
        value = self.fields.get(key, default)
        if not isinstance(value, list):
            return value
        if not value or not all(type(each) in (int, float, bool) and each == value[0] for each in value):
            raise ValueError(f"{self.name} has {key} that differ between its inputs")
        return value[0]


def layers_of(saved: Any, place: str) -> list[Layer]:
    """Return the layers of a list, or of a dict by name.

    Raises
    ------
    ValueError
        There are none, or one has no name, or the name of another.
    """
    entries = list(by_text(saved).values()) if isinstance(saved, dict) else saved if isinstance(saved, list) else []
    if not entries:
        raise ValueError("it is a pickle without cuda-convnet's model_state and layers")
    if len(entries) > MOST_NODES:
        raise ValueError(f"{place} has {len(entries):,} layers, expected at most {MOST_NODES:,}")
    if any(isinstance(entry, dict) and len(entry) > _MOST_FIELDS for entry in entries):
        raise ValueError(f"{place} has a layer of more than {_MOST_FIELDS} fields")
    fields = [by_text(entry) for entry in entries]
    names = [text_of(each.get("name")) or "" for each in fields]
    if not all(names) or len(set(names)) != len(names) or max(map(len, names)) > _LONGEST_NAME:
        raise ValueError(f"{place} has layers without a name, or two of one name")
    return [
        Layer(name, text_of(each.get("type")) or "", _inputs(name, each.get("inputs", []), names), each)
        for name, each in zip(names, fields, strict=True)
    ]


def _inputs(name: str, inputs: Any, names: list[str]) -> tuple[str, ...]:
    """Return the names of inputs, which older versions give by number."""
    if not isinstance(inputs, list) or len(inputs) > MOST_INPUTS:
        raise ValueError(f"the inputs of {name} are not a list of layers")
    found = []
    known = set(names)
    for each in inputs:
        is_place = type(each) is int and 0 <= each < len(names)
        text = names[each] if is_place else text_of(each)
        if text not in known:
            raise ValueError(f"{name} has an input that is not among the layers")
        found.append(text)
    return tuple(found)

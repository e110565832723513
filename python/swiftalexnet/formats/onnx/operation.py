"""A node of a graph as its reader sees it: typed attributes, named in every message."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ...errors import UnsupportedError
from ..stored import Stored

# Numbers of AttributeProto.AttributeType; 0 in files older than the field.
_FLOAT, _INT, _STRING, _TENSOR, _FLOATS, _INTS = 1, 2, 3, 4, 6, 7
_VALUES = (
    ("value_float", _FLOAT, np.float32),
    ("value_int", _INT, np.int64),
    ("value_floats", _FLOATS, np.float32),
    ("value_ints", _INTS, np.int64),
)


class Operation:
    """A node.

    Attributes
    ----------
    kind : str
        The operator: "Conv".
    name : str
        The node's name; without one, its first output's.
    opset : int
        Version of the operators.
    inputs, outputs : list of str
        Names of tensors; "" is an input that is left out.
    """

    def __init__(self, proto: Any, number: int, place: str, opset: int, tensors: Mapping[str, Stored]):
        self.kind, self.opset = str(proto.op_type), opset
        self.inputs, self.outputs = list(map(str, proto.input)), list(map(str, proto.output))
        self.name = str(proto.name) or next(iter(self.outputs), "") or f"number {number}"
        self.domain, self._place, self._tensors = str(proto.domain), place, tensors
        self._attributes = {attribute.name: attribute for attribute in proto.attribute}

    def __str__(self) -> str:
        return f"node {self.name[:80]} ({self.kind[:40]})"

    def unsupported(self, what: str) -> UnsupportedError:
        """Return an error for what this package does not compute."""
        return UnsupportedError(f"{self._place}: {self}: {what}")

    def malformed(self, what: str) -> ValueError:
        """Return an error for what no valid graph has."""
        return ValueError(f"{self._place}: {self}: {what}")

    def input(self, at: int) -> str:
        """Return the name of an input, "" if it is left out."""
        return self.inputs[at] if at < len(self.inputs) else ""

    def integer(self, name: str, default: int) -> int:
        """Return an attribute."""
        found = self._of(name, _INT)
        return default if found is None else int(found.i)

    def number_of(self, name: str, default: float) -> float:
        """Return an attribute that is a float."""
        found = self._of(name, _FLOAT)
        return default if found is None else float(found.f)

    def integers(self, name: str) -> list[int] | None:
        """Return an attribute."""
        found = self._of(name, _INTS)
        return None if found is None else [int(value) for value in found.ints]

    def text(self, name: str, default: str) -> str:
        """Return an attribute."""
        found = self._of(name, _STRING)
        return default if found is None else found.s.decode("ascii", "replace")

    def tensor(self, name: str) -> Stored | None:
        """Return an attribute, None if it is missing."""
        return None if self._of(name, _TENSOR) is None else self._tensors[name]

    def value(self, name: str) -> Stored:
        """Return what a Constant node holds, a tensor, a number or numbers, under a name of its own."""
        if (tensor := self.tensor("value")) is not None:
            return replace(tensor, name=name)
        for attribute, kind, dtype in _VALUES:
            found = self._of(attribute, kind)
            if found is not None:
                values = {_FLOAT: found.f, _INT: found.i, _FLOATS: list(found.floats), _INTS: list(found.ints)}[kind]
                return Stored.of_array(name, np.array(values, dtype))
        raise self.unsupported("its value is neither a tensor nor numbers")

    def _of(self, name: str, kind: int) -> Any:
        found = self._attributes.get(name)
        if found is not None and found.type not in (kind, 0):
            raise self.malformed(f"its attribute {name} has type {found.type}, expected {kind}")
        return found

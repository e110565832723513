"""A network as a file describes it: nodes in a chain, and where their parameters lie in the file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _native
from .._support.choices import plain_text
from ..preprocessing.preprocessing import Preprocessing
from .layouts import Layout, conventional
from .stored import Stored

Shape = tuple[int, int, int]  # channels, height, width

_LONGEST_NAME = 60  # bytes, the engine's
MOST_NODES = 1000  # the engine's


class Part(NamedTuple):
    """A tensor in the file, and the view of a parameter that it fills."""

    stored: Stored
    layout: Layout = conventional


class Node(NamedTuple):
    """A line of a specification: `Node("convolution", "conv1", {"outputs": 96, "kernel": 11, …})`."""

    kind: str
    name: str
    fields: dict[str, str]

    @classmethod
    def make(cls, kind: str, name: str, **fields: object) -> "Node":
        """Return a node; numbers and truth values become the text of a specification."""
        return cls(kind, name, {key: _text(value) for key, value in fields.items()})

    @classmethod
    def parse(cls, line: str) -> "Node":
        """Return the node of a specification's line."""
        kind, name, *words = line.split()
        return cls(kind, name, dict(word.split("=", 1) for word in words))

    @property
    def line(self) -> str:
        """The node's line of a specification."""
        return " ".join([self.kind, self.name, *(f"{key}={value}" for key, value in self.fields.items())])

    @property
    def is_weighted(self) -> bool:
        """Whether it has parameters."""
        return "outputs" in self.fields


@dataclass
class Chain:
    """A network as a file describes it.

    Attributes
    ----------
    input : (int, int, int)
        Channels, height and width.
    nodes : list of Node
        Without the input; a last softmax may be missing.
    parameters : dict of str to list of Part
        By "conv1.weight"; a bias that is missing is zero.
    factors : dict of str to array
        What a parameter's outputs are multiplied by after reading, [out]: the normalisation of a `_bn` net.
    reads_bgr : bool
        Whether the first convolution reads blue, green, red.
    preprocessing : Preprocessing or None
        How the file or its framework prepares images, channels in the file's own order.
    classes : tuple of str or None
        Names of the outputs, if the file has them.
    variant : str or None
        The catalogue's name, where the file says which network it is.
    unused : list of str
        Tensors of the file that the network has no place for.
    notes : list of str
        What a user should be told: what was assumed, what was left out.
    """

    input: Shape
    nodes: list[Node]
    parameters: dict[str, list[Part]]
    factors: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    reads_bgr: bool = False
    preprocessing: Preprocessing | None = None
    classes: tuple[str, ...] | None = None
    variant: str | None = None
    unused: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def spec(self, name: str = "network") -> str:
        """Return the text of the specification."""
        return spec_text(name, self.input, self.nodes)

    def shapes(self) -> list[Shape]:
        """Return the output of each node, channels first.

        Raises
        ------
        ValueError
            A node refuses its input; the message names it.
        """
        return shapes_of(self.spec())


def spec_text(name: str, data: Shape, nodes: Iterable[Node]) -> str:
    """Return the text of a specification."""
    channels, height, width = data
    lines = [f"network {name}", f"data channels={channels} height={height} width={width}"]
    return "\n".join([*lines, *(node.line for node in nodes)]) + "\n"


def shapes_of(spec: str) -> list[Shape]:
    """Return the output of each node of a specification, without its memory."""
    lines = _native.spec_shapes(spec).splitlines()
    return [(int(c), int(h), int(w)) for c, h, w in (line.split() for line in lines)]


def convolution(
    name: str, outputs: int, kernel: int, stride: int = 1, pad: int | Sequence[int] = 0, groups: int = 1
) -> Node:
    """Return a convolution; `pad` is one number or top, left, bottom, right."""
    return Node.make("convolution", name, outputs=outputs, kernel=kernel, stride=stride, pad=_sides(pad), groups=groups)


def max_pool(name: str, kernel: int, stride: int, pad: int | Sequence[int] = 0, ceil_mode: bool = False) -> Node:
    """Return a maximum pool."""
    return Node.make("max_pool", name, kernel=kernel, stride=stride, pad=_sides(pad), ceil=ceil_mode)


def average_pool(
    name: str,
    kernel: int,
    stride: int,
    pad: int | Sequence[int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = False,
) -> Node:
    """Return an average pool."""
    fields = {"kernel": kernel, "stride": stride, "pad": _sides(pad), "ceil": ceil_mode}
    return Node.make("average_pool", name, **fields, count_include_pad=count_include_pad)


def response_norm(
    name: str, size: int, alpha: float, beta: float, k: float, alpha_over_n: bool = True, groups: int = 1
) -> Node:
    """Return a local response normalisation across channels."""
    fields = {"size": size, "alpha": alpha, "beta": beta, "k": k, "alpha_over_n": alpha_over_n}
    return Node.make("response_norm", name, **fields, groups=groups)


def dense(name: str, outputs: int) -> Node:
    """Return a dense layer."""
    return Node.make("dense", name, outputs=outputs)


def dropout(name: str, probability: float = 0.5) -> Node:
    """Return a dropout that scales in training and copies at test, as all frameworks of today do."""
    return Node.make("dropout", name, probability=probability, form="inverted")


def plain_names(nodes: Iterable[Node]) -> dict[str, str]:
    """Return names that the engine accepts by those of the nodes: short, without spaces and =, each once."""
    taken: set[str] = {"data"}
    names: dict[str, str] = {}
    for node in nodes:
        base = (
            "".join(c if c.isprintable() and not c.isspace() and c != "=" else "_" for c in plain_text(node.name))
            or node.kind
        )
        base = base.encode()[: _LONGEST_NAME - 4].decode(errors="ignore")
        name, number = base, 2
        while name in taken:
            name, number = f"{base}_{number}", number + 1
        taken.add(name)
        names[node.name] = name
    return names


def _sides(pad: int | Sequence[int]) -> str:
    return ",".join(map(str, [pad] * 4 if isinstance(pad, int) else pad))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    # As short as a float32 needs: a file's 9.99999975e-05 is 0.0001.
    return np.format_float_positional(np.float32(value), trim="0") if isinstance(value, float) else str(value)

"""What a reader hands on: the tensors of a file, and either its graph or the names that its framework gives layers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .chain import Chain
from .stored import Stored


@dataclass(frozen=True)
class Options:
    """What a caller says of a file.

    Attributes
    ----------
    variant : str or None
        The catalogue's name of the network.
    prototxt : Path or None
        Caffe's description of the network.
    strict : bool
        Refuse tensors that the network has no place for, instead of noting them.
    operation : str
        For messages: "load", "inspect".
    """

    variant: str | None = None
    prototxt: Path | None = None
    strict: bool = True
    operation: str = "load"


@dataclass
class Contents:
    """A file that has been recognised and whose headers have been read.

    Attributes
    ----------
    format : str
        As a person calls it: "PyTorch (zip)".
    tensors : mapping of str to Stored
        All tensors that may be weights, by their names in the file.
    chain : callable
        Returns the network that the file holds. Raises ValueError or UnsupportedError naming the tensor or node.
    metadata : dict of str to str
        What else the file says of itself: producer, licence.
    beside : int
        Bytes of other files that tensors lie in.
    """

    format: str
    tensors: Mapping[str, Stored]
    chain: Callable[[], Chain]
    metadata: dict[str, str] = field(default_factory=dict)
    beside: int = 0

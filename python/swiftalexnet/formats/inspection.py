"""What a file holds, from its headers: format, tensors, network, preprocessing, what is missing."""

import os
from dataclasses import dataclass
from typing import Any

from .._support.tables import html_table, lay_out, printable
from ..files import safetensors as own
from ..files.source import SourceFile, opened_source
from ..network import parts
from ..preprocessing.preprocessing import Preprocessing
from .assembly import parameter_shapes
from .chain import Chain
from .class_names import known_names
from .contents import Contents
from .graphs import adopt_names
from .load import contents_of, options_for
from .malformed import malformed
from .recognition import recognize

_SHOWN = 40  # tensors
_LONGEST = 1000  # characters of a line before the table


@dataclass(frozen=True)
class Inspection:
    """What a file holds.

    Attributes
    ----------
    path : str
    format : str
    tensors : tuple of (str, tuple of int, str)
        Name, shape and type of each.
    network : str
        What it is and why, or why it is none that `load` can build.
    loads : bool
        Whether `load` can build it without being told more.
    variant : str or None
        The catalogue's name.
    spec : str or None
        The specification, one line a node.
    preprocessing : Preprocessing or None
    classes : int or None
        Number of names of classes that come with it.
    missing : tuple of str
        What the file does not say.
    notes : tuple of str
        What reading it assumes.
    metadata : dict of str to str
        What the file says of itself.
    """

    path: str
    format: str
    tensors: tuple[tuple[str, tuple[int, ...], str], ...]
    network: str
    loads: bool
    variant: str | None
    spec: str | None
    preprocessing: Preprocessing | None
    classes: int | None
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    metadata: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return everything as values of JSON."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return fields | {"preprocessing": None if self.preprocessing is None else str(self.preprocessing)}

    def __str__(self) -> str:
        lines = [f"{self.path}: {self.format}, {len(self.tensors)} tensors", f"network: {self.network}"]
        if self.preprocessing is not None:
            lines.append(f"preprocessing: {self.preprocessing}")
        lines += [f"missing: {text}" for text in self.missing]
        lines += [f"note: {text}" for text in self.notes]
        lines += [f"{key[:_LONGEST]}: {value[:_LONGEST]}" for key, value in self.metadata.items()][:_SHOWN]
        lines = [line if len(line) <= _LONGEST else f"{line[:_LONGEST]} …" for line in lines]
        lines += lay_out([("tensor", "shape", "type"), *self._rows()[:_SHOWN]], left=(0, 1, 2)) if self.tensors else []
        if len(self.tensors) > _SHOWN:
            lines.append(f"… and {len(self.tensors) - _SHOWN} more")
        return "\n".join(map(printable, lines))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        captions = str(self).splitlines()[: -min(len(self.tensors), _SHOWN) - 1 - (len(self.tensors) > _SHOWN)]
        return html_table(captions, ("tensor", "shape", "type"), self._rows())

    def _rows(self) -> list[tuple[str, str, str]]:
        return [(name, " × ".join(map(str, shape)), kind) for name, shape, kind in self.tensors]


def inspect(
    path: str | os.PathLike[str], variant: str | None = None, prototxt: str | os.PathLike[str] | None = None
) -> Inspection:
    """Say what a file holds; no more than its headers is read, and nothing is built.

    Parameters
    ----------
    path, variant, prototxt
        See `swiftalexnet.load`.

    Raises
    ------
    OSError
        The file cannot be read.
    CheckpointCorruptError, ValueError
        Its headers are damaged, or it is of no format that this package reads.
    ImportError
        The format needs a library; the message names the extra that installs it.
    """
    options = options_for("inspect", variant, prototxt, strict=False)
    with opened_source(path, "inspect") as file, malformed(file):
        reader = recognize(file)
        if reader == "swiftalexnet":
            return _own(file)
        return _foreign(file, contents_of(file, reader, options))


def _own(file: SourceFile) -> Inspection:
    with own.opened(file.path) as content:
        header = content.sections["model"]
        tensors = {name: (tensor.shape, tensor.dtype.name) for name, tensor in content.tensors.items()}
        preprocessing = parts.preprocessing_from_parts(header, content)
        trained = "training checkpoint" if len(content.sections) > 1 else "model"
    spec, variant, classes = header["specification"], header["variant"], header["classes"]
    return Inspection(
        str(file),
        f"swiftalexnet, {trained} of version {header['version']}",
        tuple((name, shape, kind) for name, (shape, kind) in tensors.items()),
        f"{variant or 'a network of its own'}, as it was saved{parts.how_rounded(header)}",
        True,
        variant,
        spec,
        preprocessing,
        None if classes is None else len(classes),
        () if classes is not None or "\ndense " not in spec else ("names of classes",),
        tuple(header.get("source", {}).get("notes", ())),
        {},
    )


def _foreign(file: SourceFile, contents: Contents) -> Inspection:
    tensors = tuple((name, stored.shape, stored.dtype.name) for name, stored in contents.tensors.items())
    try:
        chain = adopt_names(contents.chain())
        parameter_shapes(chain)
    except (NotImplementedError, ValueError) as error:
        why = str(error).removeprefix(f"{file}: ")
        return Inspection(
            *(str(file), contents.format, tensors, why, False, None, None, None, None, (), (), contents.metadata)
        )
    names = known_names(chain)
    return Inspection(
        str(file),
        contents.format,
        tensors,
        _network(chain),
        not chain.unused,
        chain.variant,
        chain.spec(chain.variant or "network"),
        chain.preprocessing,
        None if names is None else len(names),
        _missing(chain, names),
        (*chain.notes, *_left_out(chain)),
        contents.metadata,
    )


def _network(chain: Chain) -> str:
    channels, height, width = chain.input
    weighted = [node for node in chain.nodes if node.is_weighted]
    outputs = weighted[-1].fields["outputs"] if weighted else "0"
    end = f"{outputs} classes" if any(node.kind == "dense" for node in weighted) else "features, no classes"
    reads = "blue, green, red" if chain.reads_bgr else "red, green, blue" if channels == 3 else f"{channels} channels"
    name = chain.variant or "none of the catalogue's; its nodes are the engine's"
    return f"{name}: {len(weighted)} layers with weights, {channels} × {height} × {width} ({reads}) to {end}"


def _left_out(chain: Chain) -> list[str]:
    some = ", ".join(chain.unused[:5]) + (" …" if len(chain.unused) > 5 else "")
    return [f"the network has no place for {some}: strict=False leaves them out"] if chain.unused else []


def _missing(chain: Chain, names: tuple[str, ...] | None) -> tuple[str, ...]:
    missing = []
    if names is None and any(node.kind == "dense" for node in chain.nodes):
        missing.append("names of classes (classes=)")
    if chain.preprocessing is None:
        missing.append("how images are prepared (the variant's own is used; mean= sets the mean)")
    return tuple(missing)

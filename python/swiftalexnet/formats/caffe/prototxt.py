"""A `.prototxt`: a network as text."""

import re
from pathlib import Path
from typing import Any

from ...errors import CheckpointCorruptError, UnsupportedError
from ...files.source import opened_source
from . import schema

_LONGEST = 1 << 17  # bytes; ResNet-152 has 100 kB, and the parser may take a second for 30 kB
_MOST_MESSAGES = 10_000
_DEEPEST = 32
_LONGEST_STRING = 4096  # for which the parser takes a hundred times as much memory
# What a brace may not be counted in, and the braces. A string that does not end, ends with the line.
_TOKENS = re.compile(r"""#[^\n]*|"(?:\\.|[^"\\\n])*+"?|'(?:\\.|[^'\\\n])*+'?|[{}<>]""")


def read_prototxt(path: Path, operation: str) -> Any:
    """Return the network of a text; fields that are not in the table are left out.

    Raises
    ------
    CheckpointCorruptError
        It is not a network; the message names the line.
    UnsupportedError
        It is in the format of 2013.
    OSError
        It cannot be read.
    """
    net = schema.message("NetParameter", operation)
    from google.protobuf import text_format

    with opened_source(path, operation) as file:
        if file.size > _LONGEST:
            raise CheckpointCorruptError(f"{path} has {file.size:,} bytes, expected a prototxt of at most {_LONGEST:,}")
        text = file.read(0, file.size).decode("utf-8", "replace")  # comments may be in any encoding
    _check(text, path)
    try:
        text_format.Parse(text, net, allow_unknown_field=True)
    except (text_format.ParseError, ValueError) as error:
        raise CheckpointCorruptError(f"{path} is not a network of Caffe: line {error}") from error
    if any(layer.HasField("layer") for layer in net.layers):
        raise UnsupportedError(f"{path} {schema.OLDEST}")
    if not (net.layer or net.layers):
        raise CheckpointCorruptError(f"{path} is not a network of Caffe: it has no layers")
    return net


def _check(text: str, path: Path) -> None:
    """Raise before the parser, which is recursive, meets messages in messages or strings without an end."""
    depth = messages = 0
    for token in _TOKENS.finditer(text):
        messages += token[0] in "{<"
        depth += {"{": 1, "<": 1, "}": -1, ">": -1}.get(token[0], 0)
        if token[0][0] in "\"'" and len(token[0]) > _LONGEST_STRING:
            raise CheckpointCorruptError(f"{path} is not a network of Caffe: a string of {len(token[0]):,} characters")
        if messages > _MOST_MESSAGES:
            raise CheckpointCorruptError(f"{path} is not a network of Caffe: more than {_MOST_MESSAGES:,} messages")
        if depth > _DEEPEST:
            raise CheckpointCorruptError(f"{path} is not a network of Caffe: messages more than {_DEEPEST} deep")

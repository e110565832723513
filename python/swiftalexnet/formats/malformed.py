"""Errors about malformed content: typed, naming the file, short and printable."""

from collections.abc import Iterator
from contextlib import contextmanager

from .._support.tables import printable
from ..errors import MALFORMED, CheckpointCorruptError
from ..files.source import SourceFile

_LONGEST_MESSAGE = 2000  # characters


@contextmanager
def malformed(file: SourceFile) -> Iterator[None]:
    """Turn what code raises on malformed content into an error that names the file."""
    try:
        yield
    except (CheckpointCorruptError, NotImplementedError) as error:
        plain_message(error)
        raise
    except MALFORMED as error:
        named = str(file) in str(error)
        plain_message(error)
        if named:
            raise
        raise CheckpointCorruptError(f"{file} cannot be read: {error}") from error


def plain_message(error: BaseException) -> None:
    """Make an error's text short and printable: names in a file may be long, or control a terminal."""
    text = str(error)
    if len(text) > _LONGEST_MESSAGE:
        text = f"{text[: _LONGEST_MESSAGE // 2]} … {text[-_LONGEST_MESSAGE // 2 :]}"
    if error.args and (shown := printable(text)) != str(error):
        error.args = (shown,)

"""What commands say: results to standard output, where they must arrive; everything else to standard error."""

import argparse
import json
import math
import os
import select
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from .._support.output import print_text

DONE, PARTLY, FAILED = 0, 1, 2  # exit statuses; those of signals are in signals.py

_CLEARED = "\r\x1b[K"  # a bar that stands in the terminal's line, and draws itself anew


class NotWritten(Exception):  # noqa: N818 (no fault if the reader has left)
    """A result did not arrive; it is `unwanted` if the reader has left (`| head`)."""

    def __init__(self, unwanted: bool):
        super().__init__(unwanted)
        self.unwanted = unwanted


class Output:
    """Where one command says what it has to say.

    Parameters
    ----------
    results : text stream or None
    options : namespace
        Whose `quiet` leaves notes out, and whose `json` asks for JSON instead of text.
    """

    def __init__(self, results: Any, options: argparse.Namespace):
        self._results, self._json = results, options.json
        self.quiet = getattr(options, "quiet", False)

    @property
    def is_terminal(self) -> bool:
        """Whether the results are shown on a terminal as they come."""
        return _is_terminal(self._results)

    def note(self, text: str) -> None:
        """Say something on the way."""
        if not self.quiet:
            print_text(text, sys.stderr)

    def show(self, value: Any, text: str) -> None:
        """Print what the command was run for, as JSON of `value` or as text.

        Raises
        ------
        NotWritten
        """
        self.line(to_json(value) if self._json else text)

    def done(self, value: Any, text: str) -> None:
        """Say that a file is written; JSON, which is asked for, must arrive, the text is a courtesy."""
        try:
            self.show(value, text)
        except NotWritten:
            if self._json:
                raise

    def line(self, text: str) -> None:
        """Print a line of a result, or several.

        Raises
        ------
        NotWritten
        """
        print_result(text, self._results)


def print_result(text: str, stream: Any) -> None:
    """Print what must arrive.

    Raises
    ------
    NotWritten
    """
    if not print_text(text, stream):
        raise NotWritten(_has_no_reader(stream))


def complain(message: str, error: BaseException | None = None) -> None:
    """Say on standard error what went wrong, and the notes that were added to the error on its way."""
    start = _CLEARED if _is_terminal(sys.stderr) else ""
    for line in (message, *getattr(error, "__notes__", ())):
        print_text(f"{start}swiftalexnet: {line}", sys.stderr)


def describe(error: BaseException) -> str:
    """Return an error in one line."""
    if isinstance(error, OSError) and error.strerror:
        text = error.strerror if error.filename is None else f"{os.fsdecode(error.filename)}: {error.strerror}"
    else:
        text = str(error) or ("out of memory" if isinstance(error, MemoryError) else type(error).__name__)
    return " ".join(text.split())


def to_json(value: Any) -> str:
    """Return JSON for other programs; numbers that are not finite, which it cannot say, are null."""
    return json.dumps(_finite(value), indent=1)


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Show a warning as one line, without the place in the code that gave it; none ends a command."""
    with warnings.catch_warnings():
        warnings.simplefilter("default", UserWarning)
        warnings.showwarning = lambda message, *_, **__: complain(f"warning: {' '.join(str(message).split())}")
        yield


def hold_descriptors() -> None:
    """Open what is closed of descriptors 0 to 2, lest a model file become one of them and hold what others print."""
    for descriptor in range(3):
        with suppress(OSError):
            try:
                os.fstat(descriptor)
            except OSError:
                os.open(os.devnull, os.O_RDWR)  # the lowest that is free


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):  # no stream, or a closed one
        return False


def _has_no_reader(stream: Any) -> bool:
    """Tell whether a stream is a pipe, or a connection, whose reader has gone."""
    try:
        asked = select.poll()
        asked.register(stream, select.POLLOUT)
        return any(event & select.POLLERR for _, event in asked.poll(0))
    except (OSError, TypeError, ValueError):  # no stream, or one without a descriptor
        return False


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

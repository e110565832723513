"""Output of commands: results to standard output, which must not be lost; everything else to standard error."""

import argparse
import csv
import io
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
from .._support.tables import harmless

DONE, PARTLY, FAILED = 0, 1, 2  # exit statuses; those of signals are in signals.py

_CLEARED = "\r\x1b[K"  # erases a progress bar from the terminal's line; the bar redraws itself


class NotWritten(Exception):  # noqa: N818 (not an error if the reader has closed the pipe)
    """A result could not be written; it is `unwanted` if the reader has closed the pipe (`| head`)."""

    def __init__(self, unwanted: bool):
        super().__init__(unwanted)
        self.unwanted = unwanted


class Output:
    """Where one command writes its results and messages.

    Parameters
    ----------
    results : text stream or None
    options : namespace
        `quiet` omits notes, and `json` prints JSON instead of text.
    """

    def __init__(self, results: Any, options: argparse.Namespace):
        self._results, self._json = results, options.json
        self.quiet = getattr(options, "quiet", False)

    @property
    def is_terminal(self) -> bool:
        """Whether results are shown on a terminal as they are printed."""
        return _is_terminal(self._results)

    def note(self, text: str) -> None:
        """Print a message about the command's progress, unless `quiet`."""
        if not self.quiet:
            print_text(harmless(text), sys.stderr)

    def show(self, value: Any, text: str) -> None:
        """Print the command's result, as JSON of `value` or as text.

        Raises
        ------
        NotWritten
        """
        self.line(to_json(value) if self._json else text)

    def done(self, value: Any, text: str) -> None:
        """Report a written file; only with --json is it an error if the report cannot be printed."""
        try:
            self.show(value, text)
        except NotWritten:
            if self._json:
                raise

    def line(self, text: str) -> None:
        """Print one or more lines of a result.

        Raises
        ------
        NotWritten
        """
        print_result(text, self._results)


def print_result(text: str, stream: Any) -> None:
    """Print text that must not be lost.

    Raises
    ------
    NotWritten
    """
    if not print_text(harmless(text), stream):
        raise NotWritten(_has_no_reader(stream))


def complain(message: str, error: BaseException | None = None) -> None:
    """Print to standard error what went wrong, and the notes added to the error."""
    start = _CLEARED if _is_terminal(sys.stderr) else ""
    for line in (message, *getattr(error, "__notes__", ())):
        print_text(f"{start}swiftalexnet: {harmless(line)}", sys.stderr)


def to_json(value: Any) -> str:
    """Return JSON for other programs; numbers that are not finite, which JSON lacks, become null."""
    return json.dumps(_finite(value), indent=1)


def csv_row(*values: object) -> str:
    """Return one row of CSV, quoted where necessary."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(values)
    return buffer.getvalue()


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Show a warning as one line, without its place in the code; no warning stops a command."""
    with warnings.catch_warnings():
        warnings.simplefilter("default", UserWarning)
        warnings.showwarning = lambda message, *_, **__: complain(f"warning: {' '.join(str(message).split())}")
        yield


def hold_descriptors() -> None:
    """Open those of descriptors 0 to 2 that are closed: a model file must not become standard output or error."""
    for descriptor in range(3):
        with suppress(OSError):
            try:
                os.fstat(descriptor)
            except OSError:
                os.open(os.devnull, os.O_RDWR)  # takes the lowest free descriptor


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):  # no stream, or a closed one
        return False


def _has_no_reader(stream: Any) -> bool:
    """Return whether a stream is a pipe or a connection whose reader has closed it."""
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

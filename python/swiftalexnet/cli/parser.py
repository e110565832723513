"""A parser of one command's options: any order, one-line errors, and every default in the help."""

import argparse
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any, NoReturn

from .._support.choices import nearest
from .._support.output import print_text
from .options import add_general
from .output import FAILED, print_result


class Parser(argparse.ArgumentParser):
    """A parser with one-line errors, and whose help can be printed to any stream."""

    def __init__(self, prog: str, description: str | None, **settings: Any):
        super().__init__(prog, description=description, formatter_class=_Formatter, add_help=False, **settings)
        self.add_argument("-h", "--help", action="help", help="show this help and exit")

    def parse_words(self, words: Sequence[str]) -> argparse.Namespace:
        """Return the options in the words; file names may stand between them.

        Raises
        ------
        SystemExit
            With 2 for an unknown word.
        """
        options, unknown = self.parse_known_intermixed_args(words)
        if unknown:
            known = [name for action in self._actions for name in action.option_strings]
            wrong = next((each for each in unknown if each.startswith("-")), unknown[0])
            self.error(f"unexpected {wrong!r}{nearest(wrong.partition('=')[0], known)}")
        return options

    def error(self, message: str) -> NoReturn:
        """Print what is wrong in one line, and exit."""
        print_text(f"swiftalexnet: {' '.join(message.split())} (see {self.prog} --help)", sys.stderr)
        raise SystemExit(FAILED)

    def print_help(self, file: Any = None) -> None:
        """Print the help to standard output; NotWritten if it cannot be printed."""
        print_result(self.format_help().rstrip(), sys.stdout)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Adds the default to the help of every option that does not name it."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return with_default(action)


def with_default(action: argparse.Action) -> str | None:
    """Return an option's help, followed by its default if it has one that the help does not name."""
    has_none = any(action.default is each for each in (None, False, argparse.SUPPRESS))
    if has_none or not action.help or "default" in action.help:
        return action.help
    return f"{action.help} (default: %(default)s)"


def command_parser(module: ModuleType, kind: type[Parser] = Parser) -> Parser:
    """Return the parser of a module's command: `add` adds its options, `run` runs it."""
    parser = kind(f"swiftalexnet {module.__name__.rpartition('.')[2]}", module.run.__doc__)
    module.add(parser)
    add_general(parser)
    parser.set_defaults(run=module.run)
    return parser

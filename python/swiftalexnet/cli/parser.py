"""A parser of one command's options: in any order, wrong ones in one line, every default in the help."""

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
    """A parser that says what is wrong in one line, and whose output may go anywhere."""

    def __init__(self, prog: str, description: str | None, **settings: Any):
        super().__init__(prog, description=description, formatter_class=_Formatter, add_help=False, **settings)
        self.add_argument("-h", "--help", action="help", help="show this help and exit")

    def parse_words(self, words: Sequence[str]) -> argparse.Namespace:
        """Return the options that the words give; names of files may stand between them.

        Raises
        ------
        SystemExit
            With 2 for a word that fits nothing.
        """
        options, unknown = self.parse_known_intermixed_args(words)
        if unknown:
            known = [name for action in self._actions for name in action.option_strings]
            wrong = next((each for each in unknown if each.startswith("-")), unknown[0])
            self.error(f"unexpected {wrong!r}{nearest(wrong.partition('=')[0], known)}")
        return options

    def error(self, message: str) -> NoReturn:
        """Say in one line what is wrong, and exit."""
        print_text(f"swiftalexnet: {' '.join(message.split())} (see {self.prog} --help)", sys.stderr)
        raise SystemExit(FAILED)

    def print_help(self, file: Any = None) -> None:
        """Print the help, which was asked for: it must arrive."""
        print_result(self.format_help().rstrip(), sys.stdout)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Names the default of every option whose help does not."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return with_default(action)


def with_default(action: argparse.Action) -> str | None:
    """Return an option's help, which ends with its default if it has one and does not say it already."""
    has_none = any(action.default is each for each in (None, False, argparse.SUPPRESS))
    if has_none or not action.help or "default" in action.help:
        return action.help
    return f"{action.help} (default: %(default)s)"


def command_parser(module: ModuleType, kind: type[Parser] = Parser) -> Parser:
    """Return the parser of the command that a module has: `add` adds its options, `run` does it."""
    parser = kind(f"swiftalexnet {module.__name__.rpartition('.')[2]}", module.run.__doc__)
    module.add(parser)
    add_general(parser)
    parser.set_defaults(run=module.run)
    return parser

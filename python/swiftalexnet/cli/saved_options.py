"""Convert a command's options to plain values for a file, and back through the parser, which checks them."""

import argparse
import os
from collections.abc import Collection
from typing import Any, NoReturn

from .parser import Parser


class StrictParser(Parser):
    """A parser of saved options, which nobody typed: it raises ValueError for a wrong one."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of ending the process."""
        raise ValueError(message)


def to_values(
    options: argparse.Namespace, parser: Parser, without: Collection[str], paths: Collection[str]
) -> dict[str, Any]:
    """Return the options that are set, by name, with `paths` made absolute."""
    values = {}
    for name, action in _actions(parser, without).items():
        value = getattr(options, name)
        if value is None or (value is False and action.default is False):
            continue
        if name in paths:
            value = value if "://" in value else os.path.abspath(value)
        elif isinstance(value, tuple):
            value = ",".join(map(str, value))
        values[name] = value if isinstance(value, (str, int, float)) else str(value)
    return values


def to_words(values: dict[str, Any], parser: Parser, without: Collection[str]) -> list[str]:
    """Return the words a user would type for the options that `to_values` returned.

    Raises
    ------
    TypeError, ValueError
        An unknown option, or a value that cannot be typed.
    """
    actions = _actions(parser, without)
    for name, value in values.items():
        if name not in actions:
            raise ValueError(f"unknown option {name[:40]!r}")
        if not isinstance(value, (str, int, float)):
            raise TypeError(f"{name} is of type {type(value).__name__}")
    return [_word(actions[name], value) for name, value in values.items()]


def _word(action: argparse.Action, value: str | float) -> str:
    flags = action.option_strings
    if not flags:
        if str(value).startswith("-"):
            raise ValueError(f"{action.dest} is {value!r}, which looks like an option")
        return str(value)
    if action.nargs != 0:
        return f"{flags[0]}={value}"
    chosen = {True: flags[0], False: flags[1] if len(flags) > 1 else None}  # --cache, --no-cache
    if not isinstance(value, bool) or chosen[value] is None:
        raise ValueError(f"{action.dest} is {str(value)[:40]!r}, expected true")
    return str(chosen[value])


def _actions(parser: Parser, without: Collection[str]) -> dict[str, argparse.Action]:
    return {each.dest: each for each in parser._actions if each.dest not in ("help", *without)}

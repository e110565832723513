"""The commands and their options as the tables of docs/command_line.md."""

import argparse
from types import ModuleType

from .commands import COMMANDS
from .parser import command_parser, with_default


def as_markdown(name: str) -> str:
    """Return what a command does, and a table of what it takes."""
    module: ModuleType = COMMANDS[name]
    rows = [_row(action) for action in command_parser(module)._actions if action.dest != "help"]
    return "\n".join([str(module.run.__doc__), "", "| | |", "| --- | --- |", *rows])


def _row(action: argparse.Action) -> str:
    metavar = "" if action.nargs == 0 else str(action.metavar or action.dest.upper())
    words = [f"{flag} {metavar}".strip() for flag in action.option_strings] or [metavar]
    told = (with_default(action) or "") % {"default": action.default}
    if action.required and action.option_strings:
        told += " (required)"
    return (
        "| " + " | ".join(each.replace("|", "\\|") for each in (", ".join(f"`{word}`" for word in words), told)) + " |"
    )


if __name__ == "__main__":
    for command in COMMANDS:
        print(f"### {command}\n\n{as_markdown(command)}\n")

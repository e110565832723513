"""The commands and their options for docs/command_line.md: `python -m swiftalexnet.cli.reference`."""

import argparse

from .commands import COMMANDS, module_of
from .parser import command_parser, with_default


def as_markdown() -> str:
    """Return a description and a table of options for every command."""
    return "\n\n".join(map(_section, COMMANDS))


def _section(name: str) -> str:
    module = module_of(name)
    rows = [_row(action) for action in command_parser(module)._actions if action.dest != "help"]
    return "\n".join([f"### {name}", "", str(module.run.__doc__), "", "| | |", "| --- | --- |", *rows])


def _row(action: argparse.Action) -> str:
    metavar = "" if action.nargs == 0 else str(action.metavar or action.dest.upper())
    words = [f"{flag} {metavar}".strip() for flag in action.option_strings] or [metavar]
    told = (with_default(action) or "") % {"default": action.default}
    if action.required and action.option_strings:
        told += " (required)"
    cells = [", ".join(f"`{word}`" for word in words), told.replace("<", "\\<")]
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


if __name__ == "__main__":
    print(as_markdown())

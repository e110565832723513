"""docs/command_line.md has every command, option and exit status."""

import re
from pathlib import Path

import pytest

from swiftalexnet.cli.commands import COMMANDS, module_of, parse
from swiftalexnet.cli.parser import command_parser
from swiftalexnet.cli.reference import as_markdown

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "command_line.md").read_text(encoding="utf-8")


def test_the_page_ends_with_the_generated_reference():
    """`python -m swiftalexnet.cli.reference` prints that part."""
    assert PAGE.endswith(f"\n{as_markdown()}\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_there(name):
    section = PAGE[PAGE.index(f"### {name}\n") :].partition("\n### ")[0]
    for action in command_parser(module_of(name))._actions:
        for flag in action.option_strings:
            assert f"`{flag}" in section or action.dest == "help"


COMMAND_LINES = re.findall(r"^\$ swiftalexnet (.*)", PAGE, re.MULTILINE)


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_the_commands_of_the_page_can_be_parsed(line):
    assert parse(line.split()).run

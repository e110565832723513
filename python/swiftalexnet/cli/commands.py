"""All commands by name, and from the words of a command line to the options of one of them."""

import argparse
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any, NoReturn

import swiftalexnet as sa

from . import cache, colors, evaluate, info, kernels, memory, panel, predict, profile, resume, summary, train
from .options import one_of, threads
from .output import print_result
from .parser import Parser, command_name, command_parser

COMMANDS: dict[str, ModuleType] = {
    command_name(module): module
    for module in (train, resume, evaluate, predict, cache, summary, memory, profile, kernels, panel, colors, info)
}


class _Version(argparse.Action):
    """Print the version and exit."""

    def __call__(self, *_: Any) -> NoReturn:
        print_result(f"swiftalexnet {sa.__version__}", sys.stdout)
        raise SystemExit(0)


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Return the options of the command that the words name, among them `run`, its function, and its own `words`.

    Raises
    ------
    SystemExit
        With 2 for options or names that there are not; with 0 after help or version.
    """
    at = next((index for index, word in enumerate(words) if word in COMMANDS), len(words))
    parser = _general_parser()
    general = parser.parse_args(words[: at + 1])
    if general.command is None:
        parser.error("no command was given")
    options = command_parser(COMMANDS[general.command]).parse_words(words[at + 1 :])
    options.words = list(words[at + 1 :])
    if options.threads is None:
        options.threads = general.threads
    return options


def _general_parser() -> Parser:
    """Return the parser of what stands before a command, and of the command's name."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {module.run.__doc__}" for name, module in COMMANDS.items()]
    parser = Parser(
        "swiftalexnet",
        "Train AlexNet and VGG on photographs, and classify with them.",
        usage="%(prog)s [-h] [--version] COMMAND …",
        epilog="\n".join(["commands:", *lines, "", "swiftalexnet COMMAND --help says what a command takes."]),
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    parser.add_argument("--threads", type=threads, help=argparse.SUPPRESS)
    parser.add_argument("command", nargs="?", type=one_of("command", COMMANDS), help=argparse.SUPPRESS)
    return parser

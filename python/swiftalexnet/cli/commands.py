"""All commands by name, and the parsing of a command line into the options of one of them."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any, NoReturn

import swiftalexnet as sa

from .options import one_of, threads
from .output import print_result
from .parser import Parser, command_parser

COMMANDS = (
    *("train", "resume", "evaluate", "predict", "extract", "explain", "lpips", "cache", "shard"),
    *("inspect", "convert", "quantize", "verify", "pretrained"),
    *("summary", "memory", "profile", "kernels", "panel", "colors", "info"),
)


class _Version(argparse.Action):
    """Print the version and exit."""

    def __call__(self, *_: Any) -> NoReturn:
        print_result(f"swiftalexnet {sa.__version__}", sys.stdout)
        raise SystemExit(0)


def module_of(command: str) -> ModuleType:
    """Import the module of a command: it has the command's name and defines `add` and `run`."""
    return importlib.import_module(f".{command}", __package__)


class _GeneralParser(Parser):
    """The parser of the options before a command, and of the command's name."""

    def __init__(self) -> None:
        about = "Train AlexNet and VGG on photographs, and classify with them."
        super().__init__("swiftalexnet", about, usage="%(prog)s [-h] [--version] COMMAND …")
        self.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
        self.add_argument("--threads", type=threads, help=argparse.SUPPRESS)
        self.add_argument("command", nargs="?", type=one_of("command", COMMANDS), help=argparse.SUPPRESS)

    def format_help(self) -> str:
        """Return the help, with a line for each command: only this imports all of them."""
        width = max(map(len, COMMANDS))
        lines = [f"  {name:<{width}}  {module_of(name).run.__doc__}" for name in COMMANDS]
        self.epilog = "\n".join(["commands:", *lines, "", "swiftalexnet COMMAND --help shows a command's options."])
        return super().format_help()


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Return the options of the command in the words, with `run`, its function, and `words`, those after its name.

    Raises
    ------
    SystemExit
        With 2 for unknown options or names; with 0 after help or version.
    """
    at = next((index for index, word in enumerate(words) if word in COMMANDS), len(words))
    parser = _GeneralParser()
    general = parser.parse_args(words[: at + 1])
    if general.command is None:
        parser.error("no command was given")
    options = command_parser(module_of(general.command)).parse_words(words[at + 1 :])
    options.words = list(words[at + 1 :])
    if options.threads is None:
        options.threads = general.threads
    return options

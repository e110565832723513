"""A command line with hostile words, run in this process; commands and options are read from its parser."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import swiftalexnet as sa
from swiftalexnet import cli
from swiftalexnet.cli.commands import COMMANDS, module_of
from swiftalexnet.cli.parser import command_parser

from ..hostile.paths import hostile_path
from ..world import World

_HOSTILE = (
    *(
        "",
        " ",
        "-1",
        "0",
        "1",
        "2",
        "1.5",
        "nan",
        "inf",
        "1e400",
        "9" * 400,
        "2147483648",
        "-",
        "--",
        "--x",
        "x",
        "auto",
    ),
    *("1,2", "20,,", "256,256", "é", "\udcff", "a\nb", "%s", "{0}", "x" * 5000, "None", "True", "conv1", "paper"),
)
_STATUSES = (0, 1, 2, 130)

# What an option or argument of this name gets; any other gets one of its choices, or a number of its type.
WORDS: dict[str, Callable[[World], Any]] = {
    **dict.fromkeys(("folder", "validation", "test", "train"), lambda world: world.shared.folder / "photos"),
    "model": lambda world: world.shared.folder / "model.safetensors",
    **dict.fromkeys(("a", "b", "files"), lambda world: world.image_file()),
    "net": lambda world: "alex",
    "version": lambda world: world.one_of("0.1", "0.0"),
    "names": lambda world: world.image_file(),
    "backbone": lambda world: world.shared.trunk_file,
    "images": lambda world: world.one_of(world.image_file(), world.shared.folder / "photos"),
    "layers": lambda world: world.one_of("conv1", "fc6"),
    "out": lambda world: world.new_file(world.one_of("", ".npy")),
    "pool": lambda world: world.one_of("avg", "max", "gem"),
    "base": lambda world: world.shared.folder / "model.safetensors",
    "file": lambda world: world.new_file(),
    "sources": lambda world: world.shared.folder / "photos",
    "network": lambda world: world.one_of("cifar-80sec", world.shared.folder / "model.safetensors"),
    "variant": lambda world: "cifar-80sec",
    "recipe": lambda world: "cifar-80sec",
    "initialization": lambda world: "glorot",
    "image_size": lambda world: 32,
    "epochs": lambda world: 1,
    "repeats": lambda world: 1,
    "shards": lambda world: world.one_of(1, 4),
    "wire": lambda world: "float32",
    "timeout": lambda world: 30,
    "batch_size": lambda world: world.one_of(4, "auto"),
    "ranges": lambda world: "percentile",
    "percentile": lambda world: 99.9,
    "method": lambda world: world.one_of("grad_cam", "occlusion"),
    "target": lambda world: 2,
    "scales": lambda world: "20,24",
    "layer": lambda world: "conv1",
    **dict.fromkeys(("output", "checkpoint", "disk_cache"), lambda world: world.new_file(".png")),
}

# Without these a command is much work, writes elsewhere, or asks for weights that are not here.
_ALWAYS = ("epochs", "variant", "recipe", "output", "b", "backbone")

# Ray's processes have tests of their own; without Ray its other options are refused. So has MPI, in jobs.
_NEVER = ("ray", "actors", "rows", "mpi")


@dataclass
class Command:
    """A command that has not been run yet."""

    text: str
    run: Callable[[], Any]


@cache
def commands() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of every command by its name."""
    return {name: command_parser(module_of(name)) for name in COMMANDS}


def make_command(world: World) -> Command:
    """Draw a command, its options and what is hostile about them."""
    name = world.random.choice([each for each in commands() if each != "profile"])
    words, spoilt = arguments(name, world), []
    for _ in range(world.random.choice((0, 1, 1, 1, 2))):
        at = world.random.randrange(len(words) + 1)
        word = _hostile_word(world)
        if world.random.random() < 0.7 and words:
            at = min(at, len(words) - 1)
            words[at] = word
        else:
            words.insert(at, word)
        spoilt.append(f"[{at}] {word[:30]!r}")
    if world.random.random() < 0.05:
        words, spoilt = [_hostile_word(world) for _ in range(3)], ["nonsense"]
    return Command(f"swiftalexnet {name}: {', '.join(spoilt)}", lambda: run([name, *words]))


def run(words: list[str]) -> None:
    """Run a command; an exit with an unknown status is a fault."""
    try:
        status: Any = cli.main(words)
    except SystemExit as error:
        status = error.code or 0
    if status not in _STATUSES:
        raise AssertionError(f"the command ended with {status!r}")


def arguments(name: str, world: World, likely: float = 0.3) -> list[str]:
    """Return words with which a command succeeds: what is required, and other options as often as `likely` says."""
    words: list[str] = []
    for action in commands()[name]._actions:
        if isinstance(action, argparse._HelpAction | argparse._VersionAction) or action.dest in _NEVER:
            continue
        if action.required or action.dest in _ALWAYS or world.random.random() < likely:
            option = [world.random.choice(action.option_strings)] if action.option_strings else []
            words += [*option, *([] if action.nargs == 0 else [_word(action, world)])]
    return words


def _word(action: argparse.Action, world: World) -> str:
    if action.dest in WORDS:
        return str(WORDS[action.dest](world))
    if action.choices is not None:
        return str(world.random.choice(list(action.choices)))
    return "2"


def _hostile_word(world: World) -> str:
    if world.one_of(False, True):
        return str(world.random.choice(_HOSTILE))
    _, path = hostile_path(world)
    try:
        return str(path)
    except Exception:  # a path that raises
        return str(world.random.choice(list(sa.variants())))

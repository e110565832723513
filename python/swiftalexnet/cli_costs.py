"""Commands that tell what a network costs: `swiftalexnet summary`, `memory` and `profile`."""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import swiftalexnet as sa

from ._choices import choose
from .cli_arithmetic import add_arithmetic, arithmetic
from .files import check_target

if TYPE_CHECKING:
    from .networks import Model


def summary(options: argparse.Namespace) -> None:
    """Show the layers of a variant or of a saved model."""
    table = _open(options, "summary").summary()
    rows = [row._asdict() for row in table.rows]
    _show(options, {"parameters": table.parameters, "macs": table.macs, "layers": rows}, str(table))


def memory(options: argparse.Namespace) -> None:
    """Show how much memory a batch will take, before anything runs."""
    use = _open(options, "memory").memory(options.batch, options.training, **arithmetic(options))
    _show(options, asdict(use) | {"total": use.total}, str(use))


def profile(options: argparse.Namespace) -> None:
    """Measure where the time goes, layer by layer; show a table and draw a picture."""
    output = None if options.output is None else Path(options.output)
    if output is not None:
        check_target(output)
    model = _open(options, "profile", None)
    result = model.profile(options.batch, options.training, repeats=options.repeats, **arithmetic(options))
    if output is not None:
        result.plot().savefig(output)
    rows = [row._asdict() for row in result.rows]
    saved = "" if output is None else f"\nsaved {output}"
    _show(options, asdict(result) | {"rows": rows}, f"{result}{saved}")


def add_commands(add: Callable[[str, Callable[[argparse.Namespace], None]], argparse.ArgumentParser]) -> None:
    """Add the commands; `add` makes one of a name and a function."""
    commands = [add(run.__name__, run) for run in (summary, memory, profile)]
    for command in commands:
        command.add_argument("network", metavar="VARIANT|FILE", nargs="?", default="paper")
        command.add_argument("--classes", type=int, help="default: the variant's own")
        command.add_argument("--image-size", type=int)
    for command in commands[1:]:
        command.add_argument("--batch", type=int, default=128, help="pictures at once (default: 128)")
        command.add_argument("--training", action="store_true", help="a training step instead of inference")
        add_arithmetic(command)
    commands[2].add_argument("--repeats", type=int, default=5, help="passes, of which medians are taken (default: 5)")
    commands[2].add_argument("--output", metavar="FILE", help="draw a picture: profile.png")


def _open(options: argparse.Namespace, command: str, initialization: str | None = "zeros") -> "Model":
    """Return the network that was named: a variant, or a file."""
    if options.network in sa.variants():
        size = options.image_size
        return sa.build(options.network, options.classes, image_size=size, initialization=initialization)
    if _looks_like_a_name(options.network):
        choose(command, "network", options.network, sa.variants(), 0)
    return sa.load(options.network)


def _looks_like_a_name(network: str) -> bool:
    """Tell a mistyped variant from a file that is missing: no file, and neither folder nor suffix in it."""
    path = Path(network)
    return not path.exists() and path.name == network and not path.suffix


def _show(options: argparse.Namespace, value: object, text: str) -> None:
    print(json.dumps(value, indent=1) if options.json else text, flush=True)

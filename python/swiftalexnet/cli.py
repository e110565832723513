"""The command `swiftalexnet`: train, evaluate, predict, cache, colors, kernels, panel, info, summary, memory, profile.

Errors that a user can mend end with one line and exit code 2; Ctrl-C with 130. Anything else is a defect and shows
its traceback.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import swiftalexnet as sa

from . import cli_arithmetic, cli_cache, cli_costs, cli_figures
from .files import check_target
from .views import CROPS

_USER_ERRORS = (ValueError, TypeError, OSError, MemoryError, ImportError, NotImplementedError, ArithmeticError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.threads is not None:
            sa.set_num_threads(options.threads)
        options.run(options)
    except KeyboardInterrupt as interrupt:
        print("\n".join(["swiftalexnet: interrupted", *getattr(interrupt, "__notes__", ())]), file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0
    except _USER_ERRORS as error:
        print(f"swiftalexnet: {error}", file=sys.stderr)
        return 2
    return 0


def train(options: argparse.Namespace) -> None:
    """Train a new network on a folder of class folders and save it."""
    output = Path(options.output)
    check_target(output)
    reading = {"on_error": options.on_error, "cache": options.cache, "draft": options.draft}
    data = sa.ImageFolder(options.folder, **reading)
    validation = None
    if options.validation is not None:
        validation = sa.ImageFolder(options.validation, data.classes, **reading)
    recipe = sa.recipe(options.recipe, **_recipe_changes(options, validation))
    network = {"image_size": options.image_size, "initialization": options.initialization, "seed": options.seed}
    model = sa.build(options.variant, len(data.classes), **network)
    print(f"{data!r}\n{model!r}\n{recipe}", file=sys.stderr)
    parts = [data] if validation is None else [data, validation]
    cli_cache.use_cache(options, model.preprocessing, *parts, side=recipe.scale and recipe.scale[1])
    run = {name: getattr(options, name) for name in ("batch_size", "checkpoint", "resume", "seed", "precision")}
    history = model.fit(data, validation, recipe=recipe, progress=not options.quiet, **run)
    model.save(output)
    _show(options, {"model": str(output), "history": history.rows}, f"{history}\nsaved {output}")


def evaluate(options: argparse.Namespace) -> None:
    """Measure a model on a folder of class folders."""
    model = sa.load(options.model)
    data = sa.ImageFolder(options.folder, model.classes, options.on_error, draft=options.draft)
    cli_cache.use_cache(options, model.preprocessing, data, side=options.scales and max(options.scales))
    result = model.evaluate(data, progress=not options.quiet, **_views(options))
    _show(options, asdict(result), str(result))


def predict(options: argparse.Namespace) -> None:
    """Classify pictures."""
    model = sa.load(options.model)
    predictions = model.predict(options.files, options.top, **_views(options))
    rows = [{"file": file, **asdict(each)} for file, each in zip(options.files, predictions, strict=True)]
    _show(options, rows, "\n".join(f"{file}: {each}" for file, each in zip(options.files, predictions, strict=True)))


def _views(options: argparse.Namespace) -> dict[str, Any]:
    """Return what of a picture is classified, and how."""
    views = {name: getattr(options, name) for name in ("crops", "dense", "scales")}
    return views | cli_arithmetic.arithmetic(options)


def colors(options: argparse.Namespace) -> None:
    """Show the principal components of a folder's colours, for a recipe's colour noise."""
    data = sa.ImageFolder(options.folder, on_error=options.on_error)
    components = sa.color_components(data, options.size, progress=not options.quiet)
    _show(options, components.to_json(), str(components))


def info(options: argparse.Namespace) -> None:
    """Show version, processor and the kernels chosen for it."""
    facts = sa.info()
    _show(options, facts, str(facts))


def _recipe_changes(options: argparse.Namespace, validation: Any) -> dict[str, Any]:
    """Return what the command line changes in the recipe; without validation data no schedule can watch them."""
    changes = {"epochs": options.epochs, "learning_rate": options.learning_rate}
    given = {name: value for name, value in changes.items() if value is not None}
    if isinstance(options.batch_size, int):
        given["batch_size"] = options.batch_size
    if validation is None and any(each.needs_validation for each in sa.recipe(options.recipe).schedules):
        print("swiftalexnet: no --validation, so the learning rate stays constant", file=sys.stderr)
        given["schedule"] = sa.ConstantSchedule()
    return given


def _show(options: argparse.Namespace, value: Any, text: str) -> None:
    print(json.dumps(value, indent=1) if options.json else text, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="swiftalexnet", description="Train AlexNet and VGG on photographs, and classify with them."
    )
    parser.add_argument("--threads", type=int, help="how many threads compute (default: what the machine allows)")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_train(_command(commands, "train", train))
    measure = _command(commands, "evaluate", evaluate)
    measure.add_argument("folder", metavar="DIR", help="one folder a class")
    classify = _command(commands, "predict", predict)
    classify.add_argument("files", nargs="+", metavar="FILE", help="pictures: JPEG, PNG, WebP, TIFF, …")
    classify.add_argument("--top", type=int, default=5, help="classes a picture (default: 5)")
    for command in (measure, classify):
        command.add_argument("--model", required=True, metavar="FILE", help="a saved model or a checkpoint")
        command.add_argument(
            "--crops",
            type=int,
            choices=CROPS,
            help="1: the centre; 9: a grid; 10: corners, centre and mirrors; 50: a grid and mirrors",
        )
        command.add_argument("--dense", action="store_true", help="slide the network over the whole picture")
        command.add_argument("--scales", type=_scales, metavar="N,N,…", help="shorter sides of the whole picture")
        cli_arithmetic.add_arithmetic(command)
    cli_arithmetic.add_precision(commands.choices["train"])
    for command in (measure, commands.choices["train"]):
        command.add_argument("--on-error", choices=("raise", "skip"), default="raise", help="for broken pictures")
        command.add_argument("--quiet", action="store_true", help="no progress bar")
        cli_cache.add_options(command)
    cli_cache.add_command(lambda name, run: _command(commands, name, run))
    cli_figures.add_commands(lambda name, run: _command(commands, name, run))
    _add_colors(_command(commands, "colors", colors))
    _command(commands, "info", info)
    cli_costs.add_commands(lambda name, run: _command(commands, name, run))
    return parser


def _scales(text: str) -> tuple[int, ...]:
    """Read "256,384,512"; argparse turns a ValueError into its own message."""
    return tuple(map(int, text.split(",")))


def _batch_size(text: str) -> int | str:
    """Read a number or "auto"."""
    return text if text == "auto" else int(text)


def _command(commands: Any, name: str, run: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)
    return parser


def _add_colors(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="one folder a class")
    parser.add_argument("--size", type=int, help="side of the centre square that is looked at (default: 256)")
    parser.add_argument("--on-error", choices=("raise", "skip"), default="raise", help="for broken pictures")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="one folder a class")
    parser.add_argument("--validation", metavar="DIR", help="the same classes, other pictures")
    parser.add_argument("--variant", default="paper", help=f"one of {', '.join(sa.variants())} (default: paper)")
    parser.add_argument("--image-size", type=int, help="side of the network's input in pixels")
    parser.add_argument("--initialization", help="first weights, as glorot (default: the variant's)")
    parser.add_argument("--recipe", default="paper", help=f"one of {', '.join(sa.recipe_names())} (default: paper)")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--batch-size", type=_batch_size, metavar="N|auto", help="auto: what fits into free memory")
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint", metavar="DIR", help="keep the run here, to go on with --resume")
    parser.add_argument("--resume", action="store_true", help="go on from --checkpoint")
    parser.add_argument("--cache", action="store_true", help="keep decoded pictures in memory")
    parser.add_argument("--output", default="model.safetensors", metavar="FILE", help="default: model.safetensors")

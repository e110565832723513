"""The command `swiftalexnet train`."""

import argparse
import errno
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import swiftalexnet as sa

from ..errors import CheckpointCorruptError
from . import network_choice, training_data
from . import ranks as several
from .invocation import as_typed
from .models import open_model
from .options import add_fast_math, add_force, add_precision, add_quiet
from .parser import command_parser
from .run_folder import RunFolder, state
from .saved_options import StrictParser, to_values, to_words
from .sharded_data import HELP
from .targets import check_new

if TYPE_CHECKING:
    from .output import Output

_PATHS = {"folder", "validation", "disk_cache", "base", "checkpoint", "output"}
_OF_ONE_CALL = {"resume", "force", "quiet", "json", *several.OF_ONE_CALL}  # not saved with the run


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "folder", nargs="?", metavar="FOLDER", help=f"FOLDER/<class>/…, or FOLDER/train/<class>/…, {HELP}"
    )
    parser.add_argument("--output", default="model.safetensors", metavar="FILE", help="output file of the model")
    add_force(parser)
    parser.add_argument(
        "--checkpoint",
        metavar="FOLDER",
        help="keep the run here, even after it has ended (default: next to the output, until the model is saved)",
    )
    parser.add_argument("--resume", metavar="FOLDER", help="resume the run in FOLDER with its saved options")
    add_quiet(parser)
    add_precision(parser)
    add_fast_math(parser)
    training_data.add(parser)
    network_choice.add(parser)
    several.add(parser)


def run(options: argparse.Namespace, output: "Output") -> None:
    """Train a network on a folder of class folders, and save it."""
    ranks = several.Ranks(options, output)
    with ranks.together():
        _run(options, ranks, output)


def _run(options: argparse.Namespace, ranks: several.Ranks, output: "Output") -> None:
    if options.resume is not None:
        _resume(RunFolder(options.resume), options.words, ranks, output)
        return
    if options.folder is None:
        raise ValueError("no folder of images is given: swiftalexnet train FOLDER, or --resume FOLDER to resume a run")
    target = check_new(options.output, options.force)
    folder = RunFolder.beside(target) if options.checkpoint is None else RunFolder(options.checkpoint)
    _train(options, folder, target, False, ranks, output)


def resume_run(folder: RunFolder, words: Sequence[str], options: argparse.Namespace, output: "Output") -> None:
    """Resume a run with its saved options, and with those that the user has typed, which take precedence.

    Parameters
    ----------
    folder : RunFolder
    words : sequence of str
        What the user has typed for `train`.
    options : namespace
        Those of `ranks.add_mpi`.
    output : Output

    Raises
    ------
    OSError
        The folder contains no run.
    CheckpointCorruptError
        Its options are damaged.
    """
    ranks = several.Ranks(options, output)
    with ranks.together():
        _resume(folder, words, ranks, output)


def _resume(folder: RunFolder, words: Sequence[str], ranks: several.Ranks, output: "Output") -> None:
    parser = command_parser(sys.modules[__name__])
    typed = parser.parse_words(words)
    values = _saved_values(folder, typed)
    if typed.folder is not None:
        values.pop("folder", None)  # the images have moved
    if typed.checkpoint is not None and os.path.realpath(typed.checkpoint) != os.path.realpath(folder.path):
        raise ValueError(f"--checkpoint {typed.checkpoint}: the run stays in {folder.path}, where --resume finds it")
    options = parser.parse_words([*to_words(values, parser, _OF_ONE_CALL), *words])
    if options.threads is not None:
        sa.set_num_threads(options.threads)
    target = Path(options.output)
    check_new(target, options.force or folder.has_made(target))
    _train(options, folder, target, True, ranks, output)


def _saved_values(folder: RunFolder, typed: argparse.Namespace) -> dict[str, Any]:
    """Return the saved options of a run, after checking that the parser accepts them."""
    try:
        values = folder.read()
    except FileNotFoundError:
        if typed.folder is not None and folder.checkpoint.exists():
            return {"checkpoint": str(folder.path)}  # from `Model.fit`: the options are typed, the checkpoint is kept
        raise FileNotFoundError(errno.ENOENT, "no run in this folder", str(folder.path)) from None
    try:
        strict = command_parser(sys.modules[__name__], StrictParser)
        if strict.parse_words(to_words(values, strict, _OF_ONE_CALL)).folder is None:
            raise ValueError("they name no folder of images")
    except (TypeError, ValueError) as error:
        raise CheckpointCorruptError(f"{folder.path} holds invalid options: {error}") from error
    return values


def _train(
    options: argparse.Namespace, folder: RunFolder, target: Path, resumes: bool, ranks: several.Ranks, output: "Output"
) -> None:
    """Train, and save the model; if training ends early for any reason, the run's folder keeps the last checkpoint."""
    if options.towers and ranks.communicator is None:
        raise ValueError("--towers needs two ranks: mpiexec -n 2 swiftalexnet train --mpi --towers …")
    with ExitStack() as held:
        with ranks.team() as team:
            if not resumes and ranks.leads:
                folder.check(options.force)
            parts = training_data.parts(options)
            suggestion = network_choice.suggest(options, parts.train)
            recipe = network_choice.recipe(options, suggestion, parts.validation is not None, output)
            if resumes and folder.checkpoint.exists():
                model = open_model(folder.path)
            else:
                model = network_choice.network(options, suggestion, parts.train.classes or (), output)
            recipe = network_choice.with_few_views(options, recipe, model.preprocessing, output)
            with several.first_on_rank_0(team, "caching images"):
                parts = training_data.cached(options, parts, model.preprocessing, recipe.scale, output)
            output.note(
                f"{parts}\n{model!r}\nrecipe {recipe.name}: {recipe.epochs} epochs, batches of {recipe.batch_size}, "
                f"learning rate {recipe.learning_rate:g}"
            )
            output.note(f"the run is kept in {folder.path}, so Ctrl-C is safe")
            values = to_values(options, command_parser(sys.modules[__name__]), _OF_ONE_CALL, _PATHS)
            values |= {"recipe": recipe.name, "epochs": recipe.epochs}  # another version may suggest others
            if ranks.leads:
                held.enter_context(folder.held(values, resumes, options.force))
            held.enter_context(_with_resume_note(folder))
            team.agree()
        history = model.fit(
            parts.train,
            parts.validation,
            batch_size="auto" if options.batch_size == "auto" else None,
            recipe=recipe,
            seed=options.seed,
            checkpoint=folder.path,
            checkpoint_every=None if options.towers else "auto",
            resume=resumes,
            progress=not output.quiet,
            precision=options.precision,
            fast_math=options.fast_math,
            cache_features=options.cache_features,
            class_weight=options.class_weight,
            communicator=ranks.communicator,
            shards=options.shards,
            wire=options.wire,
            towers=options.towers,
            timeout=ranks.timeout,
        )
        if not ranks.leads:
            return
        network_choice.reset_multipliers(options, model)
        check_new(target, options.force or folder.has_made(target))  # again, because training takes long
        model.save(target)
        if options.checkpoint is None:
            folder.remove()
        else:
            folder.note_made(target)
    output.done({"model": str(target), "history": history.rows}, f"saved {target}")


@contextmanager
def _with_resume_note(folder: RunFolder) -> Iterator[None]:
    """Add a note to an error that ends training early: where the run is saved and how to resume it."""
    before = state(folder.checkpoint)
    try:
        yield
    except BaseException as error:
        stopped, after = isinstance(error, KeyboardInterrupt), state(folder.checkpoint)
        if after is not None and (stopped or after != before):
            command = as_typed("resume", folder.path)
            error.add_note(f"the run is saved in {folder.path}; to resume: {command}")
        elif stopped:
            error.add_note("no training step was finished, so nothing is saved")
        raise

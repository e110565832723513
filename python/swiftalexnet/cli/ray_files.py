"""Image files that Ray's actors classify, for `swiftalexnet predict --ray`."""

import argparse
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .._support.optional import require
from .._support.progress import Progress
from .._support.shown import describe
from ..inference.ranking import Prediction
from ..runtime import get_num_threads
from . import signals
from .models import model_file
from .options import batch, views, whole

if TYPE_CHECKING:
    from ..model import Model

_BATCH = 64  # images that an actor gets at once
_STORE = 1 << 28  # bytes for rows under way: names and answers
_OPERATION = "predict --ray"


def add_ray(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    group = parser.add_argument_group("Ray")
    group.add_argument("--ray", action="store_true", help="classify in processes that Ray starts, or its cluster's")
    group.add_argument(
        "--actors", type=whole(1, 2**15), metavar="N", help="with --ray: processes (default: one a processor)"
    )
    group.add_argument(
        "--batch-size",
        dest="rows",
        type=batch,
        metavar="N",
        help=f"with --ray: images that one gets at once (default: at most {_BATCH})",
    )


def check_ray(options: argparse.Namespace) -> None:
    """Raise if Ray's options are given without --ray, or Ray is not installed."""
    if options.ray:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # read while Ray is imported
        require("ray.data", "ray", _OPERATION)
    elif options.actors is not None or options.rows is not None:
        raise ValueError("--actors and --batch-size are options of --ray, which is not given")


def classify_with_ray(
    model: "Model", files: list[str], options: argparse.Namespace, bar: bool
) -> Iterator[tuple[str, Prediction | Exception]]:
    """Yield each file and its prediction, or the error that it could not be read for, in order.

    Without a cluster (RAY_ADDRESS) Ray is started here, and ended with the last file.

    Raises
    ------
    ValueError
        A file cannot be read, unless it is to be skipped.
    OSError
        Ray has lost the work for another reason.
    """
    from ..ray import classify

    threads = options.threads or 1
    actors = min(len(files), options.actors or _actors(options.threads))
    rows = options.rows or min(_BATCH, -(-len(files) // actors))
    actors = min(actors, -(-len(files) // rows))
    names = model.classes or tuple(map(str, range(model.num_classes)))
    asked = views(options) | {"top": options.top, "value_range": options.value_range}
    with _started(actors * threads + 1) as ray, Progress(len(files), bar, "predict") as progress, _plain_errors():
        dataset = classify(
            ray.data.from_arrow(_tables(files, rows)),
            _for_actors(options.names[0] if options.model is None else options.model),
            actors=actors,
            threads=threads,
            batch_size=rows,
            **asked,
        )
        for row in _in_order(dataset.iter_rows()):
            file = files[row["number"]]
            if row["error"] is None:
                labels = row[f"top{options.top}_labels"]
                shares = map(float, row[f"top{options.top}_probabilities"])
                yield file, Prediction(tuple(map(int, labels)), tuple(names[each] for each in labels), tuple(shares))
            else:
                error = ValueError(row["error"].replace(os.path.abspath(file), file, 1))
                if options.on_error == "raise":
                    raise error
                yield file, error
            progress.advance(1)


def _for_actors(model: str) -> str:
    """Return a name that means the same model in another folder."""
    return os.path.abspath(model_file(model)) if os.path.exists(model) else model


def _actors(threads: int | None) -> int:
    """Return as many as the processors allow."""
    return get_num_threads() if threads is None else max(1, len(os.sched_getaffinity(0)) // threads)


def _tables(files: list[str], rows: int) -> list[Any]:
    """Return tables of paths and their numbers; a path may be no text in UTF-8, and the actors' folder another."""
    pyarrow = require("pyarrow", "ray", _OPERATION)
    paths = [os.fsencode(os.path.abspath(file)) for file in files]
    return [
        pyarrow.table({"path": pyarrow.array(paths[at : at + rows], pyarrow.binary()), "number": range(at, end)})
        for at in range(0, len(files), rows)
        for end in [min(at + rows, len(files))]
    ]


def _in_order(rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield rows by their numbers; they come in batches, in any order."""
    waiting: dict[int, dict[str, Any]] = {}
    following = 0
    for row in rows:
        waiting[row["number"]] = row
        while following in waiting:
            yield waiting.pop(following)
            following += 1


@contextmanager
def _started(processors: int) -> Iterator[Any]:
    """Yield Ray, started here unless it is running already."""
    ray = require("ray", "ray", _OPERATION)
    data = require("ray.data", "ray", _OPERATION)
    before = ray.is_initialized()
    local: dict[str, Any] = {"address": "local", "num_cpus": processors, "object_store_memory": _STORE}
    asked = {} if "RAY_ADDRESS" in os.environ else local
    context = data.DataContext.get_current()
    bars = context.enable_progress_bars
    try:
        if not before:
            with signals.kept():
                ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR, **asked)
        for name in ("ray", "ray.data"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        context.enable_progress_bars = False
        yield ray
    finally:
        context.enable_progress_bars = bars
        if not before:
            ray.shutdown()


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Raise what an actor raised, in one line, in place of Ray's error, whose text is the actor's traceback."""
    exceptions = require("ray.exceptions", "ray", _OPERATION)
    try:
        yield
    except exceptions.RayError as error:
        # What an actor raised is only in the text, above Ray's own.
        first = re.search(r"^(?:[\w.]+\.)?(\w+(?:Error|Exception|Exit|Interrupt)): (.+)", str(error), re.MULTILINE)
        told = f"an actor raised {first[1]}: {first[2]}" if first else describe(error)
        raise ChildProcessError(f"{_OPERATION}: {told}") from error

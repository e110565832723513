"""Train networks that differ in their seed alone: `fit_seeds`."""

import os
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from .._support.arithmetic import DIFFERENTIABLE, PRECISIONS, choose_precision
from .._support.arrays import as_seed
from .._support.digests import array_digest
from .._support.kinds import as_items
from .._support.progress import announce
from .._support.shown import shown
from ..data.checks import check_dataset
from ..data.identity import data_identity
from ..files.paths import as_path
from ..model import Model
from ..network import parameters
from ..recipes.recipe import refuse_unknown
from ..recipes.table import as_recipe
from ..training.fit import fit, option_names
from ..training.history import History
from ..training.watch import Showing, as_showing
from .family import SeedFamily
from .record import Record

if TYPE_CHECKING:
    from ..data.dataset import Dataset

_MOST = 10_000
_OWN = ("seed", "checkpoint", "resume")  # of the options of `fit`
_COURTESIES = ("checkpoint_every", "on_epoch_end", "communicator", "timeout")  # which change no network
_IN_OTHERS = ("recipe", "epochs", "batch_size", "precision")  # which the record has resolved


def fit_seeds(
    build: Callable[[int], Model],
    seeds: Iterable[int],
    train: "Dataset",
    validation: "Dataset | None" = None,
    *,
    folder: str | os.PathLike[str],
    progress: Showing = True,
    **options: Any,
) -> SeedFamily:
    """Train a network for each seed, to see how much of an error is chance, and for an ensemble.

    Networks are trained one after the other, and only one is in memory. The same call goes on where it was
    stopped or killed, to the same bits: seeds that have ended are not trained again. More seeds may be added later, and
    several processes may train different seeds of one folder.

    Parameters
    ----------
    build : callable
        Takes a seed and returns an untrained network or one to be fine-tuned, a new one each time, such as
        `lambda seed: swiftalexnet.alexnet("owt", 10, seed=seed)`.
    seeds : sequence of int
        Different seeds, such as `range(5)`: of the initial weights, if `build` uses them, and of `fit`.
    train, validation : Dataset
        See `swiftalexnet.training.fit.fit`.
    folder : path
        A new folder, or one of a family with the same networks, data and options. It gets a folder a seed with the
        checkpoint of its run, which is also its network's file.
    progress : bool or "plot"
        As for `fit`, for each seed.
    **options
        Of `fit`: `recipe`, `epochs`, `batch_size`, `precision` and others, but for `seed`, `checkpoint` and `resume`.

    Returns
    -------
    SeedFamily

    Raises
    ------
    TypeError, ValueError
        Before any work: seeds that are not different integers, options that do not fit, a folder that holds another
        family (the message names what differs); `build` returns something else than a new model, or models that differ
        in more than their weights.
    KeyboardInterrupt
        Ctrl-C: everything so far is in the folder. `SeedFamily.load(folder)` returns the seeds that have ended, the
        same call goes on.
    OSError, MemoryError, CheckpointCorruptError, NonFiniteError, UnsupportedError, ImportError
        As for `fit`.

    Examples
    --------
    >>> family = sa.fit_seeds(lambda seed: sa.alexnet("owt", 4, seed=seed), range(5), train, held_out, folder="five/")
    >>> print(family.spread["validation_top1_error"])
    >>> family.ensemble().evaluate(test)
    """
    chosen = _checked_seeds(seeds)
    if not callable(build):
        raise TypeError(f"fit_seeds: build is {shown(build)}, expected a function of a seed that returns a model")
    _check_options(options)
    showing = as_showing(progress, "fit_seeds")
    record = Record(as_path(folder, "folder", "fit_seeds"))
    histories: dict[int, History] = {}
    earlier: list[weakref.ref[Model]] = []
    try:
        for number, seed in enumerate(chosen):
            model = _built(build, seed, train, validation)
            if any(model is other() for other in earlier):
                raise ValueError(f"fit_seeds: build({seed}) returns the model of another seed, expected a new one")
            earlier.append(weakref.ref(model))
            shared = _shared(model, train, validation, options)
            if number == 0:
                record.join(shared)
            else:
                record.compare(shared)
            checkpoint = record.start(seed, model)
            history = record.history(seed)
            announce(
                f"seed {seed} ({number + 1} of {len(chosen)}){' has ended' * (history is not None)}", bool(showing)
            )
            if history is None:
                own: dict[str, Any] = {"seed": seed, "checkpoint": checkpoint, "resume": True, "progress": showing}
                history = fit(model, train, validation, **options, **own)
                record.finish(seed, history)
            histories[seed] = history
            del model  # before the next is built
    except BaseException as error:
        if histories:
            error.add_note(f"fit_seeds: swiftalexnet.SeedFamily.load({str(record.folder)!r}) returns what has ended")
        raise
    return SeedFamily(record.folder, histories)


def _checked_seeds(seeds: Any) -> list[int]:
    if isinstance(seeds, (int, np.integer)):
        raise TypeError(f"fit_seeds: seeds is {shown(seeds)}, expected a sequence, such as range({shown(seeds)})")
    chosen = [as_seed(seed, "a seed", "fit_seeds") for seed in as_items(seeds, "seeds", "fit_seeds", _MOST)]
    if not chosen:
        raise ValueError("fit_seeds: got no seeds, expected at least one")
    twice, count = Counter(chosen).most_common(1)[0]
    if count > 1:
        raise ValueError(f"fit_seeds: seed {twice} occurs {count} times, expected different ones")
    return chosen


def _check_options(options: dict[str, Any]) -> None:
    for name in _OWN:
        if name in options:
            raise TypeError(f"fit_seeds: {name} is set for every seed, expected no {name}=")
    if options.get("communicator") is not None:
        raise TypeError(
            "fit_seeds: communicator is for one network on several processes, expected none: several processes may "
            "train different seeds of one folder, each with its own call"
        )
    refuse_unknown(options.keys() - option_names(), options.get("recipe"), option_names())
    if isinstance(options.get("batch_size"), str):
        raise ValueError(
            f"fit_seeds: batch_size is {options['batch_size']!r}, which may differ from seed to seed; expected a number"
        )


def _built(build: Callable[[int], Model], seed: int, train: "Dataset", validation: "Dataset | None") -> Model:
    """Return a new model that fits the data."""
    model = build(seed)
    if not isinstance(model, Model):
        raise TypeError(f"fit_seeds: build({seed}) returns {shown(model)}, expected a model")
    check_dataset(model, train, "fit_seeds")
    if validation is not None:
        check_dataset(model, validation, "fit_seeds")
    return model


def _shared(model: Model, train: "Dataset", validation: "Dataset | None", options: dict[str, Any]) -> dict[str, Any]:
    """Return all that networks of a family have in common, as values for JSON."""
    rest = {name: value for name, value in options.items() if name not in (*_COURTESIES, *_IN_OTHERS)}
    recipe = as_recipe(options.get("recipe", "paper"), options.get("epochs"), options.get("batch_size"))
    precision = PRECISIONS[choose_precision("fit_seeds", options.get("precision", "float32"), DIFFERENTIABLE)]
    preprocessing = model.preprocessing
    return {
        "network": model.spec.splitlines(),
        "multipliers": parameters.changed(model.multipliers()),
        "preprocessing": preprocessing.to_json(),
        "mean (SHA-256)": _hash(preprocessing.mean),
        "whitening (SHA-256)": _hash(preprocessing.whitening),
        "recipe": recipe.to_json(),
        "epochs": recipe.epochs,
        "precision": precision,
        "options": {name: _plain(value) for name, value in sorted(rest.items())},
        "training": data_identity(train),
        "validation": None if validation is None else data_identity(validation),
    }


def _hash(array: Any) -> str | None:
    return None if array is None else array_digest(array)


def _plain(value: Any) -> Any:
    """Return an option's value as JSON has it: numbers by their hash, other things as messages show them."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {shown(key): shown(each) for key, each in value.items()}
    if isinstance(value, (np.ndarray, list, tuple)):
        with suppress(TypeError, ValueError):
            return array_digest(np.asarray(value, np.float64))
    return shown(value)

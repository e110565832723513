"""Train a model on labelled images: `fit`."""

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from .._support.arithmetic import DIFFERENTIABLE, choose_arithmetic, effective
from .._support.arrays import as_seed
from .._support.choices import choose
from .._support.shown import shown
from ..data.checks import check_dataset
from ..distributed.communicator import Communicator
from ..files.paths import as_path
from ..network.base import BaseModel
from ..network.batch_size import BatchSize, require_auto
from ..recipes.recipe import Recipe, refuse_unknown
from ..recipes.table import as_recipe
from . import loop
from .checkpoint import Checkpoint, begun_with
from .checkpoint_pace import CheckpointEvery, as_pace
from .feature_source import feature_source
from .feature_store import feature_store
from .few_views import require_few_views
from .frozen_part import frozen_part
from .history import History
from .image_weights import image_weights
from .plan import Plan
from .ranks import as_team, fitting_batch, require_own_kernels, require_towers
from .run import Run
from .sameness import beginning, require_same, settings, software, start
from .statistics import learned_preprocessing
from .watch import Showing, as_showing

if TYPE_CHECKING:
    from ..data.dataset import Dataset


def fit(
    model: BaseModel,
    train: "Dataset",
    validation: "Dataset | None" = None,
    epochs: int | None = None,
    batch_size: BatchSize | None = None,
    recipe: str | Recipe = "paper",
    seed: int = 0,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: CheckpointEvery = None,
    resume: bool = False,
    progress: Showing = True,
    on_epoch_end: Callable[[dict[str, Any]], object] | None = None,
    precision: str = "float32",
    non_finite: str = "raise",
    cache_features: bool | str | os.PathLike[str] = False,
    class_weight: str | Mapping[Any, float] | None = None,
    sample_weight: ArrayLike | None = None,
    communicator: Communicator | None = None,
    shards: int | None = None,
    wire: str = "float32",
    timeout: float = 30,
    towers: bool = False,
    fast_math: bool = False,
    **unknown: Any,
) -> History:
    """Train `model` on `train`.

    Images are reshuffled in every epoch; the last, smaller batch is used too. All random numbers depend only on
    (seed, epoch, step), so the same call gives the same bits with any number of threads. Before the first epoch, if the
    preprocessing's `learn_mean` is set, the mean image of the training set is computed: from all images of an
    `ArrayDataset`, or from up to 4,096 of another data set. A recipe with `scale` = (low, high) uses the mean of each
    channel instead, and sets the preprocessing's `resize`, at which images are validated, to the middle of `scale`.
    Velocities start at zero.

    Parameters
    ----------
    model : Model
    train, validation : Dataset
        Both must have the same classes, as many as the model has outputs. Files that are left out are reported by a
        UserWarning after the first epoch, with counts by class and reason, and in the history's `skipped`.
    epochs : int, optional
        Replaces the recipe's.
    batch_size : int or "auto", optional
        Replaces the recipe's. "auto": the recipe's if a step with it fits into free memory, otherwise the largest power
        of two up to 256 that fits, with a UserWarning, because the learning rate is meant for the recipe's. A resumed
        run keeps its own.
    recipe : str or Recipe
        See `swiftalexnet.recipe`.
    seed : int
        For shuffling, augmentation and dropout.
    checkpoint : path, optional
        A folder, created if necessary. Its `checkpoint.safetensors` is replaced after every epoch, at the end, and
        when Ctrl-C or an error ends the training.
    checkpoint_every : int or "auto", optional
        Replace it every this many steps instead of every epoch. "auto": after an epoch or a minute, but for at most a
        twentieth of the time.
    resume : bool
        Resume from the checkpoint, with the same bits as an uninterrupted run; start a new run if there is none yet.
        A UserWarning tells if the checkpoint comes from another version of the engine or another instruction set.
        Without `resume` a new run starts, and its first checkpoint replaces any existing file.
    progress : bool or "plot"
        Show a bar with images per second and the remaining time, and a line per epoch. "plot" shows, in a notebook,
        curves of loss and errors that grow instead of the lines, for at most a twentieth of the time; elsewhere it is
        the bar.
    on_epoch_end : callable, optional
        Called with the new row of the history; an exception from it ends the training.
    precision : {"float32", "bfloat16", "auto"}
        Of activations, their gradients and the factors of products, in training and validation; sums, weights,
        velocities and the loss are always float32. "auto" is bfloat16 if the processor has instructions for it,
        otherwise float32; a resumed run keeps its own. A precision other than the checkpoint's is refused.
    non_finite : {"raise", "stop"}
        What to do if a loss, a gradient or a validation loss is not finite; the weights stay those of the step before.
        In bfloat16 an activation that is not finite may turn its neighbours into NaN.
    cache_features : bool or path
        Compute the frozen first part of the network (`Model.freeze`) once for each image and view before the first
        epoch, keep the outputs in a file, and train the rest from it: the same weights, in a fraction of the time. The
        recipe must show each image in few views, its centre crop and, with `flip`, the mirror image: `crop=False` and
        no colour noise, rotation, shift or scale. The files need (2 + 1 for validation) × 4 bytes for each image and
        output of that part. A path is a folder in which they stay for later runs with the same frozen weights,
        preprocessing and images. True keeps them beside the checkpoint until a run needs others, and without a
        checkpoint until this call ends. The frozen weights must not be changed meanwhile.
    class_weight : "balanced", dict of class name or index to weight, optional
        How much an image of each class counts in the loss; classes that are not named count 1. "balanced": images /
        (classes · images of the class), as scikit-learn computes it, so that all classes count the same.
    sample_weight : numbers, [images of train], optional
        How much each image counts; multiplied by its class's. Finite and at least 0. The loss of a batch is
        Σ w·loss / Σ w over its images, as in PyTorch's `CrossEntropyLoss(weight=…)`: equal weights change no bit, and
        a whole weight in a batch of all images acts as so many copies, dropout and augmentation aside. Where the
        weights of a batch sum to 0, momentum and weight decay alone move the network. Validation is without weights.
    communicator : Communicator, optional
        The ranks that train together: `swiftalexnet.distributed.mpi()`. All make the same call. Each computes on its
        part of every batch, and all end with the same weights and history. Rank 0 writes checkpoints, warns and shows
        progress; `on_epoch_end` is called on all. An exception on one rank is raised on all, with the rank in its
        message, after rank 0 has written a last checkpoint. See docs/distributed.md.
    shards : int, optional
        Cut every batch into so many parts, a power of two, whose gradients are summed in a fixed order. The weights
        then have the same bits on any number of ranks that divides it, also on one, and after resuming on another
        number; dropout, crops and colours are drawn by an image's place in the batch. By default 8 with a
        communicator, and without one the batch is computed as a whole.
    wire : {"float32", "bfloat16", "factors"}
        What ranks send of gradients. "bfloat16" halves the bytes; both numbers of every sum are rounded to it, and
        the bits again do not depend on the number of ranks. "factors" sends, for dense layers, what they read and the
        gradient of their sums: for AlexNet 106 KB an image in place of 234 MB a batch, and the same bits as
        "float32"; every rank then computes these layers' gradients for the whole batch.
    timeout : float
        Seconds that a rank waits for another. A rank that is not heard of for so long, or that the others have waited
        for, ends the job: every process ends with status 75 and a message that names it.
    towers : bool
        Train the two towers of a network such as `paper` or `chm145` on two ranks, which both see all images: see
        docs/distributed.md. The model has the weights after every epoch and at the end. Without `shards`, `wire`,
        `cache_features`, "auto" for `batch_size` or `checkpoint_every`, and LARS.
    fast_math : bool
        Compute convolutions in float32 by Winograd's method (Lavin and Gray 2016), forward and backward, in training
        and validation: faster, and off by up to 2e-5 of the largest output and 5e-5 of the largest gradient of a
        filter. Which convolutions: docs/evaluation.md. In bfloat16 it changes nothing. A checkpoint of the other kind
        is refused.
    **unknown
        Anything else is a TypeError, which explains where settings of a recipe go.

    Returns
    -------
    History

    Raises
    ------
    ValueError
        All images of a class are left out.
    CacheCorruptError
        A file of features has been damaged since it was opened, or a file that is none has its name.
    TypeError, ValueError
        Before any work: a quantised model; data, a recipe or numbers that do not fit; a group that matches no
        parameter; a checkpoint of another run; weights for unknown classes, or that are 0 for all images; with
        `cache_features`, no frozen first part, nothing else, or a recipe with many views; a number of shards that is no
        power of two, or of ranks that does not divide it; towers on other than two ranks, or with an option that they
        do not have; ranks that differ in their arguments, data, weights, versions or instruction sets.
    OSError
        An image cannot be read, or a checkpoint or features cannot be written; the model stays usable.
    MemoryError
        Before any work, with batch_size "auto": not even one image fits.
    CheckpointCorruptError
        The checkpoint is damaged.
    NonFiniteError
        See `non_finite`.
    UnsupportedError
        The processor does not support the precision; shards with OpenBLAS.
    ImportError
        Before any work, with progress "plot": matplotlib is not installed.
    ConcurrentUseError
        The model is already being trained.
    KeyboardInterrupt
        Ctrl-C: the weights are those of the last complete step. A note says if the checkpoint could not be written.
        With several ranks it takes effect after the step.
    """
    team, parts = as_team(communicator, shards, wire, timeout, bool(towers))
    with team, team.telling():
        refuse_unknown(unknown, recipe, option_names())
        require_own_kernels(parts)
        chosen = as_recipe(recipe, epochs, None if isinstance(batch_size, str) else batch_size)
        if isinstance(batch_size, str):
            require_auto(batch_size, "fit")
        model.require_changeable("fit")
        arithmetic = choose_arithmetic("fit", precision, fast_math=fast_math, among=DIFFERENTIABLE)
        choose("fit", "non_finite", non_finite, ("raise", "stop"))
        showing = as_showing(progress, "fit")
        shows = bool(showing) and team.leads
        every = as_pace(checkpoint_every)
        _require(every is None or checkpoint is not None, "checkpoint_every needs checkpoint=, the folder to write to")
        _require(checkpoint is not None or not resume, "resume needs checkpoint=, the folder to resume from")
        folder = None if checkpoint is None else as_path(checkpoint, "checkpoint", "fit")
        if on_epoch_end is not None and not callable(on_epoch_end):
            raise TypeError(f"fit: on_epoch_end is {shown(on_epoch_end)}, expected a function of a row of the history")
        train, validation = _checked_data(model, train, validation, chosen)
        if towers:
            require_towers(model, team, chosen, batch_size, checkpoint_every, cache_features)
        weights = image_weights(train, model.num_classes, class_weight, sample_weight)
        kept = feature_store(cache_features, folder, shows)
        if kept is not None:
            require_few_views(chosen, model.preprocessing)
            part = frozen_part(model, chosen)
        seed = as_seed(seed, "seed", "fit")
        asked = {
            "whether the batch size is 'auto'": isinstance(batch_size, str),
            "whether there is a validation set": validation is not None,
            "checkpoint_every": every,
            "resume": bool(resume),
            "non_finite": non_finite,
            "timeout": timeout,
            "cache_features": kept is not None,
        }
        with model.exclusive("fit"):
            require_same(team, lambda: software() | asked)
            begun = begun_with(folder) if resume and folder else None
            if begun and precision == "auto":
                arithmetic = choose_arithmetic("fit", begun.precision, fast_math=fast_math, among=DIFFERENTIABLE)
            arithmetic = effective(arithmetic)
            if isinstance(batch_size, str):
                fitting = (
                    begun.batch_size
                    if begun
                    else fitting_batch(model, chosen, arithmetic, validation is not None, team)
                )
                chosen = chosen.replace(batch_size=fitting)
            run = Run(
                model, Plan(train, validation, chosen, seed, arithmetic, weights, parts, wire, bool(towers)), team
            )
            store = None if folder is None else Checkpoint(folder, run)
            begins = None if store is None else beginning(store.path) if resume else "anew"
            require_same(team, lambda: settings(run, begins))
            if not (resume and store and store.restore()):
                run.begin(learned_preprocessing(model, train, chosen, shows, team))
            require_same(team, lambda: start(run))
            with ExitStack() as at_the_end:
                if kept is not None and run.state.epoch < run.epochs:
                    run.source = source = feature_source(model, run.plan, part, kept, team)
                    at_the_end.callback(source.close)
                loop.train(run, store, every, showing, on_epoch_end, non_finite, team)
        return History(run.state.rows, run.skipped())


def option_names() -> list[str]:
    """Return the names of the options of `fit`."""
    return [name for name in fit.__annotations__ if name not in ("model", "unknown", "return")]


def _checked_data(
    model: BaseModel, train: "Dataset", validation: "Dataset | None", recipe: Recipe
) -> "tuple[Dataset, Dataset | None]":
    """Check the data sets before any work; return them as they are now, unaffected by later changes."""
    train = check_dataset(model, train, "fit")
    if validation is not None:
        validation = check_dataset(model, validation, "fit")
        if None not in (train.classes, validation.classes) and train.classes != validation.classes:
            raise ValueError(
                f"fit: validation has the classes {validation.classes}, training {train.classes}; "
                "expected the same: ImageFolder(…, classes=train.classes)"
            )
    _require(
        validation is not None or not any(schedule.needs_validation for schedule in recipe.schedules),
        f"a schedule of recipe {recipe.name!r} depends on the validation error: give validation=, or another schedule, "
        f"for example recipe=swiftalexnet.recipe({recipe.name!r}, schedule=swiftalexnet.ConstantSchedule())",
    )
    crop = model.preprocessing.crop
    _require(
        recipe.scale is None or recipe.scale[0] >= crop,
        f"recipe {recipe.name!r} resizes the shorter side of images to scale={recipe.scale} pixels, the network reads "
        f"{crop} × {crop}; expected a scale of at least that",
    )
    _require(recipe.shift <= crop, f"recipe {recipe.name!r} has shift {recipe.shift}, expected at most {crop} pixels")
    return train, validation


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(f"fit: {message}")

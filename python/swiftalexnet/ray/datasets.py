"""`classify` and `features` for a data set of Ray: `map_batches` with actors, checked before any of them starts."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .._support.arrays import as_integer
from .._support.numbers import check_number
from .._support.optional import require
from .._support.shown import shown
from ..model import Model
from .actor import ImageActor, ModelOrName, require_free
from .cells import PATHS, image_columns
from .classification import Classify
from .extraction import Features

if TYPE_CHECKING:
    from ray.data import Dataset


def classify(
    dataset: "Dataset",
    model: ModelOrName,
    *,
    actors: int = 2,
    threads: int = 1,
    num_cpus: float | None = None,
    batch_size: int = 64,
    **options: Any,
) -> "Dataset":
    """Return a data set with the likeliest classes of all images, which Ray computes when its rows are asked for.

    The model and all options are checked here first, on the driver.

    Parameters
    ----------
    dataset : ray.data.Dataset
        Its rows: see `Classify`.
    model : path, str or Model
        See `Classify`.
    actors : int
        Processes that classify, each with a copy of the model. One that is killed is started again; no row is lost.
    threads : int
        Of each actor.
    num_cpus : float, optional
        What Ray reckons for an actor, by default `threads`. One of the cluster's must remain for reading.
    batch_size : int
        Rows that an actor gets at once: its memory is bounded by them.
    **options
        `top`, `crops`, `dense`, `scales`, `precision`, `weights`, `fast_math`, `value_range`, `image`, `prefix` and
        `keep_bytes`: see `Classify`.

    Returns
    -------
    ray.data.Dataset
        All rows; their order is that of the given ones if Ray's `preserve_order` is set.

    Raises
    ------
    TypeError, ValueError, OSError, CheckpointCorruptError, UnsupportedError
        As `Classify`; and actors that leave the cluster no processor for reading, with which Ray would wait for ever.
    ImportError
        Ray is not installed.
    """
    return _mapped(dataset, Classify, "classify", (model,), (actors, threads, num_cpus, batch_size), options)


def features(
    dataset: "Dataset",
    model: ModelOrName,
    layers: Sequence[str],
    *,
    actors: int = 2,
    threads: int = 1,
    num_cpus: float | None = None,
    batch_size: int = 64,
    **options: Any,
) -> "Dataset":
    """Return a data set with the outputs of layers for all images, which Ray computes when its rows are asked for.

    Parameters
    ----------
    dataset, model, actors, threads, num_cpus, batch_size
        See `classify`.
    layers : sequence of str
        See `Features`.
    **options
        `pool`, `flatten`, `dtype`, `precision`, `weights`, `fast_math`, `value_range`, `image`, `prefix` and
        `keep_bytes`: see `Features`.

    Raises
    ------
    TypeError, ValueError, OSError, CheckpointCorruptError, UnsupportedError, ImportError
        See `classify`; and an unknown layer.
    """
    return _mapped(dataset, Features, "features", (model, layers), (actors, threads, num_cpus, batch_size), options)


def _mapped(
    dataset: Any,
    kind: type[ImageActor],
    name: str,
    arguments: tuple[Any, ...],
    size: tuple[int, int, float | None, int],
    options: dict[str, Any],
) -> Any:
    """Return the data set mapped by actors of a kind, which is tried here first."""
    operation = f"ray.{name}"
    if not hasattr(dataset, "map_batches"):
        raise TypeError(f"{operation}: dataset is {shown(dataset)}, expected a ray.data.Dataset")
    actors = as_integer(size[0], "actors", operation, 1, 2**15)
    threads = as_integer(size[1], "threads", operation, 1, 256)
    rows = as_integer(size[3], "batch_size", operation, 1, 2**20)
    share = threads if size[2] is None else size[2]
    check_number(share, "num_cpus", operation)
    tried = kind(*arguments, **options)
    ray = require("ray", "ray", operation)
    data = require("ray.data", "ray", operation)
    if ray.is_initialized():
        _require_one_more(ray.cluster_resources().get("CPU", 0.0), actors, share, operation)
    names = dataset.columns(fetch_if_missing=False)
    if names is not None:
        given = image_columns(names, options.get("image"), operation)
        kept = options.get("keep_bytes", False)
        staying = [each for each in names if kept or each in PATHS or each not in given]
        require_free(tried.columns, staying, operation)
    if isinstance(arguments[0], Model):
        arguments = (ray.put(arguments[0]), *arguments[1:])
    return dataset.map_batches(
        kind,
        fn_constructor_args=arguments,
        fn_constructor_kwargs=options | {"threads": threads},
        compute=data.ActorPoolStrategy(size=actors),
        num_cpus=share,
        batch_size=rows,
        batch_format="pyarrow",  # in which columns are not copied and can be null
        zero_copy_batch=True,
        udf_modifying_row_count=False,
    )


def _require_one_more(processors: float, actors: int, share: float, operation: str) -> None:
    if processors - actors * share < 1:
        fitting = math.floor(100 * (processors - 1) / actors) / 100
        way_out = f"fewer actors, num_cpus={fitting:g}, or " if fitting > 0 else ""
        raise ValueError(
            f"{operation}: {actors} actors of {share:g} CPU leave none of the cluster's {processors:g} for reading, "
            f"and Ray would wait for ever: {way_out}ray.init(num_cpus={math.ceil(actors * share) + 1})"
        )

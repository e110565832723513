"""The outputs of a network's layers for images, in memory or written to files as they are computed."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._support.arrays import as_integer, require_memory
from .._support.progress import Progress
from .._support.shown import shown
from ..network.base import BaseModel
from ..network.batch_size import BatchSize, for_inference
from ..network.checks import require_model
from .feature_images import Given, given_images
from .feature_layers import Form, Layers, slices
from .feature_results import Features, StoredFeatures
from .feature_run import describe
from .feature_target import Target
from .feature_writing import to_files


def features(
    model: BaseModel,
    images: Any,
    layers: Sequence[str],
    layout: str | None = None,
    value_range: tuple[float, float] | None = None,
    batch_size: BatchSize = 64,
    precision: str | None = None,
    weights: str = "float",
    fast_math: bool = False,
    out: str | os.PathLike[str] | None = None,
    resume: bool = True,
    pool: str | None = None,
    flatten: bool = False,
    dtype: str = "float32",
    on_error: str = "raise",
    max_errors: int | float | None = None,
    progress: bool = False,
) -> Features | StoredFeatures:
    """Return the outputs of named layers for the centre crops of images; later layers are not computed.

    With `out` they are written to files while they are computed, and memory does not grow with the number of images. A
    call that has been killed, or stopped by a full disk, is made again as it was: it goes on where it ended, and the
    files get the same bytes. A call that is made again when it is complete only opens them.

    Parameters
    ----------
    model : Model
    images : images
        See `swiftalexnet.inference.prediction.predict`; also a folder, with all images below it in the order of their
        names, a data set such as `ImageFolder`, and an iterator over single images.
    layers : sequence of str
        Names as in `summary()`; for `owt` and VGG A, B, D, E also torchvision's and thingsvision's ("features.6"), for
        VGG D and E also Keras's ("block1_conv1"). `conv3` is before the ReLU, `relu3` after it; `data` is the network's
        input.
    layout, value_range, batch_size, precision, weights, fast_math
        See `swiftalexnet.inference.prediction.probabilities`. Of layers with large outputs fewer images are computed
        at a time.
    out : path, optional
        A folder, in which each layer gets a .npy file; a .npy file, for one layer; or a .h5 file, with a data set a
        layer. A JSON file beside them, features.json or NAME.json, holds the images' names and what was computed.
    resume : bool
        Go on with, or open, what an equal call has written. False: begin anew, and replace it.
    pool : {"avg", "max", "gem"}, optional
        Reduce maps to a number a channel: their mean, their maximum, or the generalised mean with exponent 3. Layers
        without maps stay as they are.
    flatten : bool
        Give maps as vectors in the order channels, rows, columns.
    dtype : {"float32", "float16"}
    on_error : {"raise", "skip"}
        What happens if an image cannot be read: an error that names it, or it gets no row, and is listed in `skipped`.
    max_errors : int or float, optional
        With on_error="skip": the most images that may be left out, as a number or a fraction of all.
    progress : bool
        Show a bar with images a second and the time left.

    Returns
    -------
    Features
        A dict of arrays [count, channels, height, width], or [count, channels] from the first dense layer on, by the
        given names; two names of one layer share its array. Its `names` are those of the images, row by row, and its
        `to_frame` gives a labelled table.
    StoredFeatures
        With `out`: the same for arrays in files; two names of one layer share its file.

    Raises
    ------
    TypeError, ValueError
        An unknown layer, something that is not an image, an `out` that holds other features, more broken images than
        `max_errors`, or values too large for float16.
    OSError
        An image cannot be read, or a file not be written; what is complete is not lost.
    UnsupportedError
        The processor does not support the arithmetic.
    NonFiniteError
        A value is infinite or NaN; the message names the parameter or node that caused it.
    ConcurrentUseError
        Another call writes to `out`.
    MemoryError
        Without `out`: the arrays do not fit into free memory.
    ImportError
        A .h5 file, and h5py is not installed.
    """
    require_model(model, "features")
    arithmetic = model.arithmetic("features", precision, weights, fast_math)
    batch_size = for_inference(model, batch_size, "features", arithmetic, keeps_layers=True)
    size = as_integer(batch_size, "batch_size", "features", 1, 2**20)
    asked = Layers(model, layers, Form.checked(pool, flatten, dtype, "features"), arithmetic, "features")
    size = asked.at_once(size)
    for name, value in (("resume", resume), ("progress", progress)):
        if not isinstance(value, (bool, np.bool_)):
            raise TypeError(f"features: {name} is {shown(value)}, expected True or False")
    target = None if out is None else Target(out, "features")
    given = given_images(images, model, layout, value_range, on_error, max_errors, "features")
    if target is None:
        return _in_memory(model, given, asked, size, progress)
    reading = {"value_range": None if value_range is None else [float(level) for level in value_range]}
    is_place = isinstance(images, (str, os.PathLike)) and os.path.isdir(images)
    if is_place and target.is_folder and os.path.realpath(images) == os.path.realpath(target.path):
        raise ValueError(f"features: out is {shown(str(target.path))}, the folder of the images, expected another")
    description = describe(model, asked, target, arithmetic, reading)
    try:
        return to_files(model, given, asked, size, progress, target, description, resume)
    except OSError as error:
        if target.work.exists():
            error.add_note("features: those of the images so far are kept; the same call goes on where it ended")
        raise


def _in_memory(model: BaseModel, given: Given, layers: Layers, size: int, progress: bool) -> Features:
    names: list[str] = []
    skipped: dict[str, str] = {}
    if given.count is not None:
        require_memory((given.count, layers.image_bytes()), 1, "features")
    whole = layers.empty(given.count or 0)
    parts = [whole]
    with Progress(given.count, progress, "features") as bar:
        for entries, numbers, squares in given.batches(model.preprocessing.geometry, size, 0):
            if given.count is None:
                parts.append(layers.empty(len(squares)))
            if len(squares):
                rows = slice(len(names), len(names) + len(squares))
                layers.compute(squares, numbers, slices(whole, rows) if given.count is not None else parts[-1])
            names += [entry.name for entry in entries if entry.error is None]
            skipped |= {entry.name: entry.error for entry in entries if entry.error is not None}
            bar.advance(len(entries))
    if given.count is None:
        whole = {node: np.concatenate([part[node] for part in parts]) for node in whole}
    arrays = slices(whole, slice(len(names)))
    return Features({name: arrays[node] for name, node in layers.nodes.items()}, tuple(names), skipped)

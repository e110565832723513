"""Features computed and written to files at the same time, from where an earlier call has ended."""

from collections import deque
from collections.abc import Generator, Mapping
from contextlib import closing, suppress
from functools import partial
from typing import Any

from .._support.progress import Progress
from .._support.threads import Task, Threads
from ..errors import ConcurrentUseError
from ..network.base import BaseModel
from .feature_files import RUN, FeatureFiles
from .feature_images import Chunk, Given
from .feature_journal import Journal
from .feature_layers import Layers, slices
from .feature_results import StoredFeatures
from .feature_resuming import require_same_images, standing
from .feature_target import Target

_WRITES_AHEAD = 2  # batches that wait for the disk


def to_files(
    model: BaseModel,
    given: Given,
    layers: Layers,
    size: int,
    progress: bool,
    target: Target,
    run: Mapping[str, Any],
    resume: bool,
) -> StoredFeatures:
    """Write what is missing of an extraction, or open what is complete: see `features`.

    Parameters
    ----------
    model : Model
    given : Given
    layers : Layers
    size : int
        Images at a time.
    progress : bool
    target : Target
    run : dict
        See `feature_run.describe`.
    resume : bool
    """
    target.check()
    given.stamped = True
    stored = resume and standing(target, run)
    if not isinstance(stored, StoredFeatures):
        with FeatureFiles(target, run) as files:
            stored = resume and standing(target, run)  # once more, now that nobody else writes
            if not isinstance(stored, StoredFeatures):
                files.begin(anew=not stored)
                _write(model, given, layers, size, progress, target, files)
                return StoredFeatures(target.path)
    if target.work.is_dir() and not (target.work / RUN).exists():  # the end of the run was not reached
        with suppress(OSError, ConcurrentUseError), FeatureFiles(target, run) as files:
            files.clear()
    require_same_images(stored.entries(), stored.count, given, target, complete=True)
    return stored


def _write(
    model: BaseModel, given: Given, layers: Layers, size: int, progress: bool, target: Target, files: FeatureFiles
) -> None:
    """Compute what is missing and complete the files."""
    journal = files.journal
    require_same_images(journal.entries(), journal.images, given, target, complete=journal.ended)
    given.data.skipped = journal.images - journal.rows
    if given.count is not None:
        files.require_space(layers.image_bytes(), given.count)
    buffers = deque(layers.empty(size) for _ in range(_WRITES_AHEAD + 1))
    writes: deque[Task[None]] = deque()
    with (
        Progress(given.count, progress, "features", journal.images) as bar,
        closing(Threads(1)) as disk,
        closing(_chunks(model, given, size, journal)) as chunks,
    ):
        for entries, numbers, squares in chunks:
            while len(writes) >= _WRITES_AHEAD:
                writes.popleft().result()
            rows = slices(buffers[0], slice(len(squares)))
            buffers.rotate(1)
            if len(squares):
                layers.compute(squares, numbers, rows)
            writes.append(disk.submit(partial(files.append, entries, rows)))
            bar.advance(len(entries))
        while writes:
            writes.popleft().result()
        files.finish()


def _chunks(model: BaseModel, given: Given, size: int, journal: Journal) -> Generator[Chunk, None, None]:
    """Yield the images that are not done yet."""
    if not journal.ended:
        yield from given.batches(model.preprocessing.geometry, size, journal.images)

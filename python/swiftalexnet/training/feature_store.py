"""Where features are kept, and until when.

In a folder that the caller names, files stay, and every run that needs the same features reads them. Beside a
checkpoint they stay for a resumed run; a run with others replaces them. Otherwise they are in temporary files without a
name, which end with the process, however it ends.
"""

import errno
import hashlib
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from .._support.json import to_json
from .._support.shown import shown
from ..data.feature_file import Contents, FeatureFile, FeatureWriter, is_feature_file
from ..data.fingerprint import unchanged
from ..errors import CacheCorruptError
from ..files.atomic import replacing
from ..files.paths import as_path, naming, open_regular
from .features import Features

_SUFFIX = ".features"


class FeatureStore:
    """A place for features.

    Parameters
    ----------
    folder : Path or None
        None: files without a name, in the system's folder for temporary files.
    owned : bool
        The folder is that of one run: files of others are removed.
    progress : bool
        Show a bar while features are computed.
    """

    def __init__(self, folder: Path | None, owned: bool, progress: bool):
        self._folder, self._owned, self._progress = folder, owned, progress

    def file(self, features: Features) -> FeatureFile:
        """Return a file of features: the one that is there, if it is whole and of the same, or a new one.

        Raises
        ------
        OSError
            An image cannot be read, or the file cannot be written, for example for lack of room. Nothing is left
            behind.
        ValueError, NonFiniteError
            See `Features.compute`.
        """
        contents, images = features.contents()
        if self._folder is None or images.key is None:
            return self._write_unnamed(features, contents)
        self._folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(to_json(contents.key).encode()).hexdigest()
        path = self._folder / f"{features.name}-{digest[:16]}-{features.views}{_SUFFIX}"
        found = self._find(path, features, contents)
        if found is None:
            with replacing(path) as descriptor:
                self._write(descriptor, features, contents, path)
                found = FeatureFile(os.fdopen(os.dup(descriptor), "rb"), path)
        if self._owned:
            remove_features(self._folder, f"{features.name}-", path)
        return found

    def _find(self, path: Path, features: Features, contents: Contents) -> FeatureFile | None:
        """Return the file at a path if it holds these features, undamaged; None if it is to be written."""
        try:
            found = FeatureFile(open_regular(path), path)
            there = found.contents
            same = there._replace(missing=(), young={}) == contents._replace(
                key=json.loads(to_json(contents.key)), young={}
            )
            if same and unchanged(features.data, there.young) and _still_missing(features, there.missing):
                found.check()
                return found
        except FileNotFoundError:
            return None
        except CacheCorruptError:
            if not is_feature_file(path):  # do not replace another program's file
                raise
        return None

    def _write_unnamed(self, features: Features, contents: Contents) -> FeatureFile:
        folder = tempfile.gettempdir() if self._folder is None else str(self._folder)
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
        name = Path(folder) / f"a temporary file of {features.name}{_SUFFIX}"
        with naming(folder):
            file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (the FeatureFile closes it)
        try:
            self._write(file.fileno(), features, contents, Path(folder) / "x")
            return FeatureFile(os.fdopen(os.dup(file.fileno()), "rb"), name)
        finally:
            file.close()

    def _write(self, descriptor: int, features: Features, contents: Contents, path: Path) -> None:
        _require_room(descriptor, contents, path)
        writer, seen = FeatureWriter(descriptor), np.zeros(contents.images, np.bool_)
        with naming(path):
            for numbers, rows in features.compute(self._progress):
                seen[numbers] = True
                writer.add(rows)
            missing = tuple(np.flatnonzero(~seen).tolist())
            writer.finish(contents._replace(missing=missing))


def feature_store(cache_features: Any, checkpoint: Path | None, progress: bool) -> FeatureStore | None:
    """Return the place that `fit` was told to keep features in; None for none.

    Raises
    ------
    TypeError, ValueError
        Neither True nor False nor a path.
    OSError
        The path is a file, or a folder that cannot be written.
    """
    if cache_features is None or cache_features is False:
        return None
    if cache_features is True:
        return FeatureStore(checkpoint, True, progress)
    try:
        folder = as_path(cache_features, "cache_features", "fit")
    except TypeError:
        came = shown(cache_features)
        raise TypeError(f"fit: cache_features is {came}, expected True, False or the path of a folder") from None
    if folder.exists():
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "cache_features: expected a folder", str(folder))
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
    return FeatureStore(folder, False, progress)


def remove_features(folder: Path, beginning: str = "", keep: Path | None = None) -> None:
    """Remove the files of features in a folder whose names have this beginning, except one."""
    for path in folder.glob(f"{beginning}*{_SUFFIX}"):
        with suppress(OSError):
            if path != keep and is_feature_file(path):
                path.unlink()


def _still_missing(features: Features, missing: tuple[int, ...]) -> bool:
    """Return whether images that could not be read still cannot; the data set counts them as it would otherwise."""
    geometry = features.model.preprocessing.geometry
    return all(features.data.image(index, geometry) is None for index in missing)


def _require_room(descriptor: int, contents: Contents, path: Path) -> None:
    """Raise OSError if the file system has no room for the rows."""
    system = os.fstatvfs(descriptor)
    free = system.f_bavail * system.f_frsize
    if contents.row_part > free:
        needed = f"{os.strerror(errno.ENOSPC)}: features need {contents.row_part:,} bytes, {free:,} are free"
        raise OSError(errno.ENOSPC, needed, str(path.parent))

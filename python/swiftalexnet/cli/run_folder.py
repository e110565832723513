"""A training run's folder: its checkpoint and its options, so that it can be resumed without typing them again."""

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..errors import MALFORMED, CheckpointCorruptError
from ..files.atomic import write_atomically
from ..files.paths import open_regular
from ..training.checkpoint import FILE_NAME
from ..training.feature_store import remove_features
from .targets import refuse_existing

OPTIONS_NAME = "options.json"

_FORMAT_KEY, _FORMAT = "swiftalexnet run", 1
_MOST_BYTES = 1 << 20


class RunFolder:
    """The folder of one run.

    Parameters
    ----------
    path : path
        Created when the run starts.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path)
        self.checkpoint, self._file = self.path / FILE_NAME, self.path / OPTIONS_NAME

    @classmethod
    def beside(cls, output: Path) -> "RunFolder":
        """Return the default folder of a run: model.run for model.safetensors."""
        return cls(output.with_name(output.name.removesuffix(".safetensors") + ".run"))

    def check(self, force: bool) -> None:
        """Refuse a path that is not a folder, or that contains files of another run or another program.

        Raises
        ------
        OSError
        """
        if self.path.exists() and not self.path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "expected a folder for the run", str(self.path))
        refuse_existing(self.checkpoint, force, f"--resume {self.path} resumes it")
        try:
            self.read()  # options without a checkpoint come from a run that ended before its first checkpoint
        except FileNotFoundError:
            return
        except CheckpointCorruptError:
            refuse_existing(self._file, force, "or choose another folder with --checkpoint")

    @contextmanager
    def held(self, options: dict[str, Any], resumes: bool, force: bool) -> Iterator[None]:
        """Lock the folder for one run and write its options; remove them if the run leaves no checkpoint.

        Parameters
        ----------
        options : dict
        resumes : bool
            The files in the folder belong to this run.
        force : bool
            Existing files may be replaced.

        Raises
        ------
        OSError
            Another run uses the folder, or it cannot be written.
        """
        made = not self.path.exists()
        self.path.mkdir(parents=True, exist_ok=True)
        with _locked(self.path):
            if not resumes:
                self.check(force)  # again, now that the folder is locked
                self.checkpoint.unlink(missing_ok=True)
            self._write(options, self._made() if resumes else None)
            try:
                yield
            finally:
                if not self.checkpoint.exists():
                    self.remove(made)

    def remove(self, folder: bool = True) -> None:
        """Remove the run's files, and with `folder` also the folder if it is then empty."""
        for path in (self.checkpoint, self._file):
            path.unlink(missing_ok=True)
        remove_features(self.path)
        if folder:
            with suppress(OSError):
                self.path.rmdir()

    def read(self) -> dict[str, Any]:
        """Return the options the run was started with, as names and plain values.

        Raises
        ------
        FileNotFoundError
            There is no run in the folder.
        CheckpointCorruptError
            The file is damaged, has another version, or was not written by this package.
        """
        return self._read()[0]

    def has_made(self, output: Path) -> bool:
        """Return whether this run wrote the file and nothing has changed it since."""
        found = state(output)
        return found is not None and found == self._made()

    def note_made(self, output: Path) -> None:
        """Record that the run has written this file."""
        self._write(self.read(), state(output))

    def _made(self) -> Any:
        try:
            return self._read()[1]
        except FileNotFoundError:
            return None

    def _read(self) -> tuple[dict[str, Any], Any]:
        with open_regular(self._file) as file:
            data = file.read(_MOST_BYTES + 1)
        try:
            if len(data) > _MOST_BYTES:
                raise ValueError(f"it has more than {_MOST_BYTES} bytes")
            found = json.loads(data)
            if (version := found[_FORMAT_KEY]) != _FORMAT:
                raise ValueError(f"it has format {version!r}, this version reads format {_FORMAT}")
            if not isinstance(options := found["options"], dict):
                raise TypeError("its options are not a JSON object")
            return options, found.get("made")
        except MALFORMED as error:
            raise CheckpointCorruptError(f"{self._file} does not contain the options of a run: {error}") from error

    def _write(self, options: dict[str, Any], made: list[int] | None) -> None:
        content = {_FORMAT_KEY: _FORMAT, "options": options, "made": made}
        write_atomically(self._file, json.dumps(content, indent=1).encode())


def state(path: Path) -> list[int] | None:
    """Return the size and time of a file, which tell it from a later one; None if there is no file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return [found.st_size, found.st_mtime_ns]


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock the folder, if the file system supports locks; the lock ends with the process, however that ends."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BlockingIOError(errno.EWOULDBLOCK, "another training run uses this folder", str(folder)) from None
        except OSError:
            pass
        yield
    finally:
        os.close(descriptor)

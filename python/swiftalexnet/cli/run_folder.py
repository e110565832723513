"""A training run's folder: its checkpoint, and the options it was started with, so that it goes on without them."""

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
from .targets import refuse_existing

OPTIONS_NAME = "options.json"

_FORMAT_KEY, _FORMAT = "swiftalexnet run", 1
_MOST_BYTES = 1 << 20


class RunFolder:
    """The folder of one run.

    Parameters
    ----------
    path : path
        Made when the run begins.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path)
        self.checkpoint, self._file = self.path / FILE_NAME, self.path / OPTIONS_NAME

    @classmethod
    def beside(cls, output: Path) -> "RunFolder":
        """Return the folder of a run that was given no other: model.run for model.safetensors."""
        return cls(output.with_name(output.name.removesuffix(".safetensors") + ".run"))

    def check(self, force: bool) -> None:
        """Refuse a place that is not a folder, or holds what another run, or another program, has written.

        Raises
        ------
        OSError
        """
        if self.path.exists() and not self.path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "expected a folder, to keep the run in", str(self.path))
        refuse_existing(self.checkpoint, force, f"and --resume {self.path} goes on with it")
        try:
            self.read()  # options without a checkpoint are of a run that ended before it had learned anything
        except FileNotFoundError:
            return
        except CheckpointCorruptError:
            refuse_existing(self._file, force, "and --checkpoint names another folder")

    @contextmanager
    def held(self, options: dict[str, Any], goes_on: bool, force: bool) -> Iterator[None]:
        """Have the folder for one run alone, its options written; a run that leaves no checkpoint leaves nothing.

        Parameters
        ----------
        options : dict
        goes_on : bool
            What is there belongs to this run.
        force : bool
            What is there may go.

        Raises
        ------
        OSError
            Another run has the folder, or it cannot be written.
        """
        made = not self.path.exists()
        self.path.mkdir(parents=True, exist_ok=True)
        with _locked(self.path):
            if not goes_on:
                self.check(force)  # once more, now that the folder is locked
                self.checkpoint.unlink(missing_ok=True)
            self._write(options, self._made() if goes_on else None)
            try:
                yield
            finally:
                if not self.checkpoint.exists():
                    self.remove(made)

    def remove(self, folder: bool = True) -> None:
        """Remove what the run has written here, and with `folder` the folder too if nothing else is in it."""
        for path in (self.checkpoint, self._file):
            path.unlink(missing_ok=True)
        if folder:
            with suppress(OSError):
                self.path.rmdir()

    def read(self) -> dict[str, Any]:
        """Return the options that the run was started with, as names and plain values.

        Raises
        ------
        FileNotFoundError
            There is no run in the folder.
        CheckpointCorruptError
            The file is damaged, of another version, or not this package's.
        """
        return self._read()[0]

    def has_made(self, output: Path) -> bool:
        """Tell whether the file is the one that this run has written, as it was."""
        found = state(output)
        return found is not None and found == self._made()

    def note_made(self, output: Path) -> None:
        """Note that the run has written this file."""
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
                raise TypeError("its options are no table")
            return options, found.get("made")
        except MALFORMED as error:
            raise CheckpointCorruptError(f"{self._file} does not hold the options of a run: {error}") from error

    def _write(self, options: dict[str, Any], made: list[int] | None) -> None:
        content = {_FORMAT_KEY: _FORMAT, "options": options, "made": made}
        write_atomically(self._file, json.dumps(content, indent=1).encode())


def state(path: Path) -> list[int] | None:
    """Return size and time of a file, by which another one at its place is known; None if there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return [found.st_size, found.st_mtime_ns]


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a lock on the folder, where the file system has locks; it ends with the process, however that ends."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BlockingIOError(errno.EWOULDBLOCK, "another training keeps its run here", str(folder)) from None
        except OSError:
            pass
        yield
    finally:
        os.close(descriptor)

"""What has been written of a set of shards, in a file beside them: so that a run that was killed goes on.

`train.shards.json` names the shards that are complete, and the one that is being written: files of these names are the
run's own. Everything else is somebody's, and is not replaced unasked.
"""

import errno
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from ..._support.arrays import as_integer
from ..._support.json import to_json
from ..._support.shown import shown
from ...errors import MALFORMED, CacheCorruptError
from ...files.atomic import write_atomically
from ...files.paths import open_regular
from .patterns import default_index

_FORMAT = 1
_MOST_BYTES = 1 << 28
WAY_OUT = "give another name or folder, or overwrite=True to replace them"


class Written(NamedTuple):
    """A complete shard: `first` and `end` are places in the order of images, some of which may be left out."""

    name: str
    bytes: int
    first: int
    end: int


class LeftOut(NamedTuple):
    """An image that could not be read: its place in the order, its name, and why."""

    place: int
    name: str
    why: str


class Journal:
    """The journal of the shards `name` in a folder.

    Attributes
    ----------
    shards : list of Written
        Those that are complete, from the first one on.
    left_out : list of LeftOut
    """

    def __init__(self, folder: Path, name: str, plan: dict[str, Any]):
        self.folder, self.path = folder, folder / f"{name}.shards.json"
        self._name = name
        self._plan: dict[str, Any] = json.loads(to_json(plan))  # tuples become lists, as in the file
        self.shards: list[Written] = []
        self.left_out: list[LeftOut] = []
        self._own: set[str] = set()

    def shard(self, number: int) -> Path:
        """Return the path of a shard."""
        return self.folder / f"{self._name}-{number:06d}.tar"

    @property
    def end(self) -> int:
        """The place in the order of images behind those of the complete shards."""
        return self.shards[-1].end if self.shards else 0

    def resume(self) -> None:
        """Find out what an earlier run with the same plan has completed, as far as it is still there.

        Raises
        ------
        FileExistsError
            Another plan has made shards of this name.
        ValueError
            A shard is not as it was written.
        CacheCorruptError
            The journal is damaged.
        """
        if not self.path.exists():
            return
        plan, shards, left_out, following = self._read()
        if plan != self._plan:
            what = _difference(plan, self._plan)
            raise FileExistsError(errno.EEXIST, f"holds shards of another plan: {what}; {WAY_OUT}", str(self.path))
        self._own = {written.name for written in shards} | {following}
        for written in shards:
            path = self.folder / written.name
            if not path.exists():
                break
            if (size := path.stat().st_size) != written.bytes:
                sizes = f"{size:,} bytes, and had {written.bytes:,} when it was written"
                raise ValueError(f"write_shards: {path} has {sizes}: remove it, and it is written again")
            self.shards.append(written)
        self.left_out = [each for each in left_out if each.place < self.end]

    def start(self, overwrite: bool) -> None:
        """Go on with an earlier run of the same plan; with `overwrite` remove the shards of any other.

        Raises
        ------
        OSError, ValueError
            See `resume`.
        """
        try:
            self.resume()
        except (FileExistsError, ValueError):
            if not overwrite:
                raise
            self._forget()

    def _forget(self) -> None:
        """Remove the shards of an earlier run and their index."""
        self.shards, self.left_out, self._own = [], [], set()
        try:
            _, shards, _, following = self._read()
        except CacheCorruptError:
            shards, following = [], ""
        names = [str(self.folder / written.name) for written in shards]
        for name in (*names, *([default_index(names)] if names else []), *([following] if following else [])):
            (self.folder / name).unlink(missing_ok=True)
        self.path.unlink()

    def begin(self, path: Path, replace: bool) -> None:
        """Note that a shard is being written.

        Raises
        ------
        FileExistsError
            There is a file of this name, which is not the run's own, and `replace` is False.
        """
        if path.exists() and path.name not in self._own and not replace:
            raise FileExistsError(errno.EEXIST, f"already exists; {WAY_OUT}", str(path))
        self._own.add(path.name)
        self._save(path.name)

    def complete(self, written: Written) -> None:
        """Note that a shard is complete."""
        self.shards.append(written)
        self._save("")

    def _save(self, following: str) -> None:
        parts = {
            "format": _FORMAT,
            "plan": self._plan,
            "shards": self.shards,
            "left out": self.left_out,
            "being written": following,
        }
        write_atomically(self.path, f"{to_json(parts)}\n".encode())

    def _read(self) -> tuple[dict[str, Any], list[Written], list[LeftOut], str]:
        with open_regular(self.path) as file:
            data = file.read(_MOST_BYTES)
        try:
            parts = json.loads(data)
            if parts["format"] != _FORMAT:
                raise ValueError(f"format {shown(parts['format'])}, this version reads format {_FORMAT}")
            shards = [Written(_own_name(name, self._name), *_whole(numbers)) for name, *numbers in parts["shards"]]
            left_out = [
                LeftOut(as_integer(place, "a place", "journal", 0), str(name), str(why))
                for place, name, why in parts["left out"]
            ]
            following = _own_name(parts["being written"], self._name) if parts["being written"] else ""
            return dict(parts["plan"]), shards, left_out, following
        except MALFORMED as error:
            raise CacheCorruptError(f"{self.path} is damaged: {error}; {WAY_OUT}") from error


def _own_name(name: Any, prefix: str) -> str:
    """Return a shard's name, which reaches no other folder."""
    if not isinstance(name, str) or os.path.basename(name) != name or not name.startswith(f"{prefix}-"):
        raise ValueError(f"it names {shown(name)}, expected a shard {prefix}-…")
    return name


def _whole(numbers: list[Any]) -> list[int]:
    return [as_integer(number, "a number", "journal", 0) for number in numbers]


def _difference(there: dict[str, Any], here: dict[str, Any]) -> str:
    for key in {**there, **here}:
        if there.get(key) != here.get(key):
            return f"{key} {shown(there.get(key))} there, {shown(here.get(key))} here"
    return ""

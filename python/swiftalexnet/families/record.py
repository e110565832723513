"""The folder of a family: what its networks have in common, and a folder a seed.

family.json                        what all networks share: a folder with another is refused
seed-0/start.json                  the hash of the weights that this seed starts from
seed-0/checkpoint.safetensors      the run of this seed, as `fit` writes it
seed-0/history.json                its history, written when it has ended
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from .._support.digests import weights_digest
from .._support.json import to_json
from ..errors import MALFORMED, CheckpointCorruptError
from ..files.atomic import write_atomically
from ..files.paths import open_regular
from ..network.base import BaseModel
from ..training.checkpoint import FILE_NAME, where_they_differ
from ..training.history import History
from ..training.run_parts import checked_rows

_LARGEST = 1 << 28  # bytes of a file
_START = "initial weights (SHA-256)"

Parsed = TypeVar("Parsed")


class Record:
    """The files of a family's folder.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._shared = folder / "family.json"

    def join(self, shared: dict[str, Any]) -> None:
        """Create the folder, or check that its family shares the same; one that has not begun is replaced.

        Raises
        ------
        ValueError
            The folder holds another family, or something else; the message names what differs.
        OSError, CheckpointCorruptError
            The file cannot be written or read, or is damaged.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        names = sorted(path.name for path in self.folder.iterdir())
        if self._shared.exists():
            if any((self.folder / name / FILE_NAME).exists() for name in names):
                self.compare(shared)
                return
        elif others := names:
            few = ", ".join(others[:3])
            raise ValueError(f"fit_seeds: {self.folder} holds {few} and no family; expected an empty or a new folder")
        write_atomically(self._shared, to_json(shared).encode())

    def compare(self, shared: dict[str, Any]) -> None:
        """Raise ValueError if the folder's family differs from `shared`; the message names the first difference."""
        saved = _read(self._shared, lambda value: {**value})
        for what, here in json.loads(to_json(shared)).items():
            if saved.get(what) != here:
                there, here = where_they_differ(saved.get(what), here)
                raise ValueError(f"fit_seeds: {self.folder} holds a family with {what} {there}, this one has {here}")

    def start(self, seed: int, model: BaseModel) -> Path:
        """Return the folder of a seed that starts with the weights of `model`.

        Raises
        ------
        ValueError
            It has started with others.
        """
        path, weights = self._of(seed) / "start.json", {_START: weights_digest(model.parameters())}
        if not self.model_file(seed).exists():
            self._of(seed).mkdir(exist_ok=True)
            write_atomically(path, to_json(weights).encode())
        elif _read(path, lambda value: value[_START]) != weights[_START]:
            raise ValueError(
                f"fit_seeds: build({seed}) returns other initial weights than those that {self._of(seed)} started from"
            )
        return self._of(seed)

    def finish(self, seed: int, history: History) -> None:
        """Keep the history of a seed that has ended."""
        fields = {"rows": history.rows, "skipped": history.skipped}
        write_atomically(self._history(seed), to_json(fields).encode())

    def history(self, seed: int) -> History | None:
        """Return the history of a seed, None if it has not ended.

        Raises
        ------
        CheckpointCorruptError
            The file is damaged.
        """
        if not self._history(seed).exists():
            return None
        return _read(self._history(seed), lambda value: History(checked_rows(value["rows"]), {**value["skipped"]}))

    def finished(self) -> list[int]:
        """Return the seeds that have ended.

        Raises
        ------
        OSError
            There is no such folder.
        ValueError
            It holds no family.
        """
        names = [path.name.removeprefix("seed-") for path in self.folder.iterdir() if path.name.startswith("seed-")]
        if not self._shared.exists():
            raise ValueError(f"SeedFamily: {self.folder} holds no family, expected the folder of fit_seeds")
        seeds = sorted(int(name) for name in names if name.isascii() and name.isdecimal())
        return [seed for seed in seeds if self._history(seed).exists()]

    def model_file(self, seed: int) -> Path:
        """Return the file of a seed's network."""
        return self._of(seed) / FILE_NAME

    def _history(self, seed: int) -> Path:
        return self._of(seed) / "history.json"

    def _of(self, seed: int) -> Path:
        return self.folder / f"seed-{seed}"


def _read(path: Path, parse: Callable[[Any], Parsed]) -> Parsed:
    """Return what `parse` makes of a JSON file."""
    with open_regular(path) as file:
        data = file.read(_LARGEST + 1)
    try:
        if len(data) > _LARGEST:
            raise ValueError(f"more than {_LARGEST:,} bytes")
        return parse(json.loads(data))
    except MALFORMED as error:
        raise CheckpointCorruptError(f"{path} was not written by fit_seeds, or is damaged: {error}") from error

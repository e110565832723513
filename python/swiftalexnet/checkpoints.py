"""A training run as one file: weights, velocities, and everything that the next step depends on."""

import hashlib
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np

from . import _native, parameters
from .errors import CheckpointCorruptError
from .formats import safetensors
from .preprocessing import Preprocessing
from .storage import MEAN, model_to_parts
from .training_run import Run, RunState

FILE_NAME = "checkpoint.safetensors"
_VELOCITY, _OUTCOMES, _COUNTS = "velocity.", "epoch.outcomes", "epoch.counts"


class Checkpoint:
    """The checkpoint of one run.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    run : Run
    """

    def __init__(self, folder: Path, run: Run):
        self.path, self._run = folder / FILE_NAME, run
        self._identity = identity(run)
        folder.mkdir(parents=True, exist_ok=True)

    def write(self) -> None:
        """Replace the file by the state of the run, atomically.

        Raises
        ------
        OSError
            With the system's errno; the old file and the run are untouched.
        """
        run, state = self._run, self._run.state
        header, tensors = model_to_parts(run.model)
        velocities = parameters.copies(run.model.network, _native.VELOCITY)
        tensors |= {_VELOCITY + name: array for name, array in velocities.items()}
        done = len(state.outcomes)
        tensors[_OUTCOMES] = np.array(state.outcomes, np.float64).reshape(done, 2)
        tensors[_COUNTS] = np.array(state.counts[:done], np.int64)
        training = {
            "identity": self._identity,
            "engine": _native.runtime_info(),
            "epoch": state.epoch,
            "step": run.step,
            "first_step": state.first_step,
            "schedule": state.schedule,
            "rows": state.rows,
            "seconds": run.seconds() if done else 0.0,
        }
        safetensors.write(self.path, tensors, {"model": header, "training": training})

    def restore(self) -> bool:
        """Bring model and run to the state of the file; False if there is none.

        Raises
        ------
        CheckpointCorruptError
            The file is damaged, or not a checkpoint.
        ValueError
            It belongs to another network, recipe, seed or training set; the message names both.
        """
        if not self.path.exists():
            return False
        tensors, sections = safetensors.read(self.path)
        try:
            self._check_identity(sections["training"]["identity"])
            self._take_over(tensors, sections)
        except (KeyError, TypeError) as error:
            raise CheckpointCorruptError(f"{self.path} is not a training checkpoint: {error}") from error
        return True

    def _check_identity(self, saved: dict[str, Any]) -> None:
        for what, here in self._identity.items():
            if saved[what] != here:
                there, here = _where_they_differ(saved[what], here)
                raise ValueError(f"fit: {self.path} belongs to a run with {what} {there}, this run has {here}")

    def _take_over(self, tensors: dict[str, Any], sections: dict[str, Any]) -> None:
        run, training = self._run, sections["training"]
        state = RunState(training["epoch"], training["first_step"], training["schedule"], training["rows"])
        state.seconds = training["seconds"]
        state.outcomes = [(float(loss), float(error)) for loss, error in tensors[_OUTCOMES]]
        state.counts = [int(count) for count in tensors[_COUNTS]]
        preprocessing = Preprocessing.from_json(sections["model"]["preprocessing"], tensors[MEAN])
        names = parameters.names(run.model.network)
        weights = {name: tensors[name] for name in names}
        velocities = {name: tensors[_VELOCITY + name] for name in names}
        parameters.load(run.model.network, _native.VALUE, weights, True, "fit")
        parameters.load(run.model.network, _native.VELOCITY, velocities, True, "fit")
        run.go_on(state, preprocessing)


def identity(run: Run) -> dict[str, Any]:
    """Return what must be the same for a run to go on: as JSON, and short enough for a message."""
    plan, model = run.plan, run.model
    multipliers = {name: list(pair) for name, pair in _changed(model.multipliers()).items()}
    classes = None if plan.train.classes is None else list(plan.train.classes)
    parts = {
        "network": model.spec.splitlines(),
        "recipe": plan.recipe.to_json(),
        "seed": plan.seed,
        "training pictures": len(plan.train),
        "classes": classes,
        "labels (SHA-256)": hashlib.sha256(np.ascontiguousarray(plan.train.labels, np.int32)).hexdigest(),
        "multipliers": multipliers,
    }
    same: dict[str, Any] = json.loads(json.dumps(parts))  # tuples become lists, as in the file
    return same


def _where_they_differ(there: Any, here: Any) -> tuple[Any, Any]:
    """Return the lines, or the settings, in which two values differ; the values themselves if they are plain."""
    if isinstance(there, list) and isinstance(here, list):
        pairs = [pair for pair in itertools.zip_longest(there, here) if pair[0] != pair[1]]
        return [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    if isinstance(there, dict) and isinstance(here, dict):
        keys = [key for key in {**there, **here} if there.get(key) != here.get(key)]
        return {key: there.get(key) for key in keys}, {key: here.get(key) for key in keys}
    return there, here


def _changed(multipliers: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    return {name: pair for name, pair in multipliers.items() if pair != (1.0, 1.0)}

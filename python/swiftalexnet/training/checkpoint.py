"""A training run as one file: weights, velocities, and everything else that the next step depends on."""

import itertools
import json
from pathlib import Path
from typing import Any, NamedTuple

from .. import _native
from .._support.arithmetic import PRECISIONS
from .._support.arrays import as_integer
from .._support.json import to_json
from .._support.output import warn
from ..data.identity import data_identity
from ..errors import MALFORMED, CheckpointCorruptError
from ..files import safetensors
from ..network import parameters
from ..network.parts import model_to_parts, preprocessing_from_parts
from .run import Run
from .run_parts import run_from_parts, run_to_parts

FILE_NAME = "checkpoint.safetensors"
_VELOCITY = "velocity."


class Begun(NamedTuple):
    """The settings that a caller may leave to "auto", as the run was started with them."""

    batch_size: int
    precision: str


def begun_with(folder: Path) -> Begun | None:
    """Return the settings that the run in a folder was started with; None if there is no checkpoint yet.

    Raises
    ------
    CheckpointCorruptError
        The file is damaged, or not a checkpoint.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return None
    sections = safetensors.read_sections(path)
    try:
        saved = _up_to_date(sections["training"]["identity"])
        batch_size = as_integer(saved["recipe"]["batch_size"], "batch_size", "checkpoint", 1)
        return Begun(batch_size, PRECISIONS[PRECISIONS.index(saved["precision"])])
    except MALFORMED as error:
        raise CheckpointCorruptError(f"{path} is not a training checkpoint: {error}") from error


class Checkpoint:
    """The checkpoint of one run.

    Parameters
    ----------
    folder : Path
        Created if it does not exist.
    run : Run
    """

    def __init__(self, folder: Path, run: Run):
        self.path, self._run = folder / FILE_NAME, run
        self._identity = identity(run)
        folder.mkdir(parents=True, exist_ok=True)

    def write(self) -> None:
        """Replace the file with the current state of the run, atomically.

        Raises
        ------
        OSError
            With the system's errno. On any of these errors the old file and the run are unchanged.
        ValueError
            The names of classes and parameters do not fit into a file's header.
        NonFiniteError
            A weight or a velocity is infinite or NaN.
        """
        run, network = self._run, self._run.model.network
        with network.hold("fit: checkpoint", False):
            header, tensors = model_to_parts(run.model)
            network.require_finite(_native.VELOCITY, "fit: checkpoint")
            velocities = parameters.by_name(network, _native.VELOCITY)
            tensors |= {_VELOCITY + name: array for name, array in velocities.items()}
            fields, steps = run_to_parts(run)
            training = {"identity": self._identity, "engine": _native.runtime_info(), **fields}
            safetensors.write(self.path, tensors | steps, {"model": header, "training": training})

    def restore(self) -> bool:
        """Restore model and run from the file; return False if there is none.

        Warns if the file was written by another version of the engine or on another instruction set, because results
        may then differ in their last bits.

        Raises
        ------
        CheckpointCorruptError
            The file is damaged, or not a checkpoint; model and run are unchanged.
        ValueError
            It belongs to another network, recipe, seed, precision, `fast_math` or training set; the message names both.
        """
        if not self.path.exists():
            return False
        with safetensors.opened(self.path) as file:
            try:
                difference = self._difference(file.sections["training"]["identity"])
                if difference is None:
                    self._read_state(file)
            except CheckpointCorruptError:
                raise
            except MALFORMED as error:
                raise CheckpointCorruptError(f"{self.path} is not a training checkpoint: {error}") from error
        if difference is not None:
            raise ValueError(difference)
        self._compare_engines(file.sections["training"])
        return True

    def _difference(self, saved: dict[str, Any]) -> str | None:
        """Return how the saved run differs from this one, or None if it does not."""
        saved = _up_to_date(saved)
        for what, here in self._identity.items():
            if saved[what] != here:
                there, here = where_they_differ(saved[what], here)
                return f"fit: {self.path} belongs to a run with {what} {there}, this run has {here}"
        return None

    def _read_state(self, file: safetensors.Reader) -> None:
        """Check everything, then read the file again into the model, so that memory never holds it twice."""
        run, network = self._run, self._run.model.network
        state = run_from_parts(run, file.sections["training"], file)
        preprocessing = preprocessing_from_parts(file.sections["model"], file)
        targets = {
            prefix + name: array
            for which, prefix in ((_native.VALUE, ""), (_native.VELOCITY, _VELOCITY))
            for name, array in parameters.by_name(network, which).items()
        }
        for name, target in targets.items():
            file.check(name, target, finite=True)
        file.check_rest()
        run.resume(state, preprocessing)
        with network.hold("fit: checkpoint", True):
            for name, target in targets.items():
                file.read_into(name, target, finite=True)

    def _compare_engines(self, training: dict[str, Any]) -> None:
        """Warn if the results may differ in their bits from those of the engine that wrote the file."""
        here, saved = _native.runtime_info(), training.get("engine")
        there = saved if isinstance(saved, dict) else {}
        changed = [what for what in ("version", "instruction_set") if there.get(what) != here[what]]
        if changed:
            differences = "; ".join(f"{what} {there.get(what)} there, {here[what]} here" for what in changed)
            writer = "another version of the engine or on another instruction set"
            message = f"fit: {self.path} was written by {writer}, so the bits may differ: {differences}"
            if self._run.leads:
                warn(message, stacklevel=5)


def identity(run: Run) -> dict[str, Any]:
    """Return what must be the same for a run to be resumed, as JSON, and short enough for a message."""
    plan, model = run.plan, run.model
    data = data_identity(plan.train)
    parts = {
        "network": model.spec.splitlines(),
        "recipe": plan.recipe.to_json(),
        "seed": plan.seed,
        "precision": PRECISIONS[plan.arithmetic.precision],
        "fast_math": bool(plan.arithmetic.fast_math),
        "training images": data.pop("images"),
        **data,
        "multipliers": parameters.changed(model.multipliers()),
        "class_weight": plan.weights.class_weight,
        "sample_weight (SHA-256)": plan.weights.sample_weight,
        "shards": plan.shards,
        "wire": plan.wire,
        "towers": plan.towers,
    }
    same: dict[str, Any] = json.loads(to_json(parts))  # tuples become lists, as in the file
    return same


def _up_to_date(saved: dict[str, Any]) -> dict[str, Any]:
    """Convert a saved identity to this version's form: older ones lacked some settings and used other words."""
    lacking = {"precision": "float32", "fast_math": False, "class_weight": None, "sample_weight (SHA-256)": None}
    saved = {**lacking, "shards": None, "wire": "float32", "towers": False, **saved}
    if "training pictures" in saved:
        saved["training images"] = saved.pop("training pictures")
    saved["network"] = [line.replace("counts_padding=", "count_include_pad=") for line in saved["network"]]
    return saved


def where_they_differ(there: Any, here: Any) -> tuple[Any, Any]:
    """Return the lines or settings in which two values differ; plain values are returned whole."""
    if isinstance(there, list) and isinstance(here, list):
        pairs = [pair for pair in itertools.zip_longest(there, here) if pair[0] != pair[1]]
        return [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    if isinstance(there, dict) and isinstance(here, dict):
        keys = [key for key in {**there, **here} if there.get(key) != here.get(key)]
        return {key: there.get(key) for key in keys}, {key: here.get(key) for key in keys}
    return there, here
